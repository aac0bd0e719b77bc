from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.trial import Sensitivity, cluster_summary, estimate, permutation_test, sensitivity
from qieval.trial.sensitivity import FEW_FOR_COVARIATES

NAMED = {"outcome": "score", "arm": "arm", "cluster": "site", "family": "gaussian"}


def sites(rows: pd.DataFrame, named=NAMED) -> pd.DataFrame:
    kept = [named[part] for part in ("cluster", "arm", "stratum") if part in named]
    return rows[kept].drop_duplicates().reset_index(drop=True)


def checked(rows, named=NAMED, **more) -> Sensitivity:
    more.setdefault("roster", sites(rows, named))
    return sensitivity(estimate(rows, **named), rows, named=named, **more)


def rows_of(found: Sensitivity, method: str) -> list:
    return [row for row in found.checks if row.method == method]


def test_ancova_on_the_baseline_of_clusters_is_that_of_r(crt, qic, values) -> None:
    every = pd.read_csv(crt / "qic_sim.csv")
    before = every[every["wave"] == 0].groupby("site")["score"].mean()
    [row] = rows_of(checked(qic, baseline=before), "cluster-ancova")
    theirs = values["qic_sim"]["endline_cluster_ancova"]
    for field in ("estimate", "se", "df"):
        assert getattr(row, field) == pytest.approx(theirs[field], rel=1e-10)
    assert row.p_value == pytest.approx(theirs["p"], rel=1e-9)
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(theirs["ci"]), rel=1e-9)


def test_adjustment_in_two_stages_is_that_of_r(qic, values) -> None:
    [row] = rows_of(checked(qic, covariates=["age", "group"]), "adjusted")
    theirs = values["qic_sim"]["endline_two_stage"]
    assert row.estimate == pytest.approx(theirs["estimate"], rel=1e-9)
    assert row.p_value == pytest.approx(theirs["p"], rel=1e-8)


def test_each_site_in_turn_is_left_out(qic) -> None:
    found = checked(qic)
    assert len(found.left_out) == 12
    third = found.left_out[2]
    alone = cluster_summary(qic[qic["site"] != 3], **NAMED).estimate
    assert third.term == "without 3"
    for field in ("estimate", "se", "df", "p_value", "ci_low"):
        assert getattr(third, field) == pytest.approx(getattr(alone, field), rel=1e-10)


def test_without_the_only_site_of_an_arm_nothing_is_compared(lone) -> None:
    left = {row.term: row for row in checked(lone).left_out}
    control = lone.loc[lone["arm"] == 0, "site"].iloc[0]
    assert math.isnan(left[f"without {control}"].estimate)
    assert left[f"without {control}"].notes


def test_missing_outcomes_move_the_means_by_their_share(qic) -> None:
    found = checked(qic, shift=2.0, span=(0.0, 100.0))
    share = qic["score"].isna().groupby(qic["site"]).mean()
    arm = qic.groupby("site")["arm"].first()
    means = qic.groupby("site")["score"].mean()
    moved = {row.term: row.estimate for row in rows_of(found, "missing-shift")}
    both, one = means + 2 * share, means + 2 * share * arm
    assert moved["higher in both arms"] == pytest.approx(both[arm == 1].mean() - both[arm == 0].mean())
    assert moved["higher in 1"] == pytest.approx(one[arm == 1].mean() - one[arm == 0].mean())
    low, high = rows_of(found, "missing-bound")
    worst = qic.assign(score=qic["score"].fillna(qic["arm"].map({0: 100.0, 1: 0.0})))
    by_site = worst.groupby("site")["score"].mean()
    assert low.estimate == pytest.approx(by_site[arm == 1].mean() - by_site[arm == 0].mean())
    assert low.estimate < estimate(qic, **NAMED).primary.estimate < high.estimate
    assert found.missing["missing"].sum() == qic["score"].isna().sum()
    assert found.missing["n"].sum() == len(qic)


def test_nothing_missing_and_nobody_lost_asks_nothing(few) -> None:
    named = {"outcome": "y", "arm": "arm", "cluster": "cluster", "family": "gaussian"}
    found = checked(few, named, span=(0.0, 30.0))
    assert [row.method for row in found.checks] == ["size-gap"]
    assert found.lost == ()
    assert set(found.tidy()["method"]) == {"size-gap", "leave-one-out"}


def test_the_size_of_a_site_that_says_something_is_found() -> None:
    rng = np.random.default_rng(4)
    size = np.array([5, 5, 5, 5, 80, 80, 80, 80] * 3)
    site = np.repeat(np.arange(24), size)
    arm = site % 2
    rows = pd.DataFrame({"site": site, "arm": arm})
    rows["score"] = arm * (size[site] / 20) + rng.normal(size=len(site))
    [row] = rows_of(checked(rows), "size-gap")
    overall = rows.groupby("arm")["score"].mean().diff()[1]
    assert row.estimate == pytest.approx(overall - estimate(rows, **NAMED).primary.estimate)
    assert row.p_value < 0.001


