"""Mixed models of odds or rates whose only column is the arm, for all replicates at once.

A cluster's events and size are all that such a model reads, so R trials of K clusters are R x K patterns, and
Newton's method goes up all their likelihoods side by side. For simulations: a test holds it to
`qieval.trial.glmm` on rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from qieval.stats.columns import Floats
from qieval.stats.generalised_mixed import NO_GAIN
from qieval.stats.quadrature import Marginal, Patterns
from qieval.trial.replicates import Draws, Effects

POINTS, CHUNK = 7, 500
ROUNDS, HALVINGS, LONGEST = 100, 30, 3.0
SETTLED, NOISE, FIRM, STEP = 1e-13, 1e-13, 1e-10, 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Likelihoods:
    """The marginal likelihoods of R trials in (level, standardised arm, standard deviation): theta (R, 3)."""

    draws: Draws
    column: Floats  # (R, K): the arm in standard units over the people of its trial
    marginal: Marginal

    @classmethod
    def of(cls, draws: Draws) -> _Likelihoods:
        share = (draws.size @ draws.arm / draws.size.sum(axis=1))[:, None]
        column = (draws.arm - share) / np.sqrt(share * (1 - share))
        places = np.arange(draws.size.size)
        patterns = Patterns(
            design=np.empty((len(places), 0)),
            offset=np.zeros(len(places)),
            total=draws.total.ravel(),
            count=draws.size.ravel(),
            start=places,
            width=np.ones_like(places),
            logit=draws.family == "binomial",
        )
        return cls(draws=draws, column=column, marginal=Marginal(patterns, points=POINTS))

    def __call__(self, theta: Floats) -> tuple[Floats, Floats]:
        """Values (R,) and gradients (R, 3)."""
        fixed = theta[:, :1] + theta[:, 1:2] * self.column
        sd = np.repeat(theta[:, 2], fixed.shape[1])
        parts = self.marginal.parts(fixed.ravel(), sd)
        value, rows, by_sd = (part.reshape(fixed.shape) for part in parts)
        gradient = rows.sum(axis=1), (rows * self.column).sum(axis=1), by_sd.sum(axis=1)
        return value.sum(axis=1), np.column_stack(gradient)

    def information(self, theta: Floats, gradient: Floats | None = None) -> Floats:
        """Observed information (R, 3, 3) by central differences of the gradient over `STEP`.

        Where the gradient there is given, by differences to one side, at half the price.
        """
        slopes = []
        for step in STEP * np.eye(3):
            ahead = self(theta + step)[1]
            slopes.append((2 * gradient - ahead if gradient is not None else self(theta - step)[1]) - ahead)
        found = np.stack(slopes, axis=1) / (2 * STEP)
        return np.asarray((found + found.transpose(0, 2, 1)) / 2)

    def alone(self) -> Floats:
        """Where they are highest without intercepts: each arm's own mean."""
        draws = self.draws
        inside = np.column_stack([1 - draws.arm, draws.arm])
        means = draws.total @ inside / (draws.size @ inside)
        linear = special.logit(means) if draws.family == "binomial" else np.log(means)
        share = draws.size @ draws.arm / draws.size.sum(axis=1)
        slope = (linear[:, 1] - linear[:, 0]) * np.sqrt(share * (1 - share))
        level = linear[:, 0] + (linear[:, 1] - linear[:, 0]) * share
        return np.column_stack([level, slope, np.zeros(len(level))])

    def start(self, alone: Floats) -> Floats:
        """The same with a first guess at the standard deviation."""
        draws, mean = self.draws, np.exp(alone[:, :1] + alone[:, 1:2] * self.column)
        mean = mean / (1 + mean) if draws.family == "binomial" else mean
        weight = draws.size * (mean * (1 - mean) if draws.family == "binomial" else mean)
        excess = ((draws.total - draws.size * mean) ** 2 - weight).sum(axis=1) / (weight**2).sum(axis=1)
        return np.column_stack([alone[:, :2], np.sqrt(np.maximum(excess, 0.01))])


def _ascend(draws: Draws, theta: Floats) -> Floats:
    """Newton's method with halved steps (R, 3), on ever fewer trials; NaN where it does not settle."""
    found, places = np.full_like(theta, math.nan), np.arange(len(theta))
    likelihoods = _Likelihoods.of(draws)
    value, gradient = likelihoods(theta)
    for _ in range(ROUNDS):
        values, vectors = np.linalg.eigh(likelihoods.information(theta, gradient))
        along = np.einsum("rij,ri->rj", vectors, gradient)
        # where it curves the wrong way, or hardly, the step still goes uphill
        firm = np.maximum(np.abs(values), FIRM * np.abs(values).max(axis=1, keepdims=True))
        move = np.einsum("rij,rj->ri", vectors, along / firm)
        move /= np.maximum(1, np.abs(move).max(axis=1, keepdims=True) / LONGEST)
        for _ in range(HALVINGS):
            ahead, slope = likelihoods(theta + move)
            worse = ahead < value - NOISE * np.abs(value)
            if not worse.any():
                break
            move[worse] /= 2
        theta, value, gradient = theta + move, ahead, slope
        settled = (along**2 / firm).sum(axis=1) < SETTLED
        found[places[settled]] = theta[settled]
        places, theta, value, gradient = (part[~settled] for part in (places, theta, value, gradient))
        if not len(places):
            break
        likelihoods = _Likelihoods.of(draws.chosen(places))
    return found


@np.errstate(all="ignore")
def generalised(draws: Draws) -> Effects:
    """Log odds or log rate ratio by maximum likelihood with 7 nodes, and t on clusters - 2.

    A trial whose search does not settle counts as refused.
    """
    inside = np.column_stack([1 - draws.arm, draws.arm])
    events, people = draws.total @ inside, draws.size @ inside
    known = np.asarray((events > 0).all(axis=1))
    if draws.family == "binomial":
        apart = (draws.total == 0) | (draws.total == draws.size)
        known &= (events < people).all(axis=1) & ~apart.all(axis=1)
    effect, variance = np.full((2, len(known)), math.nan)
    places = np.flatnonzero(known)
    for start in range(0, len(places), CHUNK):
        chosen = places[start : start + CHUNK]
        effect[chosen], variance[chosen] = _fitted(draws.chosen(chosen))
    return Effects(estimate=effect, variance=variance, df=np.full(len(known), len(draws.arm) - 2.0))


def _fitted(draws: Draws) -> tuple[Floats, Floats]:
    """Estimates and variances (R,) of trials whose arms are not separated."""
    likelihoods = _Likelihoods.of(draws)
    alone = likelihoods.alone()
    theta = _ascend(draws, likelihoods.start(alone))
    none = likelihoods(theta)[0] - likelihoods(alone)[0] < NO_GAIN
    theta = np.where(none[:, None], alone, theta)
    information = likelihoods.information(theta)
    covariance = np.linalg.pinv(information, hermitian=True)[:, :2, :2]
    covariance[none] = np.linalg.inv(information[none][:, :2, :2])
    clear = np.diagonal(covariance, axis1=1, axis2=2).min(axis=1) > 0
    share = draws.size @ draws.arm / draws.size.sum(axis=1)
    spread = np.sqrt(share * (1 - share))
    return theta[:, 1] / spread, np.where(clear, covariance[:, 1, 1] / spread**2, math.nan)
