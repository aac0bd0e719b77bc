"""The rows of a stepped wedge: clusters that start in an order fixed by chance, seen period by period."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import DesignError
from qieval.stats.columns import (
    Codes,
    Floats,
    cluster_codes,
    design_columns,
    indicators,
    numbers,
    refuse_missing,
    require,
)
from qieval.stats.glm import Family, expected
from qieval.stats.moments import constant_within
from qieval.trial.parts import names
from qieval.trial.roster import blocks_of, exposure_of, left_out

TERM = "exposed - not exposed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wedge:
    """Complete rows of K clusters over T periods.

    Attributes
    ----------
    clusters : tuple
        Labels of the K clusters with at least one complete row, sorted.
    periods : array (T,)
        The periods with at least one complete row, in order.
    start : array (K,)
        Period in which each cluster starts; infinity for one that never does.
    block : array (K,)
        Number of each cluster's stratum; all 0 where there is none.
    outcome, exposure : array (n,)
        Outcome and person-time (ones where no column was named) of each row.
    of_cluster, of_period : array (n,)
        Position of each row's cluster and period.
    rows : array (n, q)
        Design columns of the covariates.
    titles : tuple of str
        Their names.
    excluded : int
        Rows left out because a value is missing.
    lost : tuple
        Clusters left out because no row of theirs is complete.
    """

    clusters: tuple[Hashable, ...]
    periods: Floats
    start: Floats
    block: Codes
    outcome: Floats
    exposure: Floats
    of_cluster: Codes
    of_period: Codes
    rows: Floats
    titles: tuple[str, ...]
    excluded: int
    lost: tuple[Hashable, ...]

    @property
    def exposed(self) -> NDArray[np.bool_]:
        """Whether each cluster has started in each period (K, T)."""
        return self.periods[None, :] >= self.start[:, None]

    @property
    def n(self) -> int:
        """Complete rows."""
        return len(self.outcome)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, in words."""
        return left_out(self.excluded, self.lost)

    def total(self, values: Floats) -> Floats:
        """Sum row values over each cluster and period (K, T)."""
        shape = (len(self.clusters), len(self.periods))
        cell = self.of_cluster * shape[1] + self.of_period
        sums = np.bincount(cell, weights=values, minlength=shape[0] * shape[1])
        return np.asarray(sums, dtype=np.float64).reshape(shape)

    def cell_values(self, family: Family) -> Floats:
        """Give the number that stands for each cluster in each period (K, T), NaN without rows.

        The mean, proportion or rate; with covariates the mean residual after a first stage with the
        covariates and the periods, which ignores who has started.
        """
        base = self.total(self.exposure)
        total = self.total(self.outcome)
        if self.titles:
            columns, _ = indicators(self.of_period, tuple(self.periods), name="")
            design = np.column_stack([self.rows, columns])
            total -= self.total(expected(self.outcome, design, family=family, exposure=self.exposure))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(base > 0, total / base, np.nan)


def read_wedge(
    data: pd.DataFrame,
    *,
    outcome: str,
    cluster: str,
    start: str,
    period: str,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    exposure: str | None = None,
    owner: str,
) -> Wedge:
    """Read and check a stepped wedge's frame; the frame itself stays as it was.

    Raises
    ------
    ArgumentError
        For absent columns, or words where numbers are needed.
    DesignError
        If a start or stratum varies within a cluster, a period is missing, or no row is complete.
    """
    covariates = names(covariates, owner=owner)
    require(data, (outcome, cluster, start, period, *covariates, stratum, exposure), owner=owner)
    codes, clusters = cluster_codes(data[cluster])
    count = len(clusters)
    started = numbers(data[start])
    starts = constant_within(
        np.where(np.isnan(started), np.inf, started), codes, count, name=start, labels=clusters
    )
    block, _ = blocks_of(data, stratum, codes, clusters)
    when = numbers(data[period])
    refuse_missing(np.isnan(when), f"Period column {period!r}")
    values = numbers(data[outcome])
    rows, titles = design_columns(data, covariates)
    at_risk = exposure_of(data, exposure)
    keep = ~(np.isnan(values) | np.isnan(at_risk) | np.isnan(rows).any(axis=1))
    if not keep.any():
        raise DesignError("No row is complete.")
    present, of_cluster = np.unique(codes[keep], return_inverse=True)
    periods, of_period = np.unique(when[keep], return_inverse=True)
    return Wedge(
        clusters=tuple(clusters[place] for place in present),
        periods=periods,
        start=starts[present],
        block=block[present],
        outcome=values[keep],
        exposure=at_risk[keep],
        of_cluster=of_cluster,
        of_period=of_period,
        rows=rows[keep],
        titles=titles,
        excluded=int((~keep).sum()),
        lost=tuple(clusters[place] for place in range(count) if place not in present),
    )
