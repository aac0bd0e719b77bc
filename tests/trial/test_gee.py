from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial.gee import gee

CORRECTIONS = {"LZ": "none", "KC": "kauermann-carroll", "MD": "mancl-derouen", "FG": "fay-graubard"}
ENDLINE = {"outcome": "score", "arm": "arm", "cluster": "site"}
SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}


def check(fit_by: Any, expected: dict[str, Any]) -> None:
    """Compare with R's gee and the corrections coded beside it: estimate, alpha, phi, SE, df, p."""
    fit = fit_by("none")
    assert fit.estimate.estimate == pytest.approx(expected["estimate"], rel=1e-10)
    assert fit.alpha == pytest.approx(expected["alpha"], rel=1e-9)
    n = fit.estimate.n
    # geepack, from which the values of independence come, divides by rows
    phi = expected["phi"] * (n / (n - expected["p"]) if expected["alpha"] == 0 else 1)
    assert fit.phi == pytest.approx(phi, rel=1e-10)
    others = sorted(value for name, value in expected["coef"].items() if name != "(Intercept)")
    assert fit.coefficients[0].estimate == pytest.approx(expected["coef"]["(Intercept)"], rel=1e-8)
    assert sorted(row.estimate for row in fit.coefficients[1:]) == pytest.approx(others, rel=1e-8)
    for name, correction in CORRECTIONS.items():
        if expected[name]["se"] is None:
            continue
        ours, theirs = fit_by(correction).estimate, expected[name]
        assert ours.se == pytest.approx(theirs["se"], rel=1e-8)
        assert ours.p_value == pytest.approx(theirs["t_p"], rel=1e-8)
        assert ours.df == theirs.get("t_df", expected["K"] - expected["p"])
        if "t_ci" in theirs:
            assert (ours.ci_low, ours.ci_high) == pytest.approx(theirs["t_ci"], rel=1e-8)


@pytest.mark.parametrize(
    ("model", "correlation"), [("gee_pkg", "exchangeable"), ("independence", "independence")]
)
def test_gaussian_matches_r_at_endline(qic, values, model, correlation) -> None:
    expected = values["qic_sim"]["endline_gee"][model]
    check(lambda by: gee(qic, **ENDLINE, correlation=correlation, correction=by), expected)


@pytest.mark.parametrize(
    ("key", "data", "named"),
    [
        ("tvsfp_thksord_cc", "tvsfp", {"outcome": "thksord"}),
        ("tvsfp_ancova", "tvsfp", {"outcome": "thksord", "covariates": ("thkspre", "tv", "cctv")}),
        (
            "tvsfp_bin",
            "tvsfp",
            {"outcome": "thksbin", "covariates": ("thkspre", "tv", "cctv"), "family": "binomial"},
        ),
        ("mkv_unadj", "mkvtrial", {"family": "binomial"}),
        ("mkv_strat", "mkvtrial", {"family": "binomial", "stratum": "stratum"}),
        ("mkv_logRR", "mkvtrial", {"family": "poisson", "stratum": "stratum"}),
        ("pneumovac", "pneumovac", {"family": "poisson"}),
        ("qic_score", "qic_sim", {"outcome": "score"}),
        ("qic_screened", "qic_sim", {"outcome": "screened", "family": "binomial"}),
        ("qic_visits", "qic_sim", {"outcome": "visits", "family": "poisson"}),
    ],
)
def test_real_trials_in_any_order_match_r(outside, outside_values, key, data, named) -> None:
    rows = pd.read_csv(outside / "crt" / "data" / f"{data}.csv")
    if data == "qic_sim":
        rows = rows[rows["wave"] == rows["wave"].max()]
    columns = {
        "tvsfp": {"arm": "cc", "cluster": "school"},
        "mkvtrial": {"outcome": "know", "arm": "arm", "cluster": "community"},
        "pneumovac": {"outcome": "bpepisodes", "arm": "spnvac", "cluster": "randunit"},
        "qic_sim": {"arm": "arm", "cluster": "site"},
    }[data]
    rows = rows.sample(frac=1, random_state=1)
    check(lambda by: gee(rows, **columns, **named, correction=by), outside_values["gee_pkg"][key])


def test_every_coefficient_and_both_kauermann_carroll_forms_match_r(outside, outside_values) -> None:
    rows = pd.read_csv(outside / "crt" / "data" / "tvsfp.csv")
    named = {"outcome": "thksbin", "arm": "cc", "cluster": "school", "covariates": ("tv", "cctv", "thkspre")}
    order = [0, 2, 3, 4, 1]
    expected = outside_values["kc_variants"]["tvsfp_bin"]
    for name, correction in {**CORRECTIONS, "KC_half": "kauermann-carroll"}.items():
        if name == "KC":
            continue
        fit = gee(rows, **named, family="binomial", correction=correction)
        theirs = [expected[name][place] for place in order]
        assert [row.se for row in fit.coefficients] == pytest.approx(theirs, rel=1e-10)
    symmetrised = fit.corrections[2]
    assert symmetrised.method == "gee-kauermann-carroll-symmetrised"
    assert symmetrised.se == pytest.approx(expected["KC_sym"][2], rel=1e-10)


