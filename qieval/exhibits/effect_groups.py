"""The effect by group of participants, and over the outcomes that the plan declares, in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.effect_methods import status_of
from qieval.exhibits.effect_words import scale_of
from qieval.exhibits.format import decimals_for, difference_unit, factor_of, fixed, p_value, plural
from qieval.exhibits.phrases import capital, joined
from qieval.results import Estimate, Quantity, Record
from qieval.stats.inference import holm
from qieval.trial import Effect, Subgroups

BY_LOT = Column(source="by_lot", label="p, permutation", show=p_value)


def subgroups(
    effect: Effect,
    groups: Sequence[Subgroups],
    quantity: Quantity,
    *,
    site: str = "site",
    suppress_below: int = 5,
) -> Table | Statement:
    """Show each group's gap to the largest one in either arm, and how it differs between the arms.

    Parameters
    ----------
    groups : sequence of Subgroups
        One for each column of groups; their p-values are left out in an interim look.
    suppress_below : int
        Groups with fewer participants in an arm are not shown.
    """
    if effect.interim:
        groups = [each.without_p(effect.interim) for each in groups]
    rows = [_gap(each, place, suppress_below) for each in groups for place in range(len(each.gaps))]
    if not rows:
        say = "The study declares no groups, or its participants are all of one."
        return Statement(name="subgroups", role="note", say=say)
    scale = scale_of(effect, quantity)
    signed, (control, intervention) = scale.show(plus=True), effect.facts.labels
    shown = [row for row in rows if not row["hidden"]]
    told = [estimate for each in groups for estimate in each.gaps if estimate.notes]
    hidden = [f"{row['compared']} ({row['group']})" for row in rows if row["hidden"]]
    notes = [
        f"A gap is a group less the largest one at the same {site}; {plural(site)} with both groups count, "
        "each alike. This is asked of many groups: read p-values accordingly.",
        *dict.fromkeys(note for row in told for note in row.notes if note != effect.interim),
    ]
    if hidden:
        notes.append(f"Not shown, with fewer than {suppress_below} participants in an arm: {joined(hidden)}.")
    return Table(
        name="subgroups",
        caption="Gaps between groups of participants, and how they differ between the arms.",
        frame=pd.DataFrame(shown, columns=list(rows[0])),
        columns=[
            columns.words("group", "Group"),
            columns.words("compared", "Compared"),
            columns.count("clusters", plural(site).capitalize()),
            Column(source="control", label=f"Gap, {control}", unit=scale.unit, show=signed),
            Column(source="intervention", label=f"Gap, {intervention}", unit=scale.unit, show=signed),
            Column(source="estimate", label="Difference", unit=scale.unit, show=signed),
            columns.interval(effect.primary.level, signed, unit=scale.unit),
            *([] if effect.interim else [columns.P, BY_LOT]),
        ],
        records=[Record(key=row["key"], estimate=row["record"], status=status_of(effect)) for row in shown],
        notes=notes,
    )


def _gap(found: Subgroups, place: int, below: int) -> dict[str, Any]:
    """Everything that a group's row shows."""
    row, test = found.gaps[place], found.tests[place]
    level = row.term.removesuffix(f" - {found.reference}")
    means = found.averages[found.averages["level"] == level]
    return {
        "group": capital(found.group.replace("_", " ")),
        "compared": f"{level}, against {found.reference}",
        "clusters": int(means["clusters"].sum()),
        "control": means["gap"].iloc[0],
        "intervention": means["gap"].iloc[1],
        "estimate": row.estimate,
        "ci_low": row.ci_low,
        "ci_high": row.ci_high,
        "p_value": row.p_value,
        "by_lot": test.p_value,
        "hidden": bool((means["n"] < below).any()),
        "key": f"{found.group}--{level}",
        "record": row,
    }


def family(rows: Mapping[Quantity, Estimate], *, interim: str = "") -> Table | Statement:
    """Show the primary analysis of every outcome of the plan's family, with Holm's p beside each p."""
    if interim or len(rows) < 2:
        say = "Outcomes of the plan’s family are tested at its primary wave, not before."
        if not interim:
            say = "The plan declares no family of outcomes, so no p-value is adjusted."
        return Statement(name="family", role="note", say=say)
    shown = []
    for (quantity, row), adjusted in zip(
        rows.items(), holm([row.p_value for row in rows.values()]), strict=True
    ):
        factor = factor_of(quantity)
        decimals = decimals_for(factor * (row.ci_high - row.ci_low) / 2)
        numbers = [
            fixed(decimals, plus=True)(factor * each) for each in (row.estimate, row.ci_low, row.ci_high)
        ]
        shown.append(
            {
                "outcome": quantity.label,
                "difference": numbers[0],
                "interval": f"{numbers[1]} to {numbers[2]}",
                "unit": difference_unit(quantity),
                "p_value": row.p_value,
                "holm": adjusted,
            }
        )
    return Table(
        name="family",
        caption="The outcomes of the plan’s family, each by its primary analysis.",
        frame=pd.DataFrame(shown),
        columns=[
            columns.words("outcome", "Outcome"),
            columns.words("difference", "Difference"),
            columns.words("interval", "Interval"),
            columns.words("unit", "Unit"),
            columns.P,
            Column(source="holm", label="p, Holm", show=p_value),
        ],
        notes=["Holm’s p-values hold the chance of any false finding in the family at the level of one."],
    )
