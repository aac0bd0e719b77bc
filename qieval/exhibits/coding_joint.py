"""A joint display: what people said beside what was measured at their sites."""

from __future__ import annotations

from dataclasses import replace

from qieval.coding.joint import Joint
from qieval.exhibits.coding_figures import group_figure
from qieval.exhibits.columns import count, interval, words
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.format import DASH, fixed, is_absent
from qieval.exhibits.phrases import counted

NOTHING = "No site has both a published result and a source, so there is nothing to put side by side."
PEOPLE = (
    "Whether the two confirm, complete, widen or contradict each other is for people to say; no test is made."
)


def headline(found: Joint | None, *, what: str) -> Statement:
    """Say how many sites have both, and how they were grouped."""
    if found is None:
        return Statement(name="headline", role="headline", say=NOTHING)
    groups = found.sites.groupby("group", sort=False)["estimate"].agg(["size", "min", "max"])
    show = fixed(2, plus=True)
    more = [
        f"The {name}: {counted(row['size'], 'site')}, {show(row['min'])} to {show(row['max'])} {found.unit}."
        for name, row in groups.iterrows()
    ]
    say = f"**{counted(len(found.sites), 'site')}** have both words and a result: {what}."
    left = f" {counted(found.left, 'site')} had only one of the two." if found.left else ""
    return Statement(name="headline", role="headline", say=say + left, more=[*more, PEOPLE])


def figure(found: Joint | None) -> Figure | Statement:
    """Draw in which share of the sources of each group of sites each code was found."""
    if found is None:
        return Statement(name="joint", role="note", say=NOTHING)
    drawn = group_figure(replace(found.tally, by="group of sites"))
    return replace(drawn, name="joint", svg=drawn.svg.replace("groups-", "joint-"))


def table(found: Joint | None, *, what: str) -> Table | Statement:
    """Table the sites by their result, with the themes found where enough people were heard."""
    if found is None:
        return Statement(name="joint-sites", role="note", say=NOTHING)
    few = int(found.sites["cases"].isna().sum())
    show = fixed(2, plus=True)
    return Table(
        name="joint-sites",
        caption=f"Sites by {what}, {found.unit}, with the themes that came up there.",
        frame=found.sites,
        columns=[
            words("site", "Site"),
            Column(source="estimate", label="Result", unit=found.unit, show=show),
            interval(found.level, show),
            words("group", "Group"),
            count("sources", "Sources"),
            words("found", "Themes", show=lambda value: DASH if is_absent(value) else str(value)),
        ],
        notes=[f"{counted(few, 'site')} with fewer than {found.below} people heard: their words are hidden."]
        if few
        else [],
    )
