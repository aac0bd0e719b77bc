"""Repeated waves: changes of sites first, the mixed model beside them, repeats crossed with waves."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial import cluster_summary, repeated_waves

NAMED = {"outcome": "score", "arm": "arm", "cluster": "site", "wave": "wave"}


@pytest.fixture
def qic_waves(crt) -> pd.DataFrame:
    rows = pd.read_csv(crt / "qic_sim.csv")
    return rows.assign(person=np.arange(len(rows)))


@pytest.fixture
def cohort(qic_waves) -> pd.DataFrame:
    """The same rows with the same people at each wave."""
    place = qic_waves.groupby(["site", "wave"]).cumcount()
    return qic_waves.assign(person=qic_waves["site"].astype(str) + "-" + place.astype(str))


def by_method(found) -> dict:
    return {row.method: row for row in found.ladder}


def matches(row, expected: dict) -> None:
    assert row.estimate == pytest.approx(expected["estimate"], rel=1e-6)
    assert row.se == pytest.approx(expected["se"], rel=1e-5)
    assert row.df == pytest.approx(expected["df"], rel=1e-3)
    assert row.p_value == pytest.approx(expected["p_value"], rel=1e-3)


def test_changes_come_first_and_each_row_is_that_of_r(qic_waves, values) -> None:
    found = repeated_waves(qic_waves, **NAMED, participant="person", unit="points")
    rows, r = by_method(found), values["qic_sim"]["did_cluster_change_t"]
    assert list(rows) == ["site-changes", "site-changes-permutation", "waves-mixed-kr"]
    matches(rows["site-changes"], {**r, "p_value": r["p"]})
    assert rows["site-changes-permutation"].p_value == pytest.approx(r["perm"]["p_two_sided"], rel=1e-12)
    matches(rows["waves-mixed-kr"], values["waves"]["rows"])
    assert found.primary is found.ladder[0]
    assert (found.waves, found.again) == ((0.0, 1.0, 2.0, 3.0), 0)
    assert {row.unit for row in found.ladder} == {"points"}


def test_the_check_is_the_f_test_of_sites_own_lines_and_holds_the_model_back(qic_waves, values) -> None:
    expected = values["waves"]["slopes"]
    check = repeated_waves(qic_waves, **NAMED).divergence
    found = {name: getattr(check.estimate, name) for name in ("statistic", "df", "p_value")}
    assert found | {"df_within": check.df_within} == pytest.approx(expected, rel=1e-9)
    assert check.estimate.ci_low == 0 < check.estimate.estimate < check.estimate.ci_high
    assert not check.allowed
    asked = repeated_waves(qic_waves, **NAMED, primary="waves-mixed-kr")
    assert asked.primary.method == "site-changes"
    assert "own slopes spread wider" in asked.divergence.reason


def test_sites_that_keep_their_places_let_the_model_come_first_where_a_plan_asks_for_it(qic_waves) -> None:
    level = qic_waves.groupby("site")["score"].transform("mean")
    noise = np.random.default_rng(4).normal(0, 5, len(qic_waves))
    still = qic_waves.assign(score=level + noise)
    asked = repeated_waves(still, **NAMED, primary="waves-mixed-kr")
    assert asked.divergence.allowed
    assert asked.primary.method == "waves-mixed-kr"
    assert repeated_waves(still, **NAMED).primary.method == "site-changes"
    drifting = still.assign(score=still["score"] + 3 * (still["site"] % 3) * still["wave"])
    assert not repeated_waves(drifting, **NAMED).divergence.allowed


def test_people_measured_again_are_never_independent_rows(cohort, values) -> None:
    found = repeated_waves(cohort, **NAMED, participant="person")
    rows = by_method(found)
    seen = cohort.dropna(subset=["score"]).groupby("person")["wave"].nunique()
    assert found.again == (seen > 1).sum()
    matches(rows["waves-mixed-kr"], values["waves"]["cells"])
    assert "not independent" in rows["waves-mixed-kr"].notes[0]
    first = cohort[cohort["wave"] == 0].set_index("person")["score"]
    last = cohort[cohort["wave"] == 3]
    last = last.assign(before=last["person"].map(first))
    own = cluster_summary(last, outcome="score", arm="arm", cluster="site", covariates=["before"]).estimate
    assert rows["endline-ancova"].estimate == pytest.approx(own.estimate, rel=1e-12)
    assert rows["endline-ancova"].p_value == pytest.approx(own.p_value, rel=1e-12)
    twice = pd.concat([cohort] * 2).assign(person=lambda each: range(len(each)))
    assert repeated_waves(twice, **NAMED, participant="person").again == 0


def test_few_sites_and_few_waves_never_let_the_model_come_first(crt, qic_waves) -> None:
    lone = pd.read_csv(crt / "mscqi_sim_3v1.csv")
    found = repeated_waves(lone, **NAMED, primary="waves-mixed-kr")
    assert "fewer than 3 clusters in an arm" in found.divergence.reason
    assert found.primary.method == "site-changes"
    assert found.primary.df == 2
    two = repeated_waves(qic_waves[qic_waves["wave"].isin([0, 3])], **NAMED, primary="waves-mixed-kr")
    assert "fewer than three waves" in two.divergence.reason
    assert math.isfinite(by_method(two)["waves-mixed-kr"].se)


def test_what_cannot_be_compared_says_why_and_what_was_left_out_is_named(qic_waves) -> None:
    one = repeated_waves(qic_waves[qic_waves["wave"] == 3], **NAMED)
    assert all(math.isnan(row.estimate) and "Not estimated" in row.notes[0] for row in one.ladder)
    gone = qic_waves[~((qic_waves["site"] == 2) & (qic_waves["wave"] == 0))]
    found = repeated_waves(gone, **NAMED)
    assert found.primary.n_clusters == 11
    assert "Left out, not seen at both ends: 2." in found.primary.notes
    both = repeated_waves(qic_waves[qic_waves["site"].isin([1, 12])], **NAMED)
    assert math.isnan(both.primary.estimate)
    assert not both.divergence.allowed
    with pytest.raises(DesignError, match="differs within"):
        repeated_waves(qic_waves.assign(arm=qic_waves["wave"] % 2), **NAMED)
    with pytest.raises(ArgumentError, match="'site-changes', 'waves-mixed-kr'"):
        repeated_waves(qic_waves, **NAMED, primary="best")


def test_counts_have_no_mixed_model_strata_cost_degrees_of_freedom_and_interim_looks_no_p(qic_waves) -> None:
    blocked = qic_waves.assign(block=qic_waves["site"] % 3, years=1.0)
    counted = NAMED | {"outcome": "visits", "family": "poisson", "exposure": "years", "stratum": "block"}
    found = repeated_waves(blocked, **counted)
    assert [row.method for row in found.ladder] == ["site-changes", "site-changes-permutation"]
    assert found.primary.df == 8
    held = found.without_p("Held back.")
    assert all(math.isnan(row.p_value) and "Held back." in row.notes for row in held.ladder)
    assert held.interim == "Held back."
    assert list(found.tidy()["method"])[-1] == "slope-check"
