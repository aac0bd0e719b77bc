"""p-values of several tests, read together."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qieval.errors import check_choice

Adjustment = Literal["holm", "bh"]


def adjusted(p_values: ArrayLike, *, method: Adjustment) -> NDArray[np.float64]:
    """Adjust the p-values of a family; absent ones stay absent and do not count.

    Parameters
    ----------
    p_values : (k,) array-like
        Of the tests of one family that was declared before the data were seen.
    method : {"holm", "bh"}
        Holm holds the chance of any false finding; Benjamini and Hochberg the share of false ones among the
        findings, for screens of many items.

    References
    ----------
    Holm 1979, jstor 4615733; Benjamini & Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x.
    """
    check_choice(method, Adjustment, name="method", owner="adjusted")
    given = np.asarray(p_values, dtype=float)
    known = np.flatnonzero(np.isfinite(given))
    order = known[np.argsort(given[known], kind="stable")]
    k, place = len(order), np.arange(1, len(order) + 1)
    found = np.full(given.shape, np.nan)
    if method == "holm":
        found[order] = np.minimum(1, np.maximum.accumulate((k - place + 1) * given[order]))
    else:
        scaled = k / place * given[order]
        found[order] = np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])
    return found
