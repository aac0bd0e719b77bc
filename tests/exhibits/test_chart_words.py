from __future__ import annotations

import pandas as pd
import pytest

from qieval.exhibits.chart_words import choices, period_words, reading, shower, unit_of
from qieval.measures import control_chart, run_chart
from qieval.results import Quantity


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (pd.Period("2024-07", "M"), "Jul 2024"),
        (pd.Period("2024Q2", "Q"), "2024Q2"),
        (pd.Timestamp("2024-07-01"), "Jul 2024"),
        (pd.Timestamp("2024-07-09"), "09 Jul 2024"),
        (3, "3"),
    ],
)
def test_periods_are_written_for_readers(x, words) -> None:
    assert period_words(x) == words


def test_proportions_are_per_cent_and_rates_in_their_own_unit() -> None:
    share = Quantity(name="s", label="S", kind="binary")
    rate = Quantity(name="r", label="R", kind="count", unit="per visit")
    assert (shower(share)(0.25), unit_of(share)) == ("25\N{NO-BREAK SPACE}%", "%")
    assert (shower(rate)(0.25), unit_of(rate)) == ("0.2", "per visit")


def test_choices_on_which_authorities_differ_are_said() -> None:
    rows = pd.DataFrame({"x": range(1, 25), "y": [5, 6] * 12, "n": 10})
    counts = {"period": "x", "numerator": "y", "denominator": "n"}
    said = choices(control_chart(rows, **counts, kind="pp", phases=[13], exclude=[4], laney_floor=False))
    for words in ("Laney", "Anhøj", "new limits from 13", "left out of the limits: 4", "as narrow as"):
        assert words in said
    assert "points up to 12" in choices(control_chart(rows, **counts, kind="p", freeze=12))
    assert "no known change was declared" in choices(run_chart([1, 2, 3]))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0], "One value tells nothing"),
        ([1.0, 2.0] * 8, "Only common-cause"),
        ([1.0] * 10 + [9.0] * 10, "special-cause"),
    ],
)
def test_a_reading_says_what_the_rules_found(values, words) -> None:
    rows = pd.DataFrame({"x": range(len(values)), "y": values})
    assert words.casefold() in reading(control_chart(rows, period="x", value="y")).casefold()
