"""Regression of one series whose neighbouring errors are alike: AR(1) by REML, or Newey–West."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from qieval.errors import DesignError
from qieval.stats.columns import Floats

STRONGEST = 0.999  # a correlation of 1 between neighbours would leave no information
GRID = np.linspace(-STRONGEST, STRONGEST, 41)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SerialFit:
    """Coefficients of a series' regression and their covariance.

    Attributes
    ----------
    coefficients : array (p,)
        In the unit of the series.
    covariance : array (p, p)
        Of the coefficients.
    df : int
        Periods less coefficients.
    rho : float
        Correlation of errors one period apart; NaN for Newey–West.
    """

    coefficients: Floats
    covariance: Floats
    df: int
    rho: float

    def contrast(self, weights: Floats) -> tuple[float, float]:
        """Give a linear combination of the coefficients and its standard error."""
        variance = float(weights @ self.covariance @ weights)
        return float(weights @ self.coefficients), math.sqrt(max(variance, 0.0))


def fit_ar1(value: Floats, design: Floats, time: Floats) -> SerialFit:
    """Fit by generalised least squares with AR(1) errors, the correlation estimated by REML.

    Parameters
    ----------
    value : array (n,)
        The series, without missing values.
    design : array (n, p)
        Of full rank.
    time : array (n,)
        Whole numbers, increasing; errors d periods apart have the correlation ``rho ** d``, so a missing
        period is a longer step and not a neighbour.

    Raises
    ------
    DesignError
        If the design leaves no degree of freedom, is singular, or fits the series exactly.

    Notes
    -----
    As R's ``nlme::gls(..., correlation = corAR1(form = ~time))`` with ``method = "REML"`` (Pinheiro & Bates
    2000, *Mixed-Effects Models in S and S-PLUS*, section 5.3, doi 10.1007/b98882).
    """
    _check(value, design)
    step = np.diff(time)
    found = min(GRID, key=lambda rho: _criterion(value, design, step, float(rho)))
    width = float(GRID[1] - GRID[0])
    best = optimize.minimize_scalar(
        lambda rho: _criterion(value, design, step, rho),
        bounds=(max(found - width, -STRONGEST), min(found + width, STRONGEST)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    coefficients, inverse, rss, _ = _solved(value, design, step, float(best.x))
    df = len(value) - design.shape[1]
    return SerialFit(coefficients=coefficients, covariance=rss / df * inverse, df=df, rho=float(best.x))


def fit_newey_west(value: Floats, design: Floats, *, lag: int) -> SerialFit:
    """Fit by ordinary least squares with errors that hold under correlation up to `lag` rows apart.

    Bartlett weights and the factor ``n / (n - p)`` (Newey & West 1987, doi 10.2307/1913610); as R's
    ``sandwich::NeweyWest(lag=, prewhite=FALSE, adjust=TRUE)``. Rows are taken as neighbours even where a
    period between them is missing. Not for short series: its errors are too small there.
    """
    from statsmodels.regression.linear_model import OLS

    _check(value, design)
    fitted = OLS(value, design).fit(cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": True})
    return SerialFit(
        coefficients=np.asarray(fitted.params, dtype=np.float64),
        covariance=np.asarray(fitted.cov_params(), dtype=np.float64),
        df=len(value) - design.shape[1],
        rho=math.nan,
    )


def _check(value: Floats, design: Floats) -> None:
    n, p = design.shape
    if n <= p:
        raise DesignError(f"{n} periods and {p} terms leave nothing to tell the error from.")
    if np.linalg.matrix_rank(design / np.maximum(np.abs(design).max(axis=0), 1e-300)) < p:
        raise DesignError("The terms of the series (level, slope, season, events) cannot be told apart.")
    coefficients = np.linalg.lstsq(design, value, rcond=None)[0]
    scale = float(np.abs(value).max()) or 1.0
    if np.abs(value - design @ coefficients).max() <= 1e-10 * scale:
        raise DesignError(
            "The series does not vary about its fitted course; there is no error to test against."
        )


def _criterion(value: Floats, design: Floats, step: Floats, rho: float) -> float:
    """Minus twice the profiled restricted log-likelihood, but for a constant."""
    _, inverse, rss, log_variance = _solved(value, design, step, rho)
    spare = len(value) - design.shape[1]
    return float(spare * math.log(rss) + log_variance - np.linalg.slogdet(inverse)[1])


def _solved(value: Floats, design: Floats, step: Floats, rho: float) -> tuple[Floats, Floats, float, float]:
    """Whiten step by step, then least squares: coefficients, inverse information, RSS, log determinant."""
    carried = np.sign(rho) ** step * abs(rho) ** step
    variance = 1 - carried**2
    root = np.sqrt(variance)
    y = np.concatenate([value[:1], (value[1:] - carried * value[:-1]) / root])
    x = np.vstack([design[:1], (design[1:] - carried[:, None] * design[:-1]) / root[:, None]])
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ (x.T @ y)
    residual = y - x @ coefficients
    return coefficients, inverse, float(residual @ residual), float(np.log(variance).sum())
