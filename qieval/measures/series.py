"""From rows to series over time: one row a series, one column a period, gaps where nothing was measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError
from qieval.stats.columns import Codes, Floats, numbers, require

Place: TypeAlias = Any
COARSE = {"M": re.compile(r"\d{4}-\d{2}"), "Q": re.compile(r"\d{4}-?Q[1-4]"), "Y": re.compile(r"\d{4}")}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Measures over time as arrays.

    Attributes
    ----------
    value : array (S, T)
        What is charted, one row a series and one column a period; NaN where it is missing.
    denominator : array (S, T)
        Its denominators; one throughout where there are none.
    x : Index (T,)
        The periods, in order.
    keys : DataFrame (S, …)
        The columns that name each series.
    """

    value: Floats
    denominator: Floats
    x: pd.Index[Any]
    keys: pd.DataFrame

    def first(self, place: Place) -> int:
        """Column at which something that starts at this period (or place, counted from 1) begins."""
        return self._found(place, side="left")

    def after(self, place: Place) -> int:
        """Column after the last one that is not later than this period (or place, counted from 1)."""
        return self._found(place, side="right")

    def _found(self, place: Place, *, side: Literal["left", "right"]) -> int:
        x: Any = self.x
        numeric = pd.api.types.is_numeric_dtype(x.dtype)
        if isinstance(place, (int, np.integer)) and not numeric:
            return int(place) - (side == "left")
        try:
            if isinstance(x, pd.PeriodIndex):
                place = pd.Period(place, freq=x.freqstr)
            elif isinstance(x, pd.DatetimeIndex):
                place = pd.Timestamp(place)
            return int(x.searchsorted(float(place) if numeric else place, side=side))
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{place!r} is not a period of this series, which has {x[0]!r}.") from error


def read_series(
    data: pd.DataFrame,
    *,
    value: str | None,
    numerator: str | None,
    denominator: str | None,
    period: str,
    by: Sequence[str],
    regular: bool,
    owner: str,
) -> Series:
    """Lay the rows out by series and period; rows of one period add up where there are denominators.

    Parameters
    ----------
    regular : bool
        Whether months (or quarters, years) that no row mentions stay in place as gaps.
    """
    top = numerator if value is None else value
    if top is None or (value is not None and numerator is not None):
        raise ArgumentError(f"`{owner}` takes either `value` or `numerator`.")
    require(data, [top, denominator, period, *by], owner=owner)
    if not len(data):
        raise DesignError("There are no rows to chart.")
    column, x = _periods(data[period], regular=regular)
    row, keys = _rows(data, by)
    shape = (len(keys), len(x))
    cell = row * len(x) + column
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    if denominator is None and (count > 1).any():
        raise DesignError(
            "A period has more than one value in the same series; give `by`, or add the values up."
        )
    total = _laid(cell, numbers(data[top]), count, shape)
    if denominator is None:
        return Series(value=total, denominator=np.ones(shape), x=x, keys=keys)
    base = _laid(cell, numbers(data[denominator]), count, shape)
    if (base < 0).any() or (total < 0).any() or (total[base == 0] > 0).any():
        raise DesignError("Numerators and denominators cannot be negative, nor events come out of nobody.")
    base[base == 0] = np.nan
    return Series(value=total / base, denominator=base, x=x, keys=keys)


def _laid(cell: Codes, values: Floats, count: NDArray[np.intp], shape: tuple[int, int]) -> Floats:
    total = np.bincount(cell, weights=values, minlength=len(count))
    laid: Floats = np.where(count > 0, total, np.nan).reshape(shape)
    return laid


def _rows(data: pd.DataFrame, by: Sequence[str]) -> tuple[Codes, pd.DataFrame]:
    if not by:
        return np.zeros(len(data), dtype=np.intp), pd.DataFrame(index=range(1))
    row = data.groupby(list(by), observed=True).ngroup().to_numpy()
    if (row < 0).any():
        raise DesignError(f"A column of {list(by)!r} is missing in {int((row < 0).sum())} rows.")
    _, first = np.unique(row, return_index=True)
    return row.astype(np.intp), data[list(by)].iloc[first].reset_index(drop=True)


def _periods(column: pd.Series[Any], *, regular: bool) -> tuple[Codes, pd.Index[Any]]:
    """Number the periods; months, quarters and years that are absent between others get a number too."""
    if column.isna().any():
        raise DesignError(f"Period column {column.name!r} is missing in {int(column.isna().sum())} rows.")
    codes, words = pd.factorize(column)
    known = _dated(pd.Index(words), str(column.name))
    x = known.sort_values()
    if regular and len(x) > 2:
        x = _completed(x)
    return x.get_indexer(known)[codes], x


def _dated(words: pd.Index[Any], name: str) -> pd.Index[Any]:
    if words.dtype != object and not pd.api.types.is_string_dtype(words.dtype):
        return words
    for freq, form in COARSE.items():
        if all(form.fullmatch(str(word)) for word in words):
            return pd.PeriodIndex(words.astype(str), freq=freq)
    if all(DAY.match(str(word)) for word in words):
        return pd.to_datetime(words.astype(str))
    raise ArgumentError(
        f"Period column {name!r} holds words whose order cannot be told; give dates, months as 2024-05, "
        "quarters as 2024-Q1, years, or numbers."
    )


def _completed(x: pd.Index[Any]) -> pd.Index[Any]:
    if isinstance(x, pd.PeriodIndex):
        months = x.asi8
    elif isinstance(x, pd.DatetimeIndex) and (x == x.to_period("M").to_timestamp()).all():
        months = x.year.to_numpy() * 12 + x.month.to_numpy()
    else:
        return x
    step = int(np.gcd.reduce(np.diff(months)))
    if isinstance(x, pd.PeriodIndex):
        return pd.period_range(x[0], x[-1], freq=x.freq)[::step]
    return pd.date_range(x[0], x[-1], freq="MS")[::step]
