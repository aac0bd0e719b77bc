from __future__ import annotations

import datetime as dt
import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qieval.errors import ArgumentError, DesignError
from qieval.measures import completeness, disparity, gap, inequality, spans

COUNTS = {"numerator": "x", "denominator": "n", "group": "group", "period": "span"}
PLAN = {"reference": "B", "better": "higher", "at_least": 0.8, "fewest": 5}


def rows(*periods: dict) -> pd.DataFrame:
    cells = [(span, who, x, n) for span, cells in enumerate(periods) for who, (x, n) in cells.items()]
    return pd.DataFrame(cells, columns=["span", "group", "x", "n"])


def test_bounds_of_a_gap_are_those_of_every_allocation_of_the_unknown(reference) -> None:
    case = json.loads((reference / "qi" / "gap_cases.json").read_text())["real_missing_bounds"]
    data = rows({"A": case["A"], "B": case["B"], "unknown": case["unknown"]})
    ours = disparity(data, **COUNTS, **PLAN)
    assert ours.known["share"].item() == pytest.approx(case["completeness"], rel=1e-12)
    assert ours.gap.gaps[0].estimate == pytest.approx(case["gap_observed"], rel=1e-12)
    row = ours.bounds.iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(case["gap_bounds_exact"], rel=1e-12)


def test_bounds_with_a_third_group_are_those_of_every_allocation() -> None:
    cells = {"A": (7, 10), "B": (9, 20), "C": (6, 12), "": (2, 5)}
    ours = disparity(rows(cells), **COUNTS, **{**PLAN, "fewest": 0})
    splits = list(product(range(3), repeat=5))  # to A, to B, elsewhere
    gaps = []
    for to in splits:
        met = [sum(place == home for place in to[:2]) for home in (0, 1)]
        all_ = [sum(place == home for place in to) for home in (0, 1)]
        gaps.append((7 + met[0]) / (10 + all_[0]) - (9 + met[1]) / (20 + all_[1]))
    found = ours.bounds.set_index("group").loc["A"]
    assert (found["low"], found["high"]) == pytest.approx((min(gaps), max(gaps)), rel=1e-12)


def test_gaps_are_those_of_the_cells_told_and_the_change_is_the_difference_of_differences(reference) -> None:
    case = json.loads((reference / "qi" / "gap_cases.json").read_text())["gap_change"]
    ours = disparity(rows(case["pre"], case["post"]), **COUNTS, **PLAN)
    change = ours.gap.changes[0]
    assert (change.estimate, change.ci_low, change.ci_high) == pytest.approx(
        (case["change"], *case["ci"]), rel=1e-9
    )
    assert ours.worst["group"].tolist() == ["B", "B"]
    shift = ours.shifts.iloc[0]
    assert (shift["own"], shift["reference"]) == pytest.approx((0.03, 0.10), rel=1e-9)
    assert shift["narrowed"]
    assert not shift["levelled_down"]


def test_a_gap_that_closes_because_the_better_off_do_worse_is_levelled_down() -> None:
    ours = disparity(
        rows({"A": (50, 100), "B": (80, 100)}, {"A": (52, 100), "B": (60, 100)}), **COUNTS, **PLAN
    )
    assert ours.shifts["levelled_down"].tolist() == [True]
    adverse = disparity(
        rows({"A": (50, 100), "B": (20, 100)}, {"A": (48, 100), "B": (40, 100)}),
        **COUNTS,
        **{**PLAN, "better": "lower"},
    )
    assert adverse.shifts["levelled_down"].tolist() == [True]
    assert adverse.worst["group"].tolist() == ["A", "A"]


def test_too_few_recorded_groups_withhold_everything() -> None:
    thin = {"A": (30, 40), "B": (25, 30), "declined": (12, 20), "": (6, 10)}
    ours = disparity(rows(thin), **COUNTS, **PLAN)
    assert ours.gap is None
    assert "70.0%" in ours.withheld
    assert ours.tidy().empty
    later = disparity(rows(thin, {"A": (30, 40), "B": (25, 30)}), **COUNTS, **PLAN)
    assert later.left_out == (0,)
    assert later.gap.changes == ()


