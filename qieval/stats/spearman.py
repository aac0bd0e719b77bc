"""Whether two rankings of a few units go together, judged by every order that could have come about."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from qieval.errors import ArgumentError
from qieval.results import Estimate
from qieval.stats.inference import two_sided_p

MOST_EXACT = 14
Floats = NDArray[np.float64]


def spearman(x: ArrayLike, y: ArrayLike, *, term: str = "x with y") -> Estimate:
    """Spearman's rank correlation with its exact two-sided p-value.

    Parameters
    ----------
    x, y : array of float, shape (n,)
        Paired values; pairs with a missing one are left out.
    term : str
        What is correlated.

    Returns
    -------
    Estimate
        Method ``spearman-exact``, or ``spearman-t`` above 14 units; a note says how small p can be. There is
        no interval; no correlation (with the reason) below three pairs or where one side is constant.

    Notes
    -----
    The exact p-value is the share of all n! pairings whose sum of products of ranks is as far from its mean;
    ties are taken as they are. It is counted over sets of units already paired, not over pairings. A rank
    correlation is no dose-response curve.

    References
    ----------
    Kendall & Gibbons 1990, Rank Correlation Methods, chapter 4.
    """
    one, other = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ArgumentError("`spearman` takes two lists of one length.")
    there = ~(np.isnan(one) | np.isnan(other))
    a, b = rankdata(one[there]), rankdata(other[there])
    n = len(a)
    bare = Estimate(term=term, method="spearman-exact", estimate=math.nan, n=n, unit="rank correlation")
    if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return _noted(bare, "undefined: fewer than three pairs, or one side is constant")
    rho = float(np.corrcoef(a, b)[0, 1])
    if n > MOST_EXACT:
        freedom = n - 2
        t = rho * math.sqrt(freedom / max(1 - rho**2, 1e-300))
        return _with(bare, "spearman-t", rho, two_sided_p(t, freedom), ())
    p, least = _exact(a, b)
    return _with(bare, "spearman-exact", rho, p, (f"The smallest p that {n} units can give is {least:.2g}.",))


def _with(bare: Estimate, method: str, rho: float, p: float, notes: tuple[str, ...]) -> Estimate:
    return Estimate(
        term=bare.term, method=method, estimate=rho, p_value=p, n=bare.n, unit=bare.unit, notes=notes
    )


def _noted(bare: Estimate, reason: str) -> Estimate:
    return Estimate(
        term=bare.term, method=bare.method, estimate=math.nan, n=bare.n, unit=bare.unit, notes=(reason,)
    )


def _exact(a: Floats, b: Floats) -> tuple[float, float]:
    """Two-sided p of the sum of products, and the smallest p that any pairing could have."""
    left, right = np.rint(2 * a).astype(np.int64), np.rint(2 * b).astype(np.int64)
    n, top = len(left), int(np.sort(left) @ np.sort(right))
    ways = {0: np.eye(1, top + 1, dtype=np.float64)[0]}
    for value in left:  # pair the units of one side in turn with those of the other that are still free
        after: dict[int, Floats] = {}
        for used, count in ways.items():
            for place in range(n):
                if not used >> place & 1:
                    step = int(value * right[place])
                    grown = after.setdefault(used | 1 << place, np.zeros(top + 1))
                    grown[step:] += count[: top + 1 - step]
        ways = after
    [total] = ways.values()
    share = total / total.sum()
    away = np.abs(n * np.arange(top + 1) - int(left.sum()) * int(right.sum()))
    seen = abs(n * int(left @ right) - int(left.sum()) * int(right.sum()))
    farthest = away[share > 0].max()
    return float(share[away >= seen].sum()), float(share[away == farthest].sum())
