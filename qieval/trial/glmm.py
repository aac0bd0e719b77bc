"""The arm effect on odds or rates by a mixed model with a random cluster intercept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Codes, Floats, indicators
from qieval.stats.generalised_mixed import Maximum, maximise, on_log_odds
from qieval.stats.inference import check_level, exponentiated, t_estimate
from qieval.stats.linear_mixed import BOUNDARY_NOTE
from qieval.stats.moments import INTERCEPT
from qieval.trial.exposure import ALIKE_NOTE, IMMEDIATE_NOTE
from qieval.trial.orders import waiting
from qieval.trial.parts import Columns, names
from qieval.trial.roster import Roster, read_roster, refuse_family
from qieval.trial.standardised import standardise
from qieval.trial.wedge import TERM, Wedge, read_wedge

CountFamily = Literal["binomial", "poisson"]
MOST_POINTS = 50
ASYMPTOTIC = (
    "Test and interval are asymptotic: with fewer than some 40 clusters the p-value is too small and the "
    "interval too short."
)
CONSERVATIVE = "Referred to t with clusters less coefficients as degrees of freedom."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneralisedMixedModel:
    """A fitted random-intercept model of a binary outcome or a count.

    Attributes
    ----------
    estimate : Estimate
        The arm effect given the cluster's intercept, as a log odds ratio or log rate ratio, with the
        asymptotic z test that R's glmer prints.
    conservative : Estimate
        The same referred to t with clusters less coefficients as degrees of freedom: the one to read with few
        clusters. Test and interval are NaN where no degrees of freedom are left.
    ratio : Estimate
        The odds or rate ratio with the limits of `conservative`.
    difference, risk_ratio : Estimate
        Of the risks or rates if everybody were in one arm or the other, clusters averaged out (standardised);
        referred to the same t.
    coefficients : tuple of Estimate
        Every fixed effect, asymptotic, the intercept first.
    between : float
        Variance of the cluster intercepts, on the log odds or log rate scale.
    boundary : bool
        Whether that variance was estimated as zero.
    maximum : Maximum
        What all this was computed from.
    log_likelihood : float
        Of the marginal model.
    """

    estimate: Estimate
    conservative: Estimate
    ratio: Estimate
    difference: Estimate
    risk_ratio: Estimate
    coefficients: tuple[Estimate, ...]
    between: float
    boundary: bool
    maximum: Maximum
    log_likelihood: float

    @property
    def latent_icc(self) -> float:
        """For odds ``between / (between + pi^2 / 3)``; NaN for rates."""
        return on_log_odds(self.between) if self.maximum.likelihood.patterns.logit else math.nan

    def tidy(self) -> pd.DataFrame:
        """The arm effect (asymptotic, conservative, as a ratio), then the other fixed effects."""
        others = (row for row in self.coefficients if row is not self.estimate)
        return tidy([self.estimate, self.conservative, self.ratio, *others])


def glmm(
    data: pd.DataFrame,
    *,
    outcome: str,
    cluster: str,
    arm: str | None = None,
    covariates: Sequence[str] = (),
    family: CountFamily = "binomial",
    exposure: str | None = None,
    start: str | None = None,
    period: str | None = None,
    quadrature: int = 7,
    level: float = 0.95,
) -> GeneralisedMixedModel:
    """Estimate the arm effect on odds or rates by maximum likelihood with a random intercept per cluster.

    Parameters
    ----------
    data : DataFrame
        One row a participant; incomplete rows are left out and counted in `notes`.
    outcome, arm, cluster : str
        Columns. The outcome is 0/1 or a count; the arm is 0/1, False/True or an ordered categorical, control
        first, constant within clusters.
    covariates : sequence of str
        Columns to adjust for, strata of the allocation among them.
    family : {"binomial", "poisson"}
        Logistic or log-linear.
    exposure : str, optional
        Person-time of counts.
    start, period : str, optional
        In a stepped wedge instead of `arm`: the period in which the row's cluster starts (missing: never),
        and the row's own. Periods are fixed effects; the effect is there at once and stays.
    quadrature : int
        Nodes of the adaptive Gauss–Hermite quadrature, 1 (Laplace) to 50.
    level : float
        Coverage of the intervals.

    Returns
    -------
    GeneralisedMixedModel

    Raises
    ------
    DesignError
        If an arm has no event or nothing else, covariates separate the outcome, or columns are dependent.
    ArgumentError
        If it is not clear which effect is asked for, or the outcome is of another family.

    Notes
    -----
    Standard errors come from the observed information of coefficients and standard deviation together. The
    effect is conditional on the cluster: an odds ratio of this kind lies farther from 1 than that of the
    population. Few clusters make the z test reject too often; there the primary method is `cluster_summary`.

    References
    ----------
    Pinheiro & Bates 1995, J Comput Graph Stat 4:12, doi 10.1080/10618600.1995.10474663.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3, 4, 4] * 5, "arm": [0, 0, 0, 0, 1, 1, 1, 1] * 5,
    ...                      "visits": [2, 0, 5, 4, 1, 1, 9, 8] * 5})
    >>> fit = glmm(rows, outcome="visits", arm="arm", cluster="site", family="poisson")
    >>> fit.boundary
    False
    """
    owner = "glmm"
    check_choice(family, CountFamily, name="family", owner=owner)
    check_level(level)
    if quadrature not in range(1, MOST_POINTS + 1):
        raise ArgumentError(f"`quadrature` of `{owner}` is a whole number from 1 to {MOST_POINTS}.")
    by_start = start is not None and period is not None
    if (arm is not None) == by_start or (arm is not None and (start is not None or period is not None)):
        raise ArgumentError(f"`{owner}` takes `arm`, or `start` and `period` for a stepped wedge.")
    adjusted = names(covariates, owner=owner)
    if by_start:
        wedge = read_wedge(
            data,
            outcome=outcome,
            cluster=cluster,
            start=str(start),
            period=str(period),
            covariates=adjusted,
            exposure=exposure,
            owner=owner,
        )
        refuse_family(wedge.outcome, family, name=outcome, owner=owner)
        return _fit(_Rows.of_wedge(wedge), family=family, quadrature=quadrature, level=level)
    columns = Columns(outcome=outcome, arm=str(arm), cluster=cluster, covariates=adjusted, exposure=exposure)
    roster = read_roster(data, columns, owner=owner, family=family)
    return fit_roster(roster, family=family, quadrature=quadrature, level=level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """What the model reads: each row's outcome, group (0 or 1), other columns, exposure and cluster."""

    outcome: Floats
    group: Floats
    rows: Floats
    exposure: Floats
    codes: Codes
    clusters: int
    term: str
    titles: tuple[str, ...]
    labels: tuple[str, str]
    notes: tuple[str, ...]

    @classmethod
    def of_roster(cls, roster: Roster) -> _Rows:
        return cls(
            outcome=roster.outcome,
            group=roster.arm[roster.codes],
            rows=roster.rows,
            exposure=roster.exposure,
            codes=roster.codes,
            clusters=len(roster.clusters),
            term=roster.term,
            titles=(roster.columns.arm, *roster.titles),
            labels=roster.labels,
            notes=roster.notes,
        )

    @classmethod
    def of_wedge(cls, wedge: Wedge) -> _Rows:
        exposed = wedge.exposed[wedge.of_cluster, wedge.of_period].astype(np.float64)
        if not exposed.any():
            raise DesignError(waiting(wedge))
        periods, titles = indicators(wedge.of_period, tuple(wedge.periods), name="period")
        return cls(
            outcome=wedge.outcome,
            group=exposed,
            rows=np.column_stack([periods, wedge.rows]),
            exposure=wedge.exposure,
            codes=wedge.of_cluster,
            clusters=len(wedge.clusters),
            term=TERM,
            titles=("exposed", *titles, *wedge.titles),
            labels=("not exposed", "exposed"),
            notes=(*wedge.notes, IMMEDIATE_NOTE, ALIKE_NOTE),
        )


