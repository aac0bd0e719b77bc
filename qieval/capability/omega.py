"""How far a sum of items measures one factor: McDonald's omega."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from qieval.capability.reliability import complete_rows
from qieval.errors import ArgumentError
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats

HEYWOOD = 1e-4  # a standardised uniqueness below this is at its boundary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Omega:
    """Omega of a set of items under one common factor.

    Attributes
    ----------
    omega : Estimate
        Share of the sum's variance, as the model implies it, that the factor explains; n is the number of
        complete rows. Without interval.
    by_observed : float
        The same with the observed variance of the sum below the line; far from `omega` if one factor fits
        badly.
    loadings, uniqueness : array (k,)
        On the answer scale and its square.
    n_incomplete : int
        Rows left out because an answer is missing.
    """

    omega: Estimate
    by_observed: float
    loadings: Floats
    uniqueness: Floats
    n_incomplete: int

    def tidy(self) -> pd.DataFrame:
        """One row."""
        return tidy([self.omega])


def omega(items: pd.DataFrame | ArrayLike, *, term: str = "omega") -> Omega:
    """Omega of one factor fitted by maximum likelihood, over the rows that answer every item.

    Unlike alpha it does not take for granted that all items load alike. It takes for granted that there is
    one factor: read the loadings.

    Parameters
    ----------
    items : (n, k) DataFrame or array-like
        Answers, a column per item, k at least 3, already reversed where due.
    term : str
        What it is the omega of.

    Returns
    -------
    Omega
        Absent, with the reason in its notes, where an item does not vary or there are too few rows; marked
        where an item's uniqueness is zero.

    Notes
    -----
    ``(sum l)^2 / ((sum l)^2 + sum u)`` with loadings l and uniquenesses u (McDonald 1999, *Test Theory*,
    chapter 6), as lavaan fits them.
    """
    _, complete, incomplete = complete_rows(items)
    n, k = complete.shape
    if k < 3:
        raise ArgumentError(f"`omega` needs at least three items; there are {k}.")
    absent = _absent(complete)
    loadings, uniqueness = (np.full(k, np.nan),) * 2 if absent else _fit(np.cov(complete, rowvar=False))
    common = float(loadings.sum() ** 2)
    spread = np.nan if absent else complete.var(axis=0, ddof=1)
    bounded = not absent and bool((uniqueness / spread < HEYWOOD).any())
    notes = [absent] if absent else []
    notes += ["An item's uniqueness is zero: one factor does not fit these answers."] if bounded else []
    return Omega(
        omega=Estimate(
            term=term,
            method="omega-one-factor",
            estimate=common / (common + float(uniqueness.sum())),
            n=n,
            unit="proportion",
            notes=tuple(notes),
        ),
        by_observed=math.nan if absent else common / float(complete.sum(axis=1).var(ddof=1)),
        loadings=loadings,
        uniqueness=uniqueness,
        n_incomplete=incomplete,
    )


def _absent(complete: Floats) -> str:
    n, k = complete.shape
    if n <= k:
        return f"{n} complete rows are too few for {k} items."
    return "An item does not vary." if (complete.std(axis=0) == 0).any() else ""


def _fit(covariance: Floats) -> tuple[Floats, Floats]:
    """Loadings and uniquenesses (k,) that minimise the ML discrepancy; loadings have a positive sum."""
    spread = np.sqrt(np.diag(covariance))
    observed = covariance / np.outer(spread, spread)
    k = len(spread)

    def discrepancy(parameters: Floats) -> tuple[float, Floats]:
        loadings, uniqueness = parameters[:k], np.exp(parameters[k:])
        implied = np.outer(loadings, loadings) + np.diag(uniqueness)
        inverse = np.linalg.inv(implied)
        slope = inverse - inverse @ observed @ inverse
        value = float(np.linalg.slogdet(implied)[1] + np.trace(inverse @ observed))
        return value, np.concatenate([2 * slope @ loadings, np.diag(slope) * uniqueness])

    values, vectors = np.linalg.eigh(observed)
    first = vectors[:, -1] * np.sqrt(values[-1] / 2)
    start = np.concatenate([first, np.log(np.clip(1 - first**2, 0.05, None))])
    bounds = [(None, None)] * k + [(math.log(HEYWOOD / 10), None)] * k
    found = minimize(discrepancy, start, jac=True, method="L-BFGS-B", bounds=bounds, tol=1e-14)
    loadings, uniqueness = found.x[:k], np.exp(found.x[k:])
    sign = 1.0 if loadings.sum() >= 0 else -1.0
    return sign * loadings * spread, uniqueness * spread**2
