from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial.glmm import glmm

# glmer stops short of the maximum and differentiates numerically: six to seven digits are its own.
AGQ = 1e-5
# Its Laplace approximation takes the curvature a step before the mode, which costs it digits that ours keep
# (glmmTMB, exact like ours, is met at 1e-5).
LAPLACE = 1e-4

STRATA = {"arm": "arm", "cluster": "site"}
MODELS = {
    "relapse": {"outcome": "relapse", "covariates": ["region", "age"]},
    "visits": {"outcome": "visits", "covariates": ["region"], "family": "poisson", "exposure": "years"},
    "screened": {"outcome": "screened"},
}


@pytest.mark.parametrize("points", [7, 15])
@pytest.mark.parametrize("name", list(MODELS))
def test_quadrature_matches_glmer(stratified, qic, values, name, points) -> None:
    theirs = values["glmm"][f"points_{points}"][name]
    ours = glmm(qic if name == "screened" else stratified, **STRATA, **MODELS[name], quadrature=points)
    for place, term in enumerate(theirs["coefficients"]):
        row = ours.coefficients[place]
        assert row.estimate == pytest.approx(theirs["coefficients"][term], rel=AGQ, abs=AGQ * row.se)
        assert row.se == pytest.approx(theirs["se"][term], rel=2 * AGQ)
        assert row.p_value == pytest.approx(theirs["p"][term], rel=1e-3)
    assert ours.between == pytest.approx(theirs["between"], rel=1e-4, abs=1e-12)
    assert ours.boundary == (name == "screened")
    if name != "visits":  # glmer leaves constants of counts out, but not for Laplace
        assert ours.log_likelihood == pytest.approx(theirs["log_likelihood"], rel=1e-8)


@pytest.mark.parametrize("name", list(MODELS))
def test_laplace_matches_glmer(stratified, qic, values, name) -> None:
    theirs = values["glmm"]["points_1"][name]
    ours = glmm(qic if name == "screened" else stratified, **STRATA, **MODELS[name], quadrature=1)
    assert ours.estimate.estimate == pytest.approx(theirs["coefficients"]["arm"], rel=2 * LAPLACE)
    assert ours.estimate.se == pytest.approx(theirs["se"]["arm"], rel=20 * LAPLACE)
    assert ours.log_likelihood == pytest.approx(theirs["log_likelihood"], rel=1e-6)
    assert ours.log_likelihood >= theirs["log_likelihood"] - 1e-7


@pytest.mark.parametrize(("key", "covariates"), [("glmm_unadj", []), ("glmm_strat", ["stratum"])])
def test_real_binary_trial_matches_glmer(mkv, outside_values, key, covariates) -> None:
    rows = mkv.astype({"stratum": str})
    for points in (1, 7, 15, 25):
        theirs = outside_values["mkvtrial"][key][f"nAGQ{points}"]
        ours = glmm(
            rows, outcome="know", arm="arm", cluster="community", covariates=covariates, quadrature=points
        )
        assert ours.estimate.estimate == pytest.approx(theirs["estimate"], rel=AGQ)
        # Laplace: the tolerance of its own standard error, see above
        assert ours.estimate.se == pytest.approx(theirs["se"], rel=AGQ if points > 1 else 3 * LAPLACE)
        assert ours.between == pytest.approx(theirs["var_cluster"], rel=AGQ)
        assert ours.log_likelihood == pytest.approx(theirs["logLik"], rel=1e-9)
    # z is 5.2: a part in 10^5 of the standard error is 3 parts in 10^4 of p
    assert ours.estimate.p_value == pytest.approx(theirs["p"], rel=1e-3)
    latent = outside_values["mkvtrial"][key]["icc_latent_nAGQ25"]
    assert ours.latent_icc == pytest.approx(latent, rel=AGQ)
    if covariates:
        precise = outside_values["mkvtrial"]["glmmTMB_strat"]
        laplace = glmm(
            rows, outcome="know", arm="arm", cluster="community", covariates=covariates, quadrature=1
        )
        assert laplace.estimate.estimate == pytest.approx(precise["estimate"], rel=AGQ)
        assert laplace.estimate.se == pytest.approx(precise["se"], rel=AGQ)


