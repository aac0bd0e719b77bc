"""How often the comparisons of sites over time reject where nothing happened.

Every method here moves with a constant added to the values after a start, so the share of intervals that miss
a true difference is the share of true nulls rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from scipy import special

from qieval.errors import DesignError
from qieval.stats.columns import Floats
from qieval.trial.interrupted import Mask, interrupted_series, segments
from qieval.trial.replicates import weighted_p
from qieval.trial.staggered import imputed, left_one_out, overall

SITES, RHOS, DRIFTS = (4, 6, 12, 24), (0.0, 0.3, 0.6), (0.0, 0.1)
PERIODS, START = 24, 12
LEVELS, SHARED = 3.0, 0.3  # standard deviations of sites' levels and of each period's common step
KEYS = ["sites", "rho", "drift", "method"]


def series_characteristics(*, replicates: int = 5_000, slow: int = 200, seed: int = 0) -> pd.DataFrame:
    """Count rejections at 5 % over collaboratives in which nothing happened.

    Parameters
    ----------
    replicates : int
        Collaboratives a cell, for the methods that are linear in the values.
    slow : int
        For the single series, fitted one by one.
    seed : int
        Each cell has a stream of its own under it.

    Returns
    -------
    DataFrame
        One row a cell and method: `sites` (half of them joined), `rho` (correlation of a site's errors from
        period to period, whose standard deviation is 1), `drift` (standard deviation of the sites' own slopes
        per period), `method`, `replicates`, `rejected`. Every site also takes part in a common random walk.
        ``"site-t-average-all"`` compares all sites with their earlier courses and with no other sites.
    """
    rows = [
        (sites, rho, drift, method, len(p), int((p <= 0.05).sum()))
        for place, (sites, rho, drift) in enumerate(product(SITES, RHOS, DRIFTS))
        for method, p in _cell(sites, rho, drift, replicates, slow, np.random.default_rng([seed, place]))
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "replicates", "rejected"])


def _cell(
    sites: int, rho: float, drift: float, replicates: int, slow: int, rng: np.random.Generator
) -> Iterator[tuple[str, Floats]]:
    values = _values(sites, rho, drift, replicates, rng)
    joined = np.arange(sites) < sites // 2
    time = np.arange(PERIODS, dtype=np.float64)
    design = segments(time, START, season=None, shocks={}, fitted=np.ones(PERIODS, dtype=bool))
    solve = np.linalg.pinv(design)
    later = time >= START
    operators = {
        "mean": later / later.sum() - ~later / (~later).sum(),
        "average": design[later, 2:4].mean(axis=0) @ solve[2:4],
        "level": solve[2],
        "slope": solve[3],
    }
    changes = {kind: np.einsum("ktr,t->kr", values, operator) for kind, operator in operators.items()}
    for kind, change in changes.items():
        one, whole = np.ones_like(change.T), np.zeros(sites, dtype=np.intp)
        yield f"site-t-{kind}", weighted_p(change.T, joined.astype(np.float64), one, whole)
    yield "site-t-average-all", _one_group(changes["average"])
    starts = np.where(joined, 8 + np.arange(sites) * 24 // sites, np.inf)
    yield "staggered-jackknife", _jackknife(values, time[None, :] >= starts[:, None])
    yield "series-ar1", _single(values[joined].mean(axis=0)[:, :slow])


def _values(sites: int, rho: float, drift: float, replicates: int, rng: np.random.Generator) -> Floats:
    """Values of each site, period and replicate (K, T, R)."""
    noise = rng.standard_normal((sites, PERIODS, replicates))
    for place in range(1, PERIODS):
        noise[:, place] = rho * noise[:, place - 1] + np.sqrt(1 - rho**2) * noise[:, place]
    own = LEVELS * rng.standard_normal((sites, 1, replicates))
    slope = drift * rng.standard_normal((sites, 1, replicates)) * np.arange(PERIODS)[None, :, None]
    shared = SHARED * np.cumsum(rng.standard_normal((1, PERIODS, replicates)), axis=1)
    values: Floats = own + slope + shared + noise
    return values


def _p(statistic: Floats, df: float) -> Floats:
    return np.asarray(2 * special.stdtr(df, -np.abs(statistic)), dtype=np.float64)


def _one_group(change: Floats) -> Floats:
    return _p(change.mean(0) / (change.std(0, ddof=1) / np.sqrt(len(change))), len(change) - 1)


def _jackknife(values: Floats, exposed: Mask) -> Floats:
    count = len(values)
    without = left_one_out(values, exposed)
    spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return _p(overall(imputed(values, exposed)) / np.sqrt((count - 1) / count * spread), count - 2)


def _single(series: Floats) -> Floats:
    found = []
    for column in series.T:
        rows = pd.DataFrame({"t": np.arange(PERIODS), "y": column})
        try:
            found.append(interrupted_series(rows, value="y", period="t", start=START).average.p_value)
        except DesignError:
            found.append(np.nan)
    return np.array(found)
