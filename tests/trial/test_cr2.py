from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial.cr2 import robust_linear_model
from qieval.trial.gee import gee

ENDLINE = {"outcome": "score", "arm": "arm", "cluster": "site"}
SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}


def check(rows: pd.DataFrame, expected: dict[str, Any], **named: Any) -> None:
    """Compare with clubSandwich: standard error, Satterthwaite df and p of each correction."""
    for kind in ("cr0", "cr1", "cr2", "cr3"):
        theirs = expected.get(kind.upper())
        if theirs is None:
            continue
        ours = robust_linear_model(rows, **named, correction=kind).estimate
        assert ours.se == pytest.approx(theirs["se"], rel=1e-10)
        assert ours.df == pytest.approx(theirs["df_satt"], rel=1e-8)
        assert ours.p_value == pytest.approx(theirs["p_satt"], rel=1e-8)


def test_endline_matches_clubsandwich(qic, values) -> None:
    check(qic, values["qic_sim"]["endline_ols_CR"], **ENDLINE)
    fit = robust_linear_model(qic, **ENDLINE)
    assert fit.estimate.method == "least-squares-cr2"
    assert fit.estimate.estimate == pytest.approx(
        values["qic_sim"]["endline_gee"]["independence"]["estimate"], rel=1e-12
    )
    assert [row.method[-3:] for row in fit.corrections] == ["cr0", "cr1", "cr2", "cr3"]
    assert fit.corrections[2].se == fit.estimate.se


def test_schools_match_clubsandwich(outside, outside_values) -> None:
    rows = pd.read_csv(outside / "crt" / "data" / "tvsfp.csv")
    named = {"outcome": "thksord", "arm": "cc", "cluster": "school"}
    check(rows, outside_values["tvsfp"]["ols_CR_simple"], **named)
    check(rows, outside_values["tvsfp"]["ols_CR"], **named, covariates=["thkspre", "tv", "cctv"])


def test_communities_match_clubsandwich(mkv, outside_values) -> None:
    named = {"outcome": "know", "arm": "arm", "cluster": "community"}
    check(mkv, outside_values["mkvtrial"]["lpm_ols_CR"], **named, stratum="stratum")
    expected = outside_values["mkvtrial"]["estimand_individual_average_IEE"]
    check(mkv, expected["CR"], **named)
    assert robust_linear_model(mkv, **named).estimate.estimate == pytest.approx(expected["RD"], rel=1e-12)


def test_fixed_effects_of_79_schools_match_clubsandwich(outside, outside_values) -> None:
    rows = pd.read_csv(outside / "crt" / "data" / "star_k.csv").assign(
        small=lambda d: d["cltype"] == "small", aide=lambda d: d["cltype"] == "reg+A"
    )
    named = {"outcome": "read", "arm": "small", "cluster": "tch", "covariates": ["aide"], "stratum": "sch"}
    expected = outside_values["star_k"]["schoolFE_CR_by_class"]
    estimate = robust_linear_model(rows, **named).estimate
    assert estimate.estimate == pytest.approx(expected["estimate"], rel=1e-10)
    assert estimate.se == pytest.approx(expected["CR2"]["se"], rel=1e-10)
    assert estimate.df == pytest.approx(expected["CR2"]["df_satt"], rel=1e-8)
    assert estimate.p_value == pytest.approx(expected["CR2"]["p_satt"], rel=1e-8)


def test_lone_control_centre_is_refused_not_inverted(lone, values) -> None:
    with pytest.raises(DesignError, match="determines a coefficient alone"):
        robust_linear_model(lone, **ENDLINE)
    fit = robust_linear_model(lone, **ENDLINE, correction="cr1")
    check(lone, {kind: values["mscqi_sim_3v1"]["ols_CR"][kind] for kind in ("CR0", "CR1")}, **ENDLINE)
    assert any("one cluster" in note for note in fit.estimate.notes)
    for row in fit.corrections[2:]:
        assert math.isnan(row.se)
        assert math.isnan(row.df)
        assert any("undefined" in note for note in row.notes)


