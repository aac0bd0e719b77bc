from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.results import Estimate
from qieval.trial import cluster_summary, permutation_test

# Closed forms: only rounding may differ from R.
EXACT = 1e-12

ENDLINE = {"outcome": "score", "arm": "arm", "cluster": "site"}
SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}
WEIGHTS = [("none", "t_unweighted"), ("size", "t_size_weighted"), ("inverse-variance", "t_invvar_weighted")]


def check_t(ours: Estimate, theirs: dict[str, Any], *, rel: float = EXACT) -> None:
    """Compare estimate, standard error, df, p and, where given, the interval."""
    assert ours.estimate == pytest.approx(theirs["estimate"], rel=rel)
    assert ours.se == pytest.approx(theirs["se"], rel=rel)
    assert ours.df == theirs["df"]
    assert ours.p_value == pytest.approx(theirs["p"], rel=rel)
    if "ci" in theirs:
        assert (ours.ci_low, ours.ci_high) == pytest.approx(theirs["ci"], rel=rel)


@pytest.mark.parametrize(("weights", "name"), WEIGHTS)
def test_means_match_r(qic, values, weights, name) -> None:
    ours = cluster_summary(qic, **ENDLINE, weights=weights).estimate
    check_t(ours, values["qic_sim"]["endline_cluster_level"][name])
    assert ours.statistic == pytest.approx(values["qic_sim"]["endline_cluster_level"][name]["t"], rel=EXACT)


@pytest.mark.parametrize(("weights", "name"), WEIGHTS)
def test_lone_cluster_takes_the_variance_of_the_other_arm(lone, values, weights, name) -> None:
    ours = cluster_summary(lone, **ENDLINE, weights=weights).estimate
    check_t(ours, values["mscqi_sim_3v1"]["cluster_level"][name])


def test_two_stage_adjustment_matches_r(qic, values) -> None:
    ours = cluster_summary(qic, **ENDLINE, covariates=["age", "group"]).estimate
    check_t(ours, values["qic_sim"]["endline_two_stage"])


@pytest.mark.parametrize(
    ("outcome", "name", "extra"),
    [
        ("fatigue", "cluster_t", {"stratum": "region"}),
        ("fatigue", "paired_t", {"pair": "pair"}),
        ("fatigue", "size_weighted", {"stratum": "region", "weights": "size"}),
        ("relapse", "cluster_t", {"stratum": "region", "family": "binomial"}),
        ("visits", "cluster_t", {"stratum": "region", "family": "poisson", "exposure": "years"}),
    ],
)
def test_strata_and_pairs_cost_degrees_of_freedom_as_in_r(stratified, values, outcome, name, extra) -> None:
    ours = cluster_summary(stratified, outcome=outcome, arm="arm", cluster="site", **extra).estimate
    check_t(ours, values["stratified"][outcome][name])


@pytest.mark.parametrize(
    ("outcome", "extra"),
    [("relapse", {"family": "binomial"}), ("visits", {"family": "poisson", "exposure": "years"})],
)
def test_two_stage_for_proportions_and_rates_matches_r(stratified, values, outcome, extra) -> None:
    named = {"arm": "arm", "cluster": "site", "stratum": "region", "covariates": ["age", "sex"]}
    ours = cluster_summary(stratified, outcome=outcome, **named, **extra).estimate
    check_t(ours, values["stratified"][outcome]["two_stage"], rel=1e-9)


def check_ratio(ours: Estimate, theirs: dict[str, Any], *, rel: float) -> None:
    """Compare a ratio with a reference on the log scale."""
    assert ours.estimate == pytest.approx(math.exp(theirs["estimate"]), rel=rel)
    assert ours.se == pytest.approx(math.exp(theirs["estimate"]) * theirs["se"], rel=rel)
    assert ours.df == theirs["df"]
    assert ours.p_value == pytest.approx(theirs["p"], rel=rel)
    assert ours.unit == "ratio"


@pytest.mark.parametrize(("covariates", "name"), [((), "log_ratio"), (("age", "sex"), "two_stage_log_ratio")])
def test_rate_ratio_matches_r(stratified, values, covariates, name) -> None:
    ours = cluster_summary(
        stratified,
        outcome="visits",
        arm="arm",
        cluster="site",
        stratum="region",
        covariates=covariates,
        family="poisson",
        exposure="years",
        effect="ratio",
    ).estimate
    theirs = values["stratified"]["visits"][name]
    check_ratio(ours, theirs, rel=1e-9)
    assert (math.log(ours.ci_low), math.log(ours.ci_high)) == pytest.approx(theirs["ci"], rel=1e-9)
    assert ours.method == "cluster-t-ratio"