def test_real_counts_match_glmer_and_glmmtmb(outside, outside_values) -> None:
    rows = pd.read_csv(outside / "crt" / "data" / "pneumovac.csv")
    named = {"outcome": "bpepisodes", "arm": "spnvac", "cluster": "randunit", "family": "poisson"}
    theirs = outside_values["pneumovac"]["glmm"]
    for points in (7, 15, 25):
        ours = glmm(rows, **named, quadrature=points)
        assert ours.estimate.estimate == pytest.approx(theirs[f"nAGQ{points}"]["estimate"], rel=AGQ)
        assert ours.estimate.se == pytest.approx(theirs[f"nAGQ{points}"]["se"], rel=AGQ)
        assert ours.between == pytest.approx(theirs[f"nAGQ{points}"]["var_cluster"], rel=AGQ)
        assert ours.estimate.p_value == pytest.approx(theirs[f"nAGQ{points}"]["p"], rel=AGQ)
    laplace = glmm(rows, **named, quadrature=1)
    assert laplace.estimate.estimate == pytest.approx(theirs["nAGQ1"]["estimate"], rel=LAPLACE)
    precise = outside_values["pneumovac"]["glmmTMB"]
    assert laplace.estimate.estimate == pytest.approx(precise["estimate"], rel=AGQ)
    assert laplace.estimate.se == pytest.approx(precise["se"], rel=AGQ)
    assert laplace.between == pytest.approx(precise["var_cluster"], rel=1e-4)
    assert laplace.log_likelihood == pytest.approx(precise["logLik"], rel=1e-9)


def test_rows_of_the_result(stratified) -> None:
    ours = glmm(stratified, **STRATA, **MODELS["visits"])
    rows = ours.tidy()
    assert list(rows["method"][:3]) == ["glmm", "glmm-t", "glmm-t-ratio"]
    assert list(rows["term"][3:]) == ["intercept", "region[hills]", "region[town]"]
    assert ours.estimate.df == math.inf
    assert "asymptotic" in ours.estimate.notes[-1]
    assert ours.conservative.df == 16 - 4
    assert ours.conservative.ci_low < ours.estimate.ci_low
    assert ours.ratio.estimate == pytest.approx(math.exp(ours.estimate.estimate), rel=1e-15)
    assert ours.ratio.ci_high == pytest.approx(math.exp(ours.conservative.ci_high), rel=1e-15)
    assert math.isnan(ours.latent_icc)
    assert ours.estimate.n_clusters == 16


def test_zero_variance_gives_the_plain_model_and_is_said(few) -> None:
    rows = few.assign(y=(few.index % 2).astype(int))
    ours = glmm(rows, outcome="y", arm="arm", cluster="cluster")
    assert ours.boundary
    assert ours.between == 0
    assert any("boundary" in note for note in ours.estimate.notes)
    event = rows.groupby("arm")["y"].agg(["sum", "count"])
    cells = np.concatenate([event["sum"], event["count"] - event["sum"]])
    odds = np.log(event["sum"] / (event["count"] - event["sum"]))
    assert ours.estimate.estimate == pytest.approx(odds[1] - odds[0], rel=1e-8)
    assert ours.estimate.se == pytest.approx(math.sqrt((1 / cells).sum()), rel=1e-5)


def test_order_labels_and_sides_do_not_matter(stratified) -> None:
    named = {**STRATA, **MODELS["relapse"]}
    plain = glmm(stratified, **named)
    kept = stratified.copy()
    turned = stratified.sample(frac=1, random_state=1)
    turned = turned.assign(site="z" + turned["site"].str[::-1], arm=1 - turned["arm"], age=turned["age"] * 12)
    other = glmm(turned, **named)
    assert other.estimate.estimate == pytest.approx(-plain.estimate.estimate, rel=1e-6)
    assert other.estimate.se == pytest.approx(plain.estimate.se, rel=1e-6)
    assert 12 * other.coefficients[-1].se == pytest.approx(plain.coefficients[-1].se, rel=1e-6)
    assert other.between == pytest.approx(plain.between, rel=1e-5)
    pd.testing.assert_frame_equal(stratified, kept)


def test_missing_rows_are_left_out_and_counted(stratified) -> None:
    holed = stratified.assign(relapse=stratified["relapse"].where(stratified.index % 7 != 0))
    ours = glmm(holed, **STRATA, outcome="relapse").estimate
    kept = glmm(stratified[stratified.index % 7 != 0], **STRATA, outcome="relapse").estimate
    assert ours.estimate == pytest.approx(kept.estimate, rel=1e-12)
    assert "left out" in ours.notes[0]


def test_two_clusters_leave_no_t() -> None:
    rows = pd.DataFrame({"s": [1, 2] * 10, "arm": [0, 1] * 10, "y": [0, 1, 1, 1, 0, 0, 1, 0, 0, 1] * 2})
    ours = glmm(rows, outcome="y", arm="arm", cluster="s")
    assert math.isnan(ours.conservative.df)
    assert math.isnan(ours.conservative.p_value)
    assert math.isnan(ours.ratio.ci_low)


def test_clusters_without_events_and_of_one_row_are_kept(stratified) -> None:
    rows = stratified[["site", "arm", "relapse"]]
    lone = pd.DataFrame({"site": ["t1", "t2"], "arm": [0, 1], "relapse": [1, 0]})
    none = rows.assign(relapse=rows["relapse"].where(rows["site"] != "s01", 0))
    ours = glmm(pd.concat([none, lone]), outcome="relapse", arm="arm", cluster="site")
    assert ours.estimate.n_clusters == 18
    assert math.isfinite(ours.estimate.se)