def test_standard_errors_are_those_of_independence_gee(few) -> None:
    fit = robust_linear_model(few, **SMALL, covariates=["x"])
    none, kc, _, md, _ = gee(few, **SMALL, covariates=["x"], correlation="independence").corrections
    cr0, _, cr2, cr3 = fit.corrections
    assert (cr0.se, cr2.se, cr3.se) == pytest.approx((none.se, kc.se, md.se), rel=1e-12)
    assert [row.term for row in fit.coefficients] == ["intercept", "1 - 0", "x"]
    assert fit.tidy()["term"].tolist() == ["1 - 0", "intercept", "x"]


def test_equal_clusters_are_the_pooled_t_test() -> None:
    rng = np.random.default_rng(8)
    rows = pd.DataFrame({"cluster": np.repeat(range(8), 5), "arm": np.repeat([0, 1] * 4, 5)})
    rows["y"] = rng.normal(size=8)[rows["cluster"]] + rng.normal(size=40)
    from qieval.trial import cluster_summary

    ours, t = robust_linear_model(rows, **SMALL).estimate, cluster_summary(rows, **SMALL).estimate
    for field in ("estimate", "se", "df", "p_value", "ci_low", "ci_high"):
        assert getattr(ours, field) == pytest.approx(getattr(t, field), rel=1e-9)


def test_rows_labels_and_arms_may_be_turned_round(few) -> None:
    before = few.copy()
    plain = robust_linear_model(few, **SMALL, covariates=["x"])
    turned = few.sample(frac=1, random_state=3).assign(cluster=lambda d: "c" + (9 - d["cluster"]).astype(str))
    other = robust_linear_model(turned, **SMALL, covariates=["x"])
    pd.testing.assert_frame_equal(plain.tidy(), other.tidy(), rtol=1e-9)
    swapped = robust_linear_model(few.assign(arm=1 - few["arm"]), **SMALL, covariates=["x"]).estimate
    assert swapped.estimate == pytest.approx(-plain.estimate.estimate, rel=1e-10)
    assert (swapped.se, swapped.df) == pytest.approx((plain.estimate.se, plain.estimate.df), rel=1e-9)
    pd.testing.assert_frame_equal(few, before)


def test_more_covariates_of_participants_than_clusters(few) -> None:
    rng = np.random.default_rng(0)
    rows = few.assign(**{name: rng.normal(size=len(few)) for name in "abcde"})
    estimate = robust_linear_model(rows, **SMALL, covariates=list("abcde")).estimate
    assert 0 < estimate.df < 6
    assert estimate.se > 0


def test_what_cannot_be_answered_is_refused_by_name(few) -> None:
    with pytest.raises(DesignError, match="does not vary"):
        robust_linear_model(few.assign(y=2.0), **SMALL)
    with pytest.raises(DesignError, match="singular"):
        robust_linear_model(few.assign(z=few["arm"] * 2), **SMALL, covariates=["z"])
    with pytest.raises(ArgumentError, match="`correction` parameter of `robust_linear_model`"):
        robust_linear_model(few, **SMALL, correction="hc3")
    pair = pd.DataFrame({"cluster": [1, 1, 2, 2], "arm": [0, 0, 1, 1], "y": [1.0, 2, 3, 5]})
    with pytest.raises(DesignError, match="Cluster 1, 2 determines a coefficient alone"):
        robust_linear_model(pair, **SMALL)
    with pytest.raises(DesignError, match="do not vary within arms"):
        robust_linear_model(pair, **SMALL, correction="cr0")


def test_communities_counted_alike_have_the_effect_and_errors_of_r(mkv, outside_values) -> None:
    """On community means; R weighs rows by 1 / size, and its CR2 takes them for equally varied."""
    theirs = outside_values["mkvtrial"]["estimand_cluster_average_IEE"]
    means = mkv.dropna(subset=["know"]).groupby(["community", "arm"], as_index=False)["know"].mean()
    rows = robust_linear_model(means, outcome="know", arm="arm", cluster="community").corrections
    ours = {row.method.removeprefix("least-squares-").upper(): row for row in rows}
    assert ours["CR0"].estimate == pytest.approx(theirs["RD"], rel=1e-10)
    for kind in ("CR0", "CR3"):
        assert ours[kind].se == pytest.approx(theirs["CR"][kind]["se"], rel=1e-10)
    assert ours["CR2"].se == pytest.approx(theirs["CR"]["CR2"]["se"], rel=3e-3)