def fit_roster(
    roster: Roster, *, family: CountFamily, quadrature: int, level: float
) -> GeneralisedMixedModel:
    """Fit the model to a checked roster."""
    return _fit(_Rows.of_roster(roster), family=family, quadrature=quadrature, level=level)


def _fit(data: _Rows, *, family: CountFamily, quadrature: int, level: float) -> GeneralisedMixedModel:
    _refuse_separated(data, family)
    logit, kind = family == "binomial", "odds" if family == "binomial" else "rate"
    found = maximise(
        data.outcome,
        np.column_stack([data.group, data.rows]),
        titles=data.titles,
        codes=data.codes,
        exposure=data.exposure,
        logit=logit,
        points=quadrature,
    )
    likelihood, theta, covariance, back = found.likelihood, found.theta, found.covariance, found.back
    make = partial(
        t_estimate,
        level=level,
        n=len(data.outcome),
        n_clusters=data.clusters,
        unit=f"log {kind}",
    )
    notes = (*data.notes, *([BOUNDARY_NOTE] if found.boundary else []), ASYMPTOTIC)
    values, errors = back @ theta[:-1], np.sqrt(np.diag(back @ covariance[:-1, :-1] @ back.T))
    titles = (INTERCEPT, data.term, *data.titles[1:])
    rows = tuple(
        make(term=title, method="glmm", estimate=value, se=se, df=math.inf, notes=notes)
        for title, value, se in zip(titles, values.tolist(), errors.tolist(), strict=True)
    )
    arm, spare = rows[1], float(data.clusters - len(rows))
    careful = partial(make, term=arm.term, df=spare if spare > 0 else math.nan, notes=(CONSERVATIVE,))
    conservative = careful(method="glmm-t", estimate=arm.estimate, se=arm.se)
    difference, risk_ratio = standardise(likelihood.patterns, theta, covariance, make=careful)
    return GeneralisedMixedModel(
        estimate=arm,
        conservative=conservative,
        ratio=exponentiated(conservative, method="glmm-t-ratio", unit=f"{kind} ratio"),
        difference=difference,
        risk_ratio=risk_ratio,
        coefficients=rows,
        between=found.between,
        boundary=found.boundary,
        maximum=found,
        log_likelihood=likelihood(theta)[0] - float(special.gammaln(data.outcome + 1).sum()),
    )


def _refuse_separated(data: _Rows, family: CountFamily) -> None:
    if (data.exposure <= 0).any():
        raise DesignError("A count with an exposure of zero has no rate.")
    for number, label in enumerate(data.labels):
        inside = data.outcome[data.group == number]
        if not inside.any() or (family == "binomial" and inside.all()):
            raise DesignError(
                f"Every outcome in arm {label!r} is {inside[0]:g}: the arms are separated, and the ratio has "
                "no finite estimate. Compare proportions or rates by `cluster_summary`."
            )
    events, rows = np.bincount(data.codes, weights=data.outcome), np.bincount(data.codes)
    if family == "binomial" and rows.max() > 1 and ((events == 0) | (events == rows)).all():
        raise DesignError(
            "Every cluster has nothing but events or none: clusters differ without bound, and no finite "
            "variance between them fits. Compare proportions by `cluster_summary`."
        )