def test_large_counts_keep_their_digits() -> None:
    """With some 10^7 events a cluster the model is that of the clusters' log rates, all but exactly."""
    rng = np.random.default_rng(2)
    site = np.repeat(np.arange(8), 10)
    log_rate = 14 + rng.normal(0, 0.5, 8)
    rows = pd.DataFrame({"site": site, "arm": site % 2, "y": np.exp(log_rate[site]).round()})
    ours = glmm(rows, outcome="y", arm="arm", cluster="site", family="poisson")
    treated, control = log_rate[1::2], log_rate[::2]
    spread = (treated.var() + control.var()) / 2
    assert ours.estimate.estimate == pytest.approx(treated.mean() - control.mean(), rel=1e-4)
    assert ours.between == pytest.approx(spread, rel=1e-4)
    assert ours.estimate.se == pytest.approx(math.sqrt(spread / 2), rel=1e-4)


def test_what_cannot_be_answered_is_refused_by_name(few) -> None:
    events = few.assign(y=few.index % 2, count=few.index % 3)
    named = {"outcome": "y", "arm": "arm", "cluster": "cluster"}
    with pytest.raises(DesignError, match=r"arm '1' is 1.*separated"):
        glmm(events.assign(y=events["y"].where(events["arm"] == 0, 1)), **named)
    with pytest.raises(DesignError, match="arm '0' is 0"):
        glmm(
            events.assign(count=events["count"] * events["arm"]),
            **{**named, "outcome": "count"},
            family="poisson",
        )
    with pytest.raises(DesignError, match="separate"):
        glmm(events.assign(x=3.0 * events["y"] + few["x"] * 0.01), **named, covariates=["x"])
    none = events.assign(y=events["y"].where(few["cluster"] > 1, 0), s=(few["cluster"] > 1).astype(str))
    with pytest.raises(DesignError, match="separate"):
        glmm(none, **named, covariates=["s"])
    with pytest.raises(DesignError, match="nothing but events"):
        glmm(events.assign(y=(few["cluster"] > 2).astype(int)), **named)
    with pytest.raises(DesignError, match=r"'z'.*determine"):
        glmm(events.assign(z=1 - events["arm"]), **named, covariates=["z"])
    with pytest.raises(DesignError, match="exposure of zero"):
        glmm(events.assign(t=0.0), **named, family="poisson", exposure="t")
    with pytest.raises(ArgumentError, match="0 or 1"):
        glmm(events.assign(y=2 * events["y"]), **named)
    with pytest.raises(ArgumentError, match="family"):
        glmm(events, **named, family="gaussian")
    for wrong in (0, 51, 2.5):
        with pytest.raises(ArgumentError, match="quadrature"):
            glmm(events, **named, quadrature=wrong)


@pytest.mark.parametrize("name", ["relapse", "visits"])
def test_standardised_risks_and_rates_match_glmer_and_the_delta_method(stratified, values, name) -> None:
    theirs, ours = values["standardised"][name], glmm(stratified, **STRATA, **MODELS[name])
    assert ours.difference.estimate == pytest.approx(theirs["difference"], rel=AGQ)
    assert ours.difference.se == pytest.approx(theirs["se"], rel=AGQ)
    assert ours.risk_ratio.estimate == pytest.approx(theirs["ratio"], rel=AGQ)
    assert ours.risk_ratio.se / ours.risk_ratio.estimate == pytest.approx(theirs["se_log"], rel=AGQ)
    assert ours.difference.df == ours.conservative.df
    low, high = ours.difference.ci_low, ours.difference.ci_high
    assert low < ours.difference.estimate < high


def test_without_variance_between_clusters_standardised_is_the_plain_difference(qic) -> None:
    found = glmm(qic, outcome="screened", **STRATA)
    risks = qic.groupby("arm")["screened"].mean()
    assert found.boundary
    assert found.difference.estimate == pytest.approx(risks[1] - risks[0], rel=1e-8)
    assert found.risk_ratio.estimate == pytest.approx(risks[1] / risks[0], rel=1e-8)


def test_which_effect_is_asked_for_must_be_clear_and_somebody_must_have_started(few) -> None:
    rows = few.assign(met=few["y"] > few["y"].median(), start=3.0, when=1 + few.index % 2)
    named = {"outcome": "met", "cluster": "cluster"}
    for unclear in ({}, {"start": "start"}, {"arm": "arm", "start": "start", "period": "when"}):
        with pytest.raises(ArgumentError, match="takes `arm`, or `start` and `period`"):
            glmm(rows, **named, **unclear)
    with pytest.raises(DesignError, match="No cluster has started"):
        glmm(rows, **named, start="start", period="when")
    with pytest.raises(ArgumentError, match="must be 0 or 1"):
        glmm(rows, outcome="y", cluster="cluster", start="start", period="when")
