"""The arm effect from one number per cluster: the analysis that holds its level with few clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.stats.columns import Floats, indicators, listed
from qieval.stats.glm import Family, expected
from qieval.stats.inference import check_level, exponentiated, t_estimate
from qieval.stats.mixed import RANK_TOLERANCE
from qieval.trial.correlation import icc_of
from qieval.trial.groups import Groups
from qieval.trial.parts import Columns, names
from qieval.trial.roster import Roster, read_roster
from qieval.trial.summaries import ClusterSummary
from qieval.trial.wedge import read_wedge
from qieval.trial.within_periods import summarise_wedge

Weights = Literal["none", "size", "inverse-variance"]
Contrast = Literal["difference", "ratio"]
METHODS = {"none": "cluster-t", "size": "cluster-t-size", "inverse-variance": "cluster-t-inverse-variance"}


def cluster_summary(
    data: pd.DataFrame,
    *,
    outcome: str,
    cluster: str,
    arm: str | None = None,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    pair: str | None = None,
    start: str | None = None,
    period: str | None = None,
    weights: Weights = "none",
    family: Family = "gaussian",
    exposure: str | None = None,
    effect: Contrast = "difference",
    level: float = 0.95,
) -> ClusterSummary:
    """Compare the arms by a t test on cluster means, proportions or rates.

    Parameters
    ----------
    data : DataFrame
        One row a participant; incomplete rows are left out and counted in `notes`.
    outcome, arm, cluster : str
        Columns. The arm is 0/1, False/True or an ordered categorical, control first, constant within
        clusters.
    covariates : sequence of str
        Adjusted for in two stages (Hayes & Moulton): the outcome is regressed on them and the strata,
        ignoring the arm; then the cluster means of the residuals (or ratios of observed to expected) are
        compared.
    stratum, pair : str, optional
        Strata or matched pairs of the allocation; fixed effects.
    start, period : str, optional
        In a stepped wedge instead of `arm`: the period in which the row's cluster starts (missing: never),
        and the row's own. Started clusters are compared with the others of the same period, each cell counted
        once; difference without weights only.
    weights : {"none", "size", "inverse-variance"}
        ``"none"`` estimates the cluster-average effect and is the one that holds its level; the others drift
        with unequal sizes.
    family : {"gaussian", "binomial", "poisson"}
        Means, proportions, or rates.
    exposure : str, optional
        Person-time of counts; one per row where not given.
    effect : {"difference", "ratio"}
        Ratio compares logarithms of cluster summaries.
    level : float
        Coverage of the interval.

    Returns
    -------
    ClusterSummary

    Notes
    -----
    Pooled variance; degrees of freedom are clusters - 2 - (strata - 1), less the rank of the covariates that
    are constant within clusters. With a lone cluster in an arm the variance comes from the other arm alone.
    In a stepped wedge the standard error is CR2 with the degrees of freedom of Bell & McCaffrey (2002); with
    few clusters the permutation over start orders (`stepped_wedge`) is the reference.

    References
    ----------
    Hayes & Moulton 2017, Cluster Randomised Trials, 2nd ed., doi 10.4324/9781315370286.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3, 4, 4], "arm": [0, 0, 0, 0, 1, 1, 1, 1],
    ...                      "score": [3.0, 5.0, 7.0, 8.0, 9.0, 9.5, 10.0, 14.0]})
    >>> cluster_summary(rows, outcome="score", arm="arm", cluster="site").estimate.df
    2.0
    """
    owner = "cluster_summary"
    check_choice(weights, Weights, name="weights", owner=owner)
    check_choice(effect, Contrast, name="effect", owner=owner)
    check_level(level)
    if start is not None and period is not None and arm is None:
        if weights != "none" or effect != "difference" or pair is not None:
            raise ArgumentError("`cluster_summary` with `start` takes no `weights`, `pair` or ratio.")
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
        return summarise_wedge(wedge, family=family, level=level)
    if arm is None or start is not None or period is not None:
        raise ArgumentError("`cluster_summary` takes `arm`, or `start` and `period` for a stepped wedge.")
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
    return summarise(roster, weights=weights, family=family, effect=effect, level=level)


def summarise(
    roster: Roster, *, weights: Weights, family: Family, effect: Contrast, level: float
) -> ClusterSummary:
    """Compare cluster summaries of a checked roster."""
    values, notes = cluster_values(roster, family=family, effect=effect)
    weight = _weights(roster, weights, family)
    slope, se, df = blocked_slope(values, roster, weight)
    row = t_estimate(
        term=roster.term,
        method=METHODS[weights],
        estimate=slope,
        se=se,
        df=df,
        level=level,
        n=roster.n,
        n_clusters=len(values),
        notes=roster.notes + notes,
    )
    if effect == "ratio":
        row = exponentiated(row, method=f"{row.method}-ratio")
    frame = pd.DataFrame(
        {
            "cluster": list(roster.clusters),
            "arm": [roster.labels[int(code)] for code in roster.arm],
            "n": roster.size.astype(int),
            "value": values,
            "weight": weight,
        }
    )
    return ClusterSummary(estimate=row, clusters=frame)


def cluster_values(
    roster: Roster, *, family: Family, effect: Contrast = "difference"
) -> tuple[Floats, tuple[str, ...]]:
    """Give the number that stands for each cluster (K,), and what had to be said about it.

    Without covariates the mean, proportion or rate; with them the mean residual (difference) or observed over
    expected (ratio) after a first stage that ignores the arm. Ratios come as logarithms; if a cluster has no
    event, half an event is added to every cluster.
    """
    observed, base = roster.total(roster.outcome), roster.total(roster.exposure)
    if (base <= 0).any():
        raise DesignError(
            f"No exposure in cluster(s) {_named(roster, base <= 0)}: a rate cannot be computed."
        )
    if roster.titles:
        strata, _ = indicators(roster.block, roster.blocks, name="")
        columns = np.column_stack([roster.rows, strata[roster.codes]])
        predicted = expected(roster.outcome, columns, family=family, exposure=roster.exposure)
        if np.abs(roster.outcome - predicted).max() <= 1e-10 * np.abs(roster.outcome).max():
            raise DesignError("The covariates predict every outcome exactly; nothing is left to compare.")
        fitted = roster.total(predicted)
        if effect == "difference":
            return (observed - fitted) / base, ()
        base = fitted
    if effect == "difference":
        return observed / base, ()
    return _logged(roster, observed, base, family)


def _logged(roster: Roster, observed: Floats, base: Floats, family: Family) -> tuple[Floats, tuple[str, ...]]:
    empty = observed <= 0
    if not empty.any():
        if (base <= 0).any():
            raise DesignError("A ratio needs expected values above zero in every cluster.")
        return np.log(observed / base), ()
    if family == "gaussian":
        raise DesignError(f"A ratio needs means above zero; not so in cluster(s) {_named(roster, empty)}.")
    return np.log((observed + 0.5) / base), (
        "Half an event was added to every cluster, because some have none.",
    )


def _weights(roster: Roster, weights: Weights, family: Family) -> Floats:
    if weights == "none":
        return np.ones(len(roster.clusters))
    if weights == "size":
        return roster.total(roster.exposure)
    if family == "poisson":
        raise ArgumentError(
            "`cluster_summary`: inverse-variance weights are for means and proportions, not for rates."
        )
    rho = max(0.0, icc_of(Groups.of(roster), method="anova", level=0.95).estimate.estimate)
    weight: Floats = roster.size / (1 + (roster.size - 1) * rho)
    return weight


def block_centred(values: Floats, roster: Roster, weight: Floats) -> Floats:
    """Take each stratum's (weighted) mean off cluster values; the overall mean where there are no strata."""
    total = np.bincount(roster.block, weights=weight)
    mean = np.bincount(roster.block, weights=weight * values) / total
    centred: Floats = values - mean[roster.block]
    return centred


