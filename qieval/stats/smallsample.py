"""Standard errors and degrees of freedom of a mixed model that hold with few clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qieval.errors import DesignError
from qieval.stats.columns import Floats
from qieval.stats.mixed import Pooled, Profile

DfMethod = Literal["kenward-roger", "satterthwaite", "between"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coefficients:
    """Coefficients of a mixed model with standard errors and degrees of freedom.

    Attributes
    ----------
    estimate, se : array (p,)
        In the outcome's unit (per unit of the column), in the order of the design columns.
    df : array (p,)
        Degrees of freedom of each coefficient's t.
    """

    estimate: Floats
    se: Floats
    df: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Derivatives:
    """Derivatives of the information in the two variances (within, between), i and j.

    With V the covariance, V_i its derivative in variance i, and Z the design columns and, last, the residual,
    `first[i]` is Z'V⁻¹V_iV⁻¹Z, `second[i, j]` is Z'V⁻¹V_iV⁻¹V_jV⁻¹Z; `covariance` is Phi = (X'V⁻¹X)⁻¹ and
    `expected[i, j]` the trace of PV_iPV_j with P = V⁻¹ - V⁻¹X Phi X'V⁻¹ (twice the expected information).
    """

    covariance: Floats
    first: Floats
    second: Floats
    expected: Floats


def coefficients(pooled: Pooled, fit: Profile, *, df: DfMethod, constants: int) -> Coefficients:
    """Give each coefficient its standard error and degrees of freedom by one of three methods.

    Parameters
    ----------
    constants : int
        How many design columns (the first ones) are constant within clusters; read by ``"between"``.
    """
    covariance = fit.sigma2 * fit.inverse
    if df == "kenward-roger":
        covariance, freedom = kenward_roger(pooled, fit)
    elif df == "satterthwaite":
        freedom = satterthwaite(pooled, fit)
    else:
        freedom = between_within(pooled, constants)
    moved = pooled.transform @ covariance @ pooled.transform.T
    return Coefficients(
        estimate=pooled.transform @ fit.coefficients + pooled.offset, se=np.sqrt(np.diag(moved)), df=freedom
    )


def _derivatives(pooled: Pooled, fit: Profile) -> _Derivatives:
    within, size = fit.sigma2, pooled.size
    along = within * (1 + size * fit.theta)
    means = np.column_stack([pooled.x, fit.residual])
    to_residual = np.column_stack([np.eye(len(pooled.names)), -fit.coefficients])
    products = to_residual.T @ pooled.within_xx @ to_residual
    products[:-1, -1] += pooled.within_xy
    products[-1, :-1] += pooled.within_xy
    products[-1, -1] += pooled.within_yy - 2 * fit.coefficients @ pooled.within_xy

    def summed(power: int, weight: Floats) -> Floats:
        return means.T @ ((weight / along**power)[:, None] * means)

    mixed, crossed = summed(3, size**2), float((size / along**2).sum())
    first = np.array([products / within**2 + summed(2, size), summed(2, size**2)])
    second = np.array([[products / within**3 + summed(3, size), mixed], [mixed, summed(3, size**3)]])
    own = float((size - 1).sum()) / within**2 + float((1 / along**2).sum())
    trace = np.array([[own, crossed], [crossed, float((size**2 / along**2).sum())]])
    phi = within * fit.inverse
    ahead = phi @ first[:, :-1, :-1]
    return _Derivatives(
        covariance=phi,
        first=first,
        second=second,
        expected=trace
        - 2 * np.einsum("ab,ijab->ij", phi, second[:, :, :-1, :-1])
        + np.einsum("iab,jba->ij", ahead, ahead),
    )


def _freedom(pooled: Pooled, parts: _Derivatives, weight: NDArray[Any]) -> Floats:
    """``2 (l'Phi l)^2 / (g'Wg)`` with ``g_i = l'Phi P_i Phi l`` and W the covariance of the two variances."""
    shift, phi = pooled.transform / pooled.outcome_scale, parts.covariance
    spread = np.einsum("ij,jk,ik->i", shift, phi, shift)
    slopes = np.einsum("ij,ajk,ik->ia", shift, phi @ parts.first[:, :-1, :-1] @ phi, shift)
    freedom: Floats = 2 * spread**2 / np.einsum("ia,ab,ib->i", slopes, weight, slopes)
    return freedom


def kenward_roger(pooled: Pooled, fit: Profile) -> tuple[Floats, Floats]:
    """Adjusted covariance (p, p; standardised columns) and degrees of freedom (p,) after Kenward & Roger.

    ``Phi_A = Phi + 2 Phi [sum_ij W_ij (Q_ij - P_i Phi P_j)] Phi`` and, for one coefficient,
    ``df = 2 (l'Phi l)^2 / (g'W g)`` with ``g_i = l'Phi P_i Phi l`` and W from the expected REML information,
    which stays finite where the between-cluster variance is zero.

    References
    ----------
    Kenward & Roger 1997, Biometrics 53:983, doi 10.2307/2533558.
    """
    parts = _derivatives(pooled, fit)
    phi, first, second = parts.covariance, parts.first[:, :-1, :-1], parts.second[:, :, :-1, :-1]
    weight = 2 * np.linalg.inv(parts.expected)
    change = np.einsum("ij,ijab->ab", weight, second - first[:, None] @ phi @ first)
    return phi + 2 * phi @ change @ phi, _freedom(pooled, parts, weight)


def satterthwaite(pooled: Pooled, fit: Profile) -> Floats:
    """Degrees of freedom (p,) after Satterthwaite, from the observed information, as R's lmerTest gives them.

    The observed REML information is ``r'V⁻¹V_i P V_jV⁻¹r - tr(PV_iPV_j) / 2``. Where the between-cluster
    variance is zero the degrees of freedom jump to rows less coefficients: a trap with few clusters (use
    Kenward–Roger there).

    References
    ----------
    Fai & Cornelius 1996, J Stat Comput Simul 54:363, doi 10.1080/00949659608811740; Kuznetsova, Brockhoff &
    Christensen 2017, J Stat Softw 82(13), doi 10.18637/jss.v082.i13.
    """
    if fit.theta == 0:
        return np.full(len(pooled.names), float(pooled.spare))
    parts = _derivatives(pooled, fit)
    lean = parts.first[:, :-1, -1]
    observed = parts.second[:, :, -1, -1] - lean @ parts.covariance @ lean.T - parts.expected / 2
    return _freedom(pooled, parts, np.linalg.inv(observed))


def between_within(pooled: Pooled, constants: int) -> Floats:
    """Degrees of freedom (p,): clusters less cluster-level terms, or what rows add for terms within clusters.

    References
    ----------
    Schluchter & Elashoff 1990, J Stat Comput Simul 37:69, doi 10.1080/00949659008811295.
    """
    clusters, terms = len(pooled.size), len(pooled.names)
    between = clusters - constants
    if between < 1:
        raise DesignError(
            f"{clusters} clusters and {constants} cluster-level terms leave no degrees of freedom."
        )
    within = pooled.n - clusters - (terms - constants)
    return np.array([float(between)] * constants + [float(within)] * (terms - constants))