@pytest.mark.parametrize("small", [(2, 20), (18, 20), (3, 3)])
def test_a_cell_small_on_either_side_is_left_out_with_another_that_would_give_it_away(small) -> None:
    data = rows({"A": (50, 100), "B": (80, 120), "C": (30, 60), "D": small})
    ours = disparity(data, **COUNTS, **PLAN)
    assert ours.hidden == 2
    told = set(ours.gap.rates["group"])
    assert "D" not in told
    assert len(told) == 2
    assert ours.inequality == {}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=5))
def test_what_is_told_with_the_totals_leaves_no_small_cell_alone(sides) -> None:
    cells = {f"g{place}": (x, x + y) for place, (x, y) in enumerate(sides) if x + y}
    if len(cells) < 2:
        return
    ours = disparity(rows(cells), **COUNTS, **{**PLAN, "reference": "largest"})
    told = set(ours.gap.rates["group"]) if ours.gap else set()
    hidden = [cells[name] for name in cells if name not in told]
    for name in told:
        x, n = cells[name]
        assert all(side == 0 or side >= 5 for side in (x, n - x))
    if ours.gap and hidden:
        assert len(hidden) > 1
        assert sum(n for _, n in hidden) >= 5


def test_ordered_groups_have_a_slope_and_others_only_a_summary_index() -> None:
    cells = {"low": (40, 100), "mid": (50, 100), "high": (70, 100)}
    ours = disparity(rows(cells), **COUNTS, **{**PLAN, "reference": "high"}, order=["low", "mid", "high"])
    frame = pd.DataFrame({"y": [0.4, 0.5, 0.7], "n": 100, "place": [0, 1, 2]})
    frame["se"] = np.sqrt(frame["y"] * (1 - frame["y"]) / 100)
    assert ours.inequality[0] == inequality(frame, value="y", size="n", group="place", se="se")
    assert ours.ordered
    with pytest.raises(ArgumentError, match="mid has no place"):
        disparity(rows(cells), **COUNTS, **{**PLAN, "reference": "high"}, order=["low", "high"])


def test_the_best_group_of_the_first_period_stays_the_reference() -> None:
    data = rows({"A": (90, 100), "B": (50, 100)}, {"A": (60, 100), "B": (70, 100)})
    counts = {"numerator": "x", "denominator": "n", "group": "group", "period": "span", "reference": "best"}
    assert gap(data, **counts, better="higher").reference == "A"
    assert gap(data, **counts, better="lower").reference == "B"
    with pytest.raises(ArgumentError, match="no group 'best'"):
        gap(data, **counts)


def test_numerators_above_denominators_are_refused() -> None:
    with pytest.raises(DesignError, match="proportion"):
        disparity(rows({"A": (5, 4), "B": (1, 2)}), **COUNTS, **PLAN)


def test_months_gather_into_spans_as_long_as_the_last_wave() -> None:
    months = pd.Series(["2024-02", "2024-06", "2024-07", "2024-12", "2025-01", "2025-06", "2025-07"])
    found = spans(months, first=dt.date(2025, 1, 1), last=dt.date(2025, 6, 30))
    assert found.isna().tolist() == [True, True, False, False, False, False, True]
    assert found[2] == found[3] == "2024-07 to 2024-12"
    assert found[5] == "2025-01 to 2025-06"


def test_reasons_for_which_nothing_is_recorded_are_kept_apart() -> None:
    people = pd.DataFrame(
        {"wave": [0] * 6, "race": ["A", "declined", "Unknown", None, "", "B"], "n": [1, 2, 3, 4, 5, 6]}
    )
    found = completeness(people, fields=["race"], by=["wave"], size="n").iloc[0]
    assert found[["n", "recorded", "declined", "unknown", "not asked"]].tolist() == [21, 7, 2, 3, 9]
    assert found["share"] == pytest.approx(1 / 3)
    assert completeness(people, fields=["race"], by=["wave"])["n"].item() == 6
