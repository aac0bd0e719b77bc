from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial import mixed_model

# How far R itself can be trusted: lme4 stops its optimiser some digits early, lmerTest differentiates
# numerically.
ESTIMATE, SE, KR_DF, SATTERTHWAITE_DF = 1e-6, 1e-6, 1e-5, 1e-4

ENDLINE = {"outcome": "score", "arm": "arm", "cluster": "site"}
SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}


def with_baseline(crt: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """The site's mean score at wave 0, as the reference models have it."""
    waves = pd.read_csv(crt / "qic_sim.csv")
    base = waves[waves["wave"] == 0].groupby("site")["score"].mean()
    return rows.assign(base=rows["site"].map(base))


def check_lmer(fit_by: Any, expected: dict[str, Any]) -> None:
    """Compare with lme4, lmerTest and pbkrtest: estimate, standard errors, df, p, intervals, REML."""
    kr, satterthwaite = fit_by("kenward-roger"), fit_by("satterthwaite")
    theirs = expected["kenward_roger"]
    ours = kr.estimate
    assert ours.n == expected["n"]
    assert ours.estimate == pytest.approx(expected["estimate"], rel=ESTIMATE)
    assert ours.se == pytest.approx(theirs["se"], rel=SE)
    assert ours.df == pytest.approx(theirs["df"], rel=KR_DF)
    assert ours.statistic == pytest.approx(theirs["t"], rel=SE)
    assert ours.p_value == pytest.approx(theirs["p"], rel=1e-5)
    assert (ours.ci_low, ours.ci_high) == pytest.approx(theirs["ci"], rel=1e-5)
    theirs = expected["satterthwaite"]
    ours = satterthwaite.estimate
    assert ours.se == pytest.approx(expected["se"], rel=SE)
    assert ours.df == pytest.approx(theirs["df"], rel=SATTERTHWAITE_DF)
    assert ours.p_value == pytest.approx(theirs["p"], rel=1e-4)
    assert (ours.ci_low, ours.ci_high) == pytest.approx(theirs["ci"], rel=1e-4)
    assert kr.criterion == pytest.approx(expected["reml_criterion"], rel=1e-9)


@pytest.mark.parametrize(
    ("model", "covariates"),
    [
        ("endline_lmm", ()),
        ("endline_lmm_ancova_clusterbaseline", ("base",)),
        ("endline_lmm_covars", ("base", "age", "group")),
    ],
)
def test_mixed_model_matches_r_at_endline(crt, qic, values, model, covariates) -> None:
    rows = with_baseline(crt, qic)
    check_lmer(
        lambda df: mixed_model(rows, **ENDLINE, covariates=covariates, df=df), values["qic_sim"][model]
    )


def test_boundary_is_flagged_and_kenward_roger_stays_small(qic, values) -> None:
    fit = mixed_model(qic, **ENDLINE)
    assert fit.boundary
    assert fit.between == 0
    assert fit.icc == 0
    assert fit.within == pytest.approx(values["qic_sim"]["endline_lmm"]["varcomp"]["residual"], rel=1e-12)
    assert fit.estimate.se == pytest.approx(1.05594636000814, rel=1e-12)
    assert fit.estimate.df == pytest.approx(8.77464687036987, rel=1e-10)
    assert any("boundary" in note for note in fit.estimate.notes)
    trap = mixed_model(qic, **ENDLINE, df="satterthwaite").estimate
    assert trap.df == pytest.approx(352, rel=1e-9)


def test_lone_control_centre_matches_r(lone, values) -> None:
    expected = values["mscqi_sim_3v1"]["endline_lmm"]
    check_lmer(lambda df: mixed_model(lone, **ENDLINE, df=df), expected)
    fit = mixed_model(lone, **ENDLINE)
    assert fit.between == pytest.approx(expected["varcomp"]["site"], rel=1e-6)
    assert fit.within == pytest.approx(expected["varcomp"]["residual"], rel=1e-7)
    assert fit.icc == pytest.approx(expected["icc"], rel=1e-6)
    assert not fit.boundary


@pytest.mark.parametrize(
    ("outcome", "model", "covariates"),
    [("fatigue", "mixed", ()), ("fatigue", "mixed_covariates", ("age", "sex")), ("relapse", "mixed", ())],
)
def test_strata_as_fixed_effects_match_r(stratified, values, outcome, model, covariates) -> None:
    expected = values["stratified"][outcome][model]
    named = {
        "outcome": outcome,
        "arm": "arm",
        "cluster": "site",
        "stratum": "region",
        "covariates": covariates,
    }
    for df, theirs in (
        ("kenward-roger", expected["kenward_roger"]),
        ("satterthwaite", expected["satterthwaite"]),
    ):
        fit = mixed_model(stratified, **named, df=df)
        ours = fit.estimate
        assert ours.n == expected["n"]
        # lme4's own variance here is good to five digits, and the estimate follows it
        assert ours.estimate == pytest.approx(theirs["estimate"], rel=1e-5)
        assert ours.se == pytest.approx(theirs["se"], rel=1e-5)
        assert ours.df == pytest.approx(theirs["df"], rel=SATTERTHWAITE_DF)
        assert ours.p_value == pytest.approx(theirs["p"], rel=1e-4)
        assert (ours.ci_low, ours.ci_high) == pytest.approx(theirs["ci"], rel=1e-4)
        assert fit.criterion == pytest.approx(expected["criterion"], rel=1e-9)
        assert fit.between == pytest.approx(expected["between"], rel=1e-4)
        assert fit.within == pytest.approx(expected["within"], rel=1e-6)


def test_between_df_matches_nlme(stratified, values) -> None:
    named = {"outcome": "fatigue", "arm": "arm", "cluster": "site", "stratum": "region"}
    fit = mixed_model(stratified, **named, df="between").estimate
    assert fit.df == values["stratified"]["fatigue"]["between"]["df"]
    assert fit.se == mixed_model(stratified, **named, df="satterthwaite").estimate.se


def test_stratum_and_categorical_covariate_are_the_same_model(stratified) -> None:
    named = {"outcome": "fatigue", "arm": "arm", "cluster": "site"}
    one = mixed_model(stratified, **named, stratum="region").estimate
    two = mixed_model(stratified, **named, covariates=["region"]).estimate
    for field in ("estimate", "se", "df", "p_value"):
        assert getattr(one, field) == pytest.approx(getattr(two, field), rel=1e-10)


@pytest.mark.parametrize(
    ("model", "extra"),
    [
        ("simple", {}),
        ("school_fixed_effects", {"stratum": "sch"}),
        ("school_fixed_effects", {"covariates": ["sch"]}),
    ],
)
def test_classes_in_schools_match_r(star, outside_values, model, extra) -> None:
    expected = outside_values["star_k"]["two_arm"][model]
    named = {"outcome": "read", "arm": "arm", "cluster": "tch"} | extra
    kr, satterthwaite = mixed_model(star, **named), mixed_model(star, **named, df="satterthwaite")
    assert (kr.estimate.n, kr.estimate.n_clusters) == (expected["n"], expected["classes"])
    assert kr.estimate.term == "small - reg"
    assert kr.estimate.estimate == pytest.approx(expected["estimate"], rel=ESTIMATE)
    assert kr.estimate.se == pytest.approx(expected["kr_se"], rel=SE)
    assert kr.estimate.df == pytest.approx(expected["kr_df"], rel=KR_DF)
    assert kr.estimate.p_value == pytest.approx(expected["kr_p"], rel=1e-5)
    assert satterthwaite.estimate.se == pytest.approx(expected["se"], rel=SE)
    assert satterthwaite.estimate.df == pytest.approx(expected["satt_df"], rel=SATTERTHWAITE_DF)
    assert satterthwaite.estimate.p_value == pytest.approx(expected["satt_p"], rel=1e-4)
    assert kr.between == pytest.approx(expected["varcomp"]["tch"], rel=1e-5)
    assert kr.within == pytest.approx(expected["varcomp"]["Residual"], rel=1e-6)
    assert kr.criterion == pytest.approx(expected["reml"], rel=1e-9)


def test_equal_sizes_give_the_t_test_on_cluster_means(few) -> None:
    equal = few.groupby("cluster").head(3)
    fit = mixed_model(equal, **SMALL)
    means = equal.groupby(["cluster", "arm"], as_index=False)["y"].mean()
    one, two = (means.loc[means["arm"] == arm, "y"] for arm in (1, 0))
    pooled = math.sqrt((one.var() + two.var()) / 2 * 2 / 3)
    assert not fit.boundary
    assert fit.estimate.estimate == pytest.approx(one.mean() - two.mean(), rel=1e-12)
    assert fit.estimate.se == pytest.approx(pooled, rel=1e-9)
    assert fit.estimate.df == pytest.approx(4, rel=1e-8)


@pytest.mark.parametrize("df", ["kenward-roger", "satterthwaite", "between"])
def test_row_order_and_cluster_labels_change_nothing(few, df) -> None:
    plain = mixed_model(few, **SMALL, covariates=["x"], df=df).estimate
    shuffled = few.sample(frac=1, random_state=3)
    words = few.assign(cluster="site " + few["cluster"].astype(str))
    tuples = few.assign(cluster=[("net", int(number)) for number in few["cluster"]])
    for other in (shuffled, words, tuples):
        fit = mixed_model(other, **SMALL, covariates=["x"], df=df).estimate
        for field in ("estimate", "se", "df", "p_value", "ci_low", "ci_high"):
            assert getattr(fit, field) == pytest.approx(getattr(plain, field), rel=1e-10)


def test_swapped_arms_flip_the_sign(few) -> None:
    plain = mixed_model(few, **SMALL).estimate
    swapped = mixed_model(few.assign(arm=1 - few["arm"]), **SMALL).estimate
    assert swapped.estimate == pytest.approx(-plain.estimate, rel=1e-10)
    assert (swapped.se, swapped.df, swapped.p_value) == pytest.approx(
        (plain.se, plain.df, plain.p_value), rel=1e-9
    )


@pytest.mark.parametrize(("shift", "scale"), [(5.0, 1.0), (0.0, 250.0), (-1e7, 1e-3), (1e6, 1.0)])
def test_a_change_of_unit_moves_the_estimate_and_nothing_else(few, shift, scale) -> None:
    plain = mixed_model(few, **SMALL, covariates=["x"]).estimate
    moved = mixed_model(few.assign(y=shift + scale * few["y"]), **SMALL, covariates=["x"]).estimate
    # adding 1e7 to a spread of 1e-3 leaves six digits in the data themselves
    tolerance = 1e-5 if abs(shift) > 1e6 else 1e-8
    assert moved.estimate == pytest.approx(scale * plain.estimate, rel=tolerance)
    assert moved.se == pytest.approx(scale * plain.se, rel=tolerance)
    assert (moved.df, moved.p_value) == pytest.approx((plain.df, plain.p_value), rel=tolerance)


def test_a_large_constant_in_a_covariate_costs_no_digits(few) -> None:
    plain = mixed_model(few, **SMALL, covariates=["x"]).estimate
    year = mixed_model(few.assign(x=few["x"] + 20240), **SMALL, covariates=["x"]).estimate
    assert (year.estimate, year.se, year.df) == pytest.approx((plain.estimate, plain.se, plain.df), rel=1e-8)


def test_incomplete_rows_are_counted_and_lost_clusters_named(few) -> None:
    rows = few.astype({"y": float})
    rows.loc[rows["cluster"] == 5, "y"] = np.nan
    rows.loc[0, "x"] = np.nan
    before = rows.copy()
    fit = mixed_model(rows, **SMALL, covariates=["x"]).estimate
    pd.testing.assert_frame_equal(rows, before)
    assert fit.n == len(few) - 7
    assert fit.n_clusters == 5
    assert "7 rows without complete data were left out." in fit.notes
    assert "Clusters without any complete row were left out: 5." in fit.notes
    kept = mixed_model(rows.dropna(), **SMALL, covariates=["x"]).estimate
    assert fit.estimate == pytest.approx(kept.estimate, rel=1e-12)


def test_some_singleton_clusters_are_fine_and_only_singletons_are_refused(few) -> None:
    some = few.drop(few[few["cluster"] == 0].index[1:])
    assert math.isfinite(mixed_model(some, **SMALL).estimate.se)
    with pytest.raises(DesignError, match="no repeated row in any cluster"):
        mixed_model(few.groupby("cluster").head(1), **SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": 4.0}, "same value in every row"),
        ({"y": lambda rows: rows["cluster"] * 1.5}, "zero residual variance"),
        ({"x": 3.0}, "No variation in 'x'"),
        ({"x": lambda rows: 2 - 3 * rows["arm"]}, "design is singular"),
        ({"arm": lambda rows: rows.index % 2}, "'arm' varies within 6 cluster"),
        ({"arm": 1}, "Arm '0' has no cluster with data"),
        ({"arm": lambda rows: rows["arm"].where(rows["cluster"] != 2)}, "'arm' is missing in 3 rows"),
        (
            {"cluster": lambda rows: rows["cluster"].where(rows["cluster"] != 2)},
            "'cluster' is missing in 3 rows",
        ),
    ],
)
def test_unanswerable_designs_are_named(few, change, message) -> None:
    with pytest.raises(DesignError, match=message):
        mixed_model(few.assign(**change), **SMALL, covariates=["x"])


