"""Numbers are written once, for readers: a true minus, no negative zero, words for what is missing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits.format import decimals_for, degrees, fixed, integer, is_absent, p_value, percent, text


@pytest.mark.parametrize("value", [None, math.nan, np.float64("nan"), pd.NA, pd.NaT])
def test_every_kind_of_absence_is_a_dash(value: object) -> None:
    assert is_absent(value)
    for show in (text, integer, fixed(1), percent(), p_value, degrees):
        assert show(value) == "–"


@pytest.mark.parametrize("value", [0, "", False, math.inf, "nan"])
def test_zero_empty_and_infinite_are_not_absent(value: object) -> None:
    assert not is_absent(value)


@pytest.mark.parametrize(
    ("decimals", "plus", "value", "expected"),
    [
        (1, False, -3.14, "−3.1"),
        (1, False, -0.04, "0.0"),
        (1, True, 0.04, "0.0"),
        (1, True, 3.14, "+3.1"),
        (0, False, 1234567.0, "1,234,567"),
        (2, False, -1234.5, "−1,234.50"),
        (1, False, math.inf, "unbounded"),
        (1, False, -math.inf, "unbounded"),
    ],
)
def test_fixed_decimals(decimals: int, plus: bool, value: float, expected: str) -> None:
    assert fixed(decimals, plus=plus)(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(3412, "3,412"), (0, "0"), (-7, "−7"), (12.0, "12")])
def test_counts(value: float, expected: str) -> None:
    assert integer(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.123, "12\N{NO-BREAK SPACE}%"), (-0.5, "−50\N{NO-BREAK SPACE}%")]
)
def test_percentages(value: float, expected: str) -> None:
    assert percent()(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "<\N{NARROW NO-BREAK SPACE}0.001"),
        (0.00099, "<\N{NARROW NO-BREAK SPACE}0.001"),
        (0.001, "0.001"),
        (0.0184, "0.018"),
        (0.1, "0.10"),
        (0.456, "0.46"),
        (1.0, "1.00"),
    ],
)
def test_p_values(value: float, expected: str) -> None:
    assert p_value(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(19.0, "19"), (21.34, "21.3"), (math.inf, "∞"), (18.9999999, "19")]
)
def test_degrees_of_freedom(value: float, expected: str) -> None:
    assert degrees(value) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1.2, 3.4), 1),
        ((0.012,), 3),
        ((123.0,), 0),
        ((1e-9,), 4),
        ((math.nan, 0.0), 2),
        ((12.0, math.inf), 0),
    ],
)
def test_decimals_show_two_figures_of_the_smallest(values: tuple[float, ...], expected: int) -> None:
    assert decimals_for(*values) == expected
