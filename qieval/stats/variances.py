"""Intervals of the variances of a mixed model, from the profile of its likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, special

from qieval.stats.columns import Floats
from qieval.stats.likelihood import Profile, profile
from qieval.stats.mixed import Pooled

FARTHEST = 1e12


def limits(pooled: Pooled, fit: Profile, *, level: float = 0.95) -> Floats:
    """Profile intervals (L + 1, 2) of the variances: within, then between the clusters of each level.

    Squared units of the outcome; zero where the data admit no variance between clusters, infinity where they
    set no upper limit. A limit is where twice the log-likelihood, highest in all else, has fallen by the
    chi-squared quantile of one degree of freedom. Of the restricted likelihood unless the fit is of the full
    one (which R's ``confint`` takes). With few clusters an interval is wide, and that is its message.
    """
    drop = float(special.chdtri(1, 1 - level))
    scale = pooled.outcome_scale**2
    rows = []
    for place, best in enumerate(fit.variances):
        over = _over(pooled, fit, place, drop)
        small = 0.0 if place else 1e-12
        low = 0.0 if best <= small or over(small) <= 0 else _root(over, small, best)
        near, far = best, 2 * max(best, 1e-3 * fit.sigma2)
        while far < FARTHEST * fit.sigma2 and over(far) < 0:
            near, far = far, 4 * far
        rows.append([low, _root(over, near, far) if far < FARTHEST * fit.sigma2 else math.inf])
    return scale * np.array(rows)


def _root(over: Callable[[float], float], one: float, other: float) -> float:
    return float(optimize.brentq(over, one, other, xtol=1e-14, rtol=1e-11))


def _over(pooled: Pooled, fit: Profile, place: int, drop: float) -> Callable[[float], float]:
    """By how much the deviance with one variance held is above the one that the interval allows."""
    floor = 1e-6 * fit.sigma2
    spare = pooled.n if fit.ml else pooled.spare
    free = [other for other in range(len(fit.variances)) if other != place]
    start = np.log(np.maximum(fit.variances[free], floor) + floor)
    highest = math.log(FARTHEST * fit.sigma2)
    bounds = [(math.log(floor * (2 if other == 0 else 1)), highest) for other in free]
    best = fit.criterion + spare * (1 - math.log(spare))

    def held(logs: Floats, value: float) -> tuple[float, Floats]:
        variances = np.empty(len(fit.variances))
        variances[place], variances[free] = value, np.maximum(np.exp(logs) - floor, 0.0)
        found, slope = deviance(pooled, variances, ml=fit.ml)
        return found, slope[free] * np.exp(logs)

    def over(value: float) -> float:
        nonlocal start
        options = {"ftol": 1e-14, "gtol": 1e-6}
        done = optimize.minimize(
            held, start, (value,), jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )
        start = done.x
        return float(done.fun) - best - drop

    return over


def deviance(pooled: Pooled, variances: Floats, *, ml: bool = False) -> tuple[float, Floats]:
    """Minus twice the log-likelihood at given variances but for a constant, and its slopes (L + 1,)."""
    sigma2, theta = float(variances[0]), variances[1:] / variances[0]
    point = profile(pooled, theta, ml=ml)
    spare = pooled.n if ml else pooled.spare
    rss = point.sigma2 * spare
    value = point.criterion + spare * math.log(sigma2 / rss) + rss / sigma2
    by_theta = point.slope + spare * point.pull / rss - point.pull / sigma2
    by_sigma = (spare - rss / sigma2 - float(by_theta @ theta)) / sigma2
    return value, np.concatenate([[by_sigma], by_theta / sigma2])
