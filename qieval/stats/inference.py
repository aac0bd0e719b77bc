"""From an estimate and its standard error to a test and an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from qieval.errors import ArgumentError
from qieval.results import Estimate

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(16)


def check_level(level: float) -> None:
    """Refuse a coverage that is not strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ArgumentError(f"`level` must lie between 0 and 1 (0.95 for a 95 % interval); not {level!r}.")


def t_quantile(df: float, level: float) -> float:
    """Give the two-sided quantile of t for an interval of this coverage (normal for infinite df)."""
    tail = (1 + level) / 2
    return float(special.ndtri(tail) if math.isinf(df) else special.stdtrit(df, tail))


def two_sided_p(statistic: float, df: float) -> float:
    """Give the two-sided p of a t statistic."""
    lower = -abs(statistic)
    return float(2 * (special.ndtr(lower) if math.isinf(df) else special.stdtr(df, lower)))


def t_power(shift: float, df: float, level: float) -> float:
    """Give the chance that a two-sided t test rejects.

    Parameters
    ----------
    shift : float
        The effect over its standard error (noncentrality); may be infinite.
    df : float
        Degrees of freedom, 1 or more; infinite for the normal distribution.
    level : float
        The test is at ``1 - level``.

    Notes
    -----
    Both tails of the noncentral t, as the expectation of normal tails over the chi distribution of the
    standard error, by Gauss-Legendre rules on panels that follow both. The power series that libraries sum
    for this fail for some shifts and few degrees of freedom.
    """
    limit = t_quantile(df, level)
    if math.isinf(df) or math.isinf(shift):
        return float(special.ndtr(shift - limit) + special.ndtr(-shift - limit))
    low, high = np.sqrt(2 / df * special.gammaincinv(df / 2, 1e-22)), _widest(df)
    turn = abs(shift) / limit + np.linspace(-10, 10, 21) / limit  # where the test turns from no to yes
    ends = np.union1d(np.linspace(low, high, 41), np.clip(turn, low, high))
    half = np.diff(ends)[:, None] / 2
    ratio = ends[:-1, None] + half * (1 + POINTS)  # standard error over its true value
    density = half * WEIGHTS * np.exp((df - 1) * np.log(ratio) - df / 2 * (ratio**2 - 1))
    rejects = special.ndtr(shift - limit * ratio) + special.ndtr(-shift - limit * ratio)
    return float((density * rejects).sum() / density.sum())


def _widest(df: float) -> float:
    """Give a standard error, over its true value, that is practically never exceeded."""
    return float(np.sqrt(2 / df * special.gammainccinv(df / 2, 1e-22)))


def t_estimate(
    *,
    term: str,
    method: str,
    estimate: float,
    se: float,
    df: float,
    level: float,
    n: int,
    n_clusters: int | None = None,
    unit: str = "",
    notes: tuple[str, ...] = (),
) -> Estimate:
    """Complete an estimate by its t test against zero and its t interval."""
    statistic = estimate / se
    half = t_quantile(df, level) * se
    return Estimate(
        term=term,
        method=method,
        estimate=estimate,
        se=se,
        df=df,
        statistic=statistic,
        p_value=two_sided_p(statistic, df),
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=level,
        n=n,
        n_clusters=n_clusters,
        unit=unit,
        notes=notes,
    )


def exponentiated(row: Estimate, *, method: str, unit: str = "ratio") -> Estimate:
    """Turn a log ratio into the ratio, with the SE ``ratio x SE(log)`` and the same test."""
    value, low, high = (math.exp(limit) for limit in (row.estimate, row.ci_low, row.ci_high))
    return replace(row, method=method, estimate=value, se=value * row.se, ci_low=low, ci_high=high, unit=unit)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of a declared family by Holm's step-down rule; NaN stays NaN and counts for none.

    References
    ----------
    Holm 1979, Scand J Stat 6:65.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    adjusted, least = [math.nan] * len(p_values), 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        adjusted[place] = least
    return adjusted