def test_lone_control_centre_has_no_leverage_correction(lone, values) -> None:
    expected = values["mscqi_sim_3v1"]["gee"]
    for model, correlation in (("gee_pkg", "exchangeable"), ("independence", "independence")):
        named = {**ENDLINE, "correlation": correlation}
        for correction in ("kauermann-carroll", "mancl-derouen"):
            with pytest.raises(DesignError, match="determines a coefficient alone"):
                gee(lone, **named, correction=correction)
        fit = gee(lone, **named, correction="fay-graubard")
        assert fit.estimate.estimate == pytest.approx(expected[model]["estimate"], rel=1e-10)
        assert fit.estimate.se == pytest.approx(expected[model]["FG"]["se"], rel=1e-8)
        assert any("one cluster" in note for note in fit.estimate.notes)
        none, kc, symmetrised, md, fg = fit.corrections
        assert none.se == pytest.approx(expected[model]["LZ"]["se"], rel=1e-8)
        assert fg.se == fit.estimate.se
        for row in (kc, symmetrised, md):
            assert math.isnan(row.se)
            assert math.isnan(row.p_value)
            assert any("undefined" in note for note in row.notes)


def test_correlation_without_admissible_solution_gives_way_to_independence() -> None:
    import statsmodels.formula.api as smf
    from statsmodels.genmod.cov_struct import Exchangeable

    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(4), [12, 62, 25, 18])
    arm = cluster % 2
    rows = pd.DataFrame({"cluster": cluster, "arm": arm, "y": rng.normal(50, 10, len(cluster)) + 2 * arm})
    theirs = smf.gee("y ~ arm", "cluster", rows, cov_struct=Exchangeable()).fit()
    assert theirs.cov_struct.dep_params < -1 / 61  # beyond the bound of positive definiteness
    fit, plain = gee(rows, **SMALL), gee(rows, **SMALL, correlation="independence")
    assert fit.correlation == "independence"
    assert fit.alpha == 0
    assert any("no admissible solution" in note for note in fit.estimate.notes)
    assert fit.estimate.estimate == plain.estimate.estimate
    assert fit.estimate.se == plain.estimate.se
    assert not any("admissible" in note for note in plain.estimate.notes)


def test_singletons_alone_leave_no_correlation_to_estimate() -> None:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"cluster": range(30), "arm": np.arange(30) % 2, "y": rng.normal(size=30)})
    fit = gee(rows, **SMALL)
    assert (fit.correlation, fit.alpha) == ("independence", 0.0)


def test_outcome_constant_within_clusters_is_answered_by_independence() -> None:
    rows = pd.DataFrame({"cluster": np.repeat(range(6), 3), "arm": np.repeat([0, 1] * 3, 3)})
    rows["y"] = rows["cluster"].map({0: 1.0, 1: 3.0, 2: 2.0, 3: 5.0, 4: 4.0, 5: 4.5})
    fit = gee(rows, **SMALL)
    assert fit.correlation == "independence"
    assert fit.estimate.estimate == pytest.approx(12.5 / 3 - 7 / 3, rel=1e-12)
    # sums of squares about arm means over clusters squared: 14/3 and 13/6
    assert fit.estimate.se == pytest.approx(math.sqrt((14 / 3 + 13 / 6) / 9), rel=1e-12)


def test_ratio_and_difference_of_two_arms_are_those_of_their_totals(few) -> None:
    rng = np.random.default_rng(4)
    rows = few.assign(events=rng.poisson(2, len(few)), years=rng.uniform(0.5, 2, len(few)))
    total = rows.groupby("arm")[["events", "years"]].sum()
    rate = total["events"] / total["years"]
    named = {**SMALL, "outcome": "events", "exposure": "years", "family": "poisson"}
    ratio = gee(rows, **named, correlation="independence").estimate
    assert ratio.estimate == pytest.approx(math.log(rate[1] / rate[0]), rel=1e-10)
    assert ratio.unit == "log ratio"
    gap = gee(rows, **named, correlation="independence", link="identity").estimate
    assert gap.estimate == pytest.approx(rate[1] - rate[0], rel=1e-10)
    assert gap.unit == ""


