"""The orders in which the clusters of a stepped wedge could have started, and the effect under each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qieval.errors import DesignError
from qieval.stats.columns import Floats
from qieval.trial.allocations import CHUNK, MOST, TIE, Shifts
from qieval.trial.wedge import Wedge

Orders = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What the effect under any start order is computed from.

    The effect is the coefficient of exposure in a least-squares fit of cell values on exposure and period,
    each cell counted once: exposed less unexposed clusters of the same period, pooled over periods.

    Attributes
    ----------
    levels : array (S,)
        The distinct starts; infinity for never.
    exposed : array (S, T)
        1 where a cluster with that start is exposed.
    present : array (K, T)
        1 where a cell has rows.
    values, observed : array (K, T)
        Cell values and observed exposure, less their mean over the clusters present in the period; 0 where
        a cell has no rows.
    """

    levels: Floats
    exposed: Floats
    present: Floats
    values: Floats
    observed: Floats

    def effects(self, orders: Orders) -> Floats:
        """Effect on the values and on the observed exposure (m, 2) under each order (m, K)."""
        return np.vstack([self._effects(orders[at : at + CHUNK]) for at in range(0, len(orders), CHUNK)])

    def _effects(self, orders: Orders) -> Floats:
        cells = self.exposed[orders] * self.present  # (m, K, T)
        counts, of = cells.sum(axis=1), self.present.sum(axis=0)
        across = (counts - counts**2 / of).sum(axis=1)
        sums = np.column_stack([(cells * self.values).sum((1, 2)), (cells * self.observed).sum((1, 2))])
        told = across > TIE
        # An order under which nothing could be compared counts as being as extreme as the observed one.
        return np.where(told[:, None], sums / np.where(told, across, 1.0)[:, None], np.inf)


def comparison(wedge: Wedge, values: Floats) -> Comparison:
    """Set up the comparison of cell values (K, T), NaN where a cell has no rows.

    Raises
    ------
    DesignError
        If no period has both exposed and unexposed clusters.
    """
    present = np.isfinite(values).astype(np.float64)
    levels = np.unique(wedge.start)
    found = Comparison(
        levels=levels,
        exposed=(wedge.periods[None, :] >= levels[:, None]).astype(np.float64),
        present=present,
        values=_centred(np.where(present > 0, values, 0.0), present),
        observed=_centred(wedge.exposed * present, present),
    )
    if (found.observed**2).sum() <= TIE:
        raise DesignError(waiting(wedge))
    return found


def _centred(values: Floats, present: Floats) -> Floats:
    mean = values.sum(axis=0) / np.maximum(present.sum(axis=0), 1.0)
    centred: Floats = (values - mean) * present
    return centred


def waiting(wedge: Wedge) -> str:
    """Say why nothing can be compared yet (or any more)."""
    last = wedge.periods[-1]
    if (wedge.start > last).all():
        first = wedge.start.min()
        when = f"the first starts in period {first:g}" if math.isfinite(first) else "none is to start"
        return f"No cluster has started: {when}, and the data end with period {last:g}."
    return "In no period were some clusters exposed and others not, so there is nothing to compare."


def observed_order(wedge: Wedge, levels: Floats) -> Orders:
    """The order as it was drawn (1, K)."""
    return np.searchsorted(levels, wedge.start)[None, :]


def count_orders(wedge: Wedge, starts: Floats) -> int:
    """How many different orders the scheme could have given, if clusters start as in `starts` (K,)."""
    ways = 1
    for inside in _strata(wedge):
        _, times = np.unique(starts[inside], return_counts=True)
        ways *= math.factorial(len(inside)) // math.prod(math.factorial(int(each)) for each in times)
    return ways


def start_orders(wedge: Wedge, levels: Floats, *, draws: int, seed: int) -> tuple[Orders, int, bool]:
    """List every start order, or draw some where there are more than 200,000.

    Returns
    -------
    orders : array (m, K)
        Position of each cluster's start among `levels`.
    allocations : int
        How many orders there are.
    exact : bool
        Whether all are listed.
    """
    ways = count_orders(wedge, wedge.start)
    drawn = observed_order(wedge, levels)[0]
    strata = _strata(wedge)
    if ways > MOST:
        rng = np.random.default_rng(seed)
        orders = np.tile(drawn, (draws, 1))
        for inside in strata:
            orders[:, inside] = rng.permuted(orders[:, inside], axis=1)
        return orders, ways, False
    listed = [list(_arrangements(sorted(drawn[inside]))) for inside in strata]
    orders = np.empty((ways, len(drawn)), dtype=np.intp)
    for row, parts in enumerate(product(*listed)):
        for inside, part in zip(strata, parts, strict=True):
            orders[row, inside] = part
    return orders, ways, True


def _strata(wedge: Wedge) -> list[Orders]:
    return [np.flatnonzero(wedge.block == number) for number in np.unique(wedge.block)]


def _arrangements(items: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every different arrangement of sorted items, repeated ones counted once."""
    if not items:
        yield ()
    for place, item in enumerate(items):
        if place == 0 or item != items[place - 1]:
            for rest in _arrangements([*items[:place], *items[place + 1 :]]):
                yield (item, *rest)


def shifts(compared: Comparison, orders: Orders, allocations: int, *, exact: bool) -> Shifts:
    """Give the effects under the orders in the form that the test and its interval take."""
    found = compared.effects(orders)
    untold = np.isinf(found[:, 1])
    return Shifts(
        outcomes=np.where(untold, 0.0, found[:, 0]),
        arms=np.where(untold, 1.0, found[:, 1]),
        allocations=allocations,
        exact=exact,
    )
