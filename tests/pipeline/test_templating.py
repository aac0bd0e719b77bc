"""Templates escape what they are given and say dates as readers do."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from qieval.exhibits.theme import DARK, LIGHT
from qieval.pipeline.templating import render, written_date

WAVE = {
    "heading": "<b>",
    "study_title": "a & b",
    "synthetic": False,
    "data_cut": "",
    "reports": [],
    "life": "",
    "superseded": [],
}


def test_values_are_escaped_and_colours_are_the_theme_s() -> None:
    page = render("wave.html.j2", WAVE)
    assert "<h1>&lt;b&gt;</h1>" in page
    assert "a &amp; b" in page
    for colours in (LIGHT, DARK):
        assert all(f"--{name}:{colour}" in page for name, colour in colours.items())
    assert page.endswith("</html>\n")


def test_a_missing_value_is_an_error_not_a_gap() -> None:
    with pytest.raises(UndefinedError, match="study_title"):
        render("wave.html.j2", {name: value for name, value in WAVE.items() if name != "study_title"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-06-30", "30 June 2025"),
        ("2024-02-01", "1 February 2024"),
        ("2025-13-45", "2025-13-45"),
        (None, ""),
        ("June", "June"),
    ],
)
def test_dates_are_written_for_readers(value: object, expected: str) -> None:
    assert written_date(value) == expected
