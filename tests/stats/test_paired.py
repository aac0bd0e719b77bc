"""Paired means and standardised changes against base R and effectsize 0.8.3."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nct

from qieval.stats import paired
from qieval.stats.paired import (
    mean_interval,
    noncentrality_interval,
    regression_to_mean,
    sign_test,
    small_sample_factor,
    standardised_changes,
)

EXACT = 1e-9


@pytest.fixture(params=["sleep", "likert12", "capability_paired_0_2"])
def case(request: pytest.FixtureRequest, reference: Path) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    folder = reference / "qi"
    expected = json.loads((folder / "prepost_expected.json").read_text())[request.param]
    frame = pd.read_csv(folder / expected["data"])
    if "from" in expected:
        frame = frame.pivot_table(index="respondent", columns="wave", values="total_prorated").dropna(
            subset=[0, 2]
        )
        return frame[0].to_numpy(), frame[2].to_numpy(), expected
    return frame[expected["pre"]].to_numpy(float), frame[expected["post"]].to_numpy(float), expected


def test_paired_t_is_that_of_r(case: Any) -> None:
    before, after, expected = case
    found = mean_interval(after - before, term="change", method="paired-t")
    assert found.n == expected["n"]
    assert found.df == expected["df"]
    assert found.estimate == pytest.approx(expected["mean_diff"], rel=EXACT)
    assert found.se == pytest.approx(expected["sd_diff"] / math.sqrt(expected["n"]), rel=EXACT)
    assert found.statistic == pytest.approx(expected["t"], rel=EXACT)
    assert found.p_value == pytest.approx(expected["p_t"], rel=EXACT)
    assert [found.ci_low, found.ci_high] == pytest.approx(expected["ci95"], rel=EXACT)


def test_standardised_changes_are_those_of_r(case: Any) -> None:
    before, after, expected = case
    dz, gz, dav, gav = standardised_changes(before, after, term="change")
    assert dz.estimate == pytest.approx(expected["dz"], rel=EXACT)
    assert [dz.ci_low, dz.ci_high] == pytest.approx(expected["dz_ci_nct"], rel=EXACT)
    assert gz.estimate == pytest.approx(expected["gz"], rel=EXACT)
    # effectsize finds its limits by optimisation, to about 1e-6; its upper one for the largest dz to 2e-4
    assert gz.ci_low == pytest.approx(expected["effectsize_hedges_g"][1], rel=1e-6)
    assert gz.ci_high == pytest.approx(expected["effectsize_hedges_g"][2], rel=2e-4)
    assert dav.estimate == pytest.approx(expected["dav_mean_sd"], rel=EXACT)
    assert gav.estimate == pytest.approx(expected["gav_mean_sd"], rel=EXACT)


def test_the_chance_to_rise_counts_ties_for_half(case: Any) -> None:
    before, after, expected = case
    found = sign_test(before, after, term="change")
    assert found.estimate == pytest.approx(expected["prob_superiority_paired"], rel=EXACT)
    assert found.p_value == pytest.approx(expected["sign"]["p"], rel=EXACT)


def test_hedges_factor_is_exact(case: Any) -> None:
    assert small_sample_factor(case[2]["df"]) == pytest.approx(case[2]["J"], rel=EXACT)


def test_each_standardised_change_names_its_denominator() -> None:
    rng = np.random.default_rng(1)
    units = [each.unit for each in standardised_changes(rng.normal(size=9), rng.normal(size=9), term="")]
    assert units == ["SD of the changes"] * 2 + ["mean SD of the scores"] * 2


def test_scale_leaves_standardised_changes_alone_and_sign_follows_direction() -> None:
    rng = np.random.default_rng(2)
    before, after = rng.normal(size=12), rng.normal(0.5, 1.3, 12)
    plain, scaled, back = (
        [each.estimate for each in standardised_changes(*pair, term="")]
        for pair in ((before, after), (10 * before, 10 * after), (after, before))
    )
    assert scaled == pytest.approx(plain, rel=1e-12)
    assert back == pytest.approx([-value for value in plain], rel=1e-12)


def test_noncentrality_of_a_large_t_is_found() -> None:
    low, high = noncentrality_interval(60.0, 500)
    assert low < 60 < high


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0], [np.nan, np.nan]])
def test_without_spread_there_is_a_reason_instead_of_a_p(values: list[float]) -> None:
    found = mean_interval(values, term="", method="")
    assert math.isnan(found.p_value)
    assert found.notes


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_pairs_are_not_standardised(n: int) -> None:
    found = standardised_changes(np.arange(n, dtype=float), np.arange(n) * 2.0, term="")
    assert all(math.isnan(each.estimate) and each.notes for each in found)


def test_regression_to_the_mean_of_the_five_sites(reference: Path, outside: Path) -> None:
    sites = pd.read_csv(reference / "qi" / "nhfd_los.csv")
    expected = json.loads((outside / "qi" / "feedback" / "feedback_expected.json").read_text())["nhfd"]
    found = regression_to_mean(sites["pre"].to_numpy(), sites["mid"].to_numpy())
    assert found.baseline_r == pytest.approx(expected["cor_change_baseline"], rel=EXACT)
    assert found.oldham_r == pytest.approx(expected["oldham_cor_change_mean"], rel=EXACT)
    assert found.oldham_p == pytest.approx(expected["pitman_morgan_p"], rel=EXACT)


def test_constant_values_have_no_correlation() -> None:
    found = regression_to_mean(np.ones(5), np.ones(5))
    assert math.isnan(found.baseline_r)
    assert math.isnan(found.oldham_p)


def test_changes_that_hardly_vary_are_not_standardised() -> None:
    before = np.zeros(3)
    found = standardised_changes(before, np.array([1e6, 1e6 + 1, 1e6 - 1]), term="")
    assert all(math.isnan(each.estimate) for each in found)
    assert "nothing to standardise by" in found[0].notes[0]


def test_limits_of_a_strong_change_do_not_break_on_scipys_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """At some non-centralities ``nct.cdf`` of SciPy 1.17 is NaN; the integral stands in."""
    for statistic, df, shift in ((12.0, 6, 11.0), (5.0, 4, 9.0), (-3.0, 9, -1.0)):
        theirs = float(nct.cdf(statistic, df, shift))
        with monkeypatch.context() as patch:
            patch.setattr(nct, "cdf", lambda *_: math.nan)
            assert paired._below(statistic, df, shift) == pytest.approx(theirs, rel=1e-9)
    assert paired._below(12.0, 6, -13.0) == pytest.approx(1)
    rng = np.random.default_rng(6)
    for size in (4, 7, 12):
        before = rng.normal(size=size)
        dz = standardised_changes(before, before + 3 + 0.1 * rng.normal(size=size), term="x")[0]
        assert dz.ci_low < dz.estimate < dz.ci_high
