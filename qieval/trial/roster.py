"""The rows and clusters of a trial as arrays, checked once for every method.

Every public function of `qieval.trial` reads its frame here, so they all agree on which rows count, what an
arm is and which frames are refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.stats.columns import (
    Codes,
    Floats,
    arm_codes,
    cluster_codes,
    design_columns,
    indicators,
    labelled,
    listed,
    numbers,
    refuse_missing,
    require,
)
from qieval.stats.glm import Family
from qieval.stats.moments import Moments, constant_within, nested_codes
from qieval.trial.parts import Columns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roster:
    """Complete rows and the K clusters that they come from.

    Attributes
    ----------
    columns : Columns
        The columns read.
    labels : tuple of str
        Control and intervention.
    clusters : tuple
        Labels of the K clusters with at least one complete row, sorted.
    arm : array (K,)
        0 for control, 1 for intervention.
    block : array (K,)
        Number of each cluster's stratum or pair; all 0 where there is none.
    blocks : tuple
        Labels of the strata or pairs; empty where there are none.
    outcome : array (n,)
        Outcome of each complete row, in its own unit.
    codes : array (n,)
        Position of each row's cluster in `clusters`.
    rows : array (n, q)
        Design columns of the covariates.
    titles : tuple of str
        Names of those q columns.
    exposure : array (n,)
        Person-time of each row; ones where no column was named.
    excluded : int
        Rows left out because the outcome, a covariate or the exposure is missing.
    lost : tuple
        Clusters left out because no row of theirs is complete.
    inner : array (n,)
        Number of each row's sub-cluster or period; all 0 where no column was named.
    alone : tuple
        Clusters left out because the other one of their pair has no data.
    """

    columns: Columns
    labels: tuple[str, str]
    clusters: tuple[Hashable, ...]
    arm: Floats
    block: Codes
    blocks: tuple[Hashable, ...]
    outcome: Floats
    codes: Codes
    rows: Floats
    titles: tuple[str, ...]
    exposure: Floats
    excluded: int
    lost: tuple[Hashable, ...]
    inner: Codes
    alone: tuple[Hashable, ...]

    @property
    def n(self) -> int:
        """Complete rows."""
        return len(self.outcome)

    @property
    def term(self) -> str:
        """What is estimated: intervention less control."""
        return f"{self.labels[1]} - {self.labels[0]}"

    @property
    def per_arm(self) -> tuple[int, int]:
        """Clusters in the control and in the intervention arm."""
        treated = int(self.arm.sum())
        return len(self.arm) - treated, treated

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, in words."""
        said = left_out(self.excluded, self.lost)
        if not self.alone:
            return said
        return (*said, f"Left out, because the other of their pair has no data: {listed(self.alone)}.")

    def total(self, values: Floats) -> Floats:
        """Sum row values over each cluster (K,)."""
        return np.asarray(
            np.bincount(self.codes, weights=values, minlength=len(self.clusters)), dtype=np.float64
        )

    @property
    def size(self) -> Floats:
        """Rows of each cluster (K,)."""
        return np.bincount(self.codes, minlength=len(self.clusters)).astype(np.float64)

    def moments(self, *, blocks: bool = True) -> Moments:
        """Per-cluster moments with the arm and (unless not wanted) the strata or pairs as columns."""
        return self._moments(self.codes, np.arange(len(self.clusters)), self.clusters, blocks=blocks)

    def nested_moments(self) -> tuple[Moments, Codes]:
        """Moments of each sub-cluster with data, and the cluster of each."""
        codes, owner = nested_codes(self.codes, self.inner)
        return self._moments(codes, owner, range(len(owner)), blocks=True), owner

    def _moments(self, codes: Codes, owner: Codes, labels: Sequence[Hashable], *, blocks: bool) -> Moments:
        columns, titles = indicators(self.block, self.blocks if blocks else (), name=str(self.columns.block))
        return Moments.from_arrays(
            outcome=self.outcome,
            codes=codes,
            clusters=labels,
            level=np.column_stack([self.arm, columns])[owner],
            constants=(self.columns.arm, *titles),
            rows=self.rows,
            covariates=self.titles,
        )


def left_out(excluded: int, lost: tuple[Hashable, ...]) -> tuple[str, ...]:
    """Say how many rows, and which clusters, take no part."""
    said = []
    if excluded:
        rows, were = ("row", "was") if excluded == 1 else ("rows", "were")
        said.append(f"{excluded:,} {rows} without complete data {were} left out.")
    if lost:
        said.append(f"Clusters without any complete row were left out: {listed(lost)}.")
    return tuple(said)