def test_rows_labels_and_arms_may_be_turned_round(qic) -> None:
    named = {**ENDLINE, "covariates": ("age",)}
    plain = gee(qic, **named, correction="mancl-derouen")
    before = qic.copy()
    renamed = {site: f"site {90 - site}" for site in qic["site"].unique()}
    moved = qic.sample(frac=1, random_state=2).assign(site=lambda d: d["site"].map(renamed))
    other = gee(moved, **named, correction="mancl-derouen")
    pd.testing.assert_frame_equal(plain.tidy(), other.tidy(), rtol=1e-9)
    swapped = gee(qic.assign(arm=1 - qic["arm"]), **named, correction="mancl-derouen")
    assert swapped.estimate.estimate == pytest.approx(-plain.estimate.estimate, rel=1e-9)
    for one, two in zip(plain.corrections[:4], swapped.corrections[:4], strict=True):
        assert one.se == pytest.approx(two.se, rel=1e-9)
    pd.testing.assert_frame_equal(qic, before)
    high = gee(qic.assign(score=qic["score"] + 1e9), **named).estimate
    assert high.estimate == pytest.approx(plain.estimate.estimate, rel=1e-6)
    scaled = gee(qic.assign(score=5 - 3 * qic["score"]), **named).estimate
    assert scaled.estimate == pytest.approx(-3 * plain.estimate.estimate, rel=1e-9)


def test_arm_comes_first_and_missing_rows_are_said(few) -> None:
    rows = few.astype({"y": float})
    rows.loc[[0, 5], "y"] = np.nan
    fit = gee(rows, **SMALL, covariates=["x"])
    assert fit.tidy()["term"].tolist() == ["1 - 0", "intercept", "x"]
    assert fit.estimate.n == len(few) - 2
    assert any("2 rows" in note for note in fit.estimate.notes)
    assert any("fewer than 20" in note for note in fit.estimate.notes)
    assert not any("fewer than" in n for n in gee(rows, **SMALL, correction="mancl-derouen").estimate.notes)


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_an_arm_without_events_is_named(few, family) -> None:
    rows = few.assign(y=(few["arm"] == 1) & (few["x"] > 0))
    with pytest.raises(DesignError, match="Separation: no row of arm '0'"):
        gee(rows, **SMALL, family=family)


def test_a_nearly_separating_covariate_still_has_a_solution(qic) -> None:
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(0)
    x = rng.normal(0, 3, len(qic))
    rows = qic.assign(x=x, event=(x + rng.normal(0, 0.5, len(qic)) > 0).astype(float))
    named = {"outcome": "event", "arm": "arm", "cluster": "site", "covariates": ["x"], "family": "binomial"}
    theirs = smf.logit("event ~ arm + x", rows).fit(disp=0, tol=1e-12)
    fit = gee(rows, **named, correlation="independence")
    ours = [row.estimate for row in fit.coefficients]
    assert ours == pytest.approx(theirs.params.tolist(), rel=1e-7)


def test_separation_is_named(few) -> None:
    rows = few.assign(y=few["x"] > 0)
    with pytest.raises(DesignError, match="separate the outcome"):
        gee(rows, **SMALL, covariates=["x"], family="binomial")
    rows = few.assign(y=(few["x"] > -0.5) | (few["cluster"] == 2), z=few["cluster"] == 2)
    with pytest.raises(DesignError, match="separate the outcome"):
        gee(rows, **SMALL, covariates=["z"], family="binomial")
    with pytest.raises(DesignError, match=r"every row of arm '1'.*cluster_summary"):
        gee(few.assign(y=(few["arm"] == 1) | (few["x"] > 0)), **SMALL, family="binomial")


def test_what_cannot_be_answered_is_refused_by_name(few) -> None:
    with pytest.raises(DesignError, match="does not vary"):
        gee(few.assign(y=5.0), **SMALL)
    with pytest.raises(DesignError, match="do not vary within arms"):
        gee(
            pd.DataFrame({"cluster": [1, 1, 2, 2, 3, 3, 4, 4], "arm": [0] * 4 + [1] * 4, "y": [0, 2] * 4}),
            **SMALL,
        )
    with pytest.raises(DesignError, match="no degrees of freedom"):
        gee(few[few["cluster"] < 2], **SMALL)
    with pytest.raises(DesignError, match="singular"):
        gee(few.assign(z=few["arm"] * 2), **SMALL, covariates=["z"])
    with pytest.raises(DesignError, match="exposure of zero"):
        gee(few.assign(y=1, t=[0.0] + [1.0] * (len(few) - 1)), **SMALL, family="poisson", exposure="t")
    with pytest.raises(DesignError, match="mean above zero"):
        gee(few.assign(y=-few["y"]), **SMALL, link="log")
    with pytest.raises(ArgumentError, match=r"link of family 'poisson'.*not 'logit'"):
        gee(few.assign(y=1), **SMALL, family="poisson", link="logit")
    for name in ("family", "correlation", "correction"):
        with pytest.raises(ArgumentError, match=f"`{name}` parameter of `gee`"):
            gee(few, **SMALL, **{name: "other"})
    with pytest.raises(ArgumentError, match="0 or 1"):
        gee(few, **SMALL, family="binomial")
