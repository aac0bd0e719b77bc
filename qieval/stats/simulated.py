"""Counts over simulated studies whose truth is known, and what they say: errors, coverage, bias."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from qieval.results import Estimate
from qieval.stats.columns import Floats

COUNTS = ["replicates", "given", "answered", "covered", "above", "error", "squares"]
SHARES = {
    "type1": ("rejected", "replicates"),
    "coverage": ("covered", "answered"),
    "over": ("above", "given"),
}


def counted(found: Iterable[tuple[Estimate, float]]) -> pd.DataFrame:
    """Count, method by method, what `tallied` counts.

    Parameters
    ----------
    found : iterable of (Estimate, float)
        What a method says of one simulated study, and the truth.
    """
    said: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for row, truth in found:
        said[row.method].append((row.estimate, row.ci_low, row.ci_high, truth))
    return pd.DataFrame([tallied(method, *np.array(rows).T) for method, rows in said.items()])


def tallied(method: str, estimate: Floats, low: Floats, high: Floats, truth: Floats) -> dict[str, object]:
    """Count how estimates and intervals lie around a known truth.

    Parameters
    ----------
    estimate, low, high, truth : (replicates,) array

    Returns
    -------
    dict
        `method`; `replicates`; `given` (with an estimate); `answered` (with an interval); `covered` (it holds
        the truth); `above` (estimates above it, those at it counted half); `error` and `squares` (sums of
        estimate less truth and of its square).
    """
    off = (estimate - truth)[np.isfinite(estimate)]
    ends = ~np.isnan(low)
    counts = (len(estimate), len(off), ends.sum(), (ends & (low <= truth) & (truth <= high)).sum())
    sums = ((np.sign(off) + 1).sum() / 2, off.sum(), (off**2).sum())
    return {"method": method} | dict(zip(COUNTS, (*map(int, counts), *map(float, sums)), strict=True))


def pooled(table: pd.DataFrame, by: Sequence[str], *, counts: Sequence[str] = COUNTS) -> pd.DataFrame:
    """Add up counts over cells, and give what they say with its Monte-Carlo standard error.

    Returns
    -------
    DataFrame
        `by`, the counts, and each of these whose counts there are: `type1` (of all replicates), `coverage`
        (of those with an interval), `over` (estimates above the truth), `bias` (mean error); with ``_se``.
    """
    found = table.groupby(list(by), sort=False)[list(counts)].sum().reset_index()
    for share, (count, of) in SHARES.items():
        if count in counts:
            found[share] = found[count] / found[of].where(found[of] > 0)
            found[f"{share}_se"] = np.sqrt(found[share] * (1 - found[share]) / found[of])
    if "error" in counts:
        found["bias"] = found["error"] / found["given"].where(found["given"] > 0)
        variance = (found["squares"] / found["given"] - found["bias"] ** 2).clip(lower=0)
        found["bias_se"] = np.sqrt(variance / found["given"])
    return found


def compared(
    recorded: pd.DataFrame, fresh: pd.DataFrame, *, keys: Sequence[str], share: str = "coverage"
) -> pd.DataFrame:
    """Compare two simulations cell by cell.

    Returns
    -------
    DataFrame
        One row a cell that both have: `keys`, `recorded` and `fresh` (the share), and `z`, their difference
        over its Monte-Carlo standard error.
    """
    count, of = SHARES[share]
    both = recorded.merge(fresh, on=list(keys), suffixes=("_recorded", "_fresh"))
    first, second = both[f"{of}_recorded"], both[f"{of}_fresh"]
    middle = (both[f"{count}_recorded"] + both[f"{count}_fresh"]) / (first + second)
    both["recorded"] = both[f"{count}_recorded"] / first
    both["fresh"] = both[f"{count}_fresh"] / second
    error = np.sqrt(middle * (1 - middle) * (1 / first + 1 / second))
    both["z"] = (both["fresh"] - both["recorded"]) / error.where(error > 0, 1.0)
    return both[[*keys, "recorded", "fresh", "z"]]
