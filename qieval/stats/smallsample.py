"""Standard errors and degrees of freedom of a mixed model that hold with few clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from qieval.errors import DesignError
from qieval.stats.columns import Floats
from qieval.stats.mixed import Pooled, Profile

DfMethod = Literal["kenward-roger", "satterthwaite", "between"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coefficients:
    """Coefficients of a mixed model with standard errors and degrees of freedom.

    Attributes
    ----------
    names : tuple of str
        The p design columns.
    estimate, se : array (p,)
        In the outcome's unit (per unit of the column).
    df : array (p,)
        Degrees of freedom of each coefficient's t.
    """

    names: tuple[str, ...]
    estimate: Floats
    se: Floats
    df: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Derivatives:
    """First and second derivatives of the information in the two variances (within, between).

    With V the covariance and V_i its derivative in variance i: `first[i]` is X'V⁻¹V_iV⁻¹X, `second[i][j]` is
    X'V⁻¹V_iV⁻¹V_jV⁻¹X and `trace[i][j]` the trace of V⁻¹V_iV⁻¹V_j.
    """

    covariance: Floats
    first: list[Floats]
    second: list[list[Floats]]
    trace: Floats


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
        names=pooled.names,
        estimate=pooled.transform @ fit.coefficients + pooled.offset,
        se=np.sqrt(np.diag(moved)),
        df=freedom,
    )


def _derivatives(pooled: Pooled, fit: Profile) -> _Derivatives:
    within, size = fit.sigma2, pooled.size
    along = within * (1 + size * fit.theta)

    def mean_part(power: int, weight: Floats) -> Floats:
        return pooled.x.T @ ((weight / along**power)[:, None] * pooled.x)

    second_mixed = mean_part(3, size**2)
    spare = float((size - 1).sum())
    crossed = float((size / along**2).sum())
    return _Derivatives(
        covariance=within * fit.inverse,
        first=[pooled.within_xx / within**2 + mean_part(2, size), mean_part(2, size**2)],
        second=[
            [pooled.within_xx / within**3 + mean_part(3, size), second_mixed],
            [second_mixed, mean_part(3, size**3)],
        ],
        trace=np.array(
            [
                [spare / within**2 + float((1 / along**2).sum()), crossed],
                [crossed, float((size**2 / along**2).sum())],
            ]
        ),
    )


def _variance_of_variances(parts: _Derivatives) -> Floats:
    """Covariance (2, 2) of the two variances from the expected REML information."""
    information = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            ahead, behind = parts.covariance @ parts.first[i], parts.covariance @ parts.first[j]
            information[i, j] = (
                parts.trace[i, j]
                - 2 * np.sum(parts.covariance * parts.second[i][j])
                + np.sum(ahead * behind.T)
            )
    return np.asarray(2 * np.linalg.inv(information), dtype=np.float64)


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
    phi = parts.covariance
    weight = _variance_of_variances(parts)
    change = np.zeros_like(phi)
    for i in range(2):
        for j in range(2):
            change += weight[i, j] * (parts.second[i][j] - parts.first[i] @ phi @ parts.first[j])
    adjusted = phi + 2 * phi @ change @ phi
    shift = pooled.transform
    spread = np.einsum("ij,jk,ik->i", shift, phi, shift)
    slopes = np.array([np.einsum("ij,jk,ik->i", shift, phi @ first @ phi, shift) for first in parts.first])
    freedom = 2 * spread**2 / np.einsum("ia,ij,ja->a", slopes, weight, slopes)
    return adjusted, freedom


def satterthwaite(pooled: Pooled, fit: Profile) -> Floats:
    """Degrees of freedom (p,) after Satterthwaite, from the observed information, as R's lmerTest gives them.

    Where the between-cluster variance is zero they jump to rows less coefficients: a trap with few clusters
    (use Kenward–Roger there).

    References
    ----------
    Fai & Cornelius 1996, J Stat Comput Simul 54:363, doi 10.1080/00949659608811740; Kuznetsova, Brockhoff &
    Christensen 2017, J Stat Softw 82(13), doi 10.18637/jss.v082.i13.
    """
    if fit.theta == 0:
        return np.full(len(pooled.names), float(pooled.spare))
    weight = pooled.size / (1 + pooled.size * fit.theta)

    def weighted(power: int) -> Floats:
        return pooled.x.T @ ((weight**power)[:, None] * pooled.x)

    first, second = -weighted(2), 2 * weighted(3)
    ahead = fit.inverse @ first
    lean = pooled.x.T @ (weight**2 * fit.residual)
    rss_first = -float(weight**2 @ fit.residual**2)
    rss_second = float(2 * weight**3 @ fit.residual**2) - 2 * lean @ fit.inverse @ lean
    bend = (
        -float((weight**2).sum())
        + np.sum(fit.inverse * second)
        - np.sum(ahead * ahead.T)
        + rss_second / fit.sigma2
    )
    cross = -rss_first / fit.sigma2**2
    curvature = np.array([[bend, cross], [cross, pooled.spare / fit.sigma2**2]])
    weights = 2 * np.linalg.inv(curvature)
    shift = pooled.transform
    unit = np.einsum("ij,jk,ik->i", shift, fit.inverse, shift)
    lower = -fit.sigma2 * np.einsum("ij,jk,ik->i", shift, ahead @ fit.inverse, shift)
    slopes = np.array([lower, unit])
    freedom: Floats = 2 * (fit.sigma2 * unit) ** 2 / np.einsum("ia,ij,ja->a", slopes, weights, slopes)
    return freedom


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
