"""Maximum likelihood of logistic and log-linear models with a random cluster intercept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from qieval.errors import DesignError
from qieval.stats.columns import Codes, Floats
from qieval.stats.glm import Family, expected
from qieval.stats.mixed import RANK_TOLERANCE
from qieval.stats.quadrature import Marginal, Patterns

STEP = 1e-4
NO_GAIN = 1e-7
LARGEST_SD, CLOSE = 1e3, 1e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maximum:
    """Where a marginal likelihood is highest.

    Attributes
    ----------
    likelihood : Marginal
        In (standardised coefficients, standard deviation of the intercepts).
    theta : array (p + 1,)
        Its maximum.
    covariance : array (p + 1, p + 1)
        Of `theta`, from the observed information; zero for a standard deviation at the boundary.
    back : array (p, p)
        Coefficients per unit of the given columns are ``back @ theta[:-1]``, the intercept first.
    boundary : bool
        Whether the variance between clusters was estimated as zero.
    """

    likelihood: Marginal
    theta: Floats
    covariance: Floats
    back: Floats
    boundary: bool

    @property
    def between(self) -> float:
        """Variance of the cluster intercepts."""
        return float(self.theta[-1] ** 2)

    def limits(self, *, level: float) -> tuple[float, float]:
        """Bounds of the variance between clusters by its profile likelihood, as lme4 gives them."""
        best, drop = self.likelihood(self.theta)[0], float(special.chdtri(1, 1 - level))
        move = np.asarray(np.linalg.cholesky(self.covariance[:-1, :-1]), dtype=np.float64)
        beta = self.theta[:-1]

        def over(sd: float) -> float:
            nonlocal beta
            beta, value = _profiled(self.likelihood, beta, move, sd)
            return 2 * (best - value) - drop

        sd = abs(float(self.theta[-1]))
        low = 0.0 if over(0.0) <= 0 else float(optimize.brentq(over, 0.0, sd, rtol=CLOSE))
        far = 2 * max(sd, 0.1)
        while (below := over(far) < 0) and far < LARGEST_SD:
            far *= 2
        high = math.inf if below else float(optimize.brentq(over, sd, far, rtol=CLOSE))
        return low**2, high**2


def on_log_odds(between: float) -> float:
    """Intracluster correlation on the scale of log odds, whose variance within clusters is ``pi^2 / 3``."""
    return between / (between + math.pi**2 / 3)


def _profiled(likelihood: Marginal, beta: Floats, move: Floats, sd: float) -> tuple[Floats, float]:
    """Coefficients that are best for a standard deviation, searched in units of `move`; the value there."""

    def loss(z: Floats) -> tuple[float, Floats]:
        value, gradient = likelihood(np.append(beta + move @ z, sd))
        return -value, -gradient[:-1] @ move

    found = optimize.minimize(loss, np.zeros(len(beta)), jac=True, method="BFGS", options={"gtol": 1e-5})
    return beta + move @ found.x, -float(found.fun)


def maximise(
    outcome: Floats,
    columns: Floats,
    *,
    titles: Sequence[str],
    codes: Codes,
    exposure: Floats,
    logit: bool,
    points: int,
) -> Maximum:
    """Fit the model to complete rows.

    Parameters
    ----------
    outcome, exposure : array (n,)
        0/1 or counts, and their person-time (ones for 0/1).
    columns : array (n, q)
        Design columns without the intercept.
    titles : sequence of str
        Their names, for messages.
    codes : array (n,)
        Cluster of each row.
    logit : bool
        Logistic; otherwise log-linear.
    points : int
        Nodes of the quadrature.

    Raises
    ------
    DesignError
        If columns are dependent or separate the outcome.
    """
    design, back = _standardised(columns, titles)
    offset = np.log(exposure)
    patterns = Patterns.of_rows(outcome, design, offset, codes, logit=logit)
    family: Family = "binomial" if logit else "poisson"
    fitted = expected(outcome, design[:, 1:], family=family, exposure=exposure)
    linear = (special.logit(fitted) if logit else np.log(fitted)) - offset
    alone = np.append(np.linalg.lstsq(design, linear, rcond=None)[0], 0.0)
    likelihood = Marginal(patterns, points=points)
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
    return Maximum(
        likelihood=likelihood, theta=theta, covariance=covariance, back=back, boundary=bool(boundary)
    )


def _standardised(columns: Floats, titles: Sequence[str]) -> tuple[Floats, Floats]:
    """Give the design (n, p) in standard units, and the matrix (p, p) that brings coefficients back."""
    n = len(columns)
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    length = np.sqrt(np.mean(columns**2, axis=0))
    _, upper = np.linalg.qr((columns - centre) / math.sqrt(n))
    left = np.abs(np.diag(upper)) <= RANK_TOLERANCE * length
    if n <= len(centre) or left.any():
        title = titles[int(left.argmax())]
        raise DesignError(f"Column {title!r} takes a single value, or the other columns determine it.")
    back = np.diag(np.append(1.0, 1 / spread))
    back[0, 1:] = -centre / spread
    return np.column_stack([np.ones(n), (columns - centre) / spread]), back


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
