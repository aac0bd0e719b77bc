"""Expected values of an outcome from covariates: least squares, logistic and log-linear regression."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import special

from qieval.errors import DesignError
from qieval.stats.columns import Floats

Family = Literal["gaussian", "binomial", "poisson"]
STEPS = 50


def expected(outcome: Floats, columns: Floats, *, family: Family, exposure: Floats) -> Floats:
    """Fit the outcome on an intercept and the columns, and give the fitted values (n,).

    Parameters
    ----------
    outcome : array (n,)
        Numbers, 0/1, or counts.
    columns : array (n, q)
        Design columns without the intercept; linearly dependent ones do no harm to fitted values.
    family : {"gaussian", "binomial", "poisson"}
        Identity, logit or log link.
    exposure : array (n,)
        Person-time of counts (its logarithm is the offset); read for ``"poisson"`` only.

    Raises
    ------
    DesignError
        If the likelihood has no maximum, as when a covariate separates the outcome.
    """
    spread = columns.std(axis=0)
    spread[spread == 0] = 1.0
    design = np.column_stack([np.ones(len(outcome)), (columns - columns.mean(axis=0)) / spread])
    if family == "gaussian":
        return np.asarray(design @ np.linalg.lstsq(design, outcome, rcond=None)[0])
    if family == "binomial":
        return _scoring(outcome, design, np.zeros(len(outcome)), logit=True)
    if (exposure <= 0).any():
        raise DesignError("A count with an exposure of zero cannot be adjusted for covariates.")
    return _scoring(outcome, design, np.log(exposure), logit=False)


def _scoring(outcome: Floats, design: Floats, offset: Floats, *, logit: bool) -> Floats:
    """Fisher scoring from the overall rate."""
    beta = np.zeros(design.shape[1])
    overall = outcome.sum() / (len(outcome) if logit else np.exp(offset).sum())
    if overall <= 0 or (logit and overall >= 1):
        raise DesignError("The outcome takes a single value; nothing can be adjusted for.")
    beta[0] = special.logit(overall) if logit else np.log(overall)

    def mean_of(beta: Floats) -> Floats:
        linear = design @ beta + offset
        return np.asarray(special.expit(linear) if logit else np.exp(linear))

    for _ in range(STEPS):
        mean = mean_of(beta)
        weight = mean * (1 - mean) if logit else mean
        information = design.T @ (weight[:, None] * design)
        step = np.linalg.lstsq(information, design.T @ (outcome - mean), rcond=1e-12)[0]
        beta = beta + step
        if np.abs(design @ step).max() < 1e-10:
            return mean_of(beta)
        if np.abs(design @ beta).max() > 500:
            break
    raise DesignError(
        "The covariates separate the outcome, so the adjustment has no solution; use fewer covariates."
    )
