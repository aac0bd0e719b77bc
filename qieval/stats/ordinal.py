"""Ordered answers over time: a cumulative-link mixed model with a random intercept of each person."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from qieval.errors import DesignError
from qieval.results import Estimate, tidy
from qieval.stats.inference import t_estimate

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Loss = Callable[[Floats], float]

NEWTON_STEPS = 60
STEP = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrdinalFit:
    """A fitted cumulative-link mixed model.

    Attributes
    ----------
    coefficients : tuple of Estimate
        Log odds of a higher answer, per column of the design; z tests.
    thresholds : tuple of Estimate
        Log odds of an answer up to each level but the last, where all columns are 0.
    sd : float
        Standard deviation of the intercepts, in log odds.
    log_likelihood : float
        At the maximum.
    """

    coefficients: tuple[Estimate, ...]
    thresholds: tuple[Estimate, ...]
    sd: float
    log_likelihood: float

    def tidy(self) -> pd.DataFrame:
        """A row a coefficient, then a row a threshold."""
        return tidy([*self.coefficients, *self.thresholds])


def ordinal_mixed(
    answers: Codes,
    design: Floats,
    groups: Codes,
    *,
    names: Sequence[str],
    points: int = 7,
    level: float = 0.95,
) -> OrdinalFit:
    """Fit the proportional-odds model with a normal random intercept by adaptive Gauss-Hermite quadrature.

    Parameters
    ----------
    answers : (n,) array of int
        Levels from 0 up; every level occurs.
    design : (n, p) array
        Columns without an intercept.
    groups : (n,) array of int
        Person of each row, numbered from 0.
    names : sequence of str
        Of the columns.
    points : int
        Quadrature nodes; 1 is Laplace's approximation.

    Raises
    ------
    DesignError
        If fewer than two levels occur or the model has no maximum on these data.

    Notes
    -----
    ``logit P(y <= j) = threshold_j - x'b - u``, as in R's ordinal::clmm. Standard errors from the Hessian.
    Tutz & Hennevogl 1996, doi 10.1016/0167-9473(96)00004-7. For a few thousand rows; not for totals with
    dozens of values.
    """
    levels = int(answers.max(initial=0)) + 1
    if levels < 2 or len(np.unique(answers)) < levels:
        raise DesignError("An ordinal model needs at least two levels of answers, each of which occurs.")
    model = _Model(answers, design, groups, levels, points)
    share = np.cumsum(np.bincount(answers))[:-1] / len(answers)
    cuts = special.logit(share)
    start = np.concatenate(
        [cuts[:1], np.log(np.maximum(np.diff(cuts), 1e-3)), np.zeros(design.shape[1]), [0.0]]
    )
    # the search needs smooth slopes only near its end: central differences of a likelihood good to 1e-12
    found = optimize.minimize(model.loss, start, jac=model.slope, method="BFGS", options={"gtol": 1e-7})
    if not np.isfinite(found.fun) or np.abs(model.slope(found.x)).max() > 1e-3 * max(1.0, len(answers) / 100):
        raise DesignError("The ordinal model has no maximum on these answers.")
    natural = model.natural(found.x)
    covariance = np.linalg.pinv(model.curvature(natural))
    se = np.sqrt(np.clip(np.diag(covariance), 0, None))
    cuts_n = levels - 1

    def estimate(place: int, term: str, method: str) -> Estimate:
        return t_estimate(
            term=term,
            method=method,
            estimate=float(natural[place]),
            se=float(se[place]),
            df=math.inf,
            level=level,
            n=len(answers),
            n_clusters=int(groups.max()) + 1,
            unit="log odds",
        )

    return OrdinalFit(
        coefficients=tuple(
            estimate(cuts_n + place, name, "ordinal-mixed") for place, name in enumerate(names)
        ),
        thresholds=tuple(estimate(place, f"{place}|{place + 1}", "threshold") for place in range(cuts_n)),
        sd=float(natural[-1]),
        log_likelihood=-float(found.fun),
    )


class _Model:
    """The marginal likelihood in (first cut, log distances of the cuts, coefficients, log SD)."""

    def __init__(self, answers: Codes, design: Floats, groups: Codes, levels: int, points: int) -> None:
        order = np.argsort(groups, kind="stable")
        self.answers, self.design, self.groups = answers[order], design[order], groups[order]
        self.starts = np.searchsorted(self.groups, np.arange(int(groups.max()) + 1))
        self.cuts = levels - 1
        self.nodes, weights = np.polynomial.hermite_e.hermegauss(points)
        self.log_weights = np.log(weights) + self.nodes**2 / 2
        self.mode = np.zeros(len(self.starts))

    def natural(self, theta: Floats) -> Floats:
        """Cuts, coefficients, SD."""
        cuts = theta[0] + np.concatenate([[0.0], np.cumsum(np.exp(theta[1 : self.cuts]))])
        return np.concatenate([cuts, theta[self.cuts : -1], [math.exp(theta[-1])]])

    def loss(self, theta: Floats) -> float:
        """Minus the log-likelihood."""
        return self.at(self.natural(theta))

    def slope(self, theta: Floats) -> Floats:
        """Gradient of the loss by central differences of the fourth order."""
        return _differences(self.loss, theta, STEP)

    def curvature(self, natural: Floats) -> Floats:
        """Hessian of the loss in the natural parameters."""
        hessian = np.array(
            [
                _differences(partial(_partial, self.at, place, 1e-3), natural, 1e-3)
                for place in range(len(natural))
            ]
        )
        return np.asarray((hessian + hessian.T) / 2)

    def at(self, natural: Floats) -> float:
        """Minus the log-likelihood at cuts, coefficients and SD."""
        edges = np.concatenate([[-np.inf], natural[: self.cuts], [np.inf]])
        sd, linear = natural[-1], self.design @ natural[self.cuts : -1]
        high, low = edges[self.answers + 1] - linear, edges[self.answers] - linear
        scale = self._settle(high, low, sd)
        total = np.full((len(self.nodes), len(self.starts)), 0.0)
        for place, node in enumerate(self.nodes):
            at = self.mode + node * scale
            shift = sd * at[self.groups]
            total[place] = np.add.reduceat(_log_between(high - shift, low - shift), self.starts) - at**2 / 2
        value = special.logsumexp(total + self.log_weights[:, None], axis=0) + np.log(scale)
        return -float(value.sum() - len(self.starts) * math.log(2 * math.pi) / 2)

    def _settle(self, high: Floats, low: Floats, sd: float) -> Floats:
        """Move to the modes of the standardised intercepts by Newton steps; give the spread there."""
        for _ in range(NEWTON_STEPS):
            shift = sd * self.mode[self.groups]
            upper, lower = special.expit(high - shift), special.expit(low - shift)
            # of log(F(h - u) - F(l - u)) for the logistic F, slope and curvature in u are these
            slope = np.add.reduceat(upper + lower - 1, self.starts) * sd - self.mode
            bend = np.add.reduceat(upper * (1 - upper) + lower * (1 - lower), self.starts) * sd**2 + 1
            step = slope / bend
            self.mode = self.mode + np.clip(step, -2, 2)
            if np.abs(step).max() < 1e-12:
                break
        return np.asarray(1 / np.sqrt(bend))


def _log_between(high: Floats, low: Floats) -> Floats:
    """Log of the logistic probability between two points: F(h) (1 - F(l)) (1 - exp(l - h))."""
    gap = np.log(-np.expm1(np.minimum(low - high, -1e-300)))
    return np.asarray(special.log_expit(high) + special.log_expit(-low) + gap)


def _partial(loss: Loss, place: int, step: float, at: Floats) -> float:
    """One derivative by central differences of the fourth order."""
    move = np.zeros(len(at))
    move[place] = step
    near = loss(at + move) - loss(at - move)
    far = loss(at + 2 * move) - loss(at - 2 * move)
    return float((8 * near - far) / (12 * step))


def _differences(loss: Loss, at: Floats, step: float) -> Floats:
    return np.array([_partial(loss, place, step, at) for place in range(len(at))])
