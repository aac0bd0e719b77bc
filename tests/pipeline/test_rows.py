"""Rows that came late, were corrected or are gone are told apart by the key of the table."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.pipeline.rows import row_changes

BEFORE = pd.DataFrame({"participant": ["1", "2", "3"], "wave": [0, 0, 1], "pain": [5.0, None, 7.0]})


def test_the_same_rows_in_another_order_are_no_change() -> None:
    changes = row_changes(BEFORE, BEFORE.iloc[::-1][["pain", "wave", "participant"]], key=["participant"])
    assert str(changes) == "the same rows, written otherwise"


def test_late_corrected_and_gone_rows_are_counted_by_key() -> None:
    after = pd.DataFrame({"participant": ["2", "3", "4"], "wave": [0, 1, 1], "pain": [6.0, 7.0, 1.0]})
    changes = row_changes(BEFORE, after, key=["participant", "wave", "period"])
    assert (changes.late, changes.corrected, changes.gone) == (1, 1, 1)
    assert str(changes) == "rows 1 late, 1 corrected, 1 gone"


@pytest.mark.parametrize("key", [[], ["site"], ["wave"]])
def test_without_a_key_a_corrected_row_counts_as_gone_and_come(key: list[str]) -> None:
    after = BEFORE.assign(pain=[5.0, None, 8.0])
    changes = row_changes(BEFORE, after, key=key)
    assert (changes.late, changes.corrected, changes.gone) == (1, 0, 1)


def test_an_empty_table_has_lost_all_its_rows() -> None:
    changes = row_changes(BEFORE, BEFORE.iloc[:0], key=["participant"])
    assert (changes.late, changes.corrected, changes.gone) == (0, 0, 3)
