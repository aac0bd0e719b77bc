"""What a design can and cannot show, in words: who decided which sites joined, what else could explain it."""

from __future__ import annotations

from typing import Literal

from qieval.exhibits.core import Statement
from qieval.exhibits.format import plural

Design = Literal["randomised", "controlled", "uncontrolled"]

_EXPLANATIONS = {
    "controlled": (
        "other differences between the {sites} that joined and those that did not, before or since",
        "a return to the mean, where {sites} joined because of their earlier values",
        "changes in who was seen or in how it was recorded, at one of the two groups",
    ),
    "uncontrolled": (
        "whatever else changed at the time, everywhere: nothing shows what would have happened without it",
        "a return to the mean, where {sites} joined because of their earlier values",
        "changes in who was seen, in how it was recorded, or in the season",
    ),
}
_LEADS = {
    "controlled": (
        "No lot decided which {sites} joined, so this comparison cannot tell what brought a difference about."
    ),
    "uncontrolled": "All {sites} joined, so nothing here can tell what brought a change about.",
}


def not_by_lot(design: Design, *, site: str = "site") -> list[str]:
    """Give the caution of a comparison of arms that no lot decided; nothing where a lot did."""
    return [] if design == "randomised" else [_LEADS[design].format(sites=plural(site))]


def design_note(design: Design, *, site: str = "site") -> Statement:
    """Say what design this is, and what could explain a difference besides the collaborative.

    Parameters
    ----------
    design : {"randomised", "controlled", "uncontrolled"}
        As the study file says.
    site : str
        What a cluster is called.
    """
    if design == "randomised":
        say = (
            f"{plural(site).capitalize()} were allocated by lot; look "
            "at the analysis that the plan names first."
        )
        return Statement(name="design", role="note", say=say)
    more = [f"It could also be: {each.format(sites=plural(site))}." for each in _EXPLANATIONS[design]]
    lead = not_by_lot(design, site=site)[0]
    return Statement(name="design", role="caution", say=f"**{lead}**", more=more)
