"""Sites beside each other in figures: funnel, caterpillar, ranks, observed over expected events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qieval.exhibits.chart_words import shower, unit_of
from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.disclosure import not_shown, rounded, told_shares
from qieval.exhibits.format import factor_of, fixed, integer, percent, plural
from qieval.exhibits.phrases import counted, joined, level_of
from qieval.exhibits.svg import INK, LINE, SOFT, A, B, C, D, canvas, to_svg
from qieval.measures import Funnel, Shrunk, Standardised
from qieval.results import Quantity, Record

ROW, LABELLED = 18, 60
DASHED = (0, (4, 3))
SAID = 8


def funnel_figure(
    found: Funnel, quantity: Quantity, *, own: str = "", site: str = "site", of: str = ""
) -> Figure:
    """Draw every unit by its size, within the limits that chance sets.

    Parameters
    ----------
    own : str
        A unit to set off.
    of : str
        What the denominators count: ``"patients"``.
    """
    units = found.units.sort_values("denominator", ignore_index=True)
    factor = factor_of(quantity)
    show = shower(quantity, float(units["value"].std()))
    fig, ax = canvas(640, 340)
    ax.axhline(factor * found.target, color=SOFT, linewidth=1)
    for suffix, style in (("", DASHED), ("_outer", "-")):
        for side in ("lower", "upper"):
            ax.plot(
                units["denominator"], factor * units[side + suffix], color=SOFT, linewidth=1, linestyle=style
            )
    for band, mark, colour in (("within limits", "o", A), ("alert", "D", D), ("alarm", "s", B)):
        part = units[units["band"] == band]
        ax.plot(part["denominator"], factor * part["value"], mark, color=colour, markersize=6)
    for row in units[(units["band"] == "alarm") | (units["unit"] == own)].to_dict(orient="records"):
        _named(ax, row, factor, own)
    ax.set_xlabel(f"{of[:1].upper()}{of[1:]}")
    ax.set_ylabel(f"{quantity.label}, {unit_of(quantity)}")
    inner, outer = (level_of(level) for level in found.levels)
    wide = (
        "exact" if found.overdispersion == "none" else f"widened for overdispersion ({found.overdispersion})"
    )
    return Figure(
        name="funnel",
        caption=(
            f"{quantity.label} of each {site} by its {of}. Dashed and solid lines: {inner} and {outer} "
            f"limits about {show(found.target)}, {wide}. Diamonds: beyond the inner; squares: the outer."
        ),
        alt=(
            f"Funnel plot of {counted(len(units), site)} about {show(found.target)}. "
            f"{_bands(found, show, site)}"
        ),
        svg=to_svg(fig, name="funnel"),
        frame=units,
    )


def caterpillar(found: Shrunk, quantity: Quantity, *, own: str = "", site: str = "site") -> Figure:
    """Draw each unit's own value (ring) and its estimate drawn to the mean, with interval (bar)."""
    units = found.natural().sort_values("estimate", ignore_index=True)
    factor, unit = factor_of(quantity), unit_of(quantity)
    show = shower(quantity, float(units["ci_high"].mean() - units["ci_low"].mean()))
    fig, ax = _intervals(units, ("ci_low", "estimate", "ci_high"), factor, own)
    ax.axvline(factor * units["mean"].iloc[0], color=SOFT, linewidth=1)
    ax.plot(
        factor * units["value"],
        np.arange(len(units)),
        "o",
        markerfacecolor="none",
        markeredgecolor=SOFT,
        markersize=5,
    )
    ax.set_xlabel(f"{quantity.label}, {unit}")
    first, last = units.iloc[0], units.iloc[-1]
    return Figure(
        name="caterpillar",
        caption=(
            f"{quantity.label} of each {site}. Ring: its own value; dot and bar: its estimate with help of "
            f"the others, with {level_of(found.mean.level)} interval. Line: the mean of the {plural(site)}."
        ),
        alt=(
            f"Estimates of {counted(len(units), site)} from {first['unit']} ({show(first['estimate'])}, raw "
            f"{show(first['value'])}) to {last['unit']} ({show(last['estimate'])}, raw "
            f"{show(last['value'])}) about a mean of {show(first['mean'])}."
        ),
        svg=to_svg(fig, name="caterpillar"),
        frame=units[["unit", "value", "estimate", "ci_low", "ci_high", "reliability"]],
        records=[Record(key=row.term, estimate=row, status="descriptive") for row in found.estimates()],
    )


