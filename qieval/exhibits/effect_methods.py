"""The effect of an intervention by every method, as differences and as ratios, and why methods disagree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Table
from qieval.exhibits.effect_words import Scale, inline, scale_of
from qieval.exhibits.format import fixed, integer, percent, plural
from qieval.exhibits.phrases import joined
from qieval.results import Estimate, Quantity, Record, tidy
from qieval.stats.linear_mixed import BOUNDARY_NOTE
from qieval.trial import AVERAGES, Effect, Permutation, SteppedWedge

SUMMARY = {"gaussian": "means", "binomial": "proportions", "poisson": "rates"}
SCALES = {
    "win-probability": "Probability of the higher value (½ is no difference)",
    "geometric-ratio": "Ratio of geometric means",
    "glmm-t-ratio": "Odds ratio",
}
AVERAGE = {"clusters": "every {site}", "participants": "every participant", "between": "between the two"}


def labels_of(effect: Effect, *, site: str = "site") -> dict[str, str]:
    """Name each method as a reader would, by its key."""
    summaries = f"{site.capitalize()} {SUMMARY[effect.family]}"
    linear = "Linear-probability mixed model" if effect.family == "binomial" else "Mixed model"
    generalised = "Logistic mixed model" if effect.family == "binomial" else "Poisson mixed model"
    return {
        "cluster-t": f"{summaries}, t",
        "cluster-t-inverse-variance": f"{summaries}, by precision, t",
        "mixed-model-kr": f"{linear}, Kenward\N{EN DASH}Roger",
        "gee": "Estimating equations, corrected, t",
        "least-squares-cr2": "Least squares, CR2, Satterthwaite t",
        "wild-bootstrap": "Least squares, wild bootstrap",
        "glmm-difference": f"{generalised}, standardised",
        "permutation": "Permutation test" + ("" if effect.permutation.exact else ", by drawing"),
        "cluster-t-ratio": f"{summaries}, log scale, t",
        "gee-ratio": "Estimating equations, log link, t",
        "glmm-risk-ratio": f"{generalised}, standardised",
        "glmm-t-ratio": f"{generalised}, given the {site}",
        "win-probability": "Mid-ranks, t",
        "geometric-ratio": "Logarithms, t",
    }


def averages_of(rows: Sequence[Estimate], site: str) -> list[str]:
    """Say what each method's effect is the average of: every cluster, every participant, or neither."""
    return [AVERAGE[AVERAGES[row.method]].format(site=site) for row in rows]


def methods(effect: Effect, quantity: Quantity, *, site: str = "site", primary: bool = False) -> Table:
    """Show the effect by every method, the primary one first and set off.

    Parameters
    ----------
    primary : bool
        Whether the plan names this outcome as primary.
    """
    scale = scale_of(effect, quantity)
    control, intervention = effect.facts.labels
    return ladder_table(
        effect,
        scale,
        named=labels_of(effect, site=site),
        caption=(
            f"Difference in {inline(quantity)}, {intervention} minus {control}, by every method; "
            "the plan's method is set off."
        ),
        primary=primary,
        notes=[
            *_notes(effect, scale, site),
            f"Which method keeps its 5 %, and from how many {plural(site)} on: see 90_validation.",
        ],
        averages=averages_of(effect.ladder, site),
    )


def ratios(effect: Effect, *, site: str = "site") -> Table:
    """Show the effect on other scales: ratios of risks, rates or odds, or by ranks, by every method."""
    named, kind = labels_of(effect, site=site), "rates" if effect.family == "poisson" else "proportions"
    scales = [
        f"Ratio of {kind}" if row.unit == "rate ratio" else SCALES.get(row.method, f"Ratio of {kind}")
        for row in effect.ratios
    ]
    show, (control, intervention) = fixed(2), effect.facts.labels
    return Table(
        name="ratios",
        caption=f"Other scales, {intervention} over {control}; a ratio of 1 is no difference.",
        frame=tidy(effect.ratios).assign(
            analysis=[named[row.method] for row in effect.ratios],
            scale=scales,
            average=averages_of(effect.ratios, site),
        ),
        columns=[
            columns.words("analysis", "Analysis"),
            columns.words("scale", "Scale"),
            columns.words("average", "Counts alike"),
            Column(source="estimate", label="Ratio", show=show),
            columns.interval(effect.primary.level, show),
            columns.DF,
            *([] if effect.interim else [columns.P]),
        ],
        records=[Record(key=row.method, estimate=row, status=status_of(effect)) for row in effect.ratios],
        notes=reasons(effect.ratios, named),
    )


def ladder_table(
    effect: Effect | SteppedWedge,
    scale: Scale,
    *,
    named: Mapping[str, str],
    caption: str,
    primary: bool,
    notes: Sequence[str],
    averages: Sequence[str] = (),
) -> Table:
    """Lay out a ladder of methods: difference, interval, df and (but for an interim look) p, a row each."""
    return ladder(
        "effect",
        [(named[row.method], row) for row in effect.ladder],
        scale,
        caption=caption,
        records=[
            Record(
                key=row.method,
                estimate=row,
                primary=primary and row is effect.primary,
                status=status_of(effect),
            )
            for row in effect.ladder
        ],
        notes=notes,
        averages=averages,
        tested=not effect.interim,
    )


