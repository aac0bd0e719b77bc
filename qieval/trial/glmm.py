"""The arm effect on odds or rates by a mixed model with a random cluster intercept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize, special

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats
from qieval.stats.glm import expected
from qieval.stats.inference import check_level, exponentiated, t_estimate
from qieval.stats.linear_mixed import BOUNDARY_NOTE
from qieval.stats.mixed import RANK_TOLERANCE
from qieval.stats.moments import INTERCEPT
from qieval.stats.quadrature import Marginal, Patterns
from qieval.trial.parts import Columns, names
from qieval.trial.roster import Roster, read_roster
from qieval.trial.standardised import standardise

CountFamily = Literal["binomial", "poisson"]
STEP = 1e-3
NO_GAIN = 1e-7
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
    latent_icc : float
        For odds ``between / (between + pi^2 / 3)``; NaN for rates.
    boundary : bool
        Whether that variance was estimated as zero.
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
    latent_icc: float
    boundary: bool
    log_likelihood: float

    def tidy(self) -> pd.DataFrame:
        """The arm effect (asymptotic, conservative, as a ratio), then the other fixed effects."""
        others = (row for row in self.coefficients if row is not self.estimate)
        return tidy([self.estimate, self.conservative, self.ratio, *others])


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
    design, back = _standardised(roster)
    offset, logit = np.log(roster.exposure), family == "binomial"
    patterns = Patterns.of_rows(roster.outcome, design, offset, roster.codes, logit=logit)
    fitted = expected(roster.outcome, design[:, 1:], family=family, exposure=roster.exposure)
    linear = (special.logit(fitted) if logit else np.log(fitted)) - offset
    alone = np.append(np.linalg.lstsq(design, linear, rcond=None)[0], 0.0)
    likelihood = Marginal(patterns, points=quadrature)
    weight = patterns.weights(patterns.mean(patterns.rate(patterns.design @ alone[:-1] + patterns.offset)))
    strength = np.linalg.eigvalsh(patterns.design.T @ (weight[:, None] * patterns.design))
    if strength[0] < RANK_TOLERANCE * strength[-1]:
        raise DesignError("The covariates separate the outcome, so there is no finite estimate; use fewer.")
    theta, covariance = _maximum(likelihood, alone)
    boundary = likelihood(theta)[0] - likelihood(alone)[0] < NO_GAIN
    if boundary:
        theta, covariance = alone, np.zeros((len(alone), len(alone)))
        covariance[:-1, :-1] = np.linalg.inv(_information(likelihood, alone)[:-1, :-1])
    elif np.diag(covariance)[:-1].min() <= 0:
        raise DesignError("The likelihood of these data has no clear maximum; use fewer covariates.")
    make = partial(
        t_estimate,
        level=level,
        n=roster.n,
        n_clusters=len(roster.clusters),
        unit="log odds" if logit else "log rate",
    )
    notes = (*roster.notes, *([BOUNDARY_NOTE] if boundary else []), ASYMPTOTIC)
    values, errors = back @ theta[:-1], np.sqrt(np.diag(back @ covariance[:-1, :-1] @ back.T))
    titles = (INTERCEPT, roster.term, *roster.titles)
    rows = tuple(
        make(term=title, method="glmm", estimate=value, se=se, df=math.inf, notes=notes)
        for title, value, se in zip(titles, values.tolist(), errors.tolist(), strict=True)
    )
    arm, spare = rows[1], float(len(roster.clusters) - len(rows))
    careful = partial(make, term=arm.term, df=spare if spare > 0 else math.nan, notes=(CONSERVATIVE,))
    conservative = careful(method="glmm-t", estimate=arm.estimate, se=arm.se)
    difference, risk_ratio = standardise(patterns, theta, covariance, make=careful)
    between = float(theta[-1] ** 2)
    return GeneralisedMixedModel(
        estimate=arm,
        conservative=conservative,
        ratio=exponentiated(
            conservative, method="glmm-t-ratio", unit="odds ratio" if logit else "rate ratio"
        ),
        difference=difference,
        risk_ratio=risk_ratio,
        coefficients=rows,
        between=between,
        latent_icc=between / (between + math.pi**2 / 3) if logit else math.nan,
        boundary=boundary,
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


def _standardised(roster: Roster) -> tuple[Floats, Floats]:
    """Give the design (n, p) in standard units, and the matrix (p, p) that brings coefficients back."""
    columns = np.column_stack([roster.arm[roster.codes], roster.rows])
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    length = np.sqrt(np.mean(columns**2, axis=0))
    _, upper = np.linalg.qr((columns - centre) / math.sqrt(roster.n))
    left = np.abs(np.diag(upper)) <= RANK_TOLERANCE * length
    if roster.n <= len(centre) or left.any():
        title = (roster.columns.arm, *roster.titles)[int(left.argmax())]
        raise DesignError(f"Column {title!r} takes a single value, or the other columns determine it.")
    back = np.diag(np.append(1.0, 1 / spread))
    back[0, 1:] = -centre / spread
    return np.column_stack([np.ones(roster.n), (columns - centre) / spread]), back


def _maximum(likelihood: Marginal, alone: Floats) -> tuple[Floats, Floats]:
    """Maximise from the fit without intercepts: parameters, and their covariance."""
    data = likelihood.patterns
    mean = data.mean(data.rate(data.design @ alone[:-1] + data.offset))
    weight = data.over(data.weights(mean))
    excess = (data.over(data.total - data.count * mean) ** 2 - weight).sum() / (weight**2).sum()
    start = np.append(alone[:-1], math.sqrt(max(excess, 0.01)))
    move = np.linalg.inv(np.linalg.cholesky(_expected(data, start))).T

    def loss(z: Floats) -> tuple[float, Floats]:
        value, gradient = likelihood(start + move @ z)
        return -value, -gradient @ move

    found = optimize.minimize(loss, np.zeros(len(start)), jac=True, method="BFGS", options={"gtol": 1e-6})
    theta = start + move @ found.x
    information = _information(likelihood, theta)
    covariance = np.linalg.pinv(information, hermitian=True)
    theta -= covariance @ np.linalg.solve(move.T, found.jac)
    return theta, np.asarray(covariance)


def _expected(data: Patterns, theta: Floats) -> Floats:
    """Information (p + 1, p + 1) of the model made linear at zero intercepts: near enough to scale steps."""
    sd = float(theta[-1])
    weight = data.weights(data.mean(data.rate(data.design @ theta[:-1] + data.offset)))
    weighted = weight[:, None] * data.design
    curve, tilt = data.over(weight), np.add.reduceat(weighted, data.start, axis=0)
    sharp = 1 + sd**2 * curve
    found = np.zeros((len(theta), len(theta)))
    found[:-1, :-1] = data.design.T @ weighted - tilt.T @ ((sd**2 / sharp)[:, None] * tilt)
    found[-1, -1] = 2 * float(((sd * curve / sharp) ** 2).sum())
    return found


def _information(likelihood: Marginal, theta: Floats) -> Floats:
    """Observed information (p + 1, p + 1) by central differences of the gradient."""
    rows = []
    for shift in STEP * np.eye(len(theta)):
        ahead, behind = likelihood(theta + shift)[1], likelihood(theta - shift)[1]
        rows.append((behind - ahead) / (2 * STEP))
    information = np.array(rows)
    return (information + information.T) / 2