@pytest.fixture
def robbed(stratified) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A stratified trial that lost a site, and its roster."""
    return stratified[stratified["site"] != "s03"].reset_index(drop=True), sites(
        stratified, {"cluster": "site", "arm": "arm", "stratum": "region"}
    )


def test_lost_sites_are_permuted_with_the_roster_and_bounded(robbed) -> None:
    rows, roster = robbed
    named = {"outcome": "relapse", "arm": "arm", "cluster": "site", "stratum": "region", "family": "binomial"}
    found = checked(rows, named, roster=roster, span=(0.0, 1.0))
    assert found.lost == ("s03",)
    [test] = rows_of(found, "permutation-roster")
    assert test.estimate == pytest.approx(estimate(rows, **named).primary.estimate)
    # by hand: every allocation of the roster within regions, the lost site without a mean
    means = rows.groupby("site")["relapse"].mean().reindex(roster["site"]).to_numpy()
    here, regions = ~np.isnan(means), pd.get_dummies(roster["region"]).to_numpy(dtype=float)
    drawn, rng = roster["arm"].to_numpy(), np.random.default_rng(1)
    effects = []
    for _ in range(1_000):
        arm = drawn.copy()
        for inside in regions.T == 1:
            arm[inside] = rng.permutation(drawn[inside])
        design = np.column_stack([arm, regions])[here]
        effects.append(np.linalg.lstsq(design, means[here], rcond=None)[0][0])
    share = np.mean(np.abs(effects) >= abs(test.estimate) - 1e-9)
    assert test.p_value == pytest.approx(share, abs=0.05)
    low, high = rows_of(found, "lost-bound")
    assert low.estimate < high.estimate
    assert low.n_clusters == len(roster)


def test_a_whole_roster_gives_the_permutation_test_itself(stratified) -> None:
    from qieval.trial.lost import roster_test

    named = {"outcome": "fatigue", "arm": "arm", "cluster": "site", "stratum": "region", "family": "gaussian"}
    effect = estimate(stratified, **named)
    roster = sites(stratified, {"cluster": "site", "arm": "arm", "stratum": "region"})
    test = roster_test(effect, roster, named, draws=100, seed=1)
    alone = permutation_test(stratified, **named)
    assert alone.exact
    assert test.p_value == pytest.approx(alone.estimate.p_value, rel=1e-12)


def test_two_covariates_of_few_sites_are_refused_by_name(few) -> None:
    rows = few.assign(beds=few["cluster"] * 1.0, age=few["cluster"] ** 2 * 1.0)
    named = {"outcome": "y", "arm": "arm", "cluster": "cluster", "family": "gaussian"}
    [row] = rows_of(checked(rows, named, covariates=["beds", "age"]), "adjusted")
    assert f"fewer than {FEW_FOR_COVARIATES} clusters" in row.notes[0]
    assert math.isnan(row.estimate)
    [one] = rows_of(checked(rows, named, covariates=["beds"]), "adjusted")
    assert one.df == 3


def test_an_interim_look_has_no_p(robbed) -> None:
    rows, roster = robbed
    named = {"outcome": "fatigue", "arm": "arm", "cluster": "site", "stratum": "region", "family": "gaussian"}
    held = checked(rows, named, roster=roster).without_p("Not yet.")
    assert held.tidy()["p_value"].isna().all()
    assert "permutation-roster" not in set(held.tidy()["method"])


@pytest.mark.parametrize("gone", ["rows", "outcomes"])
def test_a_pair_that_lost_a_site_is_left_out_with_a_note_and_bounds(qic, gone) -> None:
    roster = sites(qic).sort_values(["arm", "site"])
    roster["pair"] = np.arange(len(roster)) % 6
    rows = qic.merge(roster[["site", "pair"]], on="site")
    first = roster["site"].iloc[0]
    partner = roster.loc[(roster["pair"] == 0) & (roster["site"] != first), "site"].item()
    less = rows[rows["site"] != first]
    less = less if gone == "rows" else rows.assign(score=rows["score"].where(rows["site"] != first))
    named = NAMED | {"pair": "pair"}
    effect = estimate(less, **named)
    five = estimate(rows[rows["pair"] != 0], **named)
    for ours, theirs in (
        (effect.primary, five.primary),
        (effect.permutation.estimate, five.permutation.estimate),
    ):
        assert (ours.estimate, ours.p_value) == pytest.approx((theirs.estimate, theirs.p_value), rel=1e-12)
    assert any(f"the other of their pair has no data: {partner}." in note for note in effect.primary.notes)
    found = sensitivity(effect, less, named=named, roster=roster, span=(0, 100))
    low, high = rows_of(found, "lost-bound")
    assert low.estimate < effect.primary.estimate < high.estimate
    assert rows_of(found, "permutation-roster")[0].p_value > 0
