"""The effect of having started where sites joined at different times, and not by lot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from qieval.errors import DesignError
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats
from qieval.stats.inference import check_level, t_estimate
from qieval.trial.allocations import Shifts
from qieval.trial.orders import start_orders, waiting
from qieval.trial.randomisation import Permutation, tested
from qieval.trial.wedge import Wedge, read_wedge

TERM = "started - not yet started"
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StaggeredStart:
    """What sites that had started lay above what was expected of them.

    Attributes
    ----------
    estimate : Estimate
        Mean over the sites that started, each counted once, of its mean difference since the start; standard
        error by the jackknife over sites, t on sites less two.
    permutation : Permutation
        The same estimate under every order in which the sites could have started: an assumption here.
    sites : DataFrame
        One row a site that started: `cluster`, `start`, `periods` (since the start, compared), `estimate`.
    profile : DataFrame
        One row a number of periods since the start: `exposure_time`, `sites`, `estimate` (mean over sites).
    left_out : int
        Cells since a start that have nothing to be compared with: no site was yet to start.
    two_way : float
        The coefficient of a two-way fixed-effects regression, for comparison only.
    negative_share : float
        Share of that regression's weights on started cells, in absolute value, which is negative.
    """

    estimate: Estimate
    permutation: Permutation
    sites: pd.DataFrame
    profile: pd.DataFrame
    left_out: int
    two_way: float
    negative_share: float

    def tidy(self) -> pd.DataFrame:
        """The jackknife's row first, then the permutation's."""
        return tidy([self.estimate, self.permutation.estimate])


def staggered_start(
    data: pd.DataFrame,
    *,
    value: str,
    cluster: str,
    start: str,
    period: str,
    stratum: str | None = None,
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> StaggeredStart:
    """Compare each site since its start with sites that had not started in the same period.

    Parameters
    ----------
    data : DataFrame
        One row a site and period (several are averaged); rows without a value are gaps.
    value, cluster : str
        Columns.
    start, period : str
        The period in which the row's site started (missing: never), and the row's own; numbers.
    stratum : str, optional
        Start orders are permuted within it.
    draws, seed : int
        For designs of more than 200,000 start orders.
    level : float
        Coverage of the intervals.
    unit : str
        Unit of the value.

    Returns
    -------
    StaggeredStart

    Raises
    ------
    DesignError
        If no cell since a start can be compared.

    Notes
    -----
    A site's own level and the course of each period are estimated by least squares from cells *before* any
    start; what a cell since a start lies above their sum is its effect (the imputation estimator: Borusyak,
    Jaravel & Spiess 2024, doi 10.1093/restud/rdae007; Gardner 2022, arXiv 2207.05943). Unlike the coefficient
    of a regression on site, period and exposure, no cell since a start serves as a comparison for another,
    so no weight is negative (Goodman-Bacon 2021, doi 10.1016/j.jeconom.2021.03.014). It assumes that all
    sites would have moved alike from period to period. With a randomised order use `stepped_wedge`.
    """
    check_level(level)
    wedge = read_wedge(
        data,
        outcome=value,
        cluster=cluster,
        start=start,
        period=period,
        stratum=stratum,
        owner="staggered_start",
    )
    cells = wedge.cell_values("gaussian")
    cells = cells - np.nanmean(cells)
    lying = imputed(cells[:, :, None], wedge.exposed)
    effects = lying[:, :, 0]
    if not np.isfinite(effects).any():
        raise DesignError(_nothing(wedge))
    row = _jackknifed(wedge, cells, float(overall(lying)[0]), level=level, unit=unit)
    shares, two_way = _two_way(cells, wedge.exposed)
    return StaggeredStart(
        estimate=row,
        permutation=_permuted(wedge, cells, row, draws=draws, seed=seed),
        sites=_sites(wedge, effects),
        profile=_profile(wedge, effects),
        left_out=int((wedge.exposed & np.isfinite(cells)).sum() - np.isfinite(effects).sum()),
        two_way=two_way,
        negative_share=shares,
    )


def _nothing(wedge: Wedge) -> str:
    if not (wedge.exposed.any(axis=0) & ~wedge.exposed.all(axis=0)).any():
        return waiting(wedge)
    return "No site has both a period before its start and one since in which another was yet to start."


def imputed(values: Floats, exposed: Mask) -> Floats:
    """Give what each started cell lies above its expectation (K, T, c); NaN for the others and where untold.

    `values` (K, T, c) has NaN where a cell is missing. A cell is told where its site and its period are tied
    to each other by cells before a start.
    """
    present = np.isfinite(values[:, :, 0])
    before = present & ~exposed
    sites, periods = before.shape
    links = np.zeros((sites + periods,) * 2)
    links[:sites, sites:] = before
    links += links.T
    _, part = connected_components(links, directed=False)
    known = np.where(before[:, :, None], values, 0.0)
    right = np.concatenate([known.sum(axis=1), known.sum(axis=0)])
    levels = np.linalg.lstsq(links + np.diag(links.sum(axis=1)), right, rcond=None)[0]
    expected = levels[:sites, None, :] + levels[None, sites:, :]
    told = present & exposed & (part[:sites, None] == part[None, sites:])
    return np.where(told[:, :, None], values - expected, np.nan)


def overall(effects: Floats) -> Floats:
    """Mean over sites of each site's mean effect, from (K, T, c) to (c,); NaN where there is none."""
    told = np.isfinite(effects)
    some = told.any(axis=(1, 2))
    if not some.any():
        return np.full(effects.shape[2], np.nan)
    sums = np.where(told, effects, 0.0).sum(axis=1)[some]
    means: Floats = (sums / told.sum(axis=1)[some]).mean(axis=0)
    return means


