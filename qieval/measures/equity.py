"""Gaps between groups of patients, in absolute and relative terms, and over ordered groups."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, numbers, require
from qieval.stats.inference import check_level, t_quantile

Rii = Literal["ratio", "mean"]
Count = tuple[float, float]
CELL = ("period", "group", "numerator", "n")
Index = Literal["between-group variance", "index of disparity"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gap:
    """Groups beside a declared reference.

    Attributes
    ----------
    reference : Hashable
        The group compared with.
    rates : DataFrame
        One row a group and period: `period`, `group`, `numerator`, `n`, `estimate`, `ci_low`, `ci_high`
        (Wilson).
    gaps, ratios : tuple of Estimate
        Group less reference (Newcombe's interval) and group over reference, the last period first.
    changes : tuple of Estimate
        Gap of the last period less that of the first.
    """

    reference: Hashable
    rates: pd.DataFrame
    gaps: tuple[Estimate, ...]
    ratios: tuple[Estimate, ...]
    changes: tuple[Estimate, ...]

    def tidy(self) -> pd.DataFrame:
        """Gaps, then ratios, then changes."""
        return tidy(self.gaps + self.ratios + self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inequality:
    """Inequality over groups ordered from the most to the least disadvantaged.

    Attributes
    ----------
    sii, rii, index : Estimate
        Slope and relative index of inequality, and the summary index named by its method.
    """

    sii: Estimate
    rii: Estimate
    index: Estimate

    def tidy(self) -> pd.DataFrame:
        """Slope index, relative index, summary index."""
        return tidy([self.sii, self.rii, self.index])


def gap(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    group: str,
    reference: Hashable,
    period: str | None = None,
    better: Better | None = None,
    level: float = 0.95,
) -> Gap:
    """Compare each group's proportion with that of a declared reference group.

    Parameters
    ----------
    data : DataFrame
        One row a group (and period, site, …); rows of a group and period add up.
    numerator, denominator, group : str
        Columns; the group must be known in every row (call unknown groups so).
    reference : Hashable
        A group; ``"largest"``: that with the largest denominator in all; or ``"best"``: that with the best
        proportion in the first period, which stays the reference in the others. There is no default. The
        best is chosen by its result, so that gaps to it tend to shrink by themselves; declare another.
    period : str, optional
        Column of the wave; with it, the change in each gap from the first to the last one.
    better : {"higher", "lower"}, optional
        Which proportions are good; needed for the best group.
    level : float
        Coverage.

    References
    ----------
    Newcombe 1998, Statist Med 17:873, method 10 (differences); Katz et al. 1978, Biometrics 34:469 (ratios).
    """
    check_level(level)
    require(data, [numerator, denominator, group, period], owner="gap")
    rates = _rates(data, numerator, denominator, group, period, level)
    groups, waves = list(rates["group"].unique()), list(rates["period"].unique())
    if reference == "largest" and "largest" not in groups:
        reference = rates.groupby("group")["n"].sum().idxmax()
    if reference == "best" and "best" not in groups and better:
        first = rates[rates["period"] == waves[0]].set_index("group")["estimate"]
        reference = first.idxmax() if better == "higher" else first.idxmin()
    if reference not in groups:
        raise ArgumentError(f"`gap`: no group {reference!r}; there are {groups!r}.")
    found = {(wave, who): (x, n) for wave, who, x, n in zip(*(rates[name] for name in CELL), strict=True)}
    others = [name for name in groups if name != reference]
    gaps, ratios, changes = [], [], []
    for wave, name in product(reversed(waves), others):
        if (wave, name) in found and (wave, reference) in found:
            pair, words = (found[wave, name], found[wave, reference]), f", {wave}" if period else ""
            gaps.append(rate_difference(f"{name} - {reference}{words}", *pair, level))
            ratios.append(rate_ratio(f"{name} / {reference}{words}", *pair, level))
    for name in others if len(waves) > 1 else []:
        cells = [(wave, who) for wave in (waves[-1], waves[0]) for who in (name, reference)]
        if all(cell in found for cell in cells):
            term = f"({name} - {reference}), {waves[-1]} - {waves[0]}"
            changes.append(gap_change(term, [found[cell] for cell in cells], level))
    return Gap(
        reference=reference, rates=rates, gaps=tuple(gaps), ratios=tuple(ratios), changes=tuple(changes)
    )


def _rates(
    data: pd.DataFrame, numerator: str, denominator: str, group: str, period: str | None, level: float
) -> pd.DataFrame:
    frame = pd.DataFrame({"period": data[period] if period else "", "group": data[group]})
    if frame.isna().to_numpy().any():
        raise DesignError("Every row needs a group and a period; give unknown groups a name.")
    frame["numerator"], frame["n"] = numbers(data[numerator]), numbers(data[denominator])
    rates = frame.dropna().groupby(["period", "group"], as_index=False, observed=True).sum()
    rates = rates[rates["n"] > 0].reset_index(drop=True)
    if not rates["numerator"].between(0, rates["n"]).all():
        raise DesignError("A numerator exceeds its denominator or is negative: this is not a proportion.")
    rates["estimate"] = rates["numerator"] / rates["n"]
    low, high = proportion_confint(rates["numerator"], rates["n"], alpha=1 - level, method="wilson")
    rates["ci_low"], rates["ci_high"] = np.clip(low, 0, 1), np.clip(high, 0, 1)
    return rates


def rate_difference(term: str, one: Count, other: Count, level: float) -> Estimate:
    """Give one proportion less another, with Newcombe's interval."""
    (x, n), (y, m) = one, other
    p, q = x / n, y / m
    (low, below), (high, above) = proportion_confint(
        np.array([x, y]), np.array([n, m]), alpha=1 - level, method="wilson"
    )
    se = math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    row = _normal(term, "newcombe", p - q, se, level, n=int(n + m), unit="proportion")
    return replace(
        row, ci_low=p - q - math.hypot(p - low, above - q), ci_high=p - q + math.hypot(high - p, q - below)
    )


def rate_ratio(term: str, one: Count, other: Count, level: float) -> Estimate:
    """Give one proportion over another, with Katz's interval; none where a group has no event."""
    (x, n), (y, m) = one, other
    bare = Estimate(term=term, method="log-ratio", estimate=math.nan, level=level, n=int(n + m), unit="ratio")
    if y == 0 or x == 0:
        ratio = 0.0 if y else math.nan
        return replace(bare, estimate=ratio, notes=("No interval: a group has no event.",))
    ratio, se = (x / n) / (y / m), math.sqrt(1 / x - 1 / n + 1 / y - 1 / m)
    factor = math.exp(t_quantile(math.inf, level) * se)
    return replace(bare, estimate=ratio, se=ratio * se, ci_low=ratio / factor, ci_high=ratio * factor)


def gap_change(term: str, cells: list[Count], level: float) -> Estimate:
    """Give the gap of the first two of four independent proportions less that of the others."""
    p = [x / n for x, n in cells]
    variance = sum(share * (1 - share) / n for share, (_, n) in zip(p, cells, strict=True))
    shift = (p[0] - p[1]) - (p[2] - p[3])
    waves = "Waves are taken as independent samples."
    return _normal(term, "gap-change", shift, math.sqrt(variance), level, unit="proportion", notes=(waves,))


def _normal(term: str, method: str, estimate: float, se: float, level: float, **words: Any) -> Estimate:
    half = t_quantile(math.inf, level) * se
    row = Estimate(term=term, method=method, estimate=estimate, se=se, df=math.inf, level=level, **words)
    return replace(row, ci_low=estimate - half, ci_high=estimate + half)


def inequality(
    data: pd.DataFrame,
    *,
    value: str,
    size: str,
    group: str,
    se: str | None = None,
    rii: Rii = "ratio",
    index: Index = "between-group variance",
    level: float = 0.95,
) -> Inequality:
    """Summarise inequality over ordered groups in one slope.

    Parameters
    ----------
    data : DataFrame
        One row a group.
    value, size : str
        The group's rate or mean, and how many people it has.
    group : str
        Ordered from the most to the least disadvantaged: numbers (1 first) or an ordered Categorical.
    se : str, optional
        Standard errors of the values; without them there are no intervals.
    rii : {"ratio", "mean"}
        Relative index: fitted value at the top over that at the bottom, or slope over the mean (Kunst).
    index : {"between-group variance", "index of disparity"}
        Summary that does not use the order: size-weighted squared distance from the mean, or 100 times the
        unweighted mean absolute distance over the mean.
    level : float
        Coverage.

    Notes
    -----
    Weighted least squares of the values on ridits (middle of each group's share of the population), weights
    the sizes. The slope is a weighted sum of the values, so its standard error follows exactly from theirs.

    References
    ----------
    Mackenbach & Kunst 1997, Soc Sci Med 44:757, doi 10.1016/S0277-9536(96)00073-1.
    """
    check_level(level)
    check_choice(rii, Rii, name="rii", owner="inequality")
    check_choice(index, Index, name="index", owner="inequality")
    require(data, [value, size, group, se], owner="inequality")
    y, share, spread = _ordered(data, value, size, group, se)
    found = indices(y, share, spread, rii=rii, index=index)
    if not np.isfinite(found[1, 0]):
        raise DesignError("A relative index needs a mean and a fitted value that are not zero.")
    words = (
        ("SII", "ridit-wls", "value"),
        ("RII", f"ridit-wls-{rii}", "ratio"),
        (index, index.replace(" ", "-"), ""),
    )
    rows = [
        _normal(term, method, value, se, level, unit=unit)
        for (term, method, unit), (value, se) in zip(words, found.tolist(), strict=True)
    ]
    return Inequality(sii=rows[0], rii=rows[1], index=rows[2])


def indices(
    y: Floats, share: Floats, spread: Floats, *, rii: Rii = "ratio", index: Index = "between-group variance"
) -> Floats:
    """Give the slope, the relative and the summary index with their standard errors, as `inequality`.

    Values and their standard errors are (..., groups), the most disadvantaged group first, shares of the
    population (groups,); comes back as (3, 2, ...), NaN where a mean or fitted value is zero.
    """
    ridit = np.cumsum(share) - share / 2
    away = ridit - share @ ridit
    slope_of = share * away / float(share @ away**2)
    start_of = share - slope_of * float(share @ ridit)
    top, bottom = (start_of + slope_of, start_of) if rii == "ratio" else (slope_of, share)
    mean, base = (y @ share)[..., None], y @ bottom
    base = np.where((base == 0) | (mean[..., 0] == 0), np.nan, base)
    relative = y @ top / base
    relative_of = (top - relative[..., None] * bottom) / base[..., None]
    summary, summary_of = (y - mean) ** 2 @ share, 2 * share * (y - mean)
    if index == "index of disparity":
        summary = 100 * (np.abs(y - mean) / np.where(mean == 0, np.nan, mean)).mean(-1)
        summary_of = np.full(y.shape, np.nan)
    rows = ((y @ slope_of, slope_of), (relative, relative_of), (summary, summary_of))
    return np.array([[value, np.sqrt((of**2 * spread**2).sum(-1))] for value, of in rows])


def _ordered(
    data: pd.DataFrame, value: str, size: str, group: str, se: str | None
) -> tuple[Floats, Floats, Floats]:
    """Values, shares of the population and standard errors, the most disadvantaged group first."""
    column = data[group]
    words = isinstance(column.dtype, pd.CategoricalDtype)
    if words and not column.cat.ordered:
        raise ArgumentError(f"`inequality`: {group!r} is an unordered Categorical; order it.")
    rank = column.cat.codes.to_numpy() if words else numbers(column)
    if len(np.unique(rank)) < len(data) or len(data) < 3:
        raise DesignError("An index of inequality needs one row for each of three or more groups.")
    order = np.argsort(rank)
    y, weight = numbers(data[value])[order], numbers(data[size])[order]
    spread = numbers(data[se])[order] if se is not None else np.full(len(y), np.nan)
    if np.isnan(y).any() or not (weight > 0).all():
        raise DesignError("Every group needs a value and a size above zero.")
    return y, weight / weight.sum(), spread
