"""The allocations that a roster of clusters could be given, and how well each balances its covariates."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError, DesignError
from qieval.stats.columns import Codes, Floats, design_columns, labelled, refuse_missing, require
from qieval.trial.allocations import MOST, TIE, enumerated

FAVOURED = 0.8  # how often minimisation follows the smaller imbalance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sites:
    """Clusters that are to be allocated.

    Attributes
    ----------
    labels : tuple
        Their names, in the order of the rows.
    block : array (K,)
        Number of each one's stratum or pair; all 0 where there is none.
    columns : array (K, p)
        Covariates as they are, words as indicators.
    names : tuple of str
        Their names.
    digest : str
        SHA-256 of the columns read, as CSV.
    """

    labels: tuple[Any, ...]
    block: Codes
    columns: Floats
    names: tuple[str, ...]
    digest: str

    @classmethod
    def of(cls, sites: pd.DataFrame, *, cluster: str, block: str | None, covariates: Sequence[str]) -> Sites:
        """Read and check them; raises ArgumentError or DesignError."""
        require(sites, (cluster, block, *covariates), owner="allocate")
        refuse_missing(labelled(sites[cluster])[0] < 0, f"Column {cluster!r}")
        if sites[cluster].duplicated().any():
            raise DesignError(f"Column {cluster!r} names a cluster twice; one row a cluster is needed.")
        if len(sites) < 2:
            raise DesignError("Two clusters or more are needed.")
        codes = np.zeros(len(sites), dtype=np.intp)
        if block is not None:
            codes, _ = labelled(sites[block])
            refuse_missing(codes < 0, f"Column {block!r}")
        columns, names = design_columns(sites, covariates)
        refuse_missing(np.isnan(columns.sum(axis=1)), "A covariate of the allocation")
        used = sites[list(dict.fromkeys(filter(None, (cluster, block, *covariates))))]
        digest = hashlib.sha256(used.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
        return cls(labels=tuple(sites[cluster]), block=codes, columns=columns, names=names, digest=digest)

    @property
    def scaled(self) -> Floats:
        """Covariates centred, over their standard deviation; 0 where one does not vary."""
        spread = self.columns.std(axis=0, ddof=1)
        return np.asarray((self.columns - self.columns.mean(axis=0)) / np.where(spread > 0, spread, np.inf))

    def imbalance(self, listed: Floats) -> Floats:
        """Sum of squared standardised differences of each allocation (m,)."""
        treated = listed.sum(axis=1, keepdims=True)
        apart = (listed @ self.scaled) * (1 / treated + 1 / (len(self.labels) - treated))
        return np.asarray((apart**2).sum(axis=1)) if self.names else np.full(len(listed), math.nan)


def _treated(roster: Sites, *, pairs: bool, ratio: tuple[int, int]) -> tuple[list[Codes], list[int]]:
    """Clusters of each stratum, and how many of them get the intervention: rounded down over all so far."""
    members = [np.flatnonzero(roster.block == number) for number in range(roster.block.max() + 1)]
    if pairs and any(len(inside) != 2 for inside in members):
        raise DesignError("A pair has two clusters; not all of these have.")
    so_far = np.cumsum([0, *map(len, members)]) * ratio[1] // sum(ratio)
    counts = np.diff(so_far).tolist()
    if not 0 < sum(counts) < len(roster.labels):
        raise DesignError("These strata leave an arm without a cluster.")
    return members, counts


def every_allocation(
    roster: Sites, *, pairs: bool, ratio: tuple[int, int], draws: int, rng: np.random.Generator
) -> tuple[Floats, int]:
    """Every allocation (m, K), or so many different drawn ones where there are too many; and how many."""
    members, counts = _treated(roster, pairs=pairs, ratio=ratio)
    ways = math.prod(math.comb(len(inside), count) for inside, count in zip(members, counts, strict=True))
    if ways <= MOST:
        return enumerated(np.eye(len(roster.labels)), members, counts), ways
    listed = np.zeros((draws, len(roster.labels)))
    for inside, count in zip(members, counts, strict=True):
        arm = (np.arange(len(inside)) < count).astype(np.float64)
        listed[:, inside] = rng.permuted(np.tile(arm, (draws, 1)), axis=1)
    return np.unique(listed, axis=0), ways


def minimise(roster: Sites, rng: np.random.Generator) -> Floats:
    """One replay (K,): each cluster in turn goes where it balances better, eight times in ten."""
    count, scaled = len(roster.labels), roster.scaled
    room = [count - count // 2, count // 2]
    arm, sums = np.zeros(count), np.zeros((2, scaled.shape[1]))
    for place in range(count):
        apart = [((sums[side] + scaled[place] - sums[1 - side]) ** 2).sum() for side in (0, 1)]
        even = abs(apart[0] - apart[1]) <= TIE
        better = int(rng.random() < 0.5) if even else int(apart[1] < apart[0])
        side = better if rng.random() < FAVOURED else 1 - better
        side = side if room[side] else 1 - side
        room[side] -= 1
        arm[place] = side
        sums[side] += scaled[place]
    return arm


def start_steps(roster: Sites, steps: Sequence[int], rng: np.random.Generator) -> tuple[Floats, int, Floats]:
    """Draw an order of starts (K,), steps from 1; with the number of orders, and no scores."""
    if len(steps) < 2 or sum(steps) != len(roster.labels) or any(count < 1 for count in steps):
        raise ArgumentError(f"`steps` must share out the {len(roster.labels)} clusters; not {list(steps)!r}.")
    starts = np.repeat(np.arange(1.0, len(steps) + 1), steps)
    ways = math.factorial(len(starts)) // math.prod(math.factorial(count) for count in steps)
    return rng.permutation(starts), ways, np.empty(0)
