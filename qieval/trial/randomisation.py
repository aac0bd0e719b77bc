"""Randomisation inference: how the effect compares with that of every allocation that could have been."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError
from qieval.results import Estimate
from qieval.stats.columns import Floats
from qieval.stats.glm import Family
from qieval.stats.inference import check_level
from qieval.trial.allocations import TIE, Shifts, matrix, of_candidates, of_scheme
from qieval.trial.clusterlevel import block_centred, cluster_values
from qieval.trial.orders import comparison, observed_order, shifts, start_orders
from qieval.trial.parts import Columns, names
from qieval.trial.roster import Roster, read_roster
from qieval.trial.wedge import TERM, Wedge, read_wedge

Scheme = Literal["complete", "stratified", "pairs", "candidates", "stepped-wedge"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Permutation:
    """A randomisation test with its interval.

    Attributes
    ----------
    estimate : Estimate
        Difference of unweighted cluster summaries (strata as fixed effects) with the two-sided p and the
        interval of constant shifts that the test does not reject; infinite limits where no shift can be
        rejected.
    distribution : array (m,)
        The statistic under every allocation (exact) or drawn allocation, in the outcome's unit.
    scheme : {"complete", "stratified", "pairs", "candidates", "stepped-wedge"}
        How clusters were allocated.
    allocations : int
        How many allocations the scheme could have given.
    exact : bool
        Whether all of them were counted; otherwise p is ``(b + 1) / (m + 1)`` over m draws.
    smallest_p : float
        The smallest p that this scheme (or, where not exact, this many draws) can give, whatever the data.
    monte_carlo_se : float
        Standard error of p from drawing; NaN where exact.
    attainable_level, attainable_low, attainable_high : float
        Where the interval at the level asked for is unbounded: the widest level that has a bounded one, and
        its limits. NaN otherwise.
    """

    estimate: Estimate
    distribution: Floats
    scheme: Scheme
    allocations: int
    exact: bool
    smallest_p: float
    monte_carlo_se: float
    attainable_level: float
    attainable_low: float
    attainable_high: float

    def tidy(self) -> pd.DataFrame:
        """One row."""
        return self.estimate.tidy()

    def without_p(self, reason: str) -> Permutation:
        """Return a copy for an interim look, without p and without the distribution that gives it away."""
        return replace(
            self,
            estimate=self.estimate.without_p(reason),
            distribution=np.empty(0),
            monte_carlo_se=math.nan,
        )


def permutation_test(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str | None = None,
    cluster: str,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    pair: str | None = None,
    candidates: pd.DataFrame | NDArray[Any] | None = None,
    start: str | None = None,
    period: str | None = None,
    exposure: str | None = None,
    family: Family = "gaussian",
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> Permutation:
    """Test the arm effect against the allocations that the design could have given.

    Parameters
    ----------
    data : DataFrame
        One row a participant; incomplete rows are left out and counted in `notes`.
    outcome, arm, cluster : str
        Columns. The arm is 0/1, False/True or an ordered categorical, control first, constant within
        clusters.
    covariates : sequence of str
        Adjusted for beforehand: cluster means of residuals from a fit that ignores the arm are permuted.
    stratum, pair : str, optional
        Clusters are permuted within them only.
    candidates : DataFrame or array (m, K), optional
        Constrained randomisation: the allocations (0/1) that could have been drawn, the one drawn among them.
        A frame has a column for each cluster label; an array has the clusters in sorted order.
    start, period : str, optional
        Stepped wedge, in place of `arm`: the period in which the row's cluster starts (missing: never), and
        the row's own period, as numbers. Start periods are permuted among clusters.
    exposure : str, optional
        Person-time of counts (family ``"poisson"``).
    family : {"gaussian", "binomial", "poisson"}
        Cluster means, proportions or rates.
    draws, seed : int
        Size and seed of the sample where the scheme has more than 200,000 allocations.
    level : float
        Coverage of the interval.

    Returns
    -------
    Permutation

    Notes
    -----
    The statistic is the arm coefficient of unweighted cluster summaries with strata as fixed effects; an
    allocation counts as extreme if its absolute statistic is at least the observed one (to within 1e-9 of the
    largest), the observed allocation included. For a shift d the test compares ``|T_A(y) - d
    T_A(arm)|`` with ``|T(y) - d|``; each allocation is at least as extreme over one interval of d around the
    estimate, so the limits of the confidence interval are order statistics of those intervals' ends: exact,
    without a search. It assumes that a cluster's summary would have moved by the same amount whichever
    cluster was treated.

    References
    ----------
    Gail, Mark, Carroll, Green & Pee 1996, Stat Med 15:1069,
    doi 10.1002/(SICI)1097-0258(19960615)15:11<1069::AID-SIM220>3.0.CO;2-Q; Rabideau & Wang 2021,
    Biostatistics 22:913, doi 10.1093/biostatistics/kxaa007.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": range(6), "arm": [0, 0, 0, 1, 1, 1], "score": [1.0, 2, 3, 7, 8, 9]})
    >>> permutation_test(rows, outcome="score", arm="arm", cluster="site").estimate.p_value
    0.1
    """
    owner = "permutation_test"
    check_level(level)
    if draws < 1:
        raise ArgumentError(f"The `draws` parameter of `{owner}` must be at least 1; not {draws!r}.")
    if start is not None or arm is None:
        if start is None or period is None or any(other is not None for other in (arm, pair, candidates)):
            raise ArgumentError(
                f"`{owner}` takes `arm`, or `start` and `period` without `arm`, `pair` and `candidates`."
            )
        wedge = read_wedge(
            data,
            outcome=outcome,
            cluster=cluster,
            start=start,
            period=period,
            covariates=covariates,
            stratum=stratum,
            exposure=exposure,
            owner=owner,
        )
        return permute_starts(wedge, family=family, draws=draws, seed=seed, level=level)
    columns = Columns(
        outcome=outcome,
        arm=arm,
        cluster=cluster,
        covariates=names(covariates, owner=owner),
        stratum=stratum,
        pair=pair,
        exposure=exposure,
    )
    roster = read_roster(data, columns, owner=owner, family=family)
    return permute(roster, family=family, candidates=candidates, draws=draws, seed=seed, level=level)


def permute(
    roster: Roster,
    *,
    family: Family,
    candidates: pd.DataFrame | NDArray[Any] | None,
    draws: int,
    seed: int,
    level: float,
) -> Permutation:
    """Test a checked roster's arm effect by its allocation scheme."""
    if family == "gaussian":  # a large common value would blur which allocations are ties
        roster = replace(roster, outcome=roster.outcome - roster.outcome.mean())
    values, notes = cluster_values(roster, family=family)
    even = np.ones(len(values))
    arm = block_centred(roster.arm, roster, even)
    across = float(arm @ arm)
    if across <= 1e-12:
        raise DesignError("Every stratum holds only one arm, so no other allocation was possible.")
    pair = np.column_stack([block_centred(values, roster, even), arm]) / across
    if candidates is None:
        found = of_scheme(roster, pair, draws=draws, seed=seed)
    else:
        found = of_candidates(roster, pair, matrix(roster, candidates))
    blank = Estimate(
        term=roster.term,
        method="permutation",
        estimate=float(roster.arm @ pair[:, 0]),
        level=level,
        n=roster.n,
        n_clusters=len(roster.clusters),
        notes=roster.notes + notes,
    )
    return tested(blank, found, scheme=_scheme(roster, candidates))


