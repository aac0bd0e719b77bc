"""Change over time at sites, in sentences and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.effect_methods import ladder
from qieval.exhibits.effect_words import Scale, interval_words, scale_for
from qieval.exhibits.format import integer, percent, plural
from qieval.exhibits.phrases import capital, care, counted, level_of, lower
from qieval.results import Estimate, Quantity, Record
from qieval.trial import InterruptedSeries, SiteChanges

LABELS = {
    "site-t-mean": "Mean after less mean before",
    "site-t-average": "Mean difference from the earlier course, continued",
    "site-t-level": "Step at the start",
    "site-t-slope": "Change of slope, per period",
    "site-permutation": "Mean after less mean before, by every choice of joining sites",
    "site-t-trend": "Slope before the start, per period",
}
TOO_FEW = "Fewer than three periods lie on one side of the start, so no course over time is fitted."
Namer = Callable[[float], str]


def headline(
    changes: SiteChanges, quantity: Quantity, *, arms: Sequence[str], since: str, site: str = "site"
) -> Statement:
    """Say how sites that joined changed beside those that did not; no word says why.

    Parameters
    ----------
    changes : SiteChanges
        From `qieval.trial.compare_changes`.
    quantity : Quantity
        Words and unit.
    arms : sequence of str
        Labels of comparison and joining sites; empty where all joined.
    since : str
        The first period, as a reader writes it.
    site : str
        What a cluster is called.
    """
    row = changes.primary
    who = _who(changes, arms, site)
    if math.isnan(row.estimate):
        return Statement(
            name="headline", role="headline", say=f"**No change can be given.** {row.notes[0]}", more=[who]
        )
    scale = scale_for(row, quantity)
    amount, way = scale.show()(abs(row.estimate)), "more" if row.estimate > 0 else "less"
    interval = f"{level_of(row.level)} interval {_interval(row, scale)}"
    if arms:
        said = (
            f"since {since}, {lower(quantity.label)} rose by **{amount} {scale.unit}** {way} at {arms[-1]} "
            f"{plural(site)} than at {arms[0]} ones ({interval})."
        )
    else:
        side = "above" if row.estimate > 0 else "below"
        base = "its earlier course, continued" if row.method == "site-t-average" else "its level before"
        said = (
            f"since {since}, {lower(quantity.label)} lies **{amount} "
            f"{scale.unit}** {side} {base}, on average over "
            f"{plural(site)} ({interval})."
        )
    doubt = ["The interval holds no change at all as well."] if row.ci_low <= 0 <= row.ci_high else []
    return Statement(name="headline", role="headline", say=capital(said), more=[*doubt, who])


def cautions(changes: SiteChanges, *, site: str = "site") -> Statement:
    """Say what weighs on the comparison, the gravest first."""
    said = list(changes.cautions)
    if changes.permutation is not None and changes.permutation.smallest_p > 0.05:
        said.insert(
            0,
            f"The {integer(changes.permutation.allocations)} ways in "
            f"which {plural(site)} could have joined cannot "
            f"give a p-value below {changes.permutation.smallest_p:.3g}, however large the difference.",
        )
    trend = changes.trend
    if trend.p_value <= 0.1 and changes.permutation is not None:
        said.append(
            "The two groups were already moving apart before the start; parallel courses are doubtful."
        )
    return care(
        said, otherwise="None of the fixed rules for few periods or sites, or earlier trends, applies."
    )


def methods(changes: SiteChanges, quantity: Quantity, *, arms: Sequence[str]) -> Table:
    """Show the change by each of its definitions, the one asked for first and set off."""
    rows = list(changes.ladder)
    if changes.permutation is not None:
        rows.insert(1, changes.permutation.estimate)
    return ladder(
        "changes",
        [(LABELS[row.method], row) for row in rows],
        scale_for(rows[0], quantity),
        caption=_versus(arms, quantity),
        heads=("Change", "Estimate"),
        notes=[f"{LABELS[row.method]}: {note}" for row in rows for note in row.notes],
    )


def assumptions(changes: SiteChanges, quantity: Quantity, *, name_of: Namer, site: str = "site") -> Table:
    """Show what is taken for granted: earlier slopes, starts that never were, the return to the mean."""
    scale = scale_for(changes.primary, quantity)
    lines = [
        (
            "Slope before the start, per period",
            changes.trend.estimate,
            changes.trend.ci_low,
            changes.trend.ci_high,
        )
    ]
    lines += [
        (f"As if the start had been {name_of(place)}", *limits)
        for place, *limits in changes.placebo.to_numpy().tolist()
    ]
    if math.isfinite(changes.expected_return):
        lines.append(
            (
                "Return to the mean, if earlier values decided who joined",
                changes.expected_return,
                math.nan,
                math.nan,
            )
        )
    frame = pd.DataFrame(lines, columns=["check", "estimate", "ci_low", "ci_high"])
    show = scale.show(plus=True)
    notes = []
    if math.isfinite(changes.reliability):
        notes.append(
            f"Of the variance of earlier means, {percent()(changes.reliability)} "
            f"lies between {plural(site)}; the rest "
            "is chance, and would go back by itself."
        )
    return Table(
        name="assumptions",
        caption=(
            "What the comparison takes for granted. Numbers near zero "
            "are reassuring only if their intervals are short."
        ),
        frame=frame,
        columns=[
            columns.words("check", "Check"),
            Column(source="estimate", label="Difference", unit=scale.unit, show=show),
            columns.interval(changes.primary.level, show, unit=scale.unit),
        ],
        notes=notes,
    )


def one_series(
    series: InterruptedSeries | None, without: InterruptedSeries | None, quantity: Quantity
) -> Table | Statement:
    """Show level, slope and average of the mean series, and without the periods of outside events."""
    if series is None:
        return Statement(name="series", role="note", say=TOO_FEW)
    labels = {
        "average": "Mean difference",
        "level": "Step at the start",
        "slope": "Change of slope, per period",
    }
    rows = [(labels[name], getattr(series, name), "") for name in labels]
    if without is not None:
        rows += [
            (f"{labels[name]}, events left out", getattr(without, name), "-without-events") for name in labels
        ]
    rho = "" if math.isnan(series.rho) else f" Neighbouring periods correlate by {series.rho:.2f}."
    return ladder(
        "series",
        [(what, row) for what, row, _ in rows],
        scale_for(series.average, quantity),
        caption=(
            f"The mean course of joining sites as one series: {series.before} "
            f"periods before, {series.after} after.{rho}"
        ),
        heads=("Change", "Estimate"),
        records=[
            Record(key=f"{row.method}-{name}{tag}", estimate=row, status="descriptive")
            for (_, row, tag), name in zip(rows, 2 * list(labels), strict=False)
        ],
        emphasis=(),
        notes=["One series says nothing of how sites differ; its interval counts periods, not sites."],
    )


def _versus(arms: Sequence[str], quantity: Quantity) -> str:
    pair = f", {arms[-1]} minus {arms[0]}" if arms else ""
    return f"Change in {lower(quantity.label)}{pair}; the one asked for is set off. Sites are the units."


def _who(changes: SiteChanges, arms: Sequence[str], site: str) -> str:
    count = len(changes.sites)
    if not arms:
        return (
            f"{counted(count, site)}, all of which joined; "
            f"{integer(changes.primary.n)} {plural(site)} and periods."
        )
    joined = int((changes.sites["arm"].astype(str) == arms[-1]).sum())
    return (
        f"{counted(count, site)}, {joined} {arms[-1]}; "
        f"{integer(changes.primary.n)} values of a {site} in a period."
    )


def _interval(row: Estimate, scale: Scale) -> str:
    return interval_words(row, scale).replace("lower", "less").replace("higher", "more")