def ranks(found: Shrunk, *, own: str = "", site: str = "site", better: str | None = None) -> Figure:
    """Draw the ranks that the units can be expected to have, with their intervals."""
    units = found.units.sort_values("expected_rank", ignore_index=True)
    fig, ax = _intervals(units, ("rank_low", "expected_rank", "rank_high"), 1.0, own)
    ax.set_xlim(0.5, units["rank_high"].max() + 0.5)
    ax.set_xlabel("Rank from the lowest value")
    low, high = units["expected_rank"].min(), units["expected_rank"].max()
    best = {"higher": " The best have the highest ranks.", "lower": " The best have the lowest ranks."}
    verdict = (
        ""
        if not found.notes
        else " Their intervals overlap so much that no order of theirs is to be trusted."
    )
    return Figure(
        name="ranks",
        caption=(
            f"Expected rank of each {site} with {level_of(found.mean.level)} interval; rankability "
            f"{percent(0)(found.rankability)}.{best.get(better or '', '')}"
        ),
        alt=(
            f"Expected ranks of {counted(len(units), site)} from {fixed(1)(low)} to {fixed(1)(high)}."
            f"{verdict}"
        ),
        svg=to_svg(fig, name="ranks"),
        frame=units[["unit", "expected_rank", "rank_low", "rank_high"]],
    )


def ratios(
    found: Standardised, quantity: Quantity, *, own: str = "", site: str = "site", suppress_below: int = 5
) -> Figure:
    """Draw observed over expected events of each unit, on a logarithmic axis."""
    binary = found.family == "binomial"
    shares = found.units.assign(share=found.units["observed"] / found.units["n"])
    units = told_shares(shares, below=suppress_below, n="n", share="share", whether=binary)
    units = units.assign(observed=rounded(units["observed"])).sort_values("ratio", ignore_index=True)
    floor = 0.5 * float(units.loc[units["ratio"] > 0, "ratio"].min())
    drawn = units.assign(**{name: units[name].clip(lower=floor) for name in ("ratio", "ci_low", "ci_high")})
    fig, ax = _intervals(drawn, ("ci_low", "ratio", "ci_high"), 1.0, own)
    ax.axvline(1, color=SOFT, linewidth=1)
    ax.set_xscale("log")
    at = [tick for tick in (0.125, 0.25, 0.5, 1, 2, 4, 8) if floor <= tick <= 2 * drawn["ci_high"].max()]
    ax.set_xticks(at, labels=[f"{tick:g}" for tick in at])
    ax.minorticks_off()
    ax.set_xlabel(f"{quantity.label}: observed over expected")
    hidden = len(found.units) - len(units)
    left_out = f" Not shown: {not_shown(hidden, suppress_below, sides=binary)}."
    beyond = units[(units["ci_low"] > 1) | (units["ci_high"] < 1)]
    named = [f"{row.unit} ({row.ratio:.2f})" for row in beyond.itertuples()]
    return Figure(
        name="observed-expected",
        caption=(
            f"{quantity.label} of each {site}: observed over expected by its own mix of patients, with "
            f"{level_of(found.level)} interval ({found.interval.title()}). 1: as expected."
            f"{left_out if hidden else ''}"
        ),
        alt=(
            f"Ratios of {counted(len(units), site)}. "
            + (f"Off 1: {joined(named[:SAID])}." if named else "Every interval holds 1.")
        ),
        svg=to_svg(fig, name="observed-expected"),
        frame=units[["unit", "n", "observed", "expected", "ratio", "ci_low", "ci_high"]],
        records=[
            Record(key=row.term, estimate=row, status="descriptive")
            for row in found.estimates()
            if row.term in set(units["unit"].astype(str))
        ],
    )


