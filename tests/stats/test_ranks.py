"""Signed ranks against exactRankTests and coin (R 4.2.2), and against every assignment of signs."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError
from qieval.stats.ranks import exact_p, normal_p, wilcoxon

EXACT = 1e-9
PAIRS = {
    "sleep": ("sleep.csv", "group1", "group2"),
    "likert12": ("likert12.csv", "pre", "post"),
}


def pairs(reference: Path, case: str) -> tuple[pd.Series, pd.Series]:
    if case in PAIRS:
        file, before, after = PAIRS[case]
        frame = pd.read_csv(reference / "qi" / file)
        return frame[before], frame[after]
    scored = pd.read_csv(reference / "qi" / "capability_scored.csv")
    wide = scored.pivot_table(index="respondent", columns="wave", values="total_prorated")
    return wide[0], wide[2]


@pytest.fixture(params=["sleep", "likert12", "capability_paired_0_2"])
def case(request: pytest.FixtureRequest, reference: Path) -> tuple[pd.Series, pd.Series, dict[str, Any]]:
    expected = json.loads((reference / "qi" / "prepost_expected.json").read_text())[request.param]
    return *pairs(reference, request.param), expected["wilcoxon"]


def test_exact_p_and_rank_sums_are_those_of_exact_rank_tests(case: Any) -> None:
    before, after, expected = case
    found = wilcoxon(before, after)
    assert found.exact
    assert found.shift.p_value == pytest.approx(expected["p_exact_wilcoxzero"], rel=EXACT)
    assert found.t_plus == expected["T_plus"]
    assert found.t_minus == expected["T_minus"]
    assert found.shift.statistic == expected["V"]
    assert found.n_zero == expected["n_zero"]
    assert found.n - found.n_zero == expected["n_nonzero"]
    assert found.rank_biserial == pytest.approx(expected["rank_biserial"], rel=EXACT)


def test_pratt_p_is_that_of_coin(case: Any) -> None:
    before, after, expected = case
    assert wilcoxon(before, after, zeros="pratt").shift.p_value == pytest.approx(
        expected["coin_exact_pratt"], rel=EXACT
    )


def test_hodges_lehmann_lies_where_r_finds_it(case: Any) -> None:
    before, after, expected = case
    shift = wilcoxon(before, after).shift
    assert shift.estimate == pytest.approx(expected["hl_estimate"], abs=1e-4)  # R: root finding, tol 1e-4
    assert [shift.ci_low, shift.ci_high] == pytest.approx(expected["hl_ci95"], abs=0.011)  # R: normal limits


def test_normal_p_is_that_of_r_with_continuity_correction(reference: Path) -> None:
    expected = json.loads((reference / "qi" / "prepost_expected.json").read_text())["likert12"]["wilcoxon"]
    before, after = pairs(reference, "likert12")
    ranks = (after - before)[after != before].abs().rank().to_numpy()
    assert normal_p(ranks, expected["T_plus"]) == pytest.approx(expected["p_normal_cc"], rel=EXACT)


@pytest.mark.parametrize("change", [[1, 2, 2, -3, 5], [1, 1, 1], [-0.5, 2, 3, 3, -3, 4, 0.1]])
def test_exact_p_counts_every_assignment_of_signs(change: list[float]) -> None:
    ranks = pd.Series(np.abs(change)).rank().to_numpy()
    t_plus = float(ranks[np.array(change) > 0].sum())
    sums = [float(np.dot(signs, ranks)) for signs in itertools.product((0, 1), repeat=len(ranks))]
    middle = ranks.sum() / 2
    tail = sum(abs(value - middle) >= abs(t_plus - middle) - 1e-12 for value in sums)
    assert exact_p(ranks, t_plus) == pytest.approx(tail / len(sums), rel=EXACT)


def test_five_sites_reach_no_p_below_one_in_sixteen(reference: Path) -> None:
    frame = pd.read_csv(reference / "qi" / "nhfd_los.csv")
    found = wilcoxon(frame["pre"], frame["mid"])
    assert found.shift.p_value == 0.0625
    assert found.smallest_p == 0.0625
    assert math.isinf(found.shift.ci_low)
    assert "smallest possible p is 0.0625" in " ".join(found.shift.notes)


def test_differences_that_only_rounding_tells_apart_tie() -> None:
    assert wilcoxon([1.1, 0.0, 0.0], [2.4, 1.3, -0.1]).t_plus == 5.0


def test_nothing_changed_gives_no_p_and_says_so() -> None:
    found = wilcoxon([1, 2, 3], [1, 2, 3])
    assert math.isnan(found.shift.p_value)
    assert found.n_zero == 3
    assert "nothing to rank" in found.shift.notes[0]


def test_incomplete_pairs_are_left_out_and_counted() -> None:
    found = wilcoxon([1, np.nan, 3, 4], [2, 2, 5, np.nan])
    assert (found.n, found.n_incomplete) == (2, 2)


def test_beyond_two_hundred_pairs_it_says_that_it_approximates() -> None:
    change = np.random.default_rng(3).normal(0.2, 1, 300)
    found = wilcoxon(np.zeros(300), change)
    assert not found.exact
    assert "Normal approximation" in found.shift.notes[0]


def test_swapping_the_times_turns_the_sign_and_keeps_p() -> None:
    before, after = np.array([1.0, 4, 2, 8, 5]), np.array([3.0, 3, 5, 9, 5])
    there, back = wilcoxon(before, after), wilcoxon(after, before)
    assert back.shift.estimate == -there.shift.estimate
    assert back.shift.p_value == there.shift.p_value
    assert back.rank_biserial == -there.rank_biserial


def test_order_and_scale_do_not_matter() -> None:
    before, after = np.array([1.0, 4, 2, 8, 5]), np.array([3.1, 3, 5, 9, 5.2])
    order = [3, 1, 0, 4, 2]
    moved = wilcoxon(1e6 * before[order], 1e6 * after[order])
    assert moved.shift.p_value == wilcoxon(before, after).shift.p_value


def test_series_with_other_indices_are_refused() -> None:
    with pytest.raises(ArgumentError, match="pairs values by their index"):
        wilcoxon(pd.Series([1.0, 2.0]), pd.Series([1.0, 2.0], index=[5, 6]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"zeros": "split"}, "'drop', 'pratt'"), ({"level": 95}, "between 0 and 1")],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        wilcoxon([1.0], [2.0], **arguments)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ArgumentError, match="as many values before as after"):
        wilcoxon([1.0, 2.0], [2.0])


def test_tidy_leads_with_the_shift() -> None:
    assert wilcoxon([1, 2, 3], [2, 4, 7]).tidy()["method"].tolist() == ["wilcoxon", "rank-biserial"]
