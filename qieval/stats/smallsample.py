"""Standard errors and degrees of freedom of a mixed model that hold with few clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qieval.errors import DesignError
from qieval.stats.columns import Floats
from qieval.stats.likelihood import Profile, Weights
from qieval.stats.mixed import Pooled

FLAT = 1e-20
DfMethod = Literal["kenward-roger", "satterthwaite", "between"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coefficients:
    """Coefficients of a mixed model with standard errors and degrees of freedom.

    Attributes
    ----------
    estimate, se : array (p,)
        In the outcome's unit (per unit of the column), in the order of the design columns or contrasts.
    df : array (p,)
        Degrees of freedom of each one's t.
    """

    estimate: Floats
    se: Floats
    df: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Derivatives:
    """Derivatives of the information in the L + 1 variances (within, then each level), i and j.

    With V the covariance, V_i its derivative in variance i, and Z the design columns and, last, the residual,
    `first[i]` is Z'V⁻¹V_iV⁻¹Z, `second[i, j]` is Z'V⁻¹V_iV⁻¹V_jV⁻¹Z; `covariance` is Phi = (X'V⁻¹X)⁻¹,
    `trace[i, j]` the trace of V⁻¹V_iV⁻¹V_j and `expected[i, j]` that of PV_iPV_j with
    P = V⁻¹ - V⁻¹X Phi X'V⁻¹ (twice the expected information).
    """

    covariance: Floats
    first: Floats
    second: Floats
    trace: Floats
    expected: Floats


def coefficients(pooled: Pooled, fit: Profile, *, df: DfMethod, rows: Floats | None = None) -> Coefficients:
    """Give each coefficient, or each contrast `rows` (m, p) of them, its standard error and df."""
    weights = np.eye(len(pooled.names)) if rows is None else rows
    covariance = fit.sigma2 * fit.inverse
    shift = weights @ pooled.transform / pooled.outcome_scale
    if df == "kenward-roger":
        covariance, freedom = kenward_roger(pooled, fit, shift)
    elif df == "satterthwaite":
        freedom = satterthwaite(pooled, fit, shift)
    else:
        freedom = between_within(pooled, weights)
    variance = np.einsum("ij,jk,ik->i", shift, covariance, shift)
    return Coefficients(
        estimate=weights @ (pooled.transform @ fit.coefficients + pooled.offset),
        se=np.sqrt(variance) * pooled.outcome_scale,
        df=freedom,
    )


def _derivatives(pooled: Pooled, fit: Profile) -> _Derivatives:
    weights, sigma2 = Weights.of(pooled, fit.theta), fit.sigma2
    to_residual = np.column_stack([np.eye(len(pooled.names) + 1)[:, :-1], np.append(-fit.coefficients, 1.0)])
    products = to_residual.T @ pooled.within @ to_residual
    sums = weights.upwards(weights.solve(np.column_stack([pooled.table[:, :-1], fit.residual])))
    # V_i V⁻¹ Z as means of the finest clusters; for the variance within there is a part within them too
    spread = [sums[0] / pooled.size[:, None], sums[0]]
    if pooled.nesting is not None:
        spread.append(sums[1][pooled.nesting.owner])
    first = np.array([products + sums[0].T @ spread[0], *(part.T @ part for part in sums)])
    solved = [weights.solve(part) for part in spread]
    second = np.array([[one.T @ other for other in solved] for one in spread])
    second[0, 0] += products
    trace = weights.traces()
    trace[0, 0] += pooled.n - len(pooled.size)
    first, second, trace, phi = first / sigma2**2, second / sigma2**3, trace / sigma2**2, sigma2 * fit.inverse
    ahead = phi @ first[:, :-1, :-1]
    return _Derivatives(
        covariance=phi,
        first=first,
        second=second,
        trace=trace,
        expected=trace
        - 2 * np.einsum("ab,ijab->ij", phi, second[:, :, :-1, :-1])
        + np.einsum("iab,jba->ij", ahead, ahead),
    )


def _freedom(parts: _Derivatives, shift: Floats, weight: NDArray[Any], kept: NDArray[Any]) -> Floats:
    """``2 (l'Phi l)^2 / (g'Wg)``, ``g_i = l'Phi P_i Phi l``, W the covariance of the variances `kept`."""
    phi = parts.covariance
    spread = np.einsum("ij,jk,ik->i", shift, phi, shift)
    slopes = np.einsum("ij,ajk,ik->ia", shift, phi @ parts.first[kept, :-1, :-1] @ phi, shift)
    freedom: Floats = 2 * spread**2 / np.einsum("ia,ab,ib->i", slopes, weight, slopes)
    return freedom


def kenward_roger(pooled: Pooled, fit: Profile, shift: Floats) -> tuple[Floats, Floats]:
    """Adjusted covariance (p, p) and df (m,) of contrasts `shift` (m, p) after Kenward & Roger.

    All on standardised columns. ``Phi_A = Phi + 2 Phi [sum_ij W_ij (Q_ij - P_i Phi P_j)] Phi`` and, for one
    contrast, ``df = 2 (l'Phi l)^2 / (g'W g)`` with ``g_i = l'Phi P_i Phi l`` and W from the expected REML
    information, which stays finite where a variance between clusters is zero.

    References
    ----------
    Kenward & Roger 1997, Biometrics 53:983, doi 10.2307/2533558.
    """
    parts = _derivatives(pooled, fit)
    phi, first, second = parts.covariance, parts.first[:, :-1, :-1], parts.second[:, :, :-1, :-1]
    weight = 2 * np.linalg.inv(parts.expected)
    crossed = first[:, None] @ phi @ first[None, :]
    change = np.einsum("ij,ijab->ab", weight, second - crossed)
    kept = np.arange(len(first))
    return phi + 2 * phi @ change @ phi, _freedom(parts, shift, weight, kept)


def satterthwaite(pooled: Pooled, fit: Profile, shift: Floats) -> Floats:
    """Degrees of freedom (m,) after Satterthwaite, from the observed information, as R's lmerTest gives them.

    The observed REML information is ``r'V⁻¹V_i P V_jV⁻¹r - tr(PV_iPV_j) / 2`` (under the full likelihood V⁻¹
    stands for P in the trace). A variance that was estimated as zero takes no part; where that between
    clusters is, the degrees of freedom jump to about rows less coefficients: a trap with few clusters (use
    Kenward–Roger there).

    References
    ----------
    Fai & Cornelius 1996, J Stat Comput Simul 54:363, doi 10.1080/00949659608811740; Kuznetsova, Brockhoff &
    Christensen 2017, J Stat Softw 82(13), doi 10.18637/jss.v082.i13.
    """
    parts = _derivatives(pooled, fit)
    lean = parts.first[:, :-1, -1]
    halved = (parts.trace if fit.ml else parts.expected) / 2
    observed = parts.second[:, :, -1, -1] - lean @ parts.covariance @ lean.T - halved
    kept = np.flatnonzero(fit.variances > 0)
    return _freedom(parts, shift, np.linalg.inv(observed[np.ix_(kept, kept)]), kept)


def between_within(pooled: Pooled, weights: Floats) -> Floats:
    """Degrees of freedom (m,): clusters less the terms between them, at the level where a term varies.

    A contrast of several coefficients has those of the one with the fewest.

    References
    ----------
    Schluchter & Elashoff 1990, J Stat Comput Simul 37:69, doi 10.1080/00949659008811295.
    """
    at = np.where(np.diag(pooled.within)[:-1] <= FLAT * pooled.n, 1, 0)
    if pooled.nesting is not None:
        first = pooled.table[pooled.nesting.first, :-1][pooled.nesting.owner]
        at += (np.abs(pooled.table[:, :-1] - first).max(axis=0) <= FLAT) & (at == 1)
    counts = [pooled.n, *pooled.clusters, 0]
    freedom = np.array(
        [counts[place] - counts[place + 1] - int((at == place).sum()) for place in range(len(counts) - 1)],
        dtype=np.float64,
    )
    if freedom[1:].min() < 1:
        raise DesignError(
            f"{pooled.clusters[-1]} clusters and {int((at == at.max()).sum())} cluster-level terms leave no "
            "degrees of freedom."
        )
    return np.array([freedom[at[row != 0]].min() for row in weights])
