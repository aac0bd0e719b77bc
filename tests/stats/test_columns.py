from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.stats.columns import arm_codes, cluster_codes, design_columns, labelled, numbers


def test_labels_come_sorted_whatever_the_order_of_rows() -> None:
    codes, labels = labelled(pd.Series(["b", None, "a", "b"]))
    assert labels == ("a", "b")
    assert codes.tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, 3], (1, 3)),
        ([("x", 2), ("x", 1), ("x", 2)], (("x", 1), ("x", 2))),
        (["b", 1, "a"], (1, "a", "b")),
        (pd.Categorical(["z", "y", "z"], ["z", "y"]), ("y", "z")),
        (pd.to_datetime(["2024-02-01", "2024-01-01"]), tuple(pd.to_datetime(["2024-01-01", "2024-02-01"]))),
    ],
)
def test_any_hashable_is_a_label(values, expected) -> None:
    column = pd.Series(values, dtype=object if isinstance(values, list) else None)
    codes, labels = labelled(column)
    assert labels == expected
    assert [labels[code] for code in codes] == list(values)


def test_a_missing_cluster_is_refused() -> None:
    with pytest.raises(DesignError, match="'site' is missing in 1 rows"):
        cluster_codes(pd.Series(["a", None], name="site"))


@pytest.mark.parametrize(
    "values", [[1, 0, 1], [1.0, 0.0, 1.0], [True, False, True], pd.array([1, 0, 1], dtype="Int64")]
)
def test_arms_that_say_their_control(values) -> None:
    codes, labels = arm_codes(pd.Series(values))
    assert codes.tolist() == [1, 0, 1]
    assert labels in {("0", "1"), ("False", "True")}
    codes, _ = arm_codes(pd.Series(values, dtype=object))
    assert codes.tolist() == [1, 0, 1]


def test_order_of_categories_decides_the_control() -> None:
    arms = pd.Series(pd.Categorical(["a", "b"], ["b", "a"], ordered=True))
    codes, labels = arm_codes(arms)
    assert labels == ("b", "a")
    assert codes.tolist() == [1, 0]


def test_numbers_keep_what_is_missing() -> None:
    values = numbers(pd.Series(pd.array([1, None], dtype="Int64")))
    assert values[0] == 1
    assert np.isnan(values[1])
    assert numbers(pd.Series([True, False])).tolist() == [1, 0]
    with pytest.raises(ArgumentError, match="must hold numbers"):
        numbers(pd.Series(["1"]))


def test_words_become_indicators_without_the_first_level() -> None:
    rows = pd.DataFrame({"age": [1.0, 2.0, np.nan], "sex": ["m", None, "f"]})
    block, titles = design_columns(rows, ["age", "sex"])
    assert titles == ("age", "sex[m]")
    np.testing.assert_array_equal(block, [[1, 1], [2, np.nan], [np.nan, 0]])
    block, titles = design_columns(rows, [])
    assert block.shape == (3, 0)
    assert titles == ()
