"""How the work and its tools were received: scale by scale, two forms side by side, and a look back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qieval.capability import Received, Reception, SideBySide
from qieval.exhibits.columns import DF, P, count, interval, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import count_or_fewer, withheld_note, withhold
from qieval.exhibits.format import fixed, p_value
from qieval.exhibits.phrases import counted
from qieval.exhibits.phrases import interval as within
from qieval.results import Estimate, Record, tidy


def headline(found: Reception, *, suppress_below: int = 5) -> Statement:
    """Say which scale stands highest and which lowest."""
    told = sorted(_told(found, suppress_below), key=lambda each: each.mean.estimate, reverse=True)
    if not told:
        return Statement(
            name="received", role="headline", say="**Too few people said how they found the work.**"
        )
    show, best, worst = fixed(1), told[0], told[-1]
    where = counted(best.mean.n or 0, "team" if best.mean.method == "team-means-t" else "person")
    said = [
        f"{each.label} {show(each.mean.estimate)} "
        f"({within(each.mean.level, each.mean.ci_low, each.mean.ci_high, show)})"
        for each in dict.fromkeys((best, worst))
    ]
    scale = f"on scales from {best.low:g} to {best.high:g}, {where}"
    ends = f"**Highest: {said[0]}; lowest: {said[-1]}**" if len(told) > 1 else f"**{said[0]}**"
    return Statement(name="received", role="headline", say=f"{ends} ({scale}).")


def scales(found: Reception, *, suppress_below: int = 5) -> Table:
    """Show each scale's mean over teams, and how many people are above its middle."""
    told = _told(found, suppress_below)
    few = len(found.scales) - len(told)
    above = [withhold([each.above, each.people - each.above], suppress_below)[0] for each in told]
    frame = tidy(each.mean for each in told).assign(
        label=[each.label for each in told],
        ends=[f"{each.low:g} to {each.high:g}" for each in told],
        people=[each.people for each in told],
        above=pd.array(above, dtype="Int64"),
    )
    left = [f"Scales with fewer than {suppress_below} people: {few}."] if few else []
    return Table(
        name="scales",
        caption="How the work was received: the mean of the teams’ means on each scale.",
        frame=frame,
        columns=[
            words("label", "Scale"),
            words("ends", "From, to"),
            Column(source="estimate", label="Mean", show=fixed(2)),
            interval(told[0].mean.level if told else 0.95, fixed(2)),
            count("n", "Teams"),
            count("people", "People"),
            count("above", "Above the middle", unit="people", show=count_or_fewer(suppress_below)),
        ],
        records=[Record(key=each.label.lower(), estimate=each.mean, status="descriptive") for each in told],
        notes=[
            "No cut-off is published for these scales, so none is read into a mean.",
            *left,
            *withheld_note(frame[["above"]], suppress_below),
        ],
    )


def _told(found: Reception, suppress_below: int) -> list[Received]:
    return [each for each in found.scales if each.people >= suppress_below]


def side_by_side(found: SideBySide, *, labels: tuple[str, str], suppress_below: int = 5) -> Table:
    """Show two forms of the same people, scale by scale; scales with too few people are withheld."""
    told = [each for each in found.contrasts if each.answered.compared >= suppress_below]
    few, show = len(found.contrasts) - len(told), fixed(2)
    return Table(
        name="side-by-side",
        caption=f"{labels[0]} and {labels[1]}, judged by the same people.",
        frame=tidy(each.difference for each in told).assign(
            label=[each.label for each in told],
            first=[each.first for each in told],
            second=[each.second for each in told],
            holm_p=[each.holm_p for each in told],
            compared=[each.answered.compared for each in told],
        ),
        columns=[
            words("label", "Scale"),
            Column(source="first", label=labels[0], show=show),
            Column(source="second", label=labels[1], show=show),
            Column(source="estimate", label="Difference", show=fixed(2, plus=True)),
            interval(told[0].difference.level if told else 0.95, fixed(2, plus=True)),
            Column(source="holm_p", label="p, Holm", show=p_value),
            count("compared", "People"),
        ],
        records=[Record(key=each.label, estimate=each.difference) for each in told],
        notes=[f"Scales with fewer than {suppress_below} people: {few}."] if few else [],
    )


def looking_back(found: Sequence[Estimate], *, unit: str) -> Table | Statement:
    """Show the change from the first form beside that from the look back."""
    if not found:
        said = "Nobody was asked to look back at the earlier wave."
        return Statement(name="looking-back", role="note", say=said)
    names = {
        "after - before": "From the form before",
        "after - then": "From the look back",
        "then - before": "Look back less before",
    }
    return Table(
        name="looking-back",
        caption="The change from the form filled in before, and from the later look back at that time.",
        frame=tidy(found).assign(reading=[names[each.term] for each in found]),
        columns=[
            words("reading", "Change"),
            Column(source="estimate", label="Mean", unit=unit, show=fixed(2, plus=True)),
            interval(found[0].level, fixed(2, plus=True)),
            DF,
            P,
            count("n", "People"),
        ],
        records=[Record(key=each.term.replace(" ", ""), estimate=each) for each in found],
        notes=["A look back also flatters: where the two differ, neither is simply right."],
    )
