"""Coefficients of agreement as observed and expected disagreement, on units coded by any number of coders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.intp]
Floats = NDArray[np.float64]
MISSING = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Units as coders saw them.

    Attributes
    ----------
    cells : array of int, shape (units, coders)
        Position of the category, `MISSING` where there is none.
    counts : array, shape (units, categories)
        Codings of each unit in each category.
    apart : array, shape (categories, categories)
        How far apart two categories are, 0 on the diagonal.
    """

    cells: Cells
    counts: Floats
    apart: Floats

    @property
    def shares(self) -> Floats:
        """Mean over coded units of each category's share of the unit's codings."""
        size = self.counts.sum(axis=1)
        coded = self.counts[size > 0] / size[size > 0, None]
        return np.asarray(coded.mean(axis=0))

    @property
    def differ(self) -> float:
        """Mean over units of the distance between two codings drawn from the unit."""
        size = self.counts.sum(axis=1)
        pairs, size = self.counts[size >= 2], size[size >= 2]
        return float(np.mean((pairs * (pairs @ self.apart)).sum(axis=1) / (size * (size - 1))))


def _nominal(values: Floats) -> Floats:
    return 1 - np.eye(len(values))


def _interval(values: Floats) -> Floats:
    return np.asarray((values[:, None] - values) ** 2)


def _ratio(values: Floats) -> Floats:
    total = values[:, None] + values
    return np.asarray(((values[:, None] - values) / np.where(total == 0, 1, total)) ** 2)


def _linear(values: Floats) -> Floats:
    return np.asarray(np.abs(values[:, None] - values) / max(float(np.ptp(values)), 1e-300))


def _quadratic(values: Floats) -> Floats:
    return np.asarray(_linear(values) ** 2)


def _gwet_ordinal(values: Floats) -> Floats:
    size = len(values)
    between = np.abs(np.arange(size)[:, None] - np.arange(size)) + 1
    return np.asarray(between * (between - 1) / max(size * (size - 1), 1))


DISTANCES: dict[str, Callable[[Floats], Floats]] = {
    "nominal": _nominal,
    "interval": _interval,
    "ratio": _ratio,
    "linear-weights": _linear,
    "quadratic-weights": _quadratic,
    "ordinal-weights": _gwet_ordinal,
}
"""How far apart categories are, by their values: Krippendorff's metrics, and one minus Gwet's weights."""


def _alpha(units: Units) -> tuple[float, float]:
    size = units.counts.sum(axis=1)
    pairs, size = units.counts[size >= 2], size[size >= 2]
    within = (pairs * (pairs @ units.apart)).sum(axis=1) / (size - 1)
    used, total = pairs.sum(axis=0), size.sum()
    return float(within.sum() / total), float(used @ units.apart @ used / (total * (total - 1)))


def _kappa(units: Units) -> tuple[float, float]:
    size = len(units.apart)
    flat = np.bincount(units.cells[:, 0] * size + units.cells[:, 1], minlength=size * size)
    table = flat.reshape(size, size) / len(units.cells)
    expected = table.sum(axis=1) @ units.apart @ table.sum(axis=0)
    return float((table * units.apart).sum()), float(expected)


def _fleiss(units: Units) -> tuple[float, float]:
    return units.differ, float(units.shares @ units.apart @ units.shares)


def _conger(units: Units) -> tuple[float, float]:
    used = [np.bincount(column[column != MISSING], minlength=len(units.apart)) for column in units.cells.T]
    shares = [row / row.sum() for row in used if row.sum()]
    expected = [
        (one @ units.apart @ two + two @ units.apart @ one) / 2 for one, two in combinations(shares, 2)
    ]
    return units.differ, float(np.mean(expected))


def _gwet(units: Units) -> tuple[float, float]:
    size = len(units.apart)
    if size < 2:
        return 0.0, 0.0
    chance = (1 - units.apart).sum() / (size * (size - 1)) * (units.shares * (1 - units.shares)).sum()
    return units.differ, float(1 - chance)


def _brennan_prediger(units: Units) -> tuple[float, float]:
    return units.differ, float(units.apart.mean())


def _percent(units: Units) -> tuple[float, float]:
    return units.differ, 1.0


COEFFICIENTS: dict[str, Callable[[Units], tuple[float, float]]] = {
    "alpha": _alpha,
    "kappa": _kappa,
    "fleiss": _fleiss,
    "conger": _conger,
    "ac1": _gwet,
    "ac2": _gwet,
    "brennan-prediger": _brennan_prediger,
    "percent": _percent,
}
"""Observed and expected disagreement by coefficient; a new one is one function and one entry."""