def left_one_out(values: Floats, exposed: Mask) -> Floats:
    """Give the overall effect without each site in turn (K, c), from values (K, T, c)."""
    return np.array(
        [
            overall(imputed(np.delete(values, place, 0), np.delete(exposed, place, 0)))
            for place in range(len(values))
        ]
    )


def _jackknifed(wedge: Wedge, cells: Floats, estimate: float, *, level: float, unit: str) -> Estimate:
    count = len(wedge.clusters)
    without = left_one_out(cells[:, :, None], wedge.exposed)[:, 0]
    if count < 3 or np.isnan(without).any() or np.ptp(without) <= 1e-12 * np.nanmax(np.abs(cells)):
        why = "No standard error: the estimate hangs on one site, without which nothing can be compared."
        blank = Estimate(term=TERM, method="staggered-jackknife", estimate=estimate, level=level)
        row = replace(blank, notes=(*wedge.notes, why), ci_low=-math.inf, ci_high=math.inf)
        return replace(row, n=wedge.n, n_clusters=count, unit=unit)
    spread = float(((without - without.mean()) ** 2).sum())
    return t_estimate(
        term=TERM,
        method="staggered-jackknife",
        estimate=estimate,
        se=math.sqrt((count - 1) / count * spread),
        df=float(count - 2),
        level=level,
        n=wedge.n,
        n_clusters=count,
        unit=unit,
        notes=wedge.notes,
    )


def _permuted(wedge: Wedge, cells: Floats, row: Estimate, *, draws: int, seed: int) -> Permutation:
    levels = np.unique(wedge.start)
    orders, ways, exact = start_orders(wedge, levels, draws=draws, seed=seed)
    both = np.stack([cells, np.where(np.isfinite(cells), wedge.exposed * 1.0, np.nan)], axis=2)
    found = np.empty((len(orders), 2))
    for place, order in enumerate(orders):
        effects = imputed(both, wedge.periods[None, :] >= levels[order][:, None])
        found[place] = overall(effects)
    untold = np.isnan(found[:, 0])
    found[untold] = [0.0, 1.0]  # an order under which nothing could be compared counts as extreme
    blank = Estimate(
        term=TERM,
        method="staggered-permutation",
        estimate=row.estimate,
        level=row.level,
        n=row.n,
        n_clusters=row.n_clusters,
        unit=row.unit,
        notes=(
            *wedge.notes,
            "Every order of starts counts alike: so it is if it was drawn by lot, otherwise it is assumed.",
        ),
    )
    shifts = Shifts(outcomes=found[:, 0], arms=found[:, 1], allocations=ways, exact=exact)
    return tested(blank, shifts, scheme="stepped-wedge")


def _sites(wedge: Wedge, effects: Floats) -> pd.DataFrame:
    told = np.isfinite(effects)
    some = np.flatnonzero(told.any(axis=1))
    return pd.DataFrame(
        {
            "cluster": [wedge.clusters[place] for place in some],
            "start": wedge.start[some],
            "periods": told[some].sum(axis=1),
            "estimate": np.nanmean(effects[some], axis=1),
        }
    )


def _profile(wedge: Wedge, effects: Floats) -> pd.DataFrame:
    site, column = np.nonzero(np.isfinite(effects))
    since = wedge.periods[column] - wedge.start[site]
    frame = pd.DataFrame({"exposure_time": since, "site": site, "estimate": effects[site, column]})
    grouped = frame.groupby("exposure_time")
    return grouped.agg(sites=("site", "nunique"), estimate=("estimate", "mean")).reset_index()


def _two_way(cells: Floats, exposed: Mask) -> tuple[float, float]:
    """Share of negative weight, and coefficient, of the regression on site, period and exposure."""
    present = np.isfinite(cells)
    site, period = np.nonzero(present)
    dummies = np.column_stack([np.eye(cells.shape[0])[site], np.eye(cells.shape[1])[period, 1:]])
    treated = exposed[present] * 1.0
    residual = treated - dummies @ np.linalg.lstsq(dummies, treated, rcond=None)[0]
    across = float(residual @ residual)
    if across <= 1e-10:
        return math.nan, math.nan
    weight = residual[treated > 0]
    return float(-weight[weight < 0].sum() / np.abs(weight).sum()), float(residual @ cells[present] / across)