def test_two_clusters_in_all_are_refused(few) -> None:
    with pytest.raises(DesignError, match="2 clusters and 2 terms between clusters"):
        mixed_model(few[few["cluster"] < 2], **SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"arm": lambda rows: rows["arm"].map({0: "usual", 1: "coached"})},
            "which arm is the control cannot be told",
        ),
        ({"arm": lambda rows: rows["arm"] + 1}, "two levels 0 and 1"),
        ({"arm": lambda rows: pd.Categorical(rows["arm"].map({0: "u", 1: "c"}))}, "unordered Categorical"),
        ({"arm": lambda rows: pd.Categorical(rows["cluster"] % 3, ordered=True)}, "must have two levels"),
        ({"y": "high"}, "'y' must hold numbers"),
        ({"y": np.inf}, "infinite"),
    ],
)
def test_columns_that_cannot_be_read_are_named(few, change, message) -> None:
    with pytest.raises(ArgumentError, match=message):
        mixed_model(few.assign(**change), **SMALL)


def test_bad_arguments_are_named(few) -> None:
    with pytest.raises(ArgumentError, match="no column 'z'"):
        mixed_model(few, **SMALL, covariates=["z"])
    with pytest.raises(ArgumentError, match="not one string"):
        mixed_model(few, **SMALL, covariates="x")
    with pytest.raises(ArgumentError, match="'kenward-roger', 'satterthwaite', 'between'; not 'kr'"):
        mixed_model(few, **SMALL, df="kr")
    with pytest.raises(ArgumentError, match="`level`"):
        mixed_model(few, **SMALL, level=95)
    with pytest.raises(ArgumentError, match="takes a DataFrame"):
        mixed_model([1, 2], **SMALL)


