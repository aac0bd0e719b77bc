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
from qieval.stats.generalised_mixed import Maximum, maximise
from qieval.stats.inference import check_level, exponentiated, t_estimate
from qieval.stats.linear_mixed import BOUNDARY_NOTE
from qieval.stats.moments import INTERCEPT
from qieval.trial.parts import Columns, names
from qieval.trial.roster import Roster, read_roster
from qieval.trial.standardised import standardise

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


def on_log_odds(between: float) -> float:
    """Intracluster correlation on the scale of log odds, whose variance within clusters is ``pi^2 / 3``."""
    return between / (between + math.pi**2 / 3)


def glmm(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    cluster: str,
    covariates: Sequence[str] = (),
    family: CountFamily = "binomial",
    exposure: str | None = None,
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
    adjusted = names(covariates, owner=owner)
    columns = Columns(outcome=outcome, arm=arm, cluster=cluster, covariates=adjusted, exposure=exposure)
    roster = read_roster(data, columns, owner=owner, family=family)
    return fit_roster(roster, family=family, quadrature=quadrature, level=level)


def fit_roster(
    roster: Roster, *, family: CountFamily, quadrature: int, level: float
) -> GeneralisedMixedModel:
    """Fit the model to a checked roster."""
    _refuse_separated(roster, family)
    logit = family == "binomial"
    found = maximise(
        roster.outcome,
        np.column_stack([roster.arm[roster.codes], roster.rows]),
        titles=(roster.columns.arm, *roster.titles),
        codes=roster.codes,
        exposure=roster.exposure,
        logit=logit,
        points=quadrature,
    )
    likelihood, theta, covariance, back = found.likelihood, found.theta, found.covariance, found.back
    make = partial(
        t_estimate,
        level=level,
        n=roster.n,
        n_clusters=len(roster.clusters),
        unit="log odds" if logit else "log rate",
    )
    notes = (*roster.notes, *([BOUNDARY_NOTE] if found.boundary else []), ASYMPTOTIC)
    values, errors = back @ theta[:-1], np.sqrt(np.diag(back @ covariance[:-1, :-1] @ back.T))
    titles = (INTERCEPT, roster.term, *roster.titles)
    rows = tuple(
        make(term=title, method="glmm", estimate=value, se=se, df=math.inf, notes=notes)
        for title, value, se in zip(titles, values.tolist(), errors.tolist(), strict=True)
    )
    arm, spare = rows[1], float(len(roster.clusters) - len(rows))
    careful = partial(make, term=arm.term, df=spare if spare > 0 else math.nan, notes=(CONSERVATIVE,))
    conservative = careful(method="glmm-t", estimate=arm.estimate, se=arm.se)
    difference, risk_ratio = standardise(likelihood.patterns, theta, covariance, make=careful)
    return GeneralisedMixedModel(
        estimate=arm,
        conservative=conservative,
        ratio=exponentiated(
            conservative, method="glmm-t-ratio", unit="odds ratio" if logit else "rate ratio"
        ),
        difference=difference,
        risk_ratio=risk_ratio,
        coefficients=rows,
        between=found.between,
        boundary=found.boundary,
        maximum=found,
        log_likelihood=likelihood(theta)[0] - float(special.gammaln(roster.outcome + 1).sum()),
    )


def _refuse_separated(roster: Roster, family: CountFamily) -> None:
    if (roster.exposure <= 0).any():
        raise DesignError("A count with an exposure of zero has no rate.")
    arm = roster.arm[roster.codes]
    for number, label in enumerate(roster.labels):
        inside = roster.outcome[arm == number]
        if not inside.any() or (family == "binomial" and inside.all()):
            raise DesignError(
                f"Every outcome in arm {label!r} is {inside[0]:g}: the arms are separated, and the ratio has "
                "no finite estimate. Compare proportions or rates by `cluster_summary`."
            )
    events, rows = roster.total(roster.outcome), roster.size
    if family == "binomial" and rows.max() > 1 and ((events == 0) | (events == rows)).all():
        raise DesignError(
            "Every cluster has nothing but events or none: clusters differ without bound, and no finite "
            "variance between them fits. Compare proportions by `cluster_summary`."
        )
