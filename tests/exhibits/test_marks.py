"""A key result in little: which row it is, how it is drawn, what is said of it."""

from __future__ import annotations

import re
from typing import Any

from qieval.exhibits.marks import drawn, key_marks


def row(
    key: str, estimate: float | None, low: float | None, high: float | None, **more: Any
) -> dict[str, Any]:
    report = key.split("/", maxsplit=1)[0]
    numbers = {"estimate": estimate, "ci_low": low, "ci_high": high, "level": 0.95}
    plain = {"unit": "points", "term": "coached - usual care", "status": "final"}
    return {"key": key, "report": report} | numbers | plain | more


def test_a_report_s_key_result_is_the_first_row_of_its_main_table_in_the_units_shown() -> None:
    marks = key_marks(
        [
            row("20_effect--a/flow/n", 3, 1, 5),
            row("20_effect--a/effect/cluster-t", -0.05, -0.11, 0.003, unit="proportion"),
            row("20_effect--a/effect/gee", -0.06, -0.1, -0.02, unit="proportion"),
            row("50_fidelity/dose/all", 0.9, 0.8, 1.0),
        ]
    )
    assert list(marks) == ["20_effect--a"]
    assert (round(marks["20_effect--a"].low, 9), marks["20_effect--a"].unit) == (-11.0, "percentage points")


def test_a_result_without_a_bounded_interval_is_not_drawn() -> None:
    assert (
        key_marks([row("20_effect/effect/cluster-t", 1, None, 3), row("20_effect/effect/gee", 1, 0, 2)]) == {}
    )


def test_the_drawing_says_both_waves_and_which_line_marks_no_difference() -> None:
    now = key_marks([row("r/effect/t", -2.73, -4.61, -0.85)])["r"]
    before = key_marks([row("r/effect/t", -3.2, -4.9, -1.6, status="interim")])["r"]
    said = re.search('aria-label="([^"]+)"', drawn(now, before))
    assert said is not None
    assert said[1] == (
        "\u22122.7 points (95\u00a0% interval \u22124.6 to \u22120.8); before that, "
        "\u22123.2 points (95\u00a0% interval \u22124.9 to \u22121.6, interim); "
        "the dashed line marks no difference."
    )


def test_places_follow_the_numbers_and_the_line_of_no_difference_is_in_sight() -> None:
    picture = drawn(key_marks([row("r/effect/t", 2.0, 1.0, 4.0)])["r"])
    [x] = re.findall(r'cx="([\d.]+)"', picture)
    [line] = re.findall(r"M([\d.]+) 0V", picture)
    assert (float(line), float(x)) == (10.0, 10.0 + 220.0 * 2 / 4)


def test_a_ratio_is_held_against_one_and_a_level_against_nothing() -> None:
    ratio = key_marks([row("r/effect/t", 0.9, 0.8, 1.0, unit="rate ratio")])["r"]
    level = key_marks([row("r/change/t", 40.0, 30.0, 50.0, term="coached")])["r"]
    assert (ratio.null, level.null) == (1.0, None)
    assert "dashed" not in drawn(level)