def test_ordered_categories_and_booleans_say_their_control(few) -> None:
    plain = mixed_model(few, **SMALL)
    arms = pd.Categorical(
        few["arm"].map({0: "usual care", 1: "coached"}), ["usual care", "coached"], ordered=True
    )
    words = mixed_model(few.assign(arm=arms), **SMALL)
    assert words.estimate.term == "coached - usual care"
    assert words.estimate.estimate == plain.estimate.estimate
    assert mixed_model(few.assign(arm=few["arm"] == 1), **SMALL).estimate.term == "True - False"


def test_tidy_puts_the_arm_first(few) -> None:
    rows = mixed_model(few, **SMALL, covariates=["x"]).tidy()
    assert list(rows["term"]) == ["1 - 0", "intercept", "x"]
    assert set(rows["method"]) == {"mixed-model-kr"}


@pytest.mark.parametrize("scale", [1e-14, 1e-100, 1e100])
def test_a_tiny_or_huge_unit_is_no_reason_to_refuse(few, scale) -> None:
    plain = mixed_model(few, **SMALL, covariates=["x"])
    moved = mixed_model(few.assign(y=scale * few["y"]), **SMALL, covariates=["x"])
    assert moved.estimate.estimate / scale == pytest.approx(plain.estimate.estimate, rel=1e-8)
    assert (moved.estimate.df, moved.icc) == pytest.approx((plain.estimate.df, plain.icc), rel=1e-8)
    covariate = mixed_model(few.assign(x=1e-14 * few["x"]), **SMALL, covariates=["x"])
    assert covariate.estimate.se == pytest.approx(plain.estimate.se, rel=1e-8)