def calibration(found: Standardised, quantity: Quantity, *, suppress_below: int = 5) -> Figure | Statement:
    """Draw what happened to tenths of the patients against what was expected of them.

    Parameters
    ----------
    suppress_below : int
        Tenths with fewer patients (of a proportion: on either side) are neither drawn nor listed, nor others
        from which they could be worked out.
    """
    shares = found.calibration.assign(share=found.calibration["observed"] / found.calibration["n"])
    binary = found.family == "binomial"
    shares = told_shares(shares, below=suppress_below, n="n", share="share", whether=binary)
    tenths = shares.assign(observed=rounded(np.rint(shares["n"] * shares["share"]))).drop(columns="share")
    if tenths.empty:
        return Statement(
            name="calibration", role="note", say="No tenth of the patients has enough on a side."
        )
    few = len(found.calibration) - len(tenths)
    left_out = f" Not shown: {integer(few)} with too few patients on a side." if few else ""
    expected, observed = (tenths[name] / tenths["n"] for name in ("expected", "observed"))
    factor = 100.0 if found.family == "binomial" else 1.0
    fig, ax = canvas(440, 320)
    top = factor * 1.05 * max(expected.max(), observed.max())
    ax.plot([0, top], [0, top], color=SOFT, linewidth=1)
    ax.plot(factor * expected, factor * observed, "o", color=A)
    unit = "%" if found.family == "binomial" else "a patient"
    ax.set(xlabel=f"Expected, {unit}", ylabel=f"Observed, {unit}", xlim=(0, top), ylim=(0, top))
    apart = factor * float((expected - observed).abs().max())
    right = "" if np.isnan(found.c_statistic) else f" c statistic {fixed(2)(found.c_statistic)}."
    return Figure(
        name="calibration",
        caption=(
            f"{quantity.label} in tenths of the patients by what the model expects of them. Line: just so."
            f"{right} Judged on the patients that it was fitted to, so it flatters the model.{left_out}"
        ),
        alt=(
            f"{integer(len(tenths))} dots along the diagonal; "
            f"the farthest lies {fixed(1)(apart)} {unit} off it.{right}"
        ),
        svg=to_svg(fig, name="calibration"),
        frame=tenths,
    )


def _intervals(units: pd.DataFrame, names: Sequence[str], factor: float, own: str) -> tuple[Any, Any]:
    """Draw one bar a row; units are named as long as there are not too many."""
    named, rows = len(units) <= LABELLED, np.arange(len(units))
    fig, ax = canvas(640, 80 + (ROW if named else 5) * len(units))
    low, middle, high = (factor * units[name] for name in names)
    mine = (units["unit"].astype(str) == own).to_numpy()
    for chosen, colour, width in ((~mine, A, 1.5), (mine, B, 3)):
        ax.hlines(rows[chosen], low[chosen], high[chosen], color=colour, linewidth=width)
        ax.plot(
            middle[chosen],
            rows[chosen],
            "s" if colour == B else "o",
            color=colour,
            markersize=5 if named else 3,
        )
    ax.set_yticks(rows if named else [], labels=units["unit"].astype(str) if named else [])
    ax.set_ylim(-0.8, len(units) - 0.2)
    ax.grid(axis="x", color=LINE, linewidth=1)
    return fig, ax


def _named(ax: Any, row: Mapping[Any, Any], factor: float, own: str) -> None:
    at = (row["denominator"], factor * row["value"])
    if row["unit"] == own:
        ax.plot(*at, "o", markerfacecolor="none", markeredgecolor=C, markersize=12, markeredgewidth=2)
    ax.annotate(str(row["unit"]), at, xytext=(7, 0), textcoords="offset points", va="center", color=INK)


def _bands(found: Funnel, show: Any, site: str) -> str:
    said = []
    for band, words in (("alarm", "beyond the outer limits"), ("alert", "beyond the inner limits only")):
        part = found.units[found.units["band"] == band]
        names = [f"{row.unit} ({show(row.value)})" for row in part.itertuples()]
        more = f" and {integer(len(names) - SAID)} more" if len(names) > SAID else ""
        said.append(
            f"{counted(len(names), site)} {words}" + (f": {', '.join(names[:SAID])}{more}" if names else "")
        )
    return "; ".join(said) + "."
