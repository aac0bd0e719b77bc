"""Whether paired values changed, judged by signs and ranks alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, rankdata

from qieval.errors import ArgumentError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.hodges_lehmann import MOST_EXACT, hodges_lehmann, signed_rank_distribution

Floats = NDArray[np.float64]
Zeros = Literal["drop", "pratt"]

RESOLUTION = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRank:
    """What the signed ranks of paired differences say.

    Attributes
    ----------
    shift : Estimate
        Hodges-Lehmann estimate of the change (median of the pairwise averages) in the unit of the data, with
        its interval, the rank sum of the positive differences as statistic, and the p-value.
    t_plus, t_minus : float
        Sums of the ranks of the positive and of the negative differences.
    rank_biserial : float
        (t_plus - t_minus) / (t_plus + t_minus), from -1 to 1; NaN where nothing changed.
    n : int
        Complete pairs.
    n_zero : int
        Pairs without change.
    n_incomplete : int
        Pairs left out because one of the two values is missing.
    exact : bool
        Whether the p-value comes from every assignment of signs; else from the normal distribution with
        corrections for ties and continuity.
    smallest_p : float
        The smallest p-value that so many changed pairs can give.
    zeros : {"drop", "pratt"}
        What was done with pairs without change.
    """

    shift: Estimate
    t_plus: float
    t_minus: float
    rank_biserial: float
    n: int
    n_zero: int
    n_incomplete: int
    exact: bool
    smallest_p: float
    zeros: Zeros

    def tidy(self) -> pd.DataFrame:
        """Two rows: the Hodges-Lehmann change with its test, and the rank-biserial correlation.

        Its interval is on Fisher's z (effectsize 0.8).
        """
        n, low, high = self.n, self.rank_biserial, self.rank_biserial
        if abs(low) < 1:
            half = float(norm.ppf((1 + self.shift.level) / 2)) * math.sqrt((4 * n + 2) / (3 * n * (n + 1)))
            low, high = (math.tanh(math.atanh(self.rank_biserial) + side * half) for side in (-1, 1))
        biserial = Estimate(
            term=self.shift.term,
            method="rank-biserial",
            estimate=self.rank_biserial,
            ci_low=low,
            ci_high=high,
            level=self.shift.level,
            n=self.n,
            unit="rank correlation",
        )
        return tidy([self.shift, biserial])


def wilcoxon(
    before: ArrayLike,
    after: ArrayLike,
    *,
    zeros: Zeros = "drop",
    level: float = 0.95,
    term: str = "after - before",
    unit: str = "",
) -> SignedRank:
    """Test whether paired values changed, by Wilcoxon's signed ranks, exact with ties and zeros.

    Differences are rounded to a billionth of the largest before they are ranked, so that 2.4 - 1.1 ties with
    1.3. Do not use it on unpaired groups, nor where respondents share teams and the teams are the units.

    Parameters
    ----------
    before, after : array-like
        Values of the same units in the same order; two Series must have the same index. A pair with a missing
        value is left out and counted.
    zeros : {"drop", "pratt"}
        Drop pairs without change before ranking (Wilcoxon), or rank them and then drop their ranks (Pratt);
        the Hodges-Lehmann estimate then leaves them out or keeps them.
    level : float
        Coverage of the interval.
    term, unit : str
        What the change is called, and its unit.

    Returns
    -------
    SignedRank
        Exact p up to 200 changed pairs; interval limits from the exact distribution without ties up to 2,000
        (with ties they cover at least as often), from the normal beyond.

    References
    ----------
    Streitberg & Roehmel 1986, Exact distributions for permutation and rank tests. Hollander, Wolfe & Chicken
    2014, sections 3.1 to 3.3, doi 10.1002/9781119196037.
    """
    check_choice(zeros, Zeros, name="zeros", owner="wilcoxon")
    if not 0 < level < 1:
        raise ArgumentError(f"The `level` parameter of `wilcoxon` must lie between 0 and 1; not {level!r}.")
    change = paired_differences(before, after, owner="wilcoxon")
    complete = change[np.isfinite(change)]
    size = _rounded(np.abs(complete))
    n_zero = int(np.sum(size == 0))
    ranks = _ranks(size, zeros)
    t_plus, t_minus = float(ranks[complete > 0].sum()), float(ranks[complete < 0].sum())
    used = ranks[ranks > 0]
    exact = used.size <= MOST_EXACT
    p_value = (exact_p if exact else normal_p)(used, t_plus) if used.size else math.nan
    shift = hodges_lehmann(complete if zeros == "pratt" else complete[size > 0], level=level)
    notes = (*shift.notes, *_notes(used.size, exact=exact, n_zero=n_zero, zeros=zeros))
    total = t_plus + t_minus
    return SignedRank(
        shift=replace(
            shift,
            term=term,
            unit=unit,
            statistic=t_plus if used.size else math.nan,
            p_value=p_value,
            n=complete.size,
            notes=notes,
        ),
        t_plus=t_plus,
        t_minus=t_minus,
        rank_biserial=(t_plus - t_minus) / total if total else math.nan,
        n=complete.size,
        n_zero=n_zero,
        n_incomplete=change.size - complete.size,
        exact=exact,
        smallest_p=min(1.0, 2.0 ** (1 - used.size)),
        zeros=zeros,
    )


def paired_differences(before: ArrayLike, after: ArrayLike, *, owner: str) -> Floats:
    """Subtract before from after, pair by pair; refuse what cannot be told to be paired."""
    both_series = isinstance(before, pd.Series) and isinstance(after, pd.Series)
    if both_series and not before.index.equals(after.index):  # type: ignore[union-attr]  # narrowed above
        raise ArgumentError(f"`{owner}` pairs values by their index; the two Series have different ones.")
    first, second = _as_floats(before), _as_floats(after)
    if first.ndim != 1 or first.shape != second.shape:
        raise ArgumentError(
            f"`{owner}` needs as many values before as after, in one dimension; "
            f"not {first.shape} and {second.shape}."
        )
    return second - first


def exact_p(ranks: Floats, t_plus: float) -> float:
    """Two-sided p of a sum of positive ranks among all assignments of signs."""
    probability = signed_rank_distribution(ranks)
    observed = round(2 * t_plus)
    nearer = min(observed, probability.size - 1 - observed)
    return min(1.0, 2 * float(probability[: nearer + 1].sum()))


def normal_p(ranks: Floats, t_plus: float) -> float:
    """Two-sided p by the normal distribution, with corrections for ties and continuity."""
    distance = max(0.0, abs(t_plus - float(ranks.sum()) / 2) - 0.5)
    return float(2 * norm.sf(distance / math.sqrt(float(np.sum(ranks**2)) / 4)))


def _as_floats(values: ArrayLike) -> Floats:
    if isinstance(values, pd.Series):
        return values.to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(values, dtype=float)


def _rounded(size: Floats) -> Floats:
    largest = float(size.max(initial=0.0))
    return np.asarray(np.round(size / largest / RESOLUTION)) if largest else size


def _ranks(size: Floats, zeros: Zeros) -> Floats:
    """Midranks of the sizes; 0 for pairs without change."""
    ranks = np.zeros(size.size)
    kept = size > 0
    ranks[kept] = rankdata(size[kept])
    if zeros == "pratt":
        ranks[kept] += np.sum(~kept)
    return ranks


def _notes(n_used: int, *, exact: bool, n_zero: int, zeros: Zeros) -> tuple[str, ...]:
    notes = []
    if 0 < n_used <= 8:
        notes.append(f"With {n_used} changed pairs the smallest possible p is {2.0 ** (1 - n_used):.4f}.")
    if not exact:
        notes.append(
            f"Normal approximation with corrections for ties and continuity (over {MOST_EXACT} pairs)."
        )
    if n_zero:
        done = "left out of the ranks" if zeros == "drop" else "ranked, then left out (Pratt)"
        notes.append(f"{n_zero} {'pair' if n_zero == 1 else 'pairs'} without change {done}.")
    return tuple(notes)
