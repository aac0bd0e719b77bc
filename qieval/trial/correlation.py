"""The intracluster correlation within arms, with an interval, for this trial and for planning the next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize, special

from qieval.errors import DesignError, check_choice
from qieval.results import Estimate
from qieval.stats.inference import check_level, t_quantile
from qieval.stats.likelihood import fit as fit_reml
from qieval.stats.likelihood import profile
from qieval.stats.mixed import pool
from qieval.trial.parts import Columns
from qieval.trial.roster import Roster, read_roster

IccMethod = Literal["anova", "reml"]
Interval = Literal["searle", "swiger", "bootstrap"]
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Intracluster:
    """An intracluster correlation and what it was computed from.

    Attributes
    ----------
    estimate : Estimate
        The correlation (no unit), with its interval; the ANOVA estimate may be negative.
    average_size : float
        Size of cluster that enters the ANOVA estimate (n0, rows); below the mean where sizes are unequal.
    design_effect : float
        ``1 + ((1 + cv^2) m - 1) icc`` with the mean size m and its coefficient of variation cv (Eldridge,
        Ashby & Kerry 2006, doi 10.1093/ije/dyl129).
    """

    estimate: Estimate
    average_size: float
    design_effect: float

    def tidy(self) -> pd.DataFrame:
        """One row."""
        return self.estimate.tidy()


def icc(
    data: pd.DataFrame,
    *,
    outcome: str,
    cluster: str,
    arm: str,
    method: IccMethod = "anova",
    interval: Interval = "searle",
    seed: int = 0,
    level: float = 0.95,
) -> Intracluster:
    """Estimate how alike the outcomes of one cluster are, beyond the difference between arms.

    Parameters
    ----------
    data : DataFrame
        One row a participant.
    outcome, cluster, arm : str
        Columns; a binary outcome gives the correlation on the scale of proportions.
    method : {"anova", "reml"}
        Analysis of variance, or the random-intercept model with an interval from the profile of its
        restricted likelihood (never below zero).
    interval : {"searle", "swiger", "bootstrap"}
        For the analysis of variance: Searle's, exact for equal sizes; the normal one with Swiger's standard
        error; or percentiles of 2,000 resamples of clusters within arms.
    seed : int
        Of the resamples.
    level : float
        Coverage of the interval.

    Raises
    ------
    DesignError
        If no cluster has two rows, or no arm two clusters.

    Notes
    -----
    Always within arms: a difference between arms is not similarity within clusters.

    References
    ----------
    Donner & Klar 2000, Design and Analysis of Cluster Randomization Trials in Health Research; Searle 1971,
    Linear Models; Swiger, Harvey, Everson & Gregory 1964, Biometrics 20:818, doi 10.2307/2528131.
    """
    check_choice(method, IccMethod, name="method", owner="icc")
    check_choice(interval, Interval, name="interval", owner="icc")
    check_level(level)
    roster = read_roster(data, Columns(outcome=outcome, arm=arm, cluster=cluster), owner="icc")
    return icc_of(roster, method=method, interval=interval, seed=seed, level=level)


def icc_of(
    roster: Roster, *, method: IccMethod, level: float, interval: Interval = "searle", seed: int = 0
) -> Intracluster:
    """Estimate the correlation from a checked roster, whatever strata it has."""
    value, low, high, average = _anova(roster, level) if method == "anova" else _reml(roster, level)
    se = math.nan
    if method == "anova" and interval == "swiger":
        se = _swiger(roster, value, average)
        half = t_quantile(math.inf, level) * se
        low, high = value - half, value + half
    elif method == "anova" and interval == "bootstrap":
        low, high = _resampled(roster, level, seed)
    return spread_out(
        roster,
        Estimate(
            term="icc",
            method=method if interval == "searle" else f"{method}-{interval}",
            estimate=value,
            se=se,
            ci_low=low,
            ci_high=high,
            level=level,
            n=roster.n,
            n_clusters=len(roster.clusters),
        ),
        average,
    )


def spread_out(roster: Roster, estimate: Estimate, average: float) -> Intracluster:
    """Give a correlation with the design effect that it has at the sizes of this trial."""
    size = roster.size
    return Intracluster(
        estimate=estimate,
        average_size=average,
        design_effect=1 + ((1 + (size.std(ddof=1) / size.mean()) ** 2) * size.mean() - 1) * estimate.estimate,
    )


def _average_size(roster: Roster) -> float:
    size = roster.size
    lean = sum((size[roster.arm == arm] ** 2).sum() / size[roster.arm == arm].sum() for arm in (0, 1))
    return float((roster.n - lean) / (len(size) - 2))


def _anova(roster: Roster, level: float) -> tuple[float, float, float, float]:
    """Correlation, interval and average size from the mean squares between and within clusters."""
    between_df, within_df = len(roster.clusters) - 2, roster.n - len(roster.clusters)
    if between_df < 1 or within_df < 1:
        raise DesignError(
            "The intracluster correlation needs an arm of two clusters and a cluster of two rows."
        )
    size = roster.size
    centred = roster.outcome - roster.outcome.mean()
    means = roster.total(centred) / size
    arms = np.array([np.average(means[roster.arm == arm], weights=size[roster.arm == arm]) for arm in (0, 1)])
    between = float(size @ (means - arms[roster.arm.astype(int)]) ** 2) / between_df
    within = float(((centred - means[roster.codes]) ** 2).sum()) / within_df
    average = _average_size(roster)
    if between * between_df + within * within_df <= 1e-20 * float(centred @ centred):
        raise DesignError("The outcome does not vary within arms, so there is no correlation to estimate.")
    value = (between - within) / (between + (average - 1) * within)
    ratio = between / within if within > 1e-14 * between else math.inf

    def limit(tail: float) -> float:
        if math.isinf(ratio):
            return 1.0
        scaled = ratio / float(special.fdtri(between_df, within_df, tail))
        return (scaled - 1) / (scaled + average - 1)

    return value, limit((1 + level) / 2), limit((1 - level) / 2), average


def _swiger(roster: Roster, value: float, average: float) -> float:
    """Standard error of the ANOVA estimate after Swiger."""
    clusters, n = len(roster.clusters), roster.n
    spread = (1 - value) * (1 + (average - 1) * value) / average
    return math.sqrt(2 * (n - 1) * spread**2 / ((n - clusters) * (clusters - 1)))


def _resampled(roster: Roster, level: float, seed: int) -> tuple[float, float]:
    """Percentiles of the ANOVA estimate over clusters drawn afresh within arms."""
    rng, size = np.random.default_rng(seed), roster.size
    centred = roster.outcome - roster.outcome.mean()
    total = roster.total(centred)
    inside = roster.total(centred**2) - total**2 / size
    rows = lean = between = within = np.zeros(RESAMPLES)
    for arm in (0, 1):
        own = np.flatnonzero(roster.arm == arm)
        drawn = own[rng.integers(len(own), size=(RESAMPLES, len(own)))]
        n, t = size[drawn], total[drawn]
        between = between + (t**2 / n).sum(axis=1) - t.sum(axis=1) ** 2 / n.sum(axis=1)
        within, rows = within + inside[drawn].sum(axis=1), rows + n.sum(axis=1)
        lean = lean + (n**2).sum(axis=1) / n.sum(axis=1)
    df = len(size) - 2
    average = (rows - lean) / df
    between, within = between / df, within / (rows - len(size))
    values = (between - within) / (between + (average - 1) * within)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _reml(roster: Roster, level: float) -> tuple[float, float, float, float]:
    """Correlation and interval from the restricted likelihood, profiled over the ratio of variances."""
    pooled = pool(roster.moments(blocks=False))
    fit = fit_reml(pooled)
    best = float(fit.theta[0])
    drop = float(special.chdtri(1, 1 - level))

    def over(theta: float) -> float:
        return profile(pooled, np.array([theta])).criterion - fit.criterion - drop

    low = 0.0 if over(0.0) <= 0 else float(optimize.brentq(over, 0.0, best, xtol=1e-14))
    far = 2 * max(best, 1 / pooled.n)
    while over(far) < 0 and far < 1e12:
        far *= 2
    high = math.inf if over(far) < 0 else float(optimize.brentq(over, best, far, xtol=1e-14))
    share, lowest, highest = (1 / (1 + 1 / theta) if theta else 0.0 for theta in (best, low, high))
    return share, lowest, highest, _average_size(roster)