def test_repeated_waves_have_a_random_wave_in_each_site(crt, values) -> None:
    waves = pd.read_csv(crt / "qic_sim.csv")
    expected = values["nested"]["waves"]["terms"][1]
    named = {"outcome": "score", "arm": "arm", "cluster": "site", "period": "wave"}
    kr, lean = (mixed_model(waves, **named, df=df) for df in ("kenward-roger", "satterthwaite"))
    assert expected["term"] == "arm"
    assert kr.estimate.estimate == pytest.approx(expected["estimate"], rel=ESTIMATE)
    assert (kr.estimate.se, lean.estimate.se) == pytest.approx((expected["kr_se"], expected["se"]), rel=SE)
    assert kr.estimate.df == pytest.approx(expected["kr_df"], rel=KR_DF)
    assert lean.estimate.df == pytest.approx(expected["satterthwaite_df"], rel=SATTERTHWAITE_DF)
    assert [row.term for row in kr.coefficients[2:]] == ["wave[1]", "wave[2]", "wave[3]"]


def test_sub_clusters_in_clusters_match_r(crt, values) -> None:
    rows, expected = pd.read_csv(crt / "nested.csv"), values["nested"]["both"]
    named = {"outcome": "both", "arm": "arm", "cluster": "cluster", "nested": "sub", "covariates": ["z", "x"]}
    kr = mixed_model(rows, **named)
    assert kr.estimate.df == pytest.approx(expected["terms"][1]["kr_df"], rel=KR_DF)
    assert kr.nested == pytest.approx(expected["components"]["sub:cluster"], rel=1e-5)
    assert kr.components()[0].estimate == kr.between
    ml = mixed_model(rows, **named, ml=True, df="satterthwaite")
    assert ml.criterion == pytest.approx(expected["ml"]["criterion"], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"nested": "x", "period": "y"}, "two nested random levels"),
        ({"nested": ["x", "z"]}, "two nested random levels"),
        ({"cluster": ["cluster", "x"]}, "two nested random levels"),
        ({"arm": None}, "takes `arm`, or `start`"),
        ({"start": "x", "period": "x"}, "takes `arm`, or `start`"),
        ({"immediate": True}, "goes with `start`"),
        ({"ml": True}, "restricted likelihood"),
    ],
)
def test_more_levels_and_unclear_effects_are_refused(few, change, match) -> None:
    with pytest.raises(ArgumentError, match=match):
        mixed_model(few, **(SMALL | change))


