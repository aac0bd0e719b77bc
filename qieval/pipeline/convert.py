"""Cells to values: what can be read as a number, a date or a flag, and which rows cannot."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["text", "number", "whole", "integer", "date", "flag", "any", "covariate"]
FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
WORDS: dict[Kind, str] = {
    "text": "text",
    "number": "a number",
    "whole": "a whole number",
    "integer": "a whole number",
    "date": "a date like 2025-01-31",
    "flag": "true or false",
    "any": "any value",
    "covariate": "a number, as in most rows",
}
CODE = r"[-+]?0[0-9]"  # a number written with leading zeros is a code


def texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Write every cell as text: trimmed, dates as 2025-01-31, integers without decimals, absent as None."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        return column.astype("str").astype(object)
    written = [_written(value) for value in column.tolist()]
    return pd.Series(written, index=column.index, dtype=object, name=column.name)


def converted(column: pd.Series[Any], kind: Kind) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Read a column as one kind of value.

    Parameters
    ----------
    column : Series
        Cells as they came: text, numbers, dates.
    kind : {"text", "number", "whole", "integer", "date", "flag", "any", "covariate"}
        ``whole`` gives floats that are whole (counts that may be absent), ``integer`` integers, ``any``
        gives numbers where every cell is one, else text; ``covariate`` where most cells are one.

    Returns
    -------
    values : Series
        Typed; absent where the cell was empty or unreadable.
    bad : Series
        True where a cell could not be read.
    """
    words = texts(column)
    values = CONVERTERS[kind](words)
    return values, (words.notna() & values.isna()).astype(bool)


def _written(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return str(value)


def _text(words: pd.Series[Any]) -> pd.Series[Any]:
    return words.astype("str")


def _number(words: pd.Series[Any]) -> pd.Series[Any]:
    values = pd.to_numeric(words, errors="coerce").astype("float64")
    return values.where(np.isfinite(values))


def _whole(words: pd.Series[Any]) -> pd.Series[Any]:
    values = _number(words)
    return values.where(values == values.round())


def _integer(words: pd.Series[Any]) -> pd.Series[Any]:
    values = _whole(words)
    return values.astype("int64") if values.notna().all() else values.astype("Int64")


def _date(words: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(words, format="%Y-%m-%d", errors="coerce")


def _flag(words: pd.Series[Any]) -> pd.Series[Any]:
    values = words.str.lower().map(FLAGS) if len(words) else words
    return values.astype("bool") if values.notna().all() else values.astype("boolean")


def _any(words: pd.Series[Any]) -> pd.Series[Any]:
    present = words.dropna()
    if len(present) and not present.str.match(CODE).any() and _number(present).notna().all():
        return _number(words)
    return _text(words)


def _covariate(words: pd.Series[Any]) -> pd.Series[Any]:
    """A single word among numbers must not turn them all into categories."""
    present = words.dropna()
    return _number(words) if 2 * int(_number(present).notna().sum()) > len(present) else _text(words)


CONVERTERS: dict[Kind, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
    "text": _text,
    "number": _number,
    "whole": _whole,
    "integer": _integer,
    "date": _date,
    "flag": _flag,
    "any": _any,
    "covariate": _covariate,
}
