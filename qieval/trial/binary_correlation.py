"""The intracluster correlation of a binary outcome, on the scale of proportions and on that of log odds."""

from __future__ import annotations

import math

import numpy as np

from qieval.errors import DesignError
from qieval.stats.generalised_mixed import Maximum, maximise, on_log_odds
from qieval.trial.groups import Groups

POINTS = 7


def latent(found: Maximum, level: float) -> tuple[float, float, float]:
    """Correlation and interval on the scale of log odds, from a fitted logistic model."""
    low, high = found.limits(level=level)
    return on_log_odds(found.between), on_log_odds(low), on_log_odds(high) if math.isfinite(high) else 1.0


def logistic(found: Groups) -> Maximum:
    """Fit the logistic mixed model with a level for each group."""
    events, people = found.total(found.outcome), found.size
    for inside in found.inside.T:
        if not 0 < inside @ events < inside @ people:
            raise DesignError("Every outcome in an arm is the same, so there is no correlation to estimate.")
    if ((events == 0) | (events == people)).all():
        raise DesignError("Every cluster has nothing but events or none, so clusters differ without bound.")
    columns = np.column_stack([found.inside[:, 1:][found.codes], found.rows])
    titles = [f"column {place}" for place in range(columns.shape[1])]
    ones = np.ones(len(found.outcome))
    return maximise(
        found.outcome, columns, titles=titles, codes=found.codes, exposure=ones, logit=True, points=POINTS
    )


def fleiss_cuzick(found: Groups) -> tuple[float, float]:
    """Correlation and Zou and Donner's standard error, variances added over the groups; NaN where none."""
    inside, size, events = found.inside, found.size, found.total(found.outcome)
    n, clusters = size @ inside, inside.sum(axis=0)
    share = events @ inside / n
    odd, spare = share * (1 - share), n - clusters
    expected = spare * odd
    if expected.sum() <= 0:
        raise DesignError("The outcome does not vary within arms, so there is no correlation to estimate.")
    weight = expected / expected.sum()
    rho = 1 - float((events * (size - events) / size).sum()) / float(expected.sum())
    kept = weight > 0  # an arm in which nobody or everybody has the event says nothing
    n, clusters, odd, spare = n[kept], clusters[kept], odd[kept], spare[kept]
    inverse, squares = ((1 / size) @ inside)[kept], (size**2 @ inside)[kept]
    constant = (1 / odd - 6) * inverse / spare**2
    constant += (2 * n + 4 * clusters - clusters / odd) * clusters / (n * spare**2)
    linear = squares / (n**2 * odd) - (2 * n - clusters) / spare**2
    linear -= (3 * n - 2 * clusters) * (n - 2 * clusters) * squares / (n**2 * spare**2)
    curved = (4 - 1 / odd) * (squares - n) / n**2
    variance = (1 - rho) * (constant + linear * rho + curved * rho**2)
    total = float(weight[kept] ** 2 @ variance)
    # with single events, or clusters all alike, the formula gives nothing or less
    return rho, math.sqrt(total) if total > 1e-12 else math.nan
