from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from qieval.pipeline.convert import converted, texts


def column(*cells: object) -> pd.Series:
    return pd.Series(list(cells), index=range(2, 2 + len(cells)), dtype=object)


def test_cells_are_written_as_people_see_them() -> None:
    cells = column(
        " x ", 3, 3.0, 2.5, True, None, np.nan, pd.NaT, dt.datetime(2025, 1, 31), dt.date(2025, 2, 1)
    )
    expected = ["x", "3", "3", "2.5", "true", None, None, None, "2025-01-31", "2025-02-01"]
    assert texts(cells).tolist() == expected
    assert texts(pd.Series([1, 2])).tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("kind", "cells", "values", "bad"),
    [
        ("number", ("1.5", "1e2", "x", "1,5", "1_0", "inf", "nan", None), [1.5, 100], [2, 3, 4, 5, 6]),
        ("whole", ("2", "2.0", "2.5", None), [2, 2], [2]),
        ("integer", ("2", "-1", "2.5"), [2, -1], [2]),
        ("date", ("2025-01-31", "31.01.2025", "2025-02-30", dt.datetime(2025, 2, 1)), None, [1, 2]),
        ("flag", ("TRUE", "no", "1", "maybe", None), [True, False, True], [3]),
        ("text", ("a", 7, None), ["a", "7"], []),
        ("any", ("1", "2.5", None), [1.0, 2.5], []),
        ("any", ("007", "8"), ["007", "8"], []),
        ("any", ("1", "x"), ["1", "x"], []),
        ("any", (None, None), [], []),
    ],
)
def test_unreadable_cells_are_known_by_their_row(
    kind: str, cells: tuple[object, ...], values: list[object] | None, bad: list[int]
) -> None:
    read, wrong = converted(column(*cells), kind)
    assert (np.flatnonzero(wrong)).tolist() == bad
    if values is not None:
        assert read.dropna().tolist() == values
    assert read.index.equals(column(*cells).index)


def test_types_are_the_same_whether_or_not_cells_are_missing() -> None:
    assert converted(column("1", None), "whole")[0].dtype == np.float64
    assert converted(column("1", "2"), "integer")[0].dtype == np.int64
    assert str(converted(column("1", None), "integer")[0].dtype) == "Int64"
    assert converted(column("true"), "flag")[0].dtype == np.bool_


def test_an_empty_column_is_in_order() -> None:
    for kind in ("text", "number", "whole", "integer", "date", "flag", "any"):
        read, wrong = converted(column(), kind)
        assert len(read) == len(wrong) == 0
