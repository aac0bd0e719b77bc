"""The effect of an intervention in tables: the arms, every method, the intracluster correlation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.effect_words import Scale, cautions, headline, inline, scale_of
from qieval.exhibits.format import Shower, decimals_for, fixed, integer, percent, plural
from qieval.exhibits.phrases import joined
from qieval.results import Quantity, Record, tidy
from qieval.trial import Effect, Permutation, SteppedWedge

__all__ = ["arms", "cautions", "correlation", "headline", "labels_of", "methods", "values_of"]

SUMMARY = {"gaussian": "means", "binomial": "proportions", "poisson": "rates"}
MIXED = {
    "gaussian": "Mixed model, Kenward\N{EN DASH}Roger",
    "binomial": "Linear-probability mixed model, Kenward\N{EN DASH}Roger",
}


def labels_of(effect: Effect, *, site: str = "site") -> dict[str, str]:
    """Name each method as a reader would, by its key."""
    return {
        "cluster-t": f"{site.capitalize()} {SUMMARY[effect.family]}, t",
        "mixed-model-kr": MIXED.get(effect.family, ""),
        "permutation": "Randomisation test" + ("" if effect.permutation.exact else ", by drawing"),
    }


def arms(effect: Effect, quantity: Quantity, *, site: str = "site", suppress_below: int = 5) -> Table:
    """Show each arm's clusters, participants and outcome.

    Parameters
    ----------
    suppress_below : int
        Sizes of single clusters below this are not shown.
    """
    show, unit = values_of(effect, quantity)
    sites = plural(site)
    frame = effect.arms.copy()
    for name in ("smallest", "largest"):
        frame[name] = frame[name].astype(float).where(frame[name] >= suppress_below)
    hidden = bool(frame["smallest"].isna().any())
    return Table(
        name="arms",
        caption=f"{quantity.label} by arm, as observed.",
        frame=frame,
        columns=[
            columns.words("arm", "Arm"),
            columns.count("clusters", sites.capitalize()),
            columns.count("n", "Participants"),
            Column(
                source="smallest",
                upper="largest",
                label=f"Per {site}",
                unit="smallest to largest",
                show=integer,
            ),
            Column(source="mean", label=f"Average {site}", unit=unit, show=show),
            Column(source="sd", label=f"SD between {sites}", unit=unit, show=show),
            Column(source="overall", label="All participants together", unit=unit, show=show),
        ],
        notes=[
            f"The average {site} counts each {site} once, whatever its size.",
            *([f"Sizes of {sites} below {suppress_below} are not shown."] if hidden else []),
        ],
    )


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
        notes=_notes(effect, scale, site),
    )


def ladder_table(
    effect: Effect | SteppedWedge,
    scale: Scale,
    *,
    named: Mapping[str, str],
    caption: str,
    primary: bool,
    notes: Sequence[str],
) -> Table:
    """Lay out a ladder of methods: difference, interval, df and (but for an interim look) p, a row each."""
    signed = scale.show(plus=True)
    status: Literal["interim", "final"] = "interim" if effect.interim else "final"
    return Table(
        name="effect",
        caption=caption,
        frame=tidy(effect.ladder).assign(analysis=[named[row.method] for row in effect.ladder]),
        columns=[
            columns.words("analysis", "Analysis"),
            Column(source="estimate", label="Difference", unit=scale.unit, show=signed),
            columns.interval(effect.primary.level, signed, unit=scale.unit),
            columns.DF,
            *([] if effect.interim else [columns.P]),
        ],
        records=[
            Record(key=row.method, estimate=row, primary=primary and row is effect.primary, status=status)
            for row in effect.ladder
        ],
        emphasis=[0],
        notes=notes,
    )


def correlation(effect: Effect, *, site: str = "site") -> Table | Statement:
    """Show how alike the participants of one cluster are, for planning the next trial."""
    found = effect.icc
    if found is None:
        why = "for rates" if effect.family == "poisson" else f"without a {site} of two or more participants"
        return Statement(name="icc", role="note", say=f"An intracluster correlation is not given {why}.")
    estimate = found.estimate
    frame = estimate.tidy().assign(
        outcome="Intracluster correlation", average_size=found.average_size, design_effect=found.design_effect
    )
    show = fixed(3)
    return Table(
        name="icc",
        caption="Intracluster correlation within arms, by analysis of variance with the interval of Searle.",
        frame=frame,
        columns=[
            columns.words("outcome", "Measure"),
            Column(source="estimate", label="Estimate", show=show),
            columns.interval(estimate.level, show),
            Column(source="average_size", label="n₀", unit="participants", show=fixed(1)),
            Column(source="design_effect", label="Design effect", show=fixed(2)),
        ],
        records=[Record(key=estimate.method, estimate=estimate, status="descriptive")],
        notes=[
            f"n₀ is the size of {site} that enters the estimate, below the mean where sizes differ. The "
            "design effect is 1 + ((1 + CV²) m − 1) ICC, with mean size m and coefficient of variation CV.",
            "Plan the next trial over the range of the interval, not with the estimate alone.",
        ],
    )


def values_of(effect: Effect, quantity: Quantity) -> tuple[Shower, str]:
    """How an arm's own level is written: proportions as percentages."""
    if quantity.kind == "binary":
        inner = fixed(1)
        return lambda value: inner(100 * value), "%"
    spread = [float(value) for value in effect.arms["sd"] if math.isfinite(value)]
    return fixed(decimals_for(*spread) if spread else 1), quantity.unit


def _notes(effect: Effect, scale: Scale, site: str) -> list[str]:
    """What the rows rest on: refusals, boundary, the floor of the randomisation test."""
    named = labels_of(effect, site=site)
    shared = [note for note in effect.ladder[0].notes if all(note in row.notes for row in effect.ladder)]
    said = [note for note in shared if note != effect.interim]
    for row in effect.ladder:
        said += [f"{named[row.method]}: {note}" for note in row.notes if note not in shared]
    said += _disagreement(effect, named)
    if effect.interim:
        return [*said, f"{effect.interim} Intervals are shown, tests are not."]
    test = effect.permutation
    floor = f"{test.smallest_p:.3g}"
    if test.smallest_p < 0.001:
        space = test.allocations if test.exact else len(test.distribution) + 1
        floor = f"{round(test.smallest_p * space)} in {integer(space)}"
    rests = f"counts all {integer(test.allocations)} possible allocations"
    if not test.exact:
        rests = f"rests on {integer(len(test.distribution))} possible allocations drawn at random"
    said.append(f"The randomisation test {rests}; the smallest p it can give is {floor}.")
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


def _disagreement(effect: Effect, named: dict[str, str]) -> list[str]:
    """Say so where zero lies within the interval of some methods and outside that of others."""
    apart = [named[row.method] for row in effect.ladder if row.ci_low > 0 or row.ci_high < 0]
    within = [named[row.method] for row in effect.ladder if row.ci_low <= 0 <= row.ci_high]
    if not apart or not within:
        return []
    return [
        "The methods rest on different assumptions and do not agree here: no difference lies within the "
        f"interval by {joined(within)}, outside it by {joined(apart)}. "
        "Quote the analysis by the plan's method."
    ]
