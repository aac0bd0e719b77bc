"""The centre of paired differences and its interval, from their pairwise averages."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from qieval.results import Estimate

Floats = NDArray[np.float64]

MOST_EXACT = 200
MOST_EXACT_LIMITS = 2_000
NODES = 100


def hodges_lehmann(change: Floats, *, level: float = 0.95) -> Estimate:
    """Estimate the centre of symmetric differences by the median of their pairwise averages.

    Parameters
    ----------
    change : (n,) array
        Differences, none missing.
    level : float
        Coverage; below six differences no 95 % interval is bounded, and the note says so.

    Returns
    -------
    Estimate
        Without a test (see `qieval.stats.ranks.wilcoxon`). The limits are pairwise averages, counted from
        both ends by the exact distribution of the signed-rank sum without ties up to 2,000 differences.

    References
    ----------
    Hollander, Wolfe & Chicken 2014, sections 3.2 and 3.3, doi 10.1002/9781119196037.
    """
    n = change.size
    if n == 0:
        nothing = "No pair changed, so there is nothing to rank."
        return Estimate(term="", method="wilcoxon", estimate=math.nan, level=level, n=0, notes=(nothing,))
    total = n * (n + 1) // 2
    outside = _averages_outside(n, level)
    middle = [(total - 1) // 2, total // 2]
    limits = [outside - 1, total - outside] if outside else []
    low, high, *bounds = _pairwise_averages(np.sort(change), [*middle, *limits])
    too_few = f"{n} changed {'pair is' if n == 1 else 'pairs are'} too few for a bounded interval."
    return Estimate(
        term="",
        method="wilcoxon",
        estimate=(low + high) / 2,
        ci_low=bounds[0] if bounds else -math.inf,
        ci_high=bounds[1] if bounds else math.inf,
        level=level,
        n=n,
        notes=() if bounds else (too_few,),
    )


def signed_rank_distribution(ranks: Floats) -> Floats:
    """Probability of every possible sum of positive ranks when each sign is a fair coin.

    Parameters
    ----------
    ranks : (n,) array
        Ranks or midranks, multiples of one half.

    Returns
    -------
    (2 * sum of ranks + 1,) array
        Element k is the probability that twice the sum is k.
    """
    doubled = np.rint(2 * ranks).astype(int)
    probability = np.zeros(int(doubled.sum()) + 1)
    probability[0] = 1.0
    reached = 0
    for step in doubled:
        moved = probability[: reached + 1] / 2
        probability[: reached + 1] = moved
        probability[step : step + reached + 1] += moved
        reached += step
    return probability


@cache
def _averages_outside(n: int, level: float) -> int:
    """Place of each limit among the pairwise averages, from its end; 0 where none reaches the level."""
    tail = (1 - level) / 2
    if n <= MOST_EXACT:
        cumulative = np.cumsum(signed_rank_distribution(np.arange(1, n + 1) / 2))
        return int(np.searchsorted(cumulative, tail, side="right"))
    centre, spread = n * (n + 1) / 4, math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    place = int(centre + ndtri(tail) * spread)
    if n > MOST_EXACT_LIMITS:
        return place
    while signed_rank_cdf(place, n) <= tail:  # the normal place is a few ranks off at most
        place += 1
    while signed_rank_cdf(place - 1, n) > tail:
        place -= 1
    return place


def signed_rank_cdf(total: int, n: int) -> float:
    """Chance that the ranks 1 to `n` with a positive sign sum to `total` or less, for some hundred or more.

    Notes
    -----
    Inverts the characteristic function, whose modulus is a product of cosines: beyond ten standard deviations
    of its centre nothing is left of it, and within them the trapezoid rule is exact to rounding.
    """
    spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    t = np.linspace(0, 10 / spread, NODES + 1)[1:]
    modulus = np.prod(np.cos(np.arange(1, n + 1)[:, None] * t / 2), axis=0)
    below = total + 0.5 - n * (n + 1) / 4
    waves = np.sin(below * t) / np.sin(t / 2) * modulus
    return 0.5 + float(below + waves.sum()) * float(t[0]) / (2 * math.pi)


def _pairwise_averages(ordered: Floats, wanted: list[int]) -> list[float]:
    """Averages of each value with itself and with every later one, at the wanted positions in their order."""
    if ordered.size <= MOST_EXACT:
        first, second = np.triu_indices(ordered.size)
        averages = np.partition((ordered[first] + ordered[second]) / 2, wanted)
        return [float(averages[position]) for position in wanted]
    values, counts = np.unique(ordered, return_counts=True)
    return [_average_at(values, counts, position) for position in wanted]


def _average_at(values: Floats, counts: NDArray[np.int64], position: int) -> float:
    """Close in on one pairwise average by counting those below it: there are too many to write down."""
    upto = np.concatenate([[0], np.cumsum(counts)])
    low, high = float(values[0]), float(values[-1])
    while low < (guess := low + (high - low) / 2) < high:
        partners = upto[np.searchsorted(values, 2 * guess - values, side="right")]
        itself = upto[np.searchsorted(values, guess, side="right")]
        enough = (int(counts @ partners) + int(itself)) // 2 > position
        low, high = (low, guess) if enough else (guess, high)
    nearest = np.searchsorted(values, 2 * high - values).clip(1, values.size - 1)
    averages = np.concatenate([values + values[nearest], values + values[nearest - 1]]) / 2
    return float(averages[np.argmin(np.abs(averages - high))])