def test_communities_match_r(mkv, outside_values) -> None:
    named = {"outcome": "know", "arm": "arm", "cluster": "community", "family": "binomial"}
    theirs = outside_values["mkvtrial"]
    for weights, name in WEIGHTS:
        check_t(cluster_summary(mkv, **named, weights=weights).estimate, theirs["cluster_level"][name])
    named["stratum"] = "stratum"
    check_t(cluster_summary(mkv, **named).estimate, theirs["cluster_level"]["t_stratified"])
    ratio = cluster_summary(mkv, **named, effect="ratio").estimate
    check_ratio(ratio, theirs["cluster_logRR_stratified"], rel=EXACT)
    assert (ratio.ci_low, ratio.ci_high) == pytest.approx(
        theirs["cluster_logRR_stratified"]["RR_ci"], rel=EXACT
    )
    named["covariates"] = ["ethnicgp", "lifepart", "agegp"]
    # R's glm stops at a relative deviance of 1e-8
    check_t(cluster_summary(mkv, **named).estimate, theirs["two_stage_RD"], rel=1e-7)
    check_ratio(cluster_summary(mkv, **named, effect="ratio").estimate, theirs["two_stage_RR"], rel=1e-7)


def test_classes_match_r(star, outside_values) -> None:
    theirs = outside_values["star_k"]["two_arm"]["class_means_t"]
    ours = cluster_summary(star, outcome="read", arm="arm", cluster="tch").estimate
    check_t(ours, theirs | {"estimate": theirs["difference"]})


def test_rates_match_r(outside, outside_values) -> None:
    rows = pd.read_csv(outside / "crt" / "data" / "pneumovac.csv")
    ours = cluster_summary(
        rows, outcome="bpepisodes", arm="spnvac", cluster="randunit", family="poisson"
    ).estimate
    check_t(ours, outside_values["pneumovac"]["cluster_rate_t"])


def test_cluster_frame_holds_what_was_compared(few) -> None:
    result = cluster_summary(few, **SMALL, weights="size")
    assert list(result.clusters.columns) == ["cluster", "arm", "n", "value", "weight"]
    means = few.groupby("cluster")["y"].mean().to_numpy()
    np.testing.assert_allclose(result.clusters["value"], means, rtol=1e-14)
    np.testing.assert_array_equal(result.clusters["weight"], result.clusters["n"])
    assert list(result.tidy()["method"]) == ["cluster-t-size"]


def test_a_covariate_of_clusters_costs_a_degree_of_freedom(few) -> None:
    rows = few.assign(beds=few["cluster"].map({0: 10, 1: 30, 2: 20, 3: 12, 4: 50, 5: 41}))
    assert cluster_summary(rows, **SMALL, covariates=["x"]).estimate.df == 4
    assert cluster_summary(rows, **SMALL, covariates=["x", "beds"]).estimate.df == 3


def test_row_order_labels_swap_and_units(few) -> None:
    plain = cluster_summary(few, **SMALL).estimate
    for other in (few.sample(frac=1, random_state=1), few.assign(cluster=few["cluster"].map("c{}".format))):
        ours = cluster_summary(other, **SMALL).estimate
        assert (ours.estimate, ours.se, ours.df) == pytest.approx(
            (plain.estimate, plain.se, plain.df), rel=1e-12
        )
    swapped = cluster_summary(few.assign(arm=1 - few["arm"]), **SMALL).estimate
    assert (swapped.estimate, swapped.p_value) == pytest.approx((-plain.estimate, plain.p_value), rel=1e-12)
    moved = cluster_summary(few.assign(y=3 - 2 * few["y"]), **SMALL).estimate
    assert (moved.estimate, moved.se) == pytest.approx((-2 * plain.estimate, 2 * plain.se), rel=1e-12)


def test_stratum_with_one_arm_only_adds_nothing_to_the_estimate(few) -> None:
    rows = few.assign(place=few["cluster"].map({0: "a", 1: "a", 2: "a", 3: "a", 4: "b", 5: "a"}))
    with_it = cluster_summary(rows, **SMALL, stratum="place").estimate
    without = cluster_summary(rows[rows["place"] == "a"], **SMALL).estimate
    assert (with_it.estimate, with_it.se, with_it.df) == pytest.approx(
        (without.estimate, without.se, without.df)
    )


