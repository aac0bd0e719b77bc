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
from qieval.stats.glm import Family
from qieval.stats.inference import check_level, t_quantile
from qieval.stats.likelihood import fit as fit_reml
from qieval.stats.likelihood import profile
from qieval.stats.mixed import pool
from qieval.stats.moments import Moments
from qieval.trial.binary_correlation import fleiss_cuzick, latent, logistic
from qieval.trial.groups import Groups, without_arms
from qieval.trial.parts import Columns
from qieval.trial.roster import read_roster

IccMethod = Literal["anova", "reml", "fleiss-cuzick", "latent"]
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
    arm: str | None = None,
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
    outcome, cluster : str
        Columns; a binary outcome gives the correlation on the scale of proportions.
    arm : str, optional
        Column of the arm: a difference between arms is not similarity within clusters. Leave it out only
        where there are none, as in a baseline.
    method : {"anova", "reml", "fleiss-cuzick", "latent"}
        Analysis of variance; the random-intercept model with an interval from the profile of its restricted
        likelihood (never below zero); and for a binary outcome Fleiss and Cuzick's estimate on the scale of
        proportions, with percentiles of 2,000 resamples of clusters within arms, or the logistic mixed model
        (7 nodes) with an interval from the profile of its likelihood, on the scale of log odds:
        ``s2 / (s2 + pi^2 / 3)``.
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
        If no cluster has two rows, or no arm two clusters; for ``"latent"`` if the model has no maximum.
    ArgumentError
        For an outcome that is not 0/1 with one of the last two methods.

    Notes
    -----
    With two arms Fleiss and Cuzick's estimate sets what varies within clusters against what would do so in
    its arm without correlation. Zou and Donner's standard error of it (2004, doi
    10.1111/j.0006-341X.2004.00232.x) is not used: it supposes that clusters are either all alike within or
    not alike at all, and is several times too large where each has a proportion of its own.

    References
    ----------
    Donner & Klar 2000, Design and Analysis of Cluster Randomization Trials in Health Research; Searle 1971,
    Linear Models; Swiger, Harvey, Everson & Gregory 1964, Biometrics 20:818, doi 10.2307/2528131; Fleiss &
    Cuzick 1979, doi 10.1177/014662167900300410.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 1, 2, 2, 2, 3, 3, 3], "met": [1, 1, 1, 0, 0, 0, 0, 1, 1]})
    >>> round(icc(rows, outcome="met", cluster="site", method="fleiss-cuzick").estimate.estimate, 3)
    0.55
    """
    owner = "icc"
    check_choice(method, IccMethod, name="method", owner=owner)
    check_choice(interval, Interval, name="interval", owner=owner)
    check_level(level)
    family: Family = "gaussian" if method in {"anova", "reml"} else "binomial"
    if arm is None:
        found = without_arms(data, outcome, cluster, family)
    else:
        columns = Columns(outcome=outcome, arm=arm, cluster=cluster)
        found = Groups.of(read_roster(data, columns, owner=owner, family=family))
    return icc_of(found, method=method, interval=interval, seed=seed, level=level)


def icc_of(
    found: Groups, *, method: IccMethod, level: float, interval: Interval = "searle", seed: int = 0
) -> Intracluster:
    """Estimate the correlation from checked rows."""
    se = math.nan
    if len(found.size) <= found.inside.shape[1] or len(found.outcome) == len(found.size):
        raise DesignError(
            "The intracluster correlation needs an arm of two clusters and a cluster of two rows."
        )
    if method == "reml":
        value, low, high = _reml(found, level)
    elif method == "latent":
        value, low, high = latent(logistic(found), level)
    elif method == "fleiss-cuzick":
        value = fleiss_cuzick(found)
        low, high = _resampled(found, level, seed, binary=True)
    else:
        value, low, high = _anova(found, level)
        if interval == "swiger":
            se = _swiger(found, value)
            low, high = value - t_quantile(math.inf, level) * se, value + t_quantile(math.inf, level) * se
        elif interval == "bootstrap":
            low, high = _resampled(found, level, seed, binary=False)
    row = Estimate(
        term="icc",
        method=method if method != "anova" or interval == "searle" else f"{method}-{interval}",
        estimate=value,
        se=se,
        ci_low=low,
        ci_high=high,
        level=level,
        n=len(found.outcome),
        n_clusters=len(found.size),
    )
    return spread_out(found, row)


def spread_out(found: Groups, estimate: Estimate) -> Intracluster:
    """Give a correlation with the design effect that it has at the sizes of this trial."""
    size = found.size
    return Intracluster(
        estimate=estimate,
        average_size=found.average_size,
        design_effect=1 + ((1 + (size.std(ddof=1) / size.mean()) ** 2) * size.mean() - 1) * estimate.estimate,
    )


def _anova(found: Groups, level: float) -> tuple[float, float, float]:
    """Correlation and interval from the mean squares between and within clusters."""
    size, inside = found.size, found.inside
    between_df, within_df = len(size) - inside.shape[1], len(found.outcome) - len(size)
    centred = found.outcome - found.outcome.mean()
    means = found.total(centred) / size
    levels = (size * means) @ inside / (size @ inside)
    between = float(size @ (means - inside @ levels) ** 2) / between_df
    within = float(((centred - means[found.codes]) ** 2).sum()) / within_df
    average = found.average_size
    if between * between_df + within * within_df <= 1e-20 * float(centred @ centred):
        raise DesignError("The outcome does not vary within arms, so there is no correlation to estimate.")
    value = (between - within) / (between + (average - 1) * within)
    ratio = between / within if within > 1e-14 * between else math.inf

    def limit(tail: float) -> float:
        if math.isinf(ratio):
            return 1.0
        scaled = ratio / float(special.fdtri(between_df, within_df, tail))
        return (scaled - 1) / (scaled + average - 1)

    return value, limit((1 + level) / 2), limit((1 - level) / 2)


def _swiger(found: Groups, value: float) -> float:
    """Standard error of the ANOVA estimate after Swiger."""
    clusters, n, average = len(found.size), len(found.outcome), found.average_size
    spread = (1 - value) * (1 + (average - 1) * value) / average
    return math.sqrt(2 * (n - 1) * spread**2 / ((n - clusters) * (clusters - 1)))


def _resampled(found: Groups, level: float, seed: int, *, binary: bool) -> tuple[float, float]:
    """Percentiles of the ANOVA (or Fleiss and Cuzick's) estimate over clusters drawn afresh within arms."""
    rng, size = np.random.default_rng(seed), found.size
    centred = found.outcome - found.outcome.mean()
    total = found.total(centred)
    inside = found.total(centred**2) - total**2 / size
    rows = lean = between = within = expected = np.zeros(RESAMPLES)
    for group in np.unique(found.group):
        own = np.flatnonzero(found.group == group)
        drawn = own[rng.integers(len(own), size=(RESAMPLES, len(own)))]
        n, t = size[drawn], total[drawn]
        share = t.sum(axis=1) / n.sum(axis=1) + found.outcome.mean()
        expected = expected + (n.sum(axis=1) - len(own)) * share * (1 - share)
        between = between + (t**2 / n).sum(axis=1) - t.sum(axis=1) ** 2 / n.sum(axis=1)
        within, rows = within + inside[drawn].sum(axis=1), rows + n.sum(axis=1)
        lean = lean + (n**2).sum(axis=1) / n.sum(axis=1)
    df = len(size) - found.inside.shape[1]
    average = (rows - lean) / df
    with np.errstate(invalid="ignore", divide="ignore"):
        one_less = 1 - within / expected
        between, within = between / df, within / (rows - len(size))
        values = one_less if binary else (between - within) / (between + (average - 1) * within)
    values = values[np.isfinite(values)]  # the others are of clusters among which nothing varies
    if not len(values):
        return math.nan, math.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _reml(found: Groups, level: float) -> tuple[float, float, float]:
    """Correlation and interval from the restricted likelihood, profiled over the ratio of variances."""
    moments = Moments.from_arrays(
        outcome=found.outcome,
        codes=found.codes,
        clusters=range(len(found.size)),
        level=found.inside[:, 1:],
        constants=[f"group {place}" for place in range(1, found.inside.shape[1])],
        rows=found.rows,
        covariates=[f"column {place}" for place in range(found.rows.shape[1])],
    )
    pooled = pool(moments)
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
    return share, lowest, highest
