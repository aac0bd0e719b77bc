"""Clusters in groups: what a correlation within clusters is computed from, with arms or without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.stats.columns import Codes, Floats, cluster_codes, numbers, require
from qieval.stats.glm import Family
from qieval.trial.roster import Roster, refuse_family


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Complete rows, their K clusters, and the group of each cluster: its arm, or all in one.

    Attributes
    ----------
    outcome, codes : array (n,)
        Outcome and cluster of each row.
    size : array (K,)
        Rows of each cluster.
    group : array (K,)
        0, or 1 for the intervention.
    rows : array (n, q)
        Covariates, for the mixed model.
    """

    outcome: Floats
    codes: Codes
    size: Floats
    group: Codes
    rows: Floats

    @classmethod
    def of(cls, roster: Roster) -> Groups:
        """Take those of a roster, whatever strata it has."""
        return cls(
            outcome=roster.outcome,
            codes=roster.codes,
            size=roster.size,
            group=roster.arm.astype(np.intp),
            rows=roster.rows,
        )

    @property
    def inside(self) -> Floats:
        """Whether a cluster is in a group (K, G)."""
        return np.asarray(self.group[:, None] == np.unique(self.group), dtype=np.float64)

    def total(self, values: Floats) -> Floats:
        """Sum row values over each cluster (K,)."""
        return np.asarray(np.bincount(self.codes, weights=values), dtype=np.float64)

    @property
    def average_size(self) -> float:
        """Size of cluster that enters the analysis of variance."""
        inside = self.inside
        lean = (self.size**2 @ inside / (self.size @ inside)).sum()
        return float((len(self.outcome) - lean) / (len(self.size) - inside.shape[1]))


def without_arms(data: pd.DataFrame, outcome: str, cluster: str, family: Family) -> Groups:
    """Read complete rows of clusters that are in no arm."""
    require(data, (outcome, cluster), owner="icc")
    values, (codes, _) = numbers(data[outcome]), cluster_codes(data[cluster])
    keep = ~np.isnan(values)
    codes, values = np.unique(codes[keep], return_inverse=True)[1], values[keep]
    refuse_family(values, family, name=outcome, owner="icc")
    size = np.bincount(codes).astype(np.float64)
    group = np.zeros(len(size), dtype=np.intp)
    return Groups(outcome=values, codes=codes, size=size, group=group, rows=np.empty((len(values), 0)))