def blocked_slope(values: Floats, roster: Roster, weight: Floats) -> tuple[float, float, float]:
    """Regress cluster values on the arm with strata as fixed effects: coefficient, standard error, df.

    Raises
    ------
    DesignError
        If every stratum holds one arm only, no degrees of freedom are left, or the values do not vary.
    """
    arm, centred = block_centred(roster.arm, roster, weight), block_centred(values, roster, weight)
    across = float(weight @ arm**2)
    if across <= 1e-12 * weight.sum():
        raise DesignError("Every stratum holds only one arm, so the arms cannot be compared within strata.")
    constants = _constant_covariates(roster)
    spent = np.linalg.matrix_rank(constants, tol=RANK_TOLERANCE)
    if np.linalg.matrix_rank(np.column_stack([constants, arm]), tol=RANK_TOLERANCE) == spent:
        raise DesignError("The covariates of clusters determine the arm, so its part cannot be told.")
    terms = 1 + max(1, len(roster.blocks)) + int(spent)
    df = len(values) - terms
    if df < 1:
        raise DesignError(
            f"{len(values)} clusters and {terms} terms (arms, strata, covariates of clusters) leave no "
            "degrees of freedom for a test."
        )
    slope = float(weight @ (arm * centred)) / across
    residual = float(weight @ (centred - slope * arm) ** 2)
    if residual <= 1e-24 * float(weight @ values**2) or residual == 0:
        raise DesignError(
            "The cluster summaries do not vary within arms and strata; there is no error to test against."
        )
    return slope, math.sqrt(residual / df / across), float(df)


def _constant_covariates(roster: Roster) -> Floats:
    """Give the covariates that are constant within clusters (K, c), scaled and without their strata's means.

    Each of them that the others do not determine costs a degree of freedom.
    """
    kept = [np.empty((len(roster.clusters), 0))]
    for column in roster.rows.T:
        mean, most = roster.total(column) / roster.size, float(np.abs(column).max())
        if most > 0 and np.abs(column - mean[roster.codes]).max() <= RANK_TOLERANCE * most:
            kept.append(block_centred(mean / most, roster, np.ones(len(mean)))[:, None])
    return np.hstack(kept)


def _named(roster: Roster, chosen: NDArray[np.bool_]) -> str:
    return listed(roster.clusters[place] for place in np.flatnonzero(chosen))
