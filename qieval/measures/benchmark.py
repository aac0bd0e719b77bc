"""Units placed in the quarters of an external benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError, DesignError
from qieval.measures.limits import Better
from qieval.stats.columns import Floats, numbers, require

# Hyndman & Fan's types of sample quantiles that registries use, by NumPy's names.
TYPES: dict[int, Any] = {2: "averaged_inverted_cdf", 6: "weibull", 7: "linear"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quartiles:
    """Units in the quarters of a benchmark.

    Attributes
    ----------
    cuts : tuple of float
        The three values that part the quarters.
    quantile : int, optional
        Type of sample quantile that gave them; None where the cuts themselves were given.
    better : {"higher", "lower"}, optional
        With it, quarter 1 holds the best; without, the lowest values.
    units : DataFrame
        `unit`, `value`, `quarter`.
    """

    cuts: tuple[float, float, float]
    quantile: int | None
    better: str | None
    units: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """One row a unit."""
        return self.units.copy()


def quartiles(
    data: pd.DataFrame,
    *,
    unit: str,
    value: str,
    cuts: Sequence[float] = (),
    others: Sequence[float] | Floats = (),
    quantile: int = 7,
    better: Better | None = None,
) -> Quartiles:
    """Place units in the quarters of a benchmark from outside.

    Parameters
    ----------
    data : DataFrame
        One row a unit.
    unit, value : str
        Columns.
    cuts : sequence of float
        The benchmark's three quartiles, as published; or else
    others : sequence of float
        the values of the benchmark's own units, and
    quantile : {2, 6, 7}
        type of their quartiles (Hyndman & Fan): registries differ, and so do the quarters.
    better : {"higher", "lower"}, optional
        Direction in which quarter 1 lies.

    Raises
    ------
    DesignError
        If there is no benchmark: quarters of a collaborative's own few units say nothing about them.

    Notes
    -----
    A value on a cut counts to the better of the two quarters (the lower where no direction is given).

    References
    ----------
    Hyndman & Fan 1996, Am Stat 50:361.
    """
    require(data, [unit, value], owner="quartiles")
    if quantile not in TYPES:
        raise ArgumentError(
            f"`quartiles`: `quantile` is one of {', '.join(map(str, TYPES))}; not {quantile!r}."
        )
    if not len(cuts) and not len(others):
        raise DesignError("Quarters need a benchmark from outside: its quartiles, or its units' values.")
    given = np.asarray(
        cuts
        if len(cuts)
        else np.quantile(np.asarray(others, float), [0.25, 0.5, 0.75], method=TYPES[quantile])
    )
    if len(given) != 3 or not (np.diff(given) >= 0).all():
        raise ArgumentError("`quartiles`: `cuts` are three values that do not fall.")
    y = numbers(data[value])
    if better == "higher":
        quarter = 1 + (y[:, None] < given).sum(axis=1)
    else:
        quarter = 1 + (y[:, None] > given).sum(axis=1)
    units = pd.DataFrame({"unit": data[unit].array, "value": y, "quarter": quarter})
    units["quarter"] = units["quarter"].where(np.isfinite(y)).astype("Int64")
    low, middle, high = map(float, given)
    return Quartiles(
        cuts=(low, middle, high), quantile=None if len(cuts) else quantile, better=better, units=units
    )