def ladder(
    name: str,
    rows: Sequence[tuple[str, Estimate]],
    scale: Scale,
    *,
    caption: str,
    notes: Sequence[str],
    records: Sequence[Record] | None = None,
    averages: Sequence[str] = (),
    emphasis: Sequence[int] = (0,),
    heads: tuple[str, str] = ("Analysis", "Difference"),
    tested: bool = True,
) -> Table:
    """Lay out estimates under their labels: number, interval, df and p, a row each.

    Parameters
    ----------
    rows : sequence of (str, Estimate)
        Label and estimate.
    records : sequence of Record, optional
        One descriptive record under each estimate's method by default.
    averages : sequence of str
        What each estimate is the average of; a column of its own where given.
    heads : (str, str)
        Titles of the columns of labels and of estimates.
    tested : bool
        Whether p-values are shown.
    """
    estimates = [row for _, row in rows]
    signed = scale.show(plus=True)
    frame = tidy(estimates).assign(label=[label for label, _ in rows])
    if averages:
        frame["average"] = averages
    return Table(
        name=name,
        caption=caption,
        frame=frame,
        columns=[
            columns.words("label", heads[0]),
            *([columns.words("average", "Counts alike")] if averages else []),
            Column(source="estimate", label=heads[1], unit=scale.unit, show=signed),
            columns.interval(estimates[0].level, signed, unit=scale.unit),
            columns.DF,
            *([columns.P] if tested else []),
        ],
        records=records or [Record(key=row.method, estimate=row, status="descriptive") for row in estimates],
        emphasis=emphasis,
        notes=notes,
    )


def status_of(effect: Effect | SteppedWedge) -> Literal["interim", "final"]:
    """Say whether the plan's primary wave is reached."""
    return "interim" if effect.interim else "final"


def reasons(rows: Sequence[Estimate], named: Mapping[str, str]) -> list[str]:
    """Give the notes of rows, each once, with the methods that it is about unless it is about all."""
    said: dict[str, list[str]] = {}
    for row in rows:
        for note in row.notes:
            said.setdefault(note, []).append(named[row.method])
    return [note if len(who) == len(rows) else f"{'; '.join(who)}: {note}" for note, who in said.items()]


def _notes(effect: Effect, scale: Scale, site: str) -> list[str]:
    """What the rows rest on: refusals, boundary, the floor of the randomisation test."""
    named = labels_of(effect, site=site)
    said = [note for note in reasons(effect.ladder, named) if note != effect.interim]
    said += _disagreement(effect, named)
    if effect.interim:
        return [*said, f"{effect.interim} Intervals are shown, tests are not."]
    test = effect.permutation
    floor = f"{test.smallest_p:.3g}"
    if test.smallest_p < 0.001:
        space = test.allocations if test.exact else len(test.distribution) + 1
        floor = f"{round(test.smallest_p * space)} in {integer(space)}"
    rests = f"counts all {integer(test.allocations)} arrangements of the arms"
    if not test.exact:
        rests = f"rests on {integer(len(test.distribution))} arrangements of the arms drawn at random"
    said.append(f"The permutation test {rests}; the smallest p it can give is {floor}.")
    said += widest_bounded(test, scale)
    if not test.exact:
        said.append(f"Drawing leaves a standard error of {test.monte_carlo_se:.2g} in its p.")
    return said


def widest_bounded(test: Permutation, scale: Scale) -> list[str]:
    """Give the widest interval that has limits, where the one at the level asked for has none."""
    if not math.isfinite(test.attainable_low):
        return []
    show = scale.show(plus=True)
    return [
        f"Its widest bounded interval is at {percent(1)(test.attainable_level)}: "
        f"{show(test.attainable_low)} to {show(test.attainable_high)} {scale.unit}."
    ]


def _disagreement(effect: Effect, named: Mapping[str, str]) -> list[str]:
    """Say so where zero lies within the interval of some methods and outside that of others, and why."""
    known = [row for row in effect.ladder if math.isfinite(row.estimate)]
    apart = [row for row in known if row.ci_low > 0 or row.ci_high < 0]
    within = [row for row in known if row not in apart]
    if not apart or not within:
        return []
    inside, outside = (joined([f"“{named[row.method]}”" for row in rows]) for rows in (within, apart))
    return [
        f"The methods do not agree here: no difference lies within the interval by {inside}, outside it by "
        f"{outside}. {_why(effect, within, apart)} Quote the analysis by the plan's method."
    ]


def _why(effect: Effect, within: Sequence[Estimate], apart: Sequence[Estimate]) -> str:
    """Explain a disagreement by fixed rules, the weightiest first."""
    if effect.size_matters:
        return "Large and small sites differ by different amounts, and the methods weigh them differently."
    if {row.method for row in within} == {"permutation"} and math.isinf(within[0].ci_low):
        return "There are too few arrangements of the arms for the permutation test to exclude anything."
    if any(BOUNDARY_NOTE in row.notes for row in apart):
        return "The mixed model found no variation between clusters, and so takes the difference for firmer."
    estimates = [row.estimate for row in (*within, *apart)]
    if max(estimates) - min(estimates) > effect.by_cluster.se / 2:
        return "They weigh the clusters differently, and here that moves the estimate."
    return "Their estimates are alike; what differs is how firm each takes them to be."
