"""How far the items of an instrument measure one thing: internal consistency, item by item."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f as fisher

from qieval.errors import ArgumentError
from qieval.results import Estimate, tidy

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStatistics:
    """One item beside the others.

    Attributes
    ----------
    item : str
        Its id.
    mean, sd : float
        On the answer scale, reversed where due.
    rest_correlation : float
        Correlation with the sum of the other items; below 0 the item may need reversing.
    alpha_if_dropped : float
        Alpha of the other items.
    """

    item: str
    mean: float
    sd: float
    rest_correlation: float
    alpha_if_dropped: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alpha:
    """Cronbach's alpha of a set of items.

    Attributes
    ----------
    alpha : Estimate
        Raw alpha with Feldt's interval; n is the number of complete rows.
    standardised : float
        From the mean inter-item correlation.
    k : int
        Items.
    n_incomplete : int
        Rows left out because an answer is missing.
    items : tuple of ItemStatistics
        In the order given.
    """

    alpha: Estimate
    standardised: float
    k: int
    n_incomplete: int
    items: tuple[ItemStatistics, ...]

    def tidy(self) -> pd.DataFrame:
        """One row: raw alpha."""
        return tidy([self.alpha])


def alpha(items: pd.DataFrame | ArrayLike, *, level: float = 0.95, term: str = "alpha") -> Alpha:
    """Cronbach's alpha with Feldt's exact interval, over the rows that answer every item.

    Alpha is no test that the items measure one thing, and it grows with their number. Do not read it for an
    instrument whose items are meant to differ (a checklist).

    Parameters
    ----------
    items : (n, k) DataFrame or array-like
        Answers, a column per item, already reversed where due (``score(...).items`` is).
    level : float
        Coverage of the interval.

    References
    ----------
    Feldt 1965, doi 10.1007/BF02289499.
    """
    names, complete, incomplete = complete_rows(items)
    n, k = complete.shape
    if k < 2:
        raise ArgumentError(f"`alpha` needs at least two items; there are {k}.")
    covariance = np.cov(complete, rowvar=False) if n > 1 else np.full((k, k), np.nan)
    return Alpha(
        alpha=_estimate(complete, covariance, level=level, term=term),
        standardised=_standardised(covariance),
        k=k,
        n_incomplete=incomplete,
        items=_item_statistics(names, complete, covariance),
    )


def complete_rows(items: pd.DataFrame | ArrayLike) -> tuple[list[str], Floats, int]:
    """Give the columns' names, the rows without a missing answer (n, k), and how many rows are left out."""
    frame = items if isinstance(items, pd.DataFrame) else pd.DataFrame(np.asarray(items, dtype=float))
    answers = frame.to_numpy(dtype=float, na_value=np.nan)
    complete = answers[~np.isnan(answers).any(axis=1)]
    return [str(name) for name in frame.columns], complete, len(answers) - len(complete)


def _estimate(complete: Floats, covariance: Floats, *, level: float, term: str) -> Estimate:
    n, k = complete.shape
    if n < 2 or not covariance.sum() > 0:
        why = "Fewer than two complete rows." if n < 2 else "The sum over items does not vary."
        return Estimate(term=term, method="cronbach-alpha", estimate=math.nan, level=level, n=n, notes=(why,))
    from pingouin import cronbach_alpha  # takes seconds, and nothing else waits for it

    value = float(cronbach_alpha(pd.DataFrame(complete))[0])  # its interval is rounded: Feldt's stands below
    df = (n - 1, (n - 1) * (k - 1))
    low, high = (1 - (1 - value) * float(fisher.ppf((1 + side * level) / 2, *df)) for side in (1, -1))
    return Estimate(
        term=term,
        method="cronbach-alpha",
        estimate=value,
        ci_low=low,
        ci_high=high,
        level=level,
        n=n,
        unit="proportion",
    )


def _raw(covariance: Floats) -> float:
    k, total = len(covariance), float(covariance.sum())
    if k < 2 or not total > 0:
        return math.nan
    return k / (k - 1) * (1 - float(np.trace(covariance)) / total)


def _standardised(covariance: Floats) -> float:
    spread = np.sqrt(np.diag(covariance))
    if not (spread > 0).all():
        return math.nan
    return _raw(covariance / np.outer(spread, spread))


def _item_statistics(names: list[str], complete: Floats, covariance: Floats) -> tuple[ItemStatistics, ...]:
    spread = np.sqrt(np.diag(covariance))
    rows = covariance.sum(axis=1)
    rest_variance = covariance.sum() - 2 * rows + np.diag(covariance)
    found = []
    for place, name in enumerate(names):
        scale = float(spread[place] * math.sqrt(max(float(rest_variance[place]), 0.0)))
        others = np.delete(np.delete(covariance, place, axis=0), place, axis=1)
        found.append(
            ItemStatistics(
                item=name,
                mean=float(complete[:, place].mean()) if len(complete) else math.nan,
                sd=float(spread[place]),
                rest_correlation=float(rows[place] - covariance[place, place]) / scale
                if scale > 0
                else math.nan,
                alpha_if_dropped=_raw(others),
            )
        )
    return tuple(found)
