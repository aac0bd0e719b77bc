"""Per-cluster moments: all that a random-intercept model needs to know of the rows, in one pass over them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError
from qieval.stats.columns import (
    Codes,
    Floats,
    arm_codes,
    cluster_codes,
    design_columns,
    listed,
    numbers,
    require,
)

INTERCEPT = "intercept"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Sizes, means and centred cross-products of each cluster; ``a + b`` pools two sets of rows.

    Sums of squares are taken about each cluster's own means and merged by the pairwise update of Chan, Golub
    & LeVeque (1983, doi 10.1080/00031305.1983.10483115), so that no digits are lost to a large common value.

    Attributes
    ----------
    clusters : tuple
        Labels of the K clusters, each once.
    constants : tuple of str
        Names of the r design columns that are constant within a cluster; the intercept first.
    covariates : tuple of str
        Names of the q design columns that may vary within a cluster.
    size : array (K,)
        Rows per cluster.
    level : array (K, r)
        Values of the constant columns.
    mean : array (K, q + 1)
        Cluster means of the covariates and, last, the outcome; each in its own unit.
    scatter : array (K, q + 1, q + 1)
        Within-cluster sums of squares and products of the same columns about those means.
    """

    clusters: tuple[Hashable, ...]
    constants: tuple[str, ...]
    covariates: tuple[str, ...]
    size: Floats
    level: Floats
    mean: Floats
    scatter: Floats

    @classmethod
    def from_arrays(
        cls,
        *,
        outcome: Floats,
        codes: Codes,
        clusters: Sequence[Hashable],
        level: Floats,
        constants: Sequence[str],
        rows: Floats,
        covariates: Sequence[str],
    ) -> Moments:
        """Pass once over complete rows.

        Parameters
        ----------
        outcome : array (n,)
            Outcome of each row, none missing.
        codes : array (n,)
            Position of each row's cluster in `clusters`, 0 to K - 1.
        clusters, level, constants, covariates
            As the attributes; `level` without the intercept, which is added.
        rows : array (n, q)
            Covariates of each row, none missing.
        """
        size, mean, scatter = _centred(
            np.column_stack([rows, outcome]) if rows.size else outcome[:, None], codes, len(clusters)
        )
        return cls(
            clusters=tuple(clusters),
            constants=(INTERCEPT, *constants),
            covariates=tuple(covariates),
            size=size,
            level=np.column_stack([np.ones(len(clusters)), level]),
            mean=mean,
            scatter=scatter,
        )

    @classmethod
    def from_frame(
        cls, data: pd.DataFrame, *, outcome: str, arm: str, cluster: str, covariates: Sequence[str] = ()
    ) -> Moments:
        """Pass once over a frame; rows with a missing outcome or covariate are left out."""
        require(data, [outcome, arm, cluster, *covariates], owner="Moments.from_frame")
        arms, _ = arm_codes(data[arm])
        codes, labels = cluster_codes(data[cluster])
        rows, titles = design_columns(data, covariates)
        values = numbers(data[outcome])
        keep = ~(np.isnan(values) | np.isnan(rows).any(axis=1))
        present, codes = np.unique(codes[keep], return_inverse=True)
        clusters = [labels[place] for place in present]
        level = constant_within(arms[keep], codes, len(clusters), name=arm, labels=clusters)
        return cls.from_arrays(
            outcome=values[keep],
            codes=codes,
            clusters=clusters,
            level=level[:, None],
            constants=(arm,),
            rows=rows[keep],
            covariates=titles,
        )

    def __add__(self, other: Moments) -> Moments:
        if (self.constants, self.covariates) != (other.constants, other.covariates):
            raise ArgumentError(
                f"Moments of unlike columns cannot be added: {self.constants + self.covariates} and "
                f"{other.constants + other.covariates}."
            )
        clusters = tuple(dict.fromkeys(self.clusters + other.clusters))
        first, second = self._spread(clusters), other._spread(clusters)
        both = (first.size > 0) & (second.size > 0)
        if not np.array_equal(first.level[both], second.level[both]):
            apart = np.flatnonzero(both & (first.level != second.level).any(axis=1))
            named = listed(repr(clusters[place]) for place in apart)
            raise DesignError(f"Clusters with unlike arms or strata in the two parts: {named}.")
        size = first.size + second.size
        gap = second.mean - first.mean
        shift = gap * (second.size / size)[:, None]
        between = (first.size * second.size / size)[:, None, None] * gap[:, :, None] * gap[:, None, :]
        return replace(
            first,
            size=size,
            level=np.where((first.size > 0)[:, None], first.level, second.level),
            mean=first.mean + shift,
            scatter=first.scatter + second.scatter + between,
        )

    def _spread(self, clusters: Sequence[Hashable]) -> Moments:
        """The same moments over a longer list of clusters, those not here with no rows."""
        place = {cluster: position for position, cluster in enumerate(clusters)}
        here = np.array([place[cluster] for cluster in self.clusters], dtype=np.intp)

        def over(values: Floats) -> Floats:
            wide = np.zeros((len(clusters), *values.shape[1:]))
            wide[here] = values
            return wide

        return replace(
            self,
            clusters=tuple(clusters),
            size=over(self.size),
            level=over(self.level),
            mean=over(self.mean),
            scatter=over(self.scatter),
        )


def constant_within(
    values: NDArray[Any], codes: Codes, count: int, *, name: str, labels: Sequence[Hashable]
) -> NDArray[Any]:
    """Give each cluster's value of a column that must not vary within clusters.

    Raises
    ------
    DesignError
        If it does, with the clusters named.
    """
    level = np.zeros(count, dtype=values.dtype)
    level[codes] = values
    unlike = level[codes] != values
    if unlike.any():
        named = [repr(labels[place]) for place in np.unique(codes[unlike])]
        raise DesignError(
            f"{name!r} varies within {len(named)} cluster(s): {listed(named)}. "
            "It must be constant in a cluster."
        )
    return level


def nested_codes(codes: Codes, inner: Codes) -> tuple[Codes, Codes]:
    """Number the sub-clusters of all clusters: of each row (n,), and the cluster of each of them (S,)."""
    wide = int(inner.max(initial=0)) + 1
    found, numbered = np.unique(codes * wide + inner, return_inverse=True)
    return numbered, found // wide


def _centred(columns: Floats, codes: Codes, count: int) -> tuple[Floats, Floats, Floats]:
    """Sizes (K,), means (K, c) and scatter about them (K, c, c) of the columns (n, c)."""
    width = columns.shape[1]
    size = np.bincount(codes, minlength=count).astype(np.float64)
    mean = np.empty((count, width))
    scatter = np.empty((count, width, width))
    centred: list[Floats] = []
    for place in range(width):
        column = np.ascontiguousarray(columns[:, place])
        mean[:, place] = np.bincount(codes, weights=column, minlength=count) / size
        column = column - mean[codes, place]
        # what rounding left of the mean is taken off as well: it is not small beside a tiny spread
        rest = np.bincount(codes, weights=column, minlength=count) / size
        mean[:, place] += rest
        centred.append(column - rest[codes])
        for other in range(place + 1):
            product = np.bincount(codes, weights=centred[place] * centred[other], minlength=count)
            scatter[:, place, other] = scatter[:, other, place] = product
    return size, mean, scatter
