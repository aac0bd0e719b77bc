"""Changes of sites, compared: against t tests written out, exact enumeration, and their edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qieval.errors import DesignError
from qieval.trial import compare_changes

ROLES = {"value": "y", "period": "t", "cluster": "site"}


def courses(
    sites: int = 8, joined: int = 4, periods: int = 20, start: int = 10, effect: float = 0.0, seed: int = 1
):
    rng = np.random.default_rng(seed)
    rows = []
    for site in range(sites):
        level, drift = rng.normal(50, 3), rng.normal(0, 0.1)
        for t in range(periods):
            y = level + drift * t + rng.normal() + effect * (site < joined and t >= start)
            rows.append((f"S{site}", t, int(site < joined), "NS"[site % 2], y))
    return pd.DataFrame(rows, columns=["site", "t", "joined", "region", "y"])


def test_the_difference_of_mean_changes_is_the_t_test_on_sites() -> None:
    rows = courses(effect=2)
    found = compare_changes(rows, start=10, arm="joined", **ROLES)
    after = rows["t"] >= 10
    change = rows[after].groupby("site")["y"].mean() - rows[~after].groupby("site")["y"].mean()
    who = rows.groupby("site")["joined"].first()
    test = stats.ttest_ind(change[who == 1], change[who == 0])
    interval = test.confidence_interval(0.95)
    primary = found.primary
    assert primary.method == "site-t-mean"
    assert primary.estimate == pytest.approx(change[who == 1].mean() - change[who == 0].mean(), rel=1e-12)
    assert (primary.df, primary.p_value) == (6, pytest.approx(test.pvalue, rel=1e-10))
    assert (primary.ci_low, primary.ci_high) == pytest.approx((interval.low, interval.high), rel=1e-10)
    drawn = [
        abs(change.iloc[list(c)].mean() - change.drop(change.index[list(c)]).mean())
        for c in itertools.combinations(range(8), 4)
    ]
    share = np.mean(np.array(drawn) >= abs(primary.estimate) - 1e-9)
    assert found.permutation.estimate.p_value == pytest.approx(share, rel=1e-12)
    assert found.permutation.smallest_p == pytest.approx(2 / 70)


@pytest.mark.parametrize("kind", ["level", "slope", "average"])
def test_own_courses_are_least_squares_site_by_site(kind: str) -> None:
    rows = courses(effect=2)
    found = compare_changes(rows, start=10, arm="joined", by=kind, **ROLES)
    t = np.arange(20.0)
    design = np.column_stack([np.ones(20), t, t >= 10, np.maximum(t - 10, 0)])
    for place, (_, site) in enumerate(rows.groupby("site")):
        _, _, step, slope = np.linalg.lstsq(design, site["y"], rcond=None)[0]
        want = {"level": step, "slope": slope, "average": step + slope * 4.5}[kind]
        assert found.sites.loc[place, kind] == pytest.approx(want, rel=1e-9)
    test = stats.ttest_ind(*(found.sites.loc[found.sites["arm"] == arm, kind] for arm in (1, 0)))
    assert found.primary.p_value == pytest.approx(test.pvalue, rel=1e-9)


def test_without_comparison_sites_their_changes_are_held_against_none() -> None:
    rows = courses(sites=5, joined=5, effect=2)
    found = compare_changes(rows, start=10, by="average", **ROLES)
    test = stats.ttest_1samp(found.sites["average"], 0)
    assert found.primary.p_value == pytest.approx(test.pvalue, rel=1e-10)
    assert (found.primary.df, found.permutation) == (4, None)
    assert math.isnan(found.expected_return)


def test_strata_cost_their_degrees_of_freedom() -> None:
    found = compare_changes(courses(), start=10, arm="joined", stratum="region", **ROLES)
    assert found.primary.df == 5
    assert found.permutation.allocations == 36


def test_joining_because_of_poor_values_returns_to_the_mean_as_reliability_says() -> None:
    rng = np.random.default_rng(5)
    true = rng.normal(50, 1, 400)
    y = true[:, None] + rng.normal(0, 3, (400, 12))
    joined = (y[:, :6].mean(axis=1) < 49.5).astype(int)
    rows = pd.DataFrame(
        {"site": np.repeat(np.arange(400), 12), "t": np.tile(np.arange(12), 400), "y": y.ravel()}
    )
    rows["joined"] = joined[rows["site"]]
    found = compare_changes(rows, start=6, arm="joined", draws=200, **ROLES)
    assert found.reliability == pytest.approx(1 / (1 + 9 / 6), abs=0.08)
    assert found.expected_return == pytest.approx(found.primary.estimate, abs=0.25)


def test_placebo_starts_use_earlier_periods_only() -> None:
    rows = courses(effect=50)
    found = compare_changes(rows, start=10, arm="joined", **ROLES)
    assert found.placebo["start"].tolist() == [3, 4, 5, 6, 7]
    assert found.placebo["estimate"].abs().max() < 5


def test_two_waves_are_a_difference_in_differences_and_no_course() -> None:
    rows = courses(periods=2, start=1, effect=3)
    found = compare_changes(rows, start=1, arm="joined", **ROLES)
    wide = rows.pivot_table(index=["site", "joined"], columns="t", values="y").reset_index()
    gain = wide[1] - wide[0]
    test = stats.ttest_ind(gain[wide["joined"] == 1], gain[wide["joined"] == 0])
    assert found.primary.p_value == pytest.approx(test.pvalue, rel=1e-10)
    assert math.isnan(found.trend.estimate)
    assert math.isnan(found.expected_return)
    assert found.placebo.empty


def test_sites_unknown_on_one_side_are_named_and_a_gap_is_not_zero() -> None:
    rows = courses()
    late = rows[~((rows["site"] == "S1") & (rows["t"] < 10))]
    found = compare_changes(late, start=10, arm="joined", **ROLES)
    assert found.lost == ("S1",)
    assert "Left out, because nothing is known before or after: S1." in found.cautions
    gaps = rows.assign(y=rows["y"].where(rows["t"] != 5))
    assert (compare_changes(gaps, start=10, arm="joined", **ROLES).sites["before"] == 9).all()


def test_a_lone_joining_site_is_compared_by_the_others_variance() -> None:
    found = compare_changes(courses(sites=4, joined=1), start=10, arm="joined", **ROLES)
    assert found.primary.df == 2
    assert found.permutation.smallest_p == pytest.approx(0.25)


def test_what_cannot_be_told_has_its_reason_or_is_refused() -> None:
    rows = courses(periods=6, start=3)
    short = compare_changes(rows, start=3, arm="joined", season=4, **ROLES)
    assert "too few periods" in next(row for row in short.ladder if row.method == "site-t-level").notes[0]
    flat = compare_changes(rows.assign(y=1.0), start=3, arm="joined", **ROLES)
    assert math.isnan(flat.primary.estimate)
    assert flat.primary.notes[0].startswith("Not estimated")
    with pytest.raises(DesignError, match="0 sites have periods on both sides of period 0"):
        compare_changes(rows, start=0, arm="joined", **ROLES)
    mixed = rows.assign(joined=(rows["t"] > 2).astype(int))
    with pytest.raises(DesignError, match="differs within site"):
        compare_changes(mixed, start=3, arm="joined", **ROLES)
