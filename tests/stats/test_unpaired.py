"""Groups that share no unit, or some: against R."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from qieval.stats.unpaired import cliffs_delta, partially_paired, welch

EXACT = 1e-9


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict[str, Any]:
    return json.loads((reference / "qi" / "prepost_expected.json").read_text())


@pytest.fixture(scope="module")
def likert(reference: Path) -> tuple[np.ndarray, np.ndarray]:
    frame = pd.read_csv(reference / "qi" / "likert12.csv")
    return frame["pre"].to_numpy(float), frame["post"].to_numpy(float)


@pytest.fixture(scope="module")
def totals(reference: Path) -> list[pd.Series]:
    frame = pd.read_csv(reference / "qi" / "capability_scored.csv")
    return [
        frame[frame["wave"] == wave].set_index("respondent")["total_prorated"].dropna() for wave in (0, 2)
    ]


def test_welch_is_that_of_r(likert, totals, expected) -> None:
    sides = {"likert12_unmatched": likert, "capability_unmatched_0_2": [each.to_numpy() for each in totals]}
    for name, (before, after) in sides.items():
        theirs, found = expected[name]["welch"], welch(before, after, term="x")
        assert [found.statistic, found.df, found.p_value] == pytest.approx(
            [theirs["t"], theirs["df"], theirs["p"]], rel=EXACT
        )
        assert [found.ci_low, found.ci_high] == pytest.approx(theirs["ci"], rel=EXACT)


def test_cliffs_delta_is_that_of_effectsize(likert, totals, expected) -> None:
    for name, (before, after) in {
        "likert12_unmatched": likert,
        "capability_unmatched_0_2": [each.to_numpy() for each in totals],
    }.items():
        found = cliffs_delta(before, after, term="x")
        assert found.statistic == expected[name]["U"]
        assert [found.estimate, found.ci_low, found.ci_high] == pytest.approx(
            expected[name]["effectsize_cliffs"], rel=EXACT
        )


def test_the_exact_rank_sum_p_counts_ties(likert, totals, expected) -> None:
    assert cliffs_delta(*likert, term="x").p_value == pytest.approx(
        expected["likert12_unmatched"]["p_u_exact"], rel=EXACT
    )
    # R 4.2.2, coin 1.4-2: pvalue(wilcox_test(v ~ g, distribution = "exact")); exactRankTests is off here
    found = cliffs_delta(*(each.to_numpy() for each in totals), term="x")
    assert found.p_value == pytest.approx(4.0914354850148e-07, rel=EXACT)


def test_beyond_200_values_the_p_is_normal_and_says_so(likert) -> None:
    before, after = (np.tile(each, 9) for each in likert)
    found = cliffs_delta(before, after, term="x")
    assert "Normal approximation" in found.notes[0]
    from scipy.stats import mannwhitneyu

    theirs = mannwhitneyu(after, before, method="asymptotic")
    assert found.p_value == pytest.approx(theirs.pvalue, rel=EXACT)


def test_partly_paired_groups_are_derricks(totals, expected) -> None:
    before, after = totals
    both = before.index.intersection(after.index)
    found = partially_paired(
        (before[both].to_numpy(), after[both].to_numpy()),
        before.drop(both).to_numpy(),
        after.drop(both).to_numpy(),
        term="x",
    )
    theirs = expected["capability_partially_paired"]
    assert [found.estimate, found.statistic, found.df, found.p_value] == pytest.approx(
        [theirs["mean_diff"], theirs["T_new2"], theirs["df2"], theirs["p2"]], rel=EXACT
    )
    assert found.n == theirs["n_pairs"] + theirs["n_pre_only"] + theirs["n_post_only"]


def test_with_every_unit_paired_it_is_near_the_paired_t(likert, expected) -> None:
    found = partially_paired(likert, np.array([]), np.array([]), term="x")
    assert found.statistic == pytest.approx(expected["likert12"]["t"], rel=EXACT)
    assert found.df == 11


def test_edges_give_a_reason_or_the_bound() -> None:
    flat, none = np.array([3.0, 3.0]), np.array([])
    assert math.isnan(welch(flat, flat, term="x").estimate)
    assert welch(none, flat, term="x").notes
    assert cliffs_delta(none, flat, term="x").notes
    apart = cliffs_delta(np.array([1.0, 2]), np.array([3.0, 4]), term="x")
    assert (apart.estimate, apart.ci_low, apart.p_value) == (1, 1, pytest.approx(1 / 3))
    assert cliffs_delta(flat, flat, term="x").estimate == 0
    assert partially_paired((flat, flat), flat, none, term="x").notes
    rng = np.random.default_rng(3)
    drawn = rng.normal(size=9), rng.normal(size=7)
    assert welch(*drawn, term="x").p_value == pytest.approx(ttest_ind(*drawn, equal_var=False).pvalue)
