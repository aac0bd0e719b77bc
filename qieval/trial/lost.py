"""The randomisation test over every cluster that was randomised, those without data among them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.results import Estimate
from qieval.stats.columns import Codes, Floats, arm_codes, labelled
from qieval.trial.allocations import MOST, TIE

if TYPE_CHECKING:
    from qieval.trial.ladder import Effect

ASSUMED = (
    "Whether a cluster was lost, and what it would have shown, did not depend on its arm (the hypothesis "
    "tested): lost clusters keep their place in every other arrangement of the arms."
)


def roster_test(
    effect: Effect, roster: pd.DataFrame, named: Mapping[str, Any], *, draws: int, seed: int
) -> Estimate:
    """Permute the arms of the whole roster, and compare the clusters that have data each time.

    Parameters
    ----------
    effect : Effect
        With the summaries of the clusters that have data.
    roster : DataFrame
        A row a randomised cluster.
    named : mapping
        Columns `cluster`, `arm`, and `stratum` or `pair`, of the roster.
    draws, seed : int
        Where there are more than 200,000 allocations.

    Returns
    -------
    Estimate
        Method ``"permutation-roster"``: p counts allocations at least as extreme, and those that leave
        nothing to compare.
    """
    means = effect.cluster_summaries.set_index("cluster")["mean"]
    values = roster[named["cluster"]].map(means).to_numpy(dtype=np.float64)
    arm = arm_codes(roster[named["arm"]])[0] == 1
    block = named.get("stratum") or named.get("pair")
    codes = labelled(roster[block])[0] if block else np.zeros(len(roster), dtype=np.intp)
    observed = _statistic(
        sum(_share(part, np.flatnonzero(chosen)[None]) for part, chosen in _split(values, arm, codes))
    )
    found, exact = _all(values, arm, codes, draws, seed)
    extreme = np.isnan(found) | (np.abs(found) >= abs(observed[0]) - TIE * np.nanmax(np.abs(found)))
    drawn = 0 if exact else 1
    return Estimate(
        term="over all clusters of the roster",
        method="permutation-roster",
        estimate=float(observed[0]),
        p_value=(int(extreme.sum()) + drawn) / (len(found) + drawn),
        level=effect.primary.level,
        n_clusters=len(roster),
        unit=effect.primary.unit,
        notes=(ASSUMED,),
    )


def _split(
    values: Floats, arm: NDArray[np.bool_], codes: Codes
) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Values and arms of the clusters of each stratum."""
    for number in np.unique(codes):
        yield values[codes == number], arm[codes == number]


def _share(values: Floats, chosen: NDArray[np.intp]) -> Floats:
    """What a stratum adds to numerator and denominator of the arm coefficient (m, 2), for m choices in it."""
    seen = ~np.isnan(values)
    if not seen.any():
        return np.zeros((len(chosen), 2))
    centred = np.where(seen, values - values[seen].mean(), 0.0)
    treated = seen[chosen].sum(axis=1)
    return np.column_stack([centred[chosen].sum(axis=1), treated * (1 - treated / seen.sum())])


def _statistic(sums: Any) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sums[:, 1] > TIE, sums[:, 0] / sums[:, 1], np.nan)


def _all(values: Floats, arm: NDArray[np.bool_], codes: Codes, draws: int, seed: int) -> tuple[Floats, bool]:
    """The statistic under every allocation, or under a seeded sample."""
    parts = list(_split(values, arm, codes))
    total = math.prod(math.comb(len(part), int(chosen.sum())) for part, chosen in parts)
    rng = np.random.default_rng(seed)
    sums = np.zeros((1 if total <= MOST else draws, 2))
    for part, chosen in parts:
        count = int(chosen.sum())
        if total <= MOST:
            size = math.comb(len(part), count)
            flat = chain.from_iterable(combinations(range(len(part)), count))
            here = _share(part, np.fromiter(flat, dtype=np.intp, count=size * count).reshape(size, count))
            sums = (sums[:, None, :] + here[None, :, :]).reshape(-1, 2)
        else:
            order = rng.permuted(np.broadcast_to(np.arange(len(part)), (draws, len(part))), axis=1)
            sums += _share(part, order[:, :count])
    return _statistic(sums), total <= MOST
