"""Sites beside each other in sentences and tables: parts, quarters, positive deviance, ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from qieval.exhibits.chart_words import shower
from qieval.exhibits.columns import count, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.format import fixed, integer, percent, plural
from qieval.exhibits.phrases import counted, joined
from qieval.measures import Composite, Deviants, Quartiles, Shrunk, Standardised
from qieval.results import Quantity, Record


def composite_table(found: Composite | None, labels: Mapping[str, str]) -> Table | Statement:
    """Show a composite's parts, with their weights."""
    if found is None:
        said = "The study file declares this measure as no composite."
        return Statement(name="composite", role="note", say=said)
    parts = found.parts.assign(part=found.parts["part"].map(labels).fillna(found.parts["part"]))
    how = "a patient counts who got everything, so its parts have no weights"
    if found.method == "opportunity":
        how = "every opportunity counts alike, so a part weighs as much as it has opportunities"
    return Table(
        name="composite",
        caption=f"The parts of the composite, which is {percent(1)(found.value)}: {how}.",
        frame=parts,
        columns=[
            words("part", "Part"),
            count("numerator", "Met"),
            count("denominator", "Of"),
            Column(source="value", label="Value", show=percent(1)),
            Column(source="weight", label="Weight", show=percent(0)),
        ],
    )


def quartile_table(
    found: Quartiles | None, quantity: Quantity, *, source: str = "", site: str = "site"
) -> Table | Statement:
    """Show in which quarter of the benchmark each site lies."""
    if found is None:
        said = (
            f"The study file declares no benchmark from outside. Quarters of the {plural(site)} among "
            "themselves would say nothing, so none are shown."
        )
        return Statement(name="quartiles", role="note", say=said)
    show = shower(quantity, 0.1)
    kind = "" if found.quantile is None else f", sample quantiles of type {found.quantile}"
    first = {"higher": "highest", "lower": "lowest", None: "lowest"}[found.better]
    return Table(
        name="quartiles",
        caption=(
            f"{quantity.label} of each {site} in the quarters of the benchmark; the first holds the {first} "
            f"(cut at {joined([show(cut) for cut in found.cuts])}{kind})."
        ),
        frame=found.units.sort_values(["quarter", "unit"], ignore_index=True),
        columns=[
            words("unit", site.capitalize()),
            Column(source="value", label=quantity.label, show=show),
            count("quarter", "Quarter"),
        ],
        notes=[f"Benchmark: {source}."] if source else [],
    )


def deviants(
    found: Deviants, quantity: Quantity, *, talked: pd.DataFrame, fewest: int, site: str = "site"
) -> Table | Statement:
    """List the sites that are surely beyond the criterion again and again, and where they were heard.

    Parameters
    ----------
    talked : DataFrame
        What was said there: one row a source, with its `site`.
    fewest : int
        Fewer sources of a site than this are not told exactly.
    """
    asked = (
        f"beyond the criterion with probability {percent(0)(found.probability)} or more in "
        f"{counted(found.consecutive, 'period')} on end"
    )
    if not found.listed:
        return Statement(name="positive-deviance", role="note", say=f"No {site} lies {asked}.")
    last = found.units[found.units["period"] == found.units["period"].iloc[-1]].set_index("unit")
    frame = last.loc[list(found.listed), ["value", "estimate", "criterion", "probability"]].reset_index()
    sources = frame["unit"].map(talked["site"].astype(str).value_counts()).fillna(0).astype("Int64")
    frame["sources"] = sources.mask(sources.between(1, fewest - 1))
    show = _shower(found)
    return Table(
        name="positive-deviance",
        caption=f"{plural(site).capitalize()} {asked}, with the last period’s numbers.",
        frame=frame,
        columns=[
            words("unit", site.capitalize()),
            Column(source="value", label=quantity.label, show=show),
            Column(source="estimate", label="Drawn to the mean", show=show),
            Column(source="criterion", label="Criterion", show=show),
            Column(source="probability", label="P(beyond)", show=fixed(2)),
            count("sources", "Sources", unit="heard there", show=lambda n: _few(n, fewest)),
        ],
        records=[Record(key=row.term, estimate=row, status="descriptive") for row in found.estimates()],
        notes=[
            f"The {site} is the key to what was said there: in the coding report and its passages, and in "
            "the joint display (45_joint), which sets it beside a result of this wave."
        ],
    )


def regression(found: Deviants, *, site: str = "site") -> Statement:
    """Say whether the best of one period fell back in the next, and how far chance alone would take them."""
    if not len(found.regression):
        return Statement(name="regression", role="note", say="One period only: nothing can fall back yet.")
    row, show = found.regression.iloc[0], _shower(found)
    return Statement(
        name="regression",
        role="note",
        say=(
            f"The {counted(int(row['units']), site)} with the best values one period ago had "
            f"{show(row['then'])} then and {show(row['now'])} now; regression to the mean alone foretold "
            f"{show(row['foretold'])}. All {plural(site)}: {show(row['all_then'])} then, "
            f"{show(row['all_now'])} now."
        ),
    )


def league(found: Shrunk, quantity: Quantity, *, asked: bool, site: str = "site") -> Table | Statement:
    """Give a league table if one was asked for, each place with its interval."""
    if not asked:
        said = (
            f"No league table: a list of {plural(site)} by rank hides that most ranks could well be others."
        )
        return Statement(name="league", role="note", say=said)
    units = found.natural().sort_values("expected_rank", ascending=quantity.better == "lower")
    show = shower(quantity, float(units["estimate"].std()))
    return Table(
        name="league",
        caption=f"{plural(site).capitalize()} by expected rank (1 is the lowest value), the best first.",
        frame=units.reset_index(drop=True),
        columns=[
            words("unit", site.capitalize()),
            Column(source="estimate", label=quantity.label, show=show),
            Column(source="ci_low", upper="ci_high", label="Interval", show=show),
            Column(source="expected_rank", label="Expected rank", show=fixed(1)),
            Column(source="rank_low", upper="rank_high", label="Interval of the rank", show=fixed(0)),
        ],
        notes=found.notes,
    )


def adjusted_headline(
    found: Standardised, quantity: Quantity, *, terms: str, site: str = "site"
) -> Statement:
    """Say how many sites lie off what their own mix of patients."""
    units, adjusted = found.units, joined([name.replace("_", " ") for name in found.covariates])
    above, below = int((units["ci_low"] > 1).sum()), int((units["ci_high"] < 1).sum())
    more = [
        f"Chance alone would put about {fixed(0)((1 - found.level) * len(units))} of {len(units)} there.",
        f"Adjusted for {adjusted}. What these leave out stays in the ratios.",
    ]
    if found.left_out:
        more.append(f"Left out for want of the outcome or a covariate: {counted(found.left_out, 'row')}.")
    return Statement(
        name="headline",
        role="headline",
        say=(
            f"**{quantity.label}: {counted(above, site)} above and {counted(below, site)} below** what is to "
            "be expected of their own mix of patients."
        ),
        more=[*more, *([terms] if terms else [])],
    )


def _shower(found: Deviants) -> Callable[[Any], str]:
    return percent(0) if found.kind == "proportion" else fixed(2)


def _few(number: Any, fewest: int) -> str:
    return f"1 to {fewest - 1}" if pd.isna(number) else integer(number)
