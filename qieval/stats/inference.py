"""From an estimate and its standard error to a test and an interval."""

from __future__ import annotations

import math
from dataclasses import replace

from scipy import special

from qieval.errors import ArgumentError
from qieval.results import Estimate


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


def t_estimate(
    *,
    term: str,
    method: str,
    estimate: float,
    se: float,
    df: float,
    level: float,
    n: int,
    n_clusters: int,
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