def test_no_event_in_a_cluster_adds_half_an_event_everywhere() -> None:
    rows = pd.DataFrame(
        {
            "cluster": np.repeat([1, 2, 3, 4], 4),
            "arm": np.repeat([0, 0, 1, 1], 4),
            "y": [1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        }
    )
    ours = cluster_summary(rows, **SMALL, family="binomial", effect="ratio").estimate
    logs = np.log((np.array([2, 3, 0, 1]) + 0.5) / 4)
    assert math.log(ours.estimate) == pytest.approx(logs[2:].mean() - logs[:2].mean(), rel=1e-12)
    assert any("Half an event" in note for note in ours.notes)


@pytest.mark.parametrize(
    ("keep", "change", "extra", "message"),
    [
        (6, {"y": 2.0}, {}, "do not vary within arms"),
        (6, {"place": lambda rows: rows["arm"]}, {"stratum": "place"}, "Every stratum holds only one arm"),
        (2, {}, {}, "no degrees of freedom"),
        (
            6,
            {"place": lambda rows: rows["cluster"] // 2},
            {"stratum": "place", "covariates": ["x", "arm2", "arm3"]},
            "no degrees",
        ),
        (6, {"place": lambda rows: rows["x"].rank() % 2}, {"stratum": "place"}, "'place' varies within"),
        (6, {"place": 1}, {"pair": "place"}, "Pair 1 has 6 clusters"),
        (6, {"y": lambda rows: -rows["y"]}, {"effect": "ratio"}, "means above zero"),
        (
            6,
            {"y": 1, "py": lambda rows: rows["cluster"]},
            {"family": "poisson", "exposure": "py"},
            "No exposure in cluster",
        ),
    ],
)
def test_unanswerable_designs_are_named(few, keep, change, extra, message) -> None:
    rows = few[few["cluster"] < keep].assign(**change)
    rows = rows.assign(arm2=rows["cluster"] ** 2, arm3=rows["cluster"] ** 3)
    with pytest.raises(DesignError, match=message):
        cluster_summary(rows, **SMALL, **extra)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"family": "binomial"}, "must be 0 or 1"),
        ({"family": "poisson"}, "whole and not negative"),
        ({"exposure": "x"}, "negative values"),
        ({"exposure": "cluster"}, "goes with counts"),
        ({"stratum": "x", "pair": "x"}, "not both"),
        ({"stratum": "x", "covariates": ["x"]}, "name it once"),
        ({"weights": "equal"}, "'none', 'size', 'inverse-variance'; not 'equal'"),
    ],
)
def test_bad_arguments_are_named(few, extra, message) -> None:
    with pytest.raises(ArgumentError, match=message):
        cluster_summary(few, **SMALL, **extra)


def test_inverse_variance_is_not_for_rates(few) -> None:
    with pytest.raises(ArgumentError, match="not for rates"):
        cluster_summary(few.assign(y=few["cluster"]), **SMALL, family="poisson", weights="inverse-variance")


def test_only_covariates_of_clusters_that_add_something_cost_degrees_of_freedom(few) -> None:
    beds = few["cluster"].map({0: 10, 1: 30, 2: 20, 3: 12, 4: 50, 5: 41})
    rows = few.assign(beds=beds, staff=3 * beds + 2, always=7, small=1e-14 * few["x"])
    assert cluster_summary(rows, **SMALL, covariates=["x", "beds", "staff", "always"]).estimate.df == 3
    assert cluster_summary(rows, **SMALL, covariates=["small"]).estimate.df == 4


def test_covariates_that_leave_nothing_to_compare_are_named(few) -> None:
    with pytest.raises(DesignError, match="predict every outcome exactly"):
        cluster_summary(few.assign(x=0.1 - 3 * few["y"]), **SMALL, covariates=["x"])
    with pytest.raises(DesignError, match="determine the arm"):
        cluster_summary(few.assign(x=2 - few["arm"]), **SMALL, covariates=["x"])
    for name in ("y", "arm", "cluster"):
        with pytest.raises(ArgumentError, match="name it once"):
            cluster_summary(few, **SMALL, covariates=[name])


def test_changes_of_sites_match_r(crt, values) -> None:
    waves, expected = pd.read_csv(crt / "qic_sim.csv"), values["qic_sim"]["did_cluster_change_t"]
    means = waves.pivot_table(index=["site", "arm"], columns="wave", values="score")
    changes = (means[3] - means[0]).rename("change").reset_index()
    named = {"outcome": "change", "arm": "arm", "cluster": "site"}
    found = cluster_summary(changes, **named).estimate
    for field in ("estimate", "se", "df", "p"):
        ours = getattr(found, "p_value" if field == "p" else field)
        assert ours == pytest.approx(expected[field], rel=1e-10)
    test = permutation_test(changes, **named)
    assert test.estimate.p_value == pytest.approx(expected["perm"]["p_two_sided"], rel=1e-12)
    assert (test.estimate.ci_low, test.estimate.ci_high) == pytest.approx(expected["perm"]["ci"], rel=1e-9)
