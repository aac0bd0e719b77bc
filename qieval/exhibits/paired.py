"""What a report shows of named sites measured twice."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qieval.capability import Comparison, Moves, PublishedRow
from qieval.exhibits.capability import moves_table
from qieval.exhibits.columns import count, interval, words
from qieval.exhibits.core import Column, Figure, Table
from qieval.exhibits.dumbbell import dumbbell
from qieval.exhibits.format import fixed
from qieval.exhibits.phrases import counted, joined
from qieval.results import Estimate, Record, tidy


def sites(change: Comparison, ranks: pd.DataFrame, *, labels: tuple[str, str] = ("before", "after")) -> Table:
    """Show every site's value each time with its quartile, and its change.

    Parameters
    ----------
    change : Comparison
        By the column ``site``.
    ranks : DataFrame
        The columns ``site``, ``quartile_before`` and ``quartile_after``.
    """
    frame = ranks[["site", "quartile_before", "quartile_after"]].merge(change.pairs, on="site", how="inner")
    unit, first, second = change.quantity.unit, *(label.capitalize() for label in labels)
    show = fixed(1)
    return Table(
        name="sites",
        caption=f"{change.quantity.label} of each site {labels[0]} and {labels[1]}, with its quartile.",
        frame=frame,
        columns=[
            words("site", "Site"),
            Column(source="before", label=first, unit=unit, show=show),
            count("quartile_before", "Quartile", unit=labels[0]),
            Column(source="after", label=second, unit=unit, show=show),
            count("quartile_after", "Quartile", unit=labels[1]),
            Column(source="change", label="Change", unit=unit, show=fixed(1, plus=True)),
        ],
        records=[_record(row["site"], row["change"], unit) for row in frame.to_dict(orient="records")],
    )


def slopes(change: Comparison, *, labels: tuple[str, str] = ("before", "after")) -> Figure:
    """Draw every site's two values, joined; the site with the largest fall at the foot."""
    frame = change.pairs.sort_values("change", ignore_index=True)
    show, unit = fixed(1, plus=True), change.quantity.unit
    said = [show(value) for value in frame["change"]]
    listed = ", ".join(f"{site} {words}" for site, words in zip(frame["site"], said, strict=True))
    return Figure(
        name="slopes",
        caption=f"{change.quantity.label} of each site, {unit}: {labels[0]} (ring), {labels[1]} (dot).",
        alt=f"Dumbbell plot of {counted(len(frame), 'site')}. Changes in {unit}: {listed}.",
        svg=dumbbell(
            frame, said, names=list(frame["site"]), label=f"{change.quantity.label}, {unit}", name="slopes"
        ),
        frame=frame,
    )


def quartile_moves(moves: Moves) -> Table:
    """Count the sites by quartile before and after."""
    return moves_table(moves, [f"Quartile {label}" for label in moves.labels], unit="sites")


def _record(site: str, value: float, unit: str) -> Record:
    estimate = Estimate(term=site, method="change", estimate=value, n=1, unit=unit)
    return Record(key=site, estimate=estimate, status="descriptive")


def published(found: Sequence[PublishedRow]) -> Table:
    """Show what a published table of paired changes gives by its own numbers, and the rows that do not."""
    off = [each.row for each in found if not (each.interval_agrees and each.means_agree)]
    show = fixed(2, plus=True)
    frame = tidy(each.change for each in found).assign(
        printed=[f"{show(low)} to {show(high)}" for low, high in (each.published for each in found)],
        dz=[each.dz for each in found],
        agrees=[_agreement(each) for each in found],
    )
    return Table(
        name="published",
        caption=f"A published table held against itself: {len(found) - len(off)} of "
        f"{counted(len(found), 'row')} follow from their own numbers.",
        frame=frame,
        columns=[
            words("term", "Row"),
            Column(source="estimate", label="Change", unit="as printed", show=show),
            words("printed", "Interval, printed"),
            interval(found[0].change.level, show, unit="recomputed"),
            Column(source="dz", label="dz", show=fixed(2)),
            words("agrees", "Follows"),
        ],
        notes=[f"To ask the authors about: {joined(off)}."] if off else [],
    )


def _agreement(row: PublishedRow) -> str:
    wrong = [
        name for name, right in (("interval", row.interval_agrees), ("means", row.means_agree)) if not right
    ]
    return f"not the {joined(wrong)}" if wrong else "yes"
