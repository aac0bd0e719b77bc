"""The allocations that a design could have given, and the arm effect under each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError
from qieval.stats.columns import Floats
from qieval.trial.roster import Roster

MOST = 200_000
TIE = 1e-9
CHUNK = 2_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shifts:
    """Statistics of m allocations as linear functions of a constant shift: ``outcomes - shift * arms``.

    Attributes
    ----------
    outcomes : array (m,)
        Statistic of the outcome under each allocation.
    arms : array (m,)
        Statistic of the observed arm under each allocation: 1 for the observed allocation, -1 for its mirror
        image.
    allocations : int
        How many allocations the scheme has.
    exact : bool
        Whether the m are all of them.
    """

    outcomes: Floats
    arms: Floats
    allocations: int
    exact: bool


def _members(roster: Roster) -> list[NDArray[np.intp]]:
    """Positions of the clusters of each stratum; one entry where there are no strata."""
    return [np.flatnonzero(roster.block == number) for number in range(max(1, len(roster.blocks)))]


def of_scheme(roster: Roster, pair: Floats, *, draws: int, seed: int) -> Shifts:
    """Give the statistics of every allocation within strata, or of a seeded sample of them.

    Parameters
    ----------
    pair : array (K, 2)
        What each cluster adds to the statistic of the outcome and of the observed arm where it is treated.
    """
    members = _members(roster)
    treated = [int(roster.arm[inside].sum()) for inside in members]
    allocations = math.prod(
        math.comb(len(inside), count) for inside, count in zip(members, treated, strict=True)
    )
    exact = allocations <= MOST
    sums = (
        enumerated(pair, members, treated) if exact else _drawn(roster, pair, members, draws=draws, seed=seed)
    )
    return Shifts(outcomes=sums[:, 0], arms=sums[:, 1], allocations=allocations, exact=exact)


def enumerated(pair: Floats, members: Sequence[NDArray[np.intp]], treated: Sequence[int]) -> Floats:
    """Sums over the treated (m, c) under all allocations: every choice in one stratum with all in the next.

    Parameters
    ----------
    pair : array (K, c)
        What each cluster adds where it is treated; the identity gives the allocations themselves.
    members : sequence of arrays
        Positions of the clusters of each stratum.
    treated : sequence of int
        How many of each are treated.
    """
    sums = np.zeros((1, pair.shape[1]))
    for inside, count in zip(members, treated, strict=True):
        size = math.comb(len(inside), count)
        flat = np.fromiter(
            chain.from_iterable(combinations(range(len(inside)), count)), dtype=np.intp, count=size * count
        )
        here = pair[inside][flat.reshape(size, count)].sum(axis=1)
        sums = (sums[:, None, :] + here[None, :, :]).reshape(-1, pair.shape[1])
    return sums


def _drawn(
    roster: Roster, pair: Floats, members: Sequence[NDArray[np.intp]], *, draws: int, seed: int
) -> Floats:
    """Statistics (draws, 2) of allocations drawn afresh within each stratum."""
    rng = np.random.default_rng(seed)
    sums = np.zeros((draws, 2))
    for inside in members:
        arm = roster.arm[inside].astype(np.int8)
        for start in range(0, draws, CHUNK):
            rows = sums[start : start + CHUNK]
            rows += rng.permuted(np.broadcast_to(arm, (len(rows), len(arm))), axis=1) @ pair[inside]
    return sums


def matrix(roster: Roster, candidates: pd.DataFrame | NDArray[Any]) -> Floats:
    """The candidate allocations (m, K) in the roster's order of clusters."""
    if isinstance(candidates, pd.DataFrame):
        absent = [label for label in roster.clusters if label not in candidates.columns]
        if absent:
            raise ArgumentError(f"The candidate allocations have no column for cluster(s) {absent[:5]!r}.")
        listed = candidates[list(roster.clusters)].to_numpy(dtype=np.float64)
    else:
        listed = np.asarray(candidates, dtype=np.float64)
    if listed.ndim != 2 or listed.shape[1] != len(roster.clusters):
        raise ArgumentError(
            f"Candidate allocations need a column for each of the {len(roster.clusters)} clusters."
        )
    if not ((listed == 0) | (listed == 1)).all():
        raise ArgumentError(
            "Candidate allocations hold 0 for control and 1 for intervention, and nothing else."
        )
    return listed


def of_candidates(roster: Roster, pair: Floats, listed: Floats) -> Shifts:
    """Give the statistics of each listed allocation (m, K); the observed one must be among them."""
    if not (listed == roster.arm).all(axis=1).any():
        raise DesignError("The observed allocation is not among the candidate allocations.")
    for inside in _members(roster):
        if len(np.unique(listed[:, inside].sum(axis=1))) > 1:
            raise DesignError(
                "The candidate allocations differ in how many clusters (of a stratum) get the intervention."
            )
    sums = listed @ pair
    return Shifts(outcomes=sums[:, 0], arms=sums[:, 1], allocations=len(listed), exact=True)
