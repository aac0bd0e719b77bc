"""The consensus log: what was discussed, changed and left open, without a coefficient."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.coding import Codebook, triangulation
from qieval.errors import InputError

BOOK = Codebook.from_frame(
    pd.DataFrame({"code": ["time", "money"], "name": ["Time", "Money"], "replaces": ["hours;clock", ""]})
)
ENTRIES = [
    ("time", "time", "time", "ann;bo", "plain"),
    ("time", "money", "money", "ann;bo", "it is about pay"),
    ("hours", "money", "money", "bo", "pay again"),
    ("money", "time", "money", "ann; cy", "lead decided"),
    ("money", None, None, "ann", "to ask the site"),
    ("money", "", "none", "ann", "no code fits"),
    ("old", "time", "time", "ann", "left over"),
]


def log(**more: object) -> pd.DataFrame:
    return pd.DataFrame(ENTRIES, columns=["first", "second", "decision", "who", "why"]).assign(**more)


def test_entries_are_counted_by_hand() -> None:
    found = triangulation(log(), BOOK)
    assert found.total == {"discussed": 7, "differed": 6, "changed": 4, "open": 1}
    assert found.investigators == 3
    rows = found.codes.set_index("code")
    assert rows.index.tolist() == ["time", "money", "old"]
    assert rows.loc["time", ["discussed", "differed", "changed", "open"]].tolist() == [3, 2, 2, 0]
    assert rows.loc["money", ["discussed", "differed", "changed", "open"]].tolist() == [3, 3, 1, 1]


def test_codes_that_were_taken_over_count_as_the_new_one_and_reasons_stand_once() -> None:
    moves = triangulation(log(), BOOK).moves
    assert moves.iloc[0].tolist() == ["Time", "Money", 2, "it is about pay; pay again"]
    assert set(moves["first"]) == {"Time", "Money", "old"}


def test_shares_are_tidy_and_an_empty_log_claims_nothing() -> None:
    rows = triangulation(log(), BOOK).tidy()
    assert rows["estimate"].iloc[0] == pytest.approx(4 / 7)
    empty = triangulation(log().iloc[:0], BOOK)
    assert empty.tidy()["estimate"].isna().all()
    assert empty.investigators == 0


def test_shuffled_entries_and_further_columns_change_nothing() -> None:
    one, two = triangulation(log(), BOOK), triangulation(log().sample(frac=1, random_state=3), BOOK)
    pd.testing.assert_frame_equal(one.codes, two.codes)
    assert triangulation(log(rule=["discussion"] * 6 + [None]), BOOK).rules == {"discussion": 6}


def test_a_log_that_lacks_something_is_refused_with_all_its_faults() -> None:
    with pytest.raises(InputError) as caught:
        triangulation(log(first=None).drop(columns=["who", "why"]), BOOK)
    said = str(caught.value)
    assert "who" in said
    assert "why" in said
    assert "first" in said
