"""How the columns of a frame become the arrays that an analysis needs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


SHOWN = 5


def listed(labels: Iterable[object]) -> str:
    """Write labels in a row: the first five, and how many more there are."""
    written = [str(label) for label in labels]
    more = f" and {len(written) - SHOWN} more" if len(written) > SHOWN else ""
    return ", ".join(written[:SHOWN]) + more


def require(data: pd.DataFrame, names: Iterable[str | None], *, owner: str) -> None:
    """Refuse a frame that lacks one of the columns asked for."""
    if not isinstance(data, pd.DataFrame):
        raise ArgumentError(f"`{owner}` takes a DataFrame; not {type(data).__name__}.")
    absent = [name for name in names if name is not None and name not in data.columns]
    if absent:
        named = ", ".join(map(repr, absent))
        raise ArgumentError(f"`{owner}`: no column {named} in the data; there are {list(data.columns)!r}.")


def is_numeric(column: pd.Series[Any]) -> bool:
    """Whether a column holds numbers (or False and True), not words or dates."""
    kind = column.dtype
    return bool(pd.api.types.is_numeric_dtype(kind)) and not isinstance(kind, pd.CategoricalDtype)


def numbers(column: pd.Series[Any]) -> Floats:
    """Give a numeric or boolean column as floats, NaN where it is missing.

    Raises
    ------
    ArgumentError
        If the column holds words, or an infinite value.
    """
    if column.dtype == object:
        column = column.infer_objects()
    if not is_numeric(column):
        raise ArgumentError(f"Column {column.name!r} must hold numbers; it holds {column.dtype}.")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise ArgumentError(f"Column {column.name!r} holds infinite values.")
    return values


def cluster_codes(column: pd.Series[Any]) -> tuple[Codes, tuple[Hashable, ...]]:
    """Number the clusters as `labelled` does; every row must belong to one."""
    codes, labels = labelled(column)
    refuse_missing(codes < 0, f"Cluster column {column.name!r}")
    return codes, labels


def refuse_missing(missing: NDArray[np.bool_], what: str) -> None:
    """Refuse a column that must be there in every row."""
    if missing.any():
        raise DesignError(f"{what} is missing in {int(missing.sum())} rows.")


def labelled(column: pd.Series[Any]) -> tuple[Codes, tuple[Hashable, ...]]:
    """Number the distinct values of a column in an order that does not depend on the order of rows.

    Returns
    -------
    codes : array (n,)
        Position of each row's value in `labels`; -1 where it is missing.
    labels : tuple
        The distinct values, sorted (by type and text where they do not compare).
    """
    codes, found = pd.factorize(column)
    values = list(found)
    try:
        order = sorted(range(len(values)), key=values.__getitem__)
    except TypeError:
        order = sorted(
            range(len(values)), key=lambda place: (type(values[place]).__name__, str(values[place]))
        )
    rank = np.empty(len(values) + 1, dtype=np.intp)
    rank[order] = np.arange(len(values))
    rank[-1] = -1
    return rank[codes], tuple(values[place] for place in order)


def arm_codes(column: pd.Series[Any]) -> tuple[Floats, tuple[str, str]]:
    """Give an arm column as 0 (control) and 1 (intervention), with the two labels, control first.

    Only columns that say themselves which arm is the control are taken: 0/1, False/True, or an ordered
    categorical of two levels. Words are refused, because sorting them would decide the sign of the effect.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _ordered_arm(column)
    plain = column.infer_objects() if column.dtype == object else column
    if not is_numeric(plain):
        raise ArgumentError(
            f"Arm column {column.name!r} holds {column.dtype} values: which arm is the control "
            "cannot be told. Use 0/1, False/True, or an ordered Categorical with the control first."
        )
    values = plain.to_numpy(dtype=np.float64, na_value=np.nan)
    refuse_missing(np.isnan(values), f"Arm column {column.name!r}")
    if not ((values == 0) | (values == 1)).all():
        seen = sorted(set(values.tolist()))[:5]
        raise ArgumentError(f"Arm column {column.name!r} must have the two levels 0 and 1; it has {seen}.")
    return values, ("False", "True") if pd.api.types.is_bool_dtype(plain.dtype) else ("0", "1")


def _ordered_arm(column: pd.Series[Any]) -> tuple[Floats, tuple[str, str]]:
    kind = cast("pd.CategoricalDtype", column.dtype)
    if not kind.ordered:
        raise ArgumentError(
            f"Arm column {column.name!r} is an unordered Categorical; order it, control first."
        )
    if len(kind.categories) != 2:
        raise ArgumentError(
            f"Arm column {column.name!r} must have two levels; it has {list(kind.categories)!r}."
        )
    codes = column.cat.codes.to_numpy()
    refuse_missing(codes < 0, f"Arm column {column.name!r}")
    control, intervention = (str(label) for label in kind.categories)
    return codes.astype(np.float64), (control, intervention)


def indicators(codes: Codes, labels: tuple[Hashable, ...], *, name: str) -> tuple[Floats, tuple[str, ...]]:
    """Give 0/1 columns for all labels but the first, with names such as ``region[north]``."""
    columns = (codes[:, None] == np.arange(1, len(labels))[None, :]).astype(np.float64)
    return columns, tuple(f"{name}[{label}]" for label in labels[1:])


def design_columns(data: pd.DataFrame, names: Iterable[str]) -> tuple[Floats, tuple[str, ...]]:
    """Give covariates as design columns: numbers as they are, words as indicators without the first level.

    Missing values stay NaN in every column of their covariate.
    """
    blocks: list[Floats] = []
    titles: list[str] = []
    for name in names:
        column = data[name]
        if is_numeric(column):
            blocks.append(numbers(column)[:, None])
            titles.append(name)
            continue
        codes, labels = labelled(column)
        block, block_titles = indicators(codes, labels, name=name)
        block[codes < 0] = np.nan
        blocks.append(block)
        titles.extend(block_titles)
    empty = np.empty((len(data), 0))
    return (np.hstack(blocks) if blocks else empty), tuple(titles)
