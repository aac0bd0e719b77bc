"""Moments pooled for a linear mixed model with one random level, or two nested ones, and checked for it.

The covariance of the rows is ``sigma2 * (I + theta[0] * J + theta[1] * J')``: J joins the rows of a cluster,
or, with two levels, those of a sub-cluster (a period of a cluster, a class of a school, a respondent of a
team), and J' those of the cluster that holds it. Every sum that the fit needs is then the pooled
cross-product within the finest clusters plus weighted sums over their means, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from qieval.errors import DesignError
from qieval.stats.columns import Codes, Floats
from qieval.stats.moments import Moments

RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nesting:
    """Which of G clusters holds each of S sub-clusters, those of one cluster side by side.

    Attributes
    ----------
    owner : array (S,)
        Position of each sub-cluster's cluster.
    first : array (G,)
        Where the sub-clusters of each cluster begin.
    """

    owner: Codes
    first: Codes

    def total(self, values: Floats) -> Floats:
        """Sum values of sub-clusters (S, ...) over each cluster (G, ...)."""
        return np.asarray(np.add.reduceat(values, self.first, axis=0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pooled:
    """Moments pooled and standardised: what the likelihood reads.

    Columns are shifted by their grand means and scaled to unit variance, so that a covariate such as a
    calendar year costs no digits; `transform` brings coefficients back.

    Attributes
    ----------
    names : tuple of str
        The p design columns.
    size : array (S,)
        Rows of each cluster of the finest level.
    table : array (S, p + 1)
        Standardised means of the design columns there and, last, of the outcome.
    within : array (p + 1, p + 1)
        Cross-products of the same columns about those means, standardised and summed.
    nesting : Nesting or None
        The clusters that hold them, where there are two levels.
    transform : array (p, p)
        Coefficients on the outcome's unit are ``transform @ standardised + offset``.
    offset : array (p,)
        See `transform`.
    outcome_scale : float
        Standard deviation of the outcome, in its unit.
    """

    names: tuple[str, ...]
    size: Floats
    table: Floats
    within: Floats
    nesting: Nesting | None
    transform: Floats
    offset: Floats
    outcome_scale: float

    @property
    def n(self) -> int:
        """Rows."""
        return round(float(self.size.sum()))

    @property
    def spare(self) -> int:
        """Rows less coefficients."""
        return self.n - len(self.names)

    @property
    def clusters(self) -> tuple[int, ...]:
        """Clusters of each level, the finest first."""
        return (len(self.size),) if self.nesting is None else (len(self.size), len(self.nesting.first))

    def moving(self) -> tuple[int, ...]:
        """How many design columns vary within the clusters of each level, the finest first."""
        spans = [self.within[:-1, :-1]]
        if self.nesting is not None:
            x, total = self.table[:, :-1], self.nesting.total
            middle = total(self.size[:, None] * x) / total(self.size)[:, None]
            apart = x - middle[self.nesting.owner]
            spans.append(spans[0] + apart.T @ (self.size[:, None] * apart))
        tolerance = RANK_TOLERANCE * self.n
        return tuple(int(np.linalg.matrix_rank(span, tol=tolerance, hermitian=True)) for span in spans)


def pool(moments: Moments, *, within: Sequence[Hashable] | None = None) -> Pooled:
    """Standardise moments and check that the model can be fitted to them.

    Parameters
    ----------
    moments : Moments
        Of the finest clusters, one row each.
    within : sequence of hashable, optional
        For two levels: the cluster that holds each of them.

    Raises
    ------
    DesignError
        If the outcome does not vary, columns are linearly dependent, or a variance cannot be told.
    """
    nesting = None
    if within is not None:
        numbers: dict[Hashable, int] = {}
        owner = np.array([numbers.setdefault(each, len(numbers)) for each in within], dtype=np.intp)
        order = np.argsort(owner, kind="stable")
        first = np.searchsorted(owner[order], np.arange(len(numbers)))
        nesting = Nesting(owner=owner[order], first=first)
        parts = {name: getattr(moments, name)[order] for name in ("size", "level", "mean", "scatter")}
        moments = replace(moments, clusters=tuple(moments.clusters[place] for place in order), **parts)
    names = moments.constants + moments.covariates
    size = moments.size
    means = np.column_stack([moments.level, moments.mean])
    centre = size @ means / size.sum()
    centre[0] = 0.0
    means = means - centre
    scatter = np.zeros((means.shape[1], means.shape[1]))
    varying = len(moments.constants)
    scatter[varying:, varying:] = moments.scatter.sum(axis=0)
    spread = np.sqrt((np.diag(scatter) + size @ means**2) / size.sum())
    _refuse_constant(names, spread, centre)
    pooled = Pooled(
        names=names,
        size=size,
        table=means / spread,
        within=scatter / np.outer(spread, spread),
        nesting=nesting,
        transform=_back(centre[:-1], spread),
        offset=np.concatenate([[centre[-1]], np.zeros(len(names) - 1)]),
        outcome_scale=float(spread[-1]),
    )
    _refuse_singular(pooled)
    return pooled


def _back(centre: Floats, spread: Floats) -> Floats:
    back = np.diag(spread[-1] / spread[:-1])
    back[0, 1:] = -centre[1:] * spread[-1] / spread[1:-1]
    return back


def _refuse_constant(names: Sequence[str], spread: Floats, centre: Floats) -> None:
    flat = spread <= 1e-12 * np.abs(centre)
    if flat[-1]:
        raise DesignError("The outcome has the same value in every row; there is nothing to compare.")
    if flat.any():
        listed = ", ".join(repr(name) for name, is_flat in zip(names, flat, strict=False) if is_flat)
        raise DesignError(f"No variation in {listed}: the same value in every row.")


def _refuse_singular(pooled: Pooled) -> None:
    x = pooled.table[:, :-1]
    lost = dependent((pooled.within[:-1, :-1] + x.T @ (pooled.size[:, None] * x)) / pooled.n)
    if lost:
        listed = ", ".join(repr(pooled.names[place]) for place in lost)
        raise DesignError(f"The design is singular: {listed} cannot be told apart from the other columns.")
    terms, clusters, moving = len(pooled.names), pooled.clusters, pooled.moving()
    # what clusters, then sub-clusters, span beside the design: each must be wider than the last
    spans = [count + some for count, some in zip(clusters, moving, strict=True)]
    if spans[-1] <= terms:
        raise DesignError(
            f"{clusters[-1]} clusters and {terms - moving[-1]} terms between clusters leave nothing to tell "
            "the variation between clusters from the difference."
        )
    if len(spans) == 2 and spans[0] <= spans[1]:
        raise DesignError(
            f"{clusters[0]} sub-clusters in {clusters[1]} clusters leave nothing to tell the variation "
            "between them from that between clusters; leave the inner level out."
        )
    if pooled.n <= spans[0]:
        inner = "sub-cluster; leave the inner level out" if len(spans) == 2 else "cluster"
        raise DesignError(
            f"Variation within clusters cannot be told: there is no repeated row in any {inner}."
        )
    xx, xy = pooled.within[:-1, :-1], pooled.within[:-1, -1]
    beta = np.linalg.lstsq(xx, xy, rcond=RANK_TOLERANCE)[0]
    if pooled.within[-1, -1] - xy @ beta <= 1e-12 * pooled.n:
        raise DesignError(
            "The outcome hardly varies within clusters (zero residual variance); compare cluster means."
        )


def dependent(gram: Floats) -> list[int]:
    """Find the columns of a cross-product matrix (unit diagonal) that depend on the others."""
    triangle, order = linalg.qr(gram, mode="r", pivoting=True)
    small = np.abs(np.diag(triangle)) <= RANK_TOLERANCE * abs(triangle[0, 0])
    return sorted(int(place) for place in order[small])
