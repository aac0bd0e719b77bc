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


def fleiss_cuzick(found: Groups) -> float:
    """One less what varies within clusters over what would do so in its group without correlation."""
    inside, size, events = found.inside, found.size, found.total(found.outcome)
    share = events @ inside / (size @ inside)
    expected = float(((size @ inside - inside.sum(axis=0)) * share * (1 - share)).sum())
    if expected <= 0:
        raise DesignError("The outcome does not vary within arms, so there is no correlation to estimate.")
    return 1 - float((events * (size - events) / size).sum()) / expected
