"""Two groups of values, of different units or of units that only partly are the same."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from qieval.results import Estimate
from qieval.stats.inference import t_estimate

Floats = NDArray[np.float64]

MOST_EXACT = 200
TOO_FEW = "Fewer than two values a side, or no spread: nothing to compare by."


def welch(before: Floats, after: Floats, *, term: str, unit: str = "", level: float = 0.95) -> Estimate:
    """Difference of two means by Welch's t: no unit stands on both sides, variances may differ.

    Parameters
    ----------
    before, after : (n,) array, (m,) array
        Values of different units, none missing. Never for values of the same units: see `partially_paired`.
    """
    return _contrast(before, after, shared=0.0, df=None, method="welch", term=term, unit=unit, level=level)


def partially_paired(
    pairs: tuple[Floats, Floats],
    before_only: Floats,
    after_only: Floats,
    *,
    term: str,
    unit: str = "",
    level: float = 0.95,
) -> Estimate:
    """Difference of two means where some units were measured once and some twice: Derrick's T_new2.

    Everybody counts once a side; the variance takes off what the pairs share. Values missing for a reason
    that has to do with the change bias it, as they bias every comparison.

    Parameters
    ----------
    pairs : two (c,) arrays
        Values of the units measured twice.
    before_only, after_only : (a,) array, (b,) array
        Values of the others.

    References
    ----------
    Derrick, Russ, Toher & White 2017, doi 10.22237/jmasm/1493597280.
    """
    first, second = pairs
    before, after = np.concatenate([first, before_only]), np.concatenate([second, after_only])
    linked, loose = len(first), len(before_only) + len(after_only)
    if linked < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return _nothing(before, after, method="partially-paired-t", term=term, unit=unit, level=level)
    together = float(np.corrcoef(first, second)[0, 1]) * before.std(ddof=1) * after.std(ddof=1)
    apart = _welch_df(before, after)
    df = linked - 1 + (apart - linked + 1) * loose / (loose + 2 * linked)
    found = _contrast(
        before,
        after,
        shared=2 * together * linked / (len(before) * len(after)),
        df=df,
        method="partially-paired-t",
        term=term,
        unit=unit,
        level=level,
    )
    return replace(found, n=linked + loose)


def cliffs_delta(before: Floats, after: Floats, *, term: str, level: float = 0.95) -> Estimate:
    """Share of pairs across two groups in which after is higher, less the share in which it is lower.

    With the rank-sum test: exact with ties up to 200 values in all, else normal with corrections for ties and
    continuity. The interval is on Fisher's z (effectsize 0.8).

    Parameters
    ----------
    before, after : (n,) array, (m,) array
        Values of different units, none missing.
    """
    n, m = len(before), len(after)
    if not n or not m:
        return _nothing(before, after, method="cliffs-delta", term=term, unit="share", level=level)
    ranks = rankdata(np.concatenate([after, before]))
    total = float(ranks[:m].sum())
    delta = 2 * (total - m * (m + 1) / 2) / (n * m) - 1
    exact = n + m <= MOST_EXACT
    low, high = delta_interval(delta, n, m, level=level)
    return Estimate(
        term=term,
        method="cliffs-delta",
        estimate=delta,
        statistic=total - m * (m + 1) / 2,
        p_value=_exact_p(ranks, m, total) if exact else _normal_p(ranks, m, total),
        ci_low=low,
        ci_high=high,
        level=level,
        n=n + m,
        unit="share",
        notes=() if exact else (f"Normal approximation of the rank-sum test (over {MOST_EXACT} values).",),
    )


def delta_interval(delta: float, n: int, m: int, *, level: float) -> tuple[float, float]:
    """Interval of Cliff's delta of `n` and `m` values, on Fisher's z; delta itself at its ends."""
    if abs(delta) == 1:
        return delta, delta
    half = float(norm.ppf((1 + level) / 2)) * math.sqrt((n + m + 1) / (3 * n * m))
    return math.tanh(math.atanh(delta) - half), math.tanh(math.atanh(delta) + half)


def _exact_p(ranks: Floats, size: int, total: float) -> float:
    """Two-sided p of the ranks' sum in one group, among all groups of its size: as far from the middle."""
    doubled = np.rint(2 * ranks).astype(int)
    ways = np.zeros((size + 1, int(doubled.sum()) + 1))
    ways[0, 0] = 1.0
    for step in doubled:
        ways[1:, step:] += ways[:-1, : ways.shape[1] - step].copy()
    middle = size * doubled.sum() / len(doubled)
    far = np.abs(np.arange(ways.shape[1]) - middle) >= abs(2 * total - middle) - 1e-9
    return float(ways[size, far].sum() / ways[size].sum())


def _normal_p(ranks: Floats, size: int, total: float) -> float:
    n = len(ranks)
    rest = n - size
    distance = max(0.0, abs(total - size * (n + 1) / 2) - 0.5)
    variance = size * rest / (n * (n - 1)) * float(np.sum((ranks - ranks.mean()) ** 2))
    return float(2 * norm.sf(distance / math.sqrt(variance))) if variance else 1.0


def _welch_df(before: Floats, after: Floats) -> float:
    parts = [float(each.var(ddof=1)) / len(each) for each in (before, after)]
    return sum(parts) ** 2 / sum(
        part**2 / (len(each) - 1) for part, each in zip(parts, (before, after), strict=True)
    )


def _contrast(
    before: Floats,
    after: Floats,
    *,
    shared: float,
    df: float | None,
    method: str,
    term: str,
    unit: str,
    level: float,
) -> Estimate:
    if min(len(before), len(after)) < 2 or np.ptp(before) + np.ptp(after) == 0:
        return _nothing(before, after, method=method, term=term, unit=unit, level=level)
    variance = sum(float(each.var(ddof=1)) / len(each) for each in (before, after)) - shared
    return t_estimate(
        term=term,
        method=method,
        estimate=float(after.mean() - before.mean()),
        se=math.sqrt(variance),
        df=_welch_df(before, after) if df is None else df,
        level=level,
        n=len(before) + len(after),
        unit=unit,
    )


def _nothing(before: Floats, after: Floats, *, method: str, term: str, unit: str, level: float) -> Estimate:
    n = len(before) + len(after)
    return Estimate(
        term=term, method=method, estimate=math.nan, level=level, n=n, unit=unit, notes=(TOO_FEW,)
    )
