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
        "No lot decided which {sites} joined, or when, so this comparison cannot tell what brought a "
        "difference about."
    ),
    "uncontrolled": "All {sites} joined, so nothing here can tell what brought a change about.",
}


def not_by_lot(design: Design, *, site: str = "site") -> list[str]:
    """Say that no lot decided, and what else could explain a difference; nothing where a lot did."""
    if design == "randomised":
        return []
    others = "; ".join(_EXPLANATIONS[design])
    return [each.format(sites=plural(site)) for each in (_LEADS[design], f"It could also be: {others}.")]


def supposing(design: Design, *, what: str, chance: str) -> str:
    """Open the sentence on a permutation test by what it supposes.

    Parameters
    ----------
    what : str
        What made no difference, where a lot was drawn.
    chance : str
        What chance would have had to do, where none was.
    """
    if design == "randomised":
        return f"If {what} made no difference,"
    return f"Had chance alone {chance}, which is assumed and no lot did,"


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
    lead, *more = not_by_lot(design, site=site)
    return Statement(name="design", role="caution", say=f"**{lead}**", more=more)