def read_roster(data: pd.DataFrame, columns: Columns, *, owner: str, family: Family | None = None) -> Roster:
    """Read and check a trial's frame; the frame itself stays as it was.

    Parameters
    ----------
    data : DataFrame
        One row a participant.
    columns : Columns
        Which column plays which part.
    owner : str
        The public function that asked, for messages.
    family : {"gaussian", "binomial", "poisson"}, optional
        What the outcome must be able to belong to.

    Raises
    ------
    ArgumentError
        For absent columns, words where numbers are needed, or an arm whose control cannot be told.
    DesignError
        If an arm or stratum varies within a cluster or is missing, or an arm has no cluster with data.
    """
    if family is not None:
        check_choice(family, Family, name="family", owner=owner)
    _check_names(data, columns, owner)
    arm, labels = arm_codes(data[columns.arm])
    codes, clusters = cluster_codes(data[columns.cluster])
    arm_of = constant_within(arm, codes, len(clusters), name=columns.arm, labels=clusters)
    block_of, blocks = blocks_of(data, columns.block, codes, clusters)
    outcome = numbers(data[columns.outcome])
    rows, titles = design_columns(data, columns.covariates)
    exposure = exposure_of(data, columns.exposure)
    inner = inner_of(data, columns.inner)
    keep = ~(np.isnan(outcome) | np.isnan(exposure) | np.isnan(rows).any(axis=1))
    excluded = len(keep) - int(keep.sum())
    seen = np.bincount(codes[keep], minlength=len(clusters)) > 0
    alone = seen & (np.bincount(block_of[seen], minlength=len(blocks) or 1)[block_of] == 1)
    alone &= columns.pair is not None
    keep &= ~alone[codes]
    if not keep.all():
        outcome, codes, rows, exposure = outcome[keep], codes[keep], rows[keep], exposure[keep]
        inner = inner[keep]
    here = np.bincount(codes, minlength=len(clusters)) > 0
    present = np.flatnonzero(here)
    used = np.unique(block_of[present])
    roster = Roster(
        columns=columns,
        labels=labels,
        clusters=tuple(clusters[where] for where in present),
        arm=arm_of[present],
        block=np.searchsorted(used, block_of[present]),
        blocks=tuple(blocks[where] for where in used) if blocks else (),
        outcome=outcome,
        codes=codes if here.all() else (np.cumsum(here) - 1)[codes],
        rows=rows,
        titles=titles,
        exposure=exposure,
        excluded=excluded,
        lost=tuple(clusters[where] for where in np.flatnonzero(~seen)),
        inner=inner,
        alone=tuple(clusters[where] for where in np.flatnonzero(alone)),
    )
    _check_arms(roster)
    if family is not None:
        check_family(roster, family, owner=owner)
    return roster


def _check_names(data: pd.DataFrame, columns: Columns, owner: str) -> None:
    require(data, columns.all, owner=owner)
    if columns.stratum is not None and columns.pair is not None:
        raise ArgumentError(f"`{owner}` takes `stratum` or `pair`, not both: pairs are strata of two.")
    for name in (columns.outcome, columns.arm, columns.cluster, columns.block):
        if name in columns.covariates:
            raise ArgumentError(f"{name!r} is named as a covariate and as another part; name it once.")


def blocks_of(
    data: pd.DataFrame, block: str | None, codes: Codes, clusters: Sequence[Hashable]
) -> tuple[Codes, tuple[Hashable, ...]]:
    """Stratum or pair of each cluster (K,), and their labels; all 0 and none without a column for them."""
    if block is None:
        return np.zeros(len(clusters), dtype=np.intp), ()
    numbered, labels = labelled(data[block])
    refuse_missing(numbered < 0, f"Column {block!r}")
    return constant_within(numbered, codes, len(clusters), name=block, labels=clusters), labels


def exposure_of(data: pd.DataFrame, name: str | None) -> Floats:
    """Person-time of each row (n,); ones without a column for it."""
    if name is None:
        return np.ones(len(data))
    exposure = numbers(data[name])
    if (exposure < 0).any():
        raise ArgumentError(f"Exposure column {name!r} holds negative values.")
    return exposure


def inner_of(data: pd.DataFrame, name: str | None) -> Codes:
    """Sub-cluster or period of each row (n,); all 0 without a column for it."""
    if name is None:
        return np.zeros(len(data), dtype=np.intp)
    codes, _ = cluster_codes(data[name])
    return codes


def _check_arms(roster: Roster) -> None:
    for label, count in zip(roster.labels, roster.per_arm, strict=True):
        if count == 0:
            raise DesignError(f"Arm {label!r} has no cluster with data; two arms are needed.")
    if roster.columns.pair is None:
        return
    for number, name in enumerate(roster.blocks):
        inside = roster.arm[roster.block == number]
        if len(inside) != 2 or inside.sum() != 1:
            raise DesignError(
                f"Pair {name!r} has {len(inside)} clusters with data, {int(inside.sum())} in arm "
                f"{roster.labels[1]!r}; a pair is one cluster of each arm."
            )


def check_family(roster: Roster, family: Family, *, owner: str) -> None:
    """Refuse an outcome that cannot be of this family."""
    refuse_family(roster.outcome, family, name=roster.columns.outcome, owner=owner)
    if family != "poisson" and roster.columns.exposure is not None:
        raise ArgumentError(
            f"`{owner}`: `exposure` goes with counts (family 'poisson'), not with {family!r}."
        )


def refuse_family(values: Floats, family: Family, *, name: str, owner: str) -> None:
    """Refuse values (n,) of the column `name` that are not 0/1, or no counts."""
    if family == "binomial" and not ((values == 0) | (values == 1)).all():
        raise ArgumentError(f"`{owner}`: a binary outcome must be 0 or 1 in every row of {name!r}.")
    if family == "poisson" and ((values < 0).any() or (values != np.rint(values)).any()):
        raise ArgumentError(f"`{owner}`: counts in {name!r} must be whole and not negative.")
