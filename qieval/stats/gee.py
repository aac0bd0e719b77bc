"""Generalised estimating equations over clusters, from sums of p x p products within clusters.

Divide each row by its standard deviation, and an exchangeable working correlation of n rows has the inverse
``(I - c J) / (1 - alpha)`` with ``c = alpha / (1 + (n - 1) alpha)``, so that no n x n matrix is ever needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from scipy import special

from qieval.errors import DesignError
from qieval.stats.columns import Codes, Floats
from qieval.stats.glm import Family
from qieval.stats.mixed import dependent

Link = Literal["identity", "log", "logit"]
LINKS: dict[Family, tuple[Link, ...]] = {
    "gaussian": ("identity", "log"),
    "binomial": ("logit", "log", "identity"),
    "poisson": ("log", "identity"),
}
STEPS = 100
SETTLED = 1e-10
ROUNDING = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equations:
    """What the estimating equations are about.

    Attributes
    ----------
    outcome, exposure : array (n,)
        Outcome, and what multiplies its mean (person-time of counts, else ones).
    codes : array (n,)
        Cluster of each row, 0 to K - 1.
    level : array (K, r)
        Design columns that are constant within clusters, the intercept first.
    covariates : array (q, n)
        Design columns of rows, standardised.
    back : array (p, p)
        Coefficients per unit of the given columns are ``back @ standardised``; p = r + q.
    lift : array (K, p, q + 1)
        From sums over rows of (1, covariates) to sums over rows of all p columns.
    size : array (K,)
        Rows per cluster.
    family, link
        Variance function, and link of the mean.
    """

    outcome: Floats
    exposure: Floats
    codes: Codes
    level: Floats
    covariates: Floats
    back: Floats
    lift: Floats
    size: Floats
    family: Family
    link: Link

    @classmethod
    def of(
        cls,
        *,
        outcome: Floats,
        codes: Codes,
        level: Floats,
        rows: Floats,
        family: Family,
        link: Link,
        exposure: Floats | None = None,
    ) -> Equations:
        """Standardise the covariates (n, q), so that a calendar year costs no digits."""
        (clusters, constants), varying = level.shape, rows.shape[1]
        centre = rows.mean(axis=0)
        covariates = np.ascontiguousarray((rows - centre).T)
        spread = np.sqrt(np.mean(covariates**2, axis=1))
        flat = spread <= 1e-12 * np.abs(centre)
        covariates[flat], spread[flat] = 0.0, 1.0
        covariates /= spread[:, None]
        back = np.diag(np.concatenate([np.ones(constants), 1 / spread]))
        back[0, constants:] = -centre / spread
        lift = np.zeros((clusters, constants + varying, varying + 1))
        lift[:, :constants, 0] = level
        lift[:, constants:, 1:] = np.eye(varying)
        return cls(
            outcome=outcome,
            exposure=np.ones(len(outcome)) if exposure is None else exposure,
            codes=codes,
            level=level,
            covariates=covariates,
            back=back,
            lift=lift,
            size=np.bincount(codes, minlength=clusters).astype(np.float64),
            family=family,
            link=link,
        )

    def linear(self, beta: Floats) -> Floats:
        """Linear predictor of each row (n,)."""
        constants = self.level.shape[1]
        predictor: Floats = (self.level @ beta[:constants])[self.codes]
        if len(self.covariates):
            predictor += beta[constants:] @ self.covariates
        return predictor


class _Sums(NamedTuple):
    """Sums over the standardised rows Z and residuals e of each cluster: Z'Z, Z'1, Z'e, 1'e; and all e'e."""

    cross: Floats
    total: Floats
    score: Floats
    residual: Floats
    square: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Where the estimating equations are zero; standardised columns.

    Attributes
    ----------
    beta : array (p,)
        Coefficients.
    alpha, phi : float
        Correlation within clusters and dispersion, by moments: pairs and rows both less p.
    bread : array (K, p, p)
        Each cluster's D'V⁻¹D, without phi.
    score : array (K, p)
        Each cluster's D'V⁻¹(y - mean), without phi.
    """

    beta: Floats
    alpha: float
    phi: float
    bread: Floats
    score: Floats


def fit(equations: Equations, *, exchangeable: bool, names: Sequence[str]) -> tuple[Solution, bool]:
    """Solve the estimating equations; the flag says whether the correlation asked for has a solution.

    Where the exchangeable one has none (its moment iteration cycles, or ends at a correlation at which some
    cluster's working covariance is not positive definite), the solution is that of independence.

    Raises
    ------
    DesignError
        If columns are linearly dependent, nothing varies, or the equations have no finite solution.
    """
    start = _start(equations)
    _refuse_singular(equations, start, names)
    plain = _solve(equations, start, exchangeable=False)
    if plain is None:
        raise DesignError(
            f"No finite solution with the {equations.link!r} link: the columns separate the outcome, or "
            "fitted values leave their range. Use fewer covariates or another link."
        )
    if not exchangeable:
        return plain, True
    size = equations.size
    if (size * (size - 1)).sum() / 2 <= len(start):
        return plain, False
    found = _solve(equations, plain.beta, exchangeable=True)
    if found is None or found.alpha <= -1 / (size.max() - 1):
        return plain, False
    return found, True


def _start(equations: Equations) -> Floats:
    overall = equations.outcome.sum() / equations.exposure.sum()
    gaussian, link = equations.family == "gaussian", equations.link
    if not gaussian and (overall <= 0 or (equations.family == "binomial" and overall >= 1)):
        raise DesignError("The outcome takes a single value; there is nothing to compare.")
    if link == "log" and overall <= 0:
        raise DesignError("The 'log' link needs an outcome with a mean above zero.")
    start = np.zeros(equations.lift.shape[1])
    start[0] = {"identity": lambda x: x, "log": np.log, "logit": special.logit}[link](overall)
    return start


def _refuse_singular(equations: Equations, start: Floats, names: Sequence[str]) -> None:
    sums = _evaluate(equations, start)
    if len(equations.outcome) <= len(start):
        raise DesignError(f"{len(equations.outcome)} rows cannot determine {len(start)} coefficients.")
    gram = np.eye(len(start)) if sums is None else sums.cross.sum(axis=0)
    centred = gram[1:, 1:] - np.outer(gram[0, 1:], gram[0, 1:]) / gram[0, 0]
    unit = np.sqrt(np.maximum(np.diag(centred), 0.0))
    unit[unit == 0] = 1.0
    lost = dependent(centred / np.outer(unit, unit))
    if lost:
        listed = ", ".join(repr(names[place + 1]) for place in lost)
        raise DesignError(f"The design is singular: {listed} cannot be told apart from the other columns.")


def _solve(equations: Equations, start: Floats, *, exchangeable: bool) -> Solution | None:
    """Fisher scoring with the moment estimate of alpha; a step that leaves the range of means is halved."""
    beta, step = start, np.zeros(len(start))
    free = equations.link != "identity"
    for _ in range(STEPS):
        sums = _evaluate(equations, beta)
        if sums is None:
            step = step / 2
            beta = beta - step
            continue
        alpha, phi = _moments(equations, sums, exchangeable=exchangeable)
        if alpha >= 1 - SETTLED:
            return None
        bread, score = _weighted(equations, sums, alpha)
        total = bread.sum(axis=0)
        if np.linalg.cond(total) > 1e12:
            return None
        step = np.linalg.solve(total, score.sum(axis=0))
        small = (
            abs(step @ total @ step) <= SETTLED**2 * phi
            or np.abs(step).max() <= ROUNDING * np.abs(beta).max()
        )
        # when the outcome is separated, steps stay at about one although the standard errors explode
        if small and not (free and np.abs(equations.linear(step)).max() > 1e-6):
            return Solution(beta=beta, alpha=alpha, phi=phi, bread=bread, score=score)
        beta = beta + step
    return None


def _evaluate(equations: Equations, beta: Floats) -> _Sums | None:
    """One pass over the rows; None where a mean leaves its range."""
    linear, exposure = equations.linear(beta), equations.exposure
    if equations.link == "logit":
        # the product keeps its digits where the mean rounds to one
        mean = special.expit(linear)
        slope = mean * special.expit(-linear)
        deviation = np.sqrt(slope)
        if slope.min() == 0:
            return None
    else:
        with np.errstate(over="ignore"):
            mean = exposure * (np.exp(linear) if equations.link == "log" else linear)
        slope = mean if equations.link == "log" else exposure
        gaussian, binomial = equations.family == "gaussian", equations.family == "binomial"
        low, high = (-np.inf if gaussian else 0.0), (1.0 if binomial else np.inf)
        if not (low < mean.min() and mean.max() < high):
            return None
        deviation = np.ones(1) if gaussian else np.sqrt(mean * (1 - mean) if binomial else mean)
    return _summed(equations, slope / deviation, (equations.outcome - mean) / deviation)


def _summed(equations: Equations, weight: Floats, residual: Floats) -> _Sums:
    clusters, width = len(equations.size), len(equations.covariates) + 1
    add = partial(np.bincount, equations.codes, minlength=clusters)
    columns = [weight, *(weight * column for column in equations.covariates)]
    core = np.empty((clusters, width, width))
    for place, column in enumerate(columns):
        for other in range(place + 1):
            core[:, place, other] = core[:, other, place] = add(weights=column * columns[other])
    total = np.column_stack([add(weights=column) for column in columns])
    score = np.column_stack([add(weights=column * residual) for column in columns])
    lift = equations.lift
    return _Sums(
        cross=lift @ core @ lift.transpose(0, 2, 1),
        total=np.einsum("kab,kb->ka", lift, total),
        score=np.einsum("kab,kb->ka", lift, score),
        residual=np.asarray(add(weights=residual), dtype=np.float64),
        square=float(residual @ residual),
    )


def _moments(equations: Equations, sums: _Sums, *, exchangeable: bool) -> tuple[float, float]:
    terms, size, n = equations.lift.shape[1], equations.size, len(equations.outcome)
    phi = sums.square / (n - terms)
    if phi <= 1e-24 * float(equations.outcome @ equations.outcome) / n:
        raise DesignError("The outcome does not vary once arm and covariates are known; nothing to test.")
    if not exchangeable:
        return 0.0, phi
    pairs = float(size @ (size - 1)) / 2 - terms
    return (float(sums.residual @ sums.residual) - sums.square) / 2 / phi / pairs, phi


def _weighted(equations: Equations, sums: _Sums, alpha: float) -> tuple[Floats, Floats]:
    shrink = alpha / (1 + (equations.size - 1) * alpha)
    outer = sums.total[:, :, None] * sums.total[:, None, :]
    bread: Floats = (sums.cross - shrink[:, None, None] * outer) / (1 - alpha)
    score: Floats = (sums.score - (shrink * sums.residual)[:, None] * sums.total) / (1 - alpha)
    return bread, score