def permute_starts(wedge: Wedge, *, family: Family, draws: int, seed: int, level: float) -> Permutation:
    """Test the effect of having started against the other start orders."""
    values = wedge.cell_values(family)
    compared = comparison(wedge, values - np.nanmean(values))
    orders, allocations, exact = start_orders(wedge, compared.levels, draws=draws, seed=seed)
    blank = Estimate(
        term=TERM,
        method="permutation",
        estimate=float(compared.effects(observed_order(wedge, compared.levels))[0, 0]),
        level=level,
        n=wedge.n,
        n_clusters=len(wedge.clusters),
        notes=wedge.notes,
    )
    return tested(blank, shifts(compared, orders, allocations, exact=exact), scheme="stepped-wedge")


def _scheme(roster: Roster, candidates: object) -> Scheme:
    if candidates is not None:
        return "candidates"
    if roster.columns.pair is not None:
        return "pairs"
    return "complete" if roster.columns.stratum is None else "stratified"


def tested(blank: Estimate, found: Shifts, *, scheme: Scheme) -> Permutation:
    """Compare the effect of an estimate that has no p yet with those under the other allocations."""
    observed = blank.estimate
    count = len(found.outcomes)
    reach = np.abs(np.append(found.outcomes, observed))
    extreme = int((reach[:-1] >= reach[-1] - TIE * reach.max()).sum())
    drawn = 0 if found.exact else 1
    p_value = (extreme + drawn) / (count + drawn)
    smallest = float((np.abs(found.arms) >= 1 - TIE).sum()) / count if found.exact else 1 / (count + 1)
    lows, highs = _spans(observed, found)
    low, high = _limits(lows, highs, 1 - blank.level)
    unbounded = math.isinf(low) or math.isinf(high)
    attainable = _limits(lows, highs, smallest) if unbounded and smallest < 1 else (math.nan, math.nan)
    return Permutation(
        estimate=replace(blank, statistic=observed, p_value=p_value, ci_low=low, ci_high=high),
        distribution=found.outcomes,
        scheme=scheme,
        allocations=found.allocations,
        exact=found.exact,
        smallest_p=smallest,
        monte_carlo_se=math.nan if found.exact else math.sqrt(p_value * (1 - p_value) / count),
        attainable_level=1 - smallest if unbounded and smallest < 1 else math.nan,
        attainable_low=attainable[0],
        attainable_high=attainable[1],
    )


def _spans(observed: float, shifts: Shifts) -> tuple[Floats, Floats]:
    """Give each allocation's range of shifts, (m,) and (m,), over which it is as extreme as the observed one.

    ``(a - d b)^2 >= (o - d)^2`` holds between the roots ``(o - a) / (1 - b)`` and ``(o + a) / (1 + b)``, on
    either side of o; for the observed allocation and its mirror image it holds everywhere. The observed
    allocation is added where allocations were drawn.
    """
    always = np.abs(shifts.arms) >= 1 - TIE
    safe = np.where(always, 0.0, shifts.arms)
    one = np.where(always, -np.inf, (observed - shifts.outcomes) / (1 - safe))
    two = np.where(always, np.inf, (observed + shifts.outcomes) / (1 + safe))
    low, high = np.minimum(one, two), np.maximum(one, two)
    if not shifts.exact:
        low, high = np.append(low, -np.inf), np.append(high, np.inf)
    return np.sort(low), np.sort(high)


def _limits(lows: Floats, highs: Floats, alpha: float) -> tuple[float, float]:
    """Ends of the shifts whose p exceeds alpha, from the sorted ends of the allocations' ranges."""
    skip = math.floor(alpha * len(lows) * (1 + TIE))
    return float(lows[skip]), float(highs[len(highs) - 1 - skip])
