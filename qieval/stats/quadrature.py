"""Marginal likelihood of logistic and log-linear models with a random cluster intercept.

The intercept of each cluster is integrated out by adaptive Gauss–Hermite quadrature: nodes centred at the
mode of the cluster's integrand and scaled by its curvature there; one node is Laplace's approximation. Value
and gradient are those of the approximation itself, so modes and scales move with the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from qieval.errors import DesignError
from qieval.stats.columns import Codes, Floats

NEWTON_STEPS = 200
LONGEST_STEP = 3.0
CLOSE = 1e-11
MOST_LOG_RATE = 300.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patterns:
    """Rows merged where cluster, design and offset are the same, clusters one after the other.

    Attributes
    ----------
    design : array (m, p)
        Design columns, the intercept among them.
    offset : array (m,)
        Logarithm of the exposure of one row.
    total, count : array (m,)
        Sum of the outcomes of the rows merged, and their number.
    start, width : array (K,)
        First pattern of each cluster, and how many it has.
    logit : bool
        Logistic model of 0/1 outcomes; otherwise log-linear model of counts.
    """

    design: Floats
    offset: Floats
    total: Floats
    count: Floats
    start: Codes
    width: Codes
    logit: bool

    @classmethod
    def of_rows(
        cls, outcome: Floats, design: Floats, offset: Floats, codes: Codes, *, logit: bool
    ) -> Patterns:
        """Merge rows; every cluster numbered in `codes` has one."""
        keys = codes.astype(np.int64)
        for column in [*design.T, offset]:
            part, found = pd.factorize(column)
            keys = pd.factorize(keys * len(found) + part)[0]
        first = np.empty(keys.max() + 1, dtype=np.intp)
        first[keys[::-1]] = np.arange(len(keys))[::-1]
        order = np.argsort(codes[first], kind="stable")
        kept = first[order]
        width = np.bincount(codes[kept])
        return cls(
            design=design[kept],
            offset=offset[kept],
            total=np.asarray(np.bincount(keys, weights=outcome)[order], dtype=np.float64),
            count=np.bincount(keys)[order].astype(np.float64),
            start=np.cumsum(width) - width,
            width=width,
            logit=logit,
        )

    def over(self, values: Floats) -> Floats:
        """Sum pattern values over each cluster (K,)."""
        return np.asarray(np.add.reduceat(values, self.start))

    def spread(self, values: Floats) -> Floats:
        """Give each pattern (m,) its cluster's value."""
        return np.repeat(values, self.width)

    def rate(self, linear: Floats) -> Floats:
        """Odds or rate (m,)."""
        return np.asarray(np.exp(np.minimum(linear, MOST_LOG_RATE)))

    def mean(self, rate: Floats) -> Floats:
        """Expected outcome of a row (m,)."""
        return rate / (1 + rate) if self.logit else rate

    def moved(self, mean: Floats, factor: Floats) -> tuple[Floats, Floats]:
        """Expected outcome (m,), and growth of its cumulant, once odds or rates grow by `factor` times."""
        grown = mean * factor
        return ((mean + grown) / (1 + grown), np.log1p(grown)) if self.logit else (mean + grown, grown)

    def weights(self, mean: Floats) -> Floats:
        """Variance of each pattern's total (m,): the second derivative of its cumulant."""
        return self.count * mean * (1 - mean) if self.logit else self.count * mean


class Marginal:
    """The marginal log-likelihood in (coefficients, standard deviation of the intercepts).

    Parameters
    ----------
    patterns : Patterns
        The data.
    points : int
        Quadrature nodes.
    """

    def __init__(self, patterns: Patterns, *, points: int) -> None:
        self.patterns = patterns
        self.nodes, weights = np.polynomial.hermite_e.hermegauss(points)
        self.log_weights = np.log(weights) + self.nodes**2 / 2 - np.log(2 * np.pi) / 2
        self.modes = np.zeros(len(patterns.start))

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Value and gradient (p + 1,)."""
        data = self.patterns
        fixed = data.design @ theta[:-1] + data.offset
        value, rows, by_sd = self.parts(fixed, np.full(len(data.start), theta[-1]))
        return float(value.sum()), np.append(data.design.T @ rows, by_sd.sum())

    def parts(self, fixed: Floats, sd: Floats) -> tuple[Floats, Floats, Floats]:
        """Give each cluster's part of the value.

        Parameters
        ----------
        fixed : array (m,)
            Linear predictor of each pattern without its cluster's intercept.
        sd : array (K,)
            Standard deviation of each cluster's intercept.

        Returns
        -------
        value : array (K,)
            Log-likelihood of each cluster.
        rows : array (m,)
            Its derivative in `fixed`.
        by_sd : array (K,)
            Its derivative in `sd`.
        """
        data = self.patterns
        mode, mean = self._find_modes(fixed, sd)
        weight = data.weights(mean)
        third = weight * (1 - 2 * mean) if data.logit else weight
        curve, skew = data.over(weight), data.over(third)
        sharp = 1 + sd**2 * curve
        scale = 1 / np.sqrt(sharp)
        places = mode + self.nodes[:, None] * scale
        totals = data.over(data.total)
        scores, means = np.empty_like(places), []
        heights = self.log_weights[:, None] - places**2 / 2 + sd * (places - mode) * totals
        for node, factor in enumerate(np.expm1(np.minimum(sd * (places - mode), MOST_LOG_RATE))):
            here, growth = data.moved(mean, data.spread(factor))
            means.append(data.count * here)
            scores[node] = totals - data.over(means[-1])
            heights[node] -= data.over(data.count * growth)
        value = special.logsumexp(heights, axis=0)
        share = np.exp(heights - value)
        linear = fixed + data.spread(sd * mode)
        least = np.log1p(data.rate(linear)) if data.logit else mean
        value += data.over(data.total * linear - data.count * least)
        slopes = share * (sd * scores - places)
        pull = slopes.sum(axis=0)
        # how the log scale answers the curvature, and the mode the standard deviation
        tilt = -(1 + scale * (self.nodes @ slopes)) / (2 * sharp)
        drift = (totals - data.over(data.count * mean) - sd * mode * curve) / sharp
        rows = data.total + data.spread(tilt * sd**2) * third
        rows -= data.spread((pull + tilt * sd**3 * skew) * sd / sharp) * weight
        for part, here in zip(share, means, strict=True):
            rows -= data.spread(part) * here
        by_sd = tilt * (2 * sd * curve + sd**2 * skew * (mode + sd * drift)) + pull * drift
        by_sd += (share * places * scores).sum(axis=0)
        return value + np.log(scale), rows, by_sd

    def _find_modes(self, fixed: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """Modes (K,) of the clusters' integrands by Newton steps of bounded length, and the means there."""
        data, mode = self.patterns, self.modes
        longest = LONGEST_STEP / np.maximum(np.abs(sd), CLOSE)
        totals = data.over(data.total)
        for _ in range(NEWTON_STEPS):
            mean = data.mean(data.rate(fixed + data.spread(sd * mode)))
            slope = sd * (totals - data.over(data.count * mean)) - mode
            step = slope / (1 + sd**2 * data.over(data.weights(mean)))
            if np.abs(step).max() < CLOSE:
                self.modes = mode
                return mode, mean
            mode = mode + np.clip(step, -longest, longest)
        raise DesignError("The clusters' intercepts have no maximum; the model does not fit these data.")
