"""The dumbbell plot is legible text and the same bytes each time."""

from __future__ import annotations

import pandas as pd

from qieval.exhibits.dumbbell import dumbbell

FRAME = pd.DataFrame({"before": [1.0, 3.0], "after": [2.0, 2.5]})


def draw() -> str:
    return dumbbell(FRAME, ["+1.0", "−0.5"], names=["North", "South"], label="points", name="d")


def test_names_and_words_are_text() -> None:
    for words in ("North", "South", "+1.0", "−0.5", "points"):
        assert f">{words}</text>" in draw()


def test_the_same_numbers_give_the_same_drawing() -> None:
    assert draw() == draw()


def test_no_rows_give_an_empty_drawing() -> None:
    assert dumbbell(FRAME.head(0), [], names=[], label="points", name="d").startswith("<svg")
