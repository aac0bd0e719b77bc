"""The effect of an intervention in tables: the arms, every method, the intracluster correlation."""

from __future__ import annotations

import math

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import told_count_and_share
from qieval.exhibits.effect_methods import labels_of, methods, ratios
from qieval.exhibits.effect_words import cautions, headline
from qieval.exhibits.format import Shower, decimals_for, fixed, integer, plural
from qieval.results import Quantity, Record, tidy
from qieval.trial import Effect

__all__ = ["arms", "cautions", "correlation", "headline", "labels_of", "methods", "ratios", "values_of"]

ICCS = {
    "anova": "Analysis of variance, Searle’s interval",
    "anova-swiger": "Analysis of variance, Swiger’s standard error",
    "anova-bootstrap": "Analysis of variance, clusters resampled",
    "reml": "Mixed model (REML), profile interval",
    "fleiss-cuzick": "Fleiss and Cuzick, clusters resampled",
    "latent": "Logistic mixed model, on the scale of log odds, profile interval",
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
    if quantity.kind == "binary":
        frame["overall"] = told_count_and_share(frame["n"], frame["overall"])[1]
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


def correlation(effect: Effect, *, site: str = "site") -> Table | Statement:
    """Show how alike the participants of one cluster are, for planning the next study."""
    found = effect.icc
    if found is None:
        why = "for rates" if effect.family == "poisson" else f"without a {site} of two or more participants"
        return Statement(name="icc", role="note", say=f"An intracluster correlation is not given {why}.")
    rows = [each.estimate for each in effect.iccs]
    frame = tidy(rows).assign(
        how=[ICCS[row.method] for row in rows],
        design_effect=[
            math.nan if each.estimate.method == "latent" else each.design_effect for each in effect.iccs
        ],
    )
    show = fixed(3)
    return Table(
        name="icc",
        caption="Intracluster correlation within arms.",
        frame=frame,
        columns=[
            columns.words("how", "By"),
            Column(source="estimate", label="Estimate", show=show),
            columns.interval(found.estimate.level, show),
            Column(source="design_effect", label="Design effect", show=fixed(2)),
        ],
        records=[Record(key=row.method, estimate=row, status="descriptive") for row in rows],
        notes=[
            f"The size of {site} that enters the analysis of variance is {found.average_size:.1f}, below the "
            "mean where sizes differ. The design effect is 1 + ((1 + CV²) m − 1) ICC, with mean size m and "
            "coefficient of variation CV.",
            "Plan the next study over the range of the interval, not with the estimate alone.",
        ],
    )


def values_of(effect: Effect, quantity: Quantity) -> tuple[Shower, str]:
    """How an arm's own level is written: proportions as percentages."""
    if quantity.kind == "binary":
        inner = fixed(1)
        return lambda value: inner(100 * value), "%"
    spread = [float(value) for value in effect.arms["sd"] if math.isfinite(value)]
    return fixed(decimals_for(*spread) if spread else 1), quantity.unit
