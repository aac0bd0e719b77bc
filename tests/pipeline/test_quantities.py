from __future__ import annotations

import pytest

from qieval.pipeline.model import Outcome
from qieval.pipeline.quantities import quantity


@pytest.mark.parametrize(
    ("name", "given", "unit"),
    [
        ("pain", {"type": "continuous", "unit": "points"}, "points"),
        ("relapse", {"type": "binary"}, "proportion"),
        ("visits", {"type": "count", "exposure": "person_years"}, "visits per person-year"),
        (
            "er",
            {"type": "count", "unit": "emergency visits", "exposure": "months"},
            "emergency visits per month",
        ),
        ("bed_days", {"type": "count"}, "bed days per participant"),
    ],
)
def test_units_are_said_in_words(name: str, given: dict[str, str], unit: str) -> None:
    found = quantity(name, Outcome(label="Label", better="lower", **given))
    assert (found.name, found.label, found.unit, found.better) == (name, "Label", unit, "lower")


def test_spans_follow_the_type() -> None:
    continuous = Outcome(type="continuous", label="x", range=(0.0, 63.0), mcid=4)
    assert quantity("x", continuous).span == (0.0, 63.0)
    assert quantity("x", continuous).mcid == 4
    assert quantity("x", Outcome(type="binary", label="x")).span == (0.0, 1.0)
