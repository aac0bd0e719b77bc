"""What a mixed model on odds or rates says of the risk or rate of everybody in either arm."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from qieval.results import Estimate
from qieval.stats.columns import Floats
from qieval.stats.inference import exponentiated
from qieval.stats.quadrature import Patterns

POINTS = 20


def standardise(
    patterns: Patterns, theta: Floats, covariance: Floats, *, make: Callable[..., Estimate]
) -> tuple[Estimate, Estimate]:
    """Give the standardised difference and ratio of risks or rates.

    Every participant (unit of exposure) is put into either arm with the covariates as they are, clusters are
    integrated out, and the two averages are compared (g-computation; standard errors by the delta method).

    Parameters
    ----------
    patterns : Patterns
        Rows of the model, the arm in the second design column.
    theta : array (p + 1,)
        Coefficients, and the standard deviation of cluster intercepts.
    covariance : array (p + 1, p + 1)
        Of those.
    make : callable
        Completes an estimate: ``make(method=, estimate=, se=, unit=)``.
    """
    low, high = patterns.design[:, 1].min(), patterns.design[:, 1].max()
    (control, slope), (treated, steeper) = (_average(patterns, theta, at) for at in (low, high))

    def error(gradient: Floats) -> float:
        return math.sqrt(float(gradient @ covariance @ gradient))

    difference = make(
        method="glmm-difference", estimate=treated - control, se=error(steeper - slope), unit=""
    )
    log = make(method="", estimate=math.log(treated / control), se=error(steeper / treated - slope / control))
    return difference, exponentiated(log, method="glmm-risk-ratio")


def _average(patterns: Patterns, theta: Floats, arm: float) -> tuple[float, Floats]:
    """Risk or rate if everybody were in one arm, and its gradient (p + 1,) in `theta`."""
    design = patterns.design.copy()
    design[:, 1] = arm
    linear, spread = design @ theta[:-1], theta[-1]
    share = patterns.count * (1.0 if patterns.logit else np.exp(patterns.offset))
    share = share / share.sum()
    value, gradient = 0.0, np.zeros(len(theta))
    places, weights = np.polynomial.hermite_e.hermegauss(POINTS)
    for place, weight in zip(places, weights / weights.sum(), strict=True):
        mean = special.expit(linear + spread * place) if patterns.logit else np.exp(linear + spread * place)
        rise = weight * share * (mean * (1 - mean) if patterns.logit else mean)
        value += float(weight * share @ mean)
        gradient += np.append(rise @ design, place * rise.sum())
    return value, gradient