def test_one_row_in_each_sub_cluster_leaves_one_level_and_it_is_said(few) -> None:
    alone = few.assign(person=range(len(few)))
    found, plain = mixed_model(alone, **SMALL, nested="person"), mixed_model(few, **SMALL)
    assert found.estimate.se == plain.estimate.se
    assert any("One row in each" in note for note in found.estimate.notes)


def test_a_wave_without_one_arm_is_no_hindrance(crt) -> None:
    waves = pd.read_csv(crt / "qic_sim.csv")
    gone = waves[~((waves["wave"] == 2) & (waves["arm"] == 0))]
    found = mixed_model(gone, outcome="score", arm="arm", cluster="site", period="wave").estimate
    assert 0 < found.se < 10


def test_waves_with_a_lost_cluster_singletons_and_two_clusters(few) -> None:
    waves = few.assign(wave=np.arange(len(few)) % 2)
    gone = waves.assign(y=waves["y"].where(waves["cluster"] != 2))
    found = mixed_model(gone, **SMALL, period="wave").estimate
    assert found.n_clusters == 5
    assert any("left out: 2" in note for note in found.notes)
    one = pd.concat([waves[waves["cluster"] != 0], waves[waves["cluster"] == 0].head(1)])
    assert math.isfinite(mixed_model(one, **SMALL, period="wave").estimate.se)
    with pytest.raises(DesignError, match="2 clusters and 2 terms"):
        mixed_model(waves[waves["cluster"] < 2], **SMALL, period="wave")
