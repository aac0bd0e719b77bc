"""Nine clusters in two strata with a covariate: every method beside R's value for it.

Values from `tests/reference/crt/few.R`: lme4, lmerTest, pbkrtest, clubSandwich; corrections of estimating
equations from full matrices, permutations and the wild bootstrap by plain enumeration.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.trial import (
    cluster_summary,
    gee,
    glmm,
    mixed_model,
    permutation_test,
    robust_linear_model,
    wild_bootstrap,
)

NAMED = {"arm": "arm", "cluster": "site", "stratum": "region"}
ADJUSTED = NAMED | {"covariates": ["x"]}


@pytest.fixture(scope="module")
def rows(crt) -> pd.DataFrame:
    return pd.read_csv(crt / "few.csv")


@pytest.fixture(scope="module")
def r(values) -> dict[str, Any]:
    return values["few"]


@pytest.mark.parametrize(("outcome", "key"), [("y", "mixed"), ("met", "mixed_binary")])
def test_the_mixed_model_is_lmer_s(rows, r, outcome, key) -> None:
    """Every coefficient by both methods; the limits of the full likelihood's profile."""
    theirs = r[key]
    for df, (se, freedom, p) in {
        "satterthwaite": ("se", "df", "p"),
        "kenward-roger": ("kr_se", "kr_df", "kr_p"),
    }.items():
        fit = mixed_model(rows, outcome=outcome, **ADJUSTED, df=df)
        ours = fit.coefficients
        assert [row.estimate for row in ours] == pytest.approx(theirs["estimate"], rel=1e-5)
        assert [row.se for row in ours] == pytest.approx(theirs[se], rel=1e-5)
        assert [row.df for row in ours] == pytest.approx(theirs[freedom], rel=1e-4)
        assert [row.p_value for row in ours] == pytest.approx(theirs[p], rel=1e-3)
    assert (fit.between, fit.within) == pytest.approx((theirs["between"], theirs["within"]), rel=1e-4)
    full = mixed_model(rows, outcome=outcome, **ADJUSTED, df="satterthwaite", ml=True)
    limits = [math.sqrt(limit) for row in full.components() for limit in (row.ci_low, row.ci_high)]
    # lme4 interpolates its profile by splines, worse where a variance is near zero
    splines = 1e-3 if outcome == "y" else 5e-3
    assert limits == pytest.approx([limit for pair in theirs["sd_limits_ml"] for limit in pair], rel=splines)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("gaussian", {"outcome": "y", **ADJUSTED}),
        ("binomial", {"outcome": "met", **ADJUSTED, "family": "binomial"}),
        ("poisson", {"outcome": "visits", **NAMED, "family": "poisson", "exposure": "years"}),
        ("independence", {"outcome": "met", **ADJUSTED, "family": "binomial", "correlation": "independence"}),
    ],
)
def test_estimating_equations_are_those_of_full_matrices(rows, r, key, options) -> None:
    theirs = r["gee"][key]
    kinds = {"LZ": "none", "KC": "kauermann-carroll", "MD": "mancl-derouen", "FG": "fay-graubard"}
    for name, correction in kinds.items():
        fit = gee(rows, **options, correction=correction)
        assert [row.estimate for row in fit.coefficients] == pytest.approx(theirs["estimate"], rel=1e-8)
        assert [row.se for row in fit.coefficients] == pytest.approx(theirs["se"][name], rel=1e-8)
        assert (fit.estimate.df, fit.estimate.p_value) == pytest.approx(
            (theirs["df"], theirs["p"][name]), rel=1e-7
        )
    assert (fit.alpha, fit.phi) == pytest.approx((theirs["alpha"], theirs["phi"]), rel=1e-8)


@pytest.mark.parametrize("kind", ["cr0", "cr1", "cr2", "cr3"])
def test_least_squares_is_club_sandwich_s(rows, r, kind) -> None:
    theirs = r["cr"][kind.upper()]
    ours = robust_linear_model(rows, outcome="y", **ADJUSTED, correction=kind).coefficients
    assert [row.estimate for row in ours] == pytest.approx(theirs["estimate"], rel=1e-9)
    assert [row.se for row in ours] == pytest.approx(theirs["se"], rel=1e-9)
    assert [row.df for row in ours] == pytest.approx(theirs["df"], rel=1e-8)
    assert [row.p_value for row in ours] == pytest.approx(theirs["p"], rel=1e-7)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("binomial", {"outcome": "met", **ADJUSTED}),
        ("poisson", {"outcome": "visits", **NAMED, "family": "poisson", "exposure": "years"}),
    ],
)
def test_models_of_odds_and_rates_are_glmer_s(rows, r, key, options) -> None:
    theirs = r["glmm"][key]
    covariates = ["region", *options.pop("covariates", [])]
    options = {name: value for name, value in options.items() if name != "stratum"}
    fit = glmm(rows.astype({"region": str}), **options, covariates=covariates)
    ours = [row.estimate for row in fit.coefficients]
    assert ours == pytest.approx(theirs["estimate"], rel=1e-5, abs=1e-6)
    assert [row.se for row in fit.coefficients] == pytest.approx(theirs["se"], rel=1e-4)
    assert [row.p_value for row in fit.coefficients] == pytest.approx(theirs["p"], rel=1e-3)
    assert fit.between == pytest.approx(theirs["between"], rel=1e-4, abs=1e-7)


RISK, RATE = {"family": "binomial"}, {"family": "poisson", "exposure": "years"}


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("unweighted", {"outcome": "y", **NAMED}),
        ("size", {"outcome": "y", **NAMED, "weights": "size"}),
        ("risk", {"outcome": "met", **NAMED, **RISK}),
        ("rate", {"outcome": "visits", **NAMED, **RATE}),
        ("log_risk", {"outcome": "met", **NAMED, **RISK, "effect": "ratio"}),
        ("log_rate", {"outcome": "visits", **NAMED, **RATE, "effect": "ratio"}),
        ("two_stage", {"outcome": "y", **ADJUSTED}),
        ("two_stage_risk", {"outcome": "met", **ADJUSTED, **RISK}),
        ("two_stage_rate", {"outcome": "visits", **ADJUSTED, **RATE}),
        ("two_stage_log_risk", {"outcome": "met", **ADJUSTED, **RISK, "effect": "ratio"}),
        ("two_stage_log_rate", {"outcome": "visits", **ADJUSTED, **RATE, "effect": "ratio"}),
    ],
)
def test_cluster_level_analyses_are_r_s(rows, r, key, options) -> None:
    theirs, ours = r["cluster"][key], cluster_summary(rows, **options).estimate
    estimate, low, high = theirs["estimate"], *theirs["ci"]
    if "log" in key:
        estimate, low, high = np.exp([estimate, low, high])
    assert (ours.estimate, ours.ci_low, ours.ci_high) == pytest.approx((estimate, low, high), rel=1e-8)
    assert (ours.df, ours.p_value) == pytest.approx((theirs["df"], theirs["p"]), rel=1e-8)


def test_permutations_are_the_enumerated_ones(rows, r) -> None:
    """The limits by halving a p that is counted anew at every shift: they end within 1e-7."""
    for key, named in (("plain", NAMED), ("adjusted", ADJUSTED)):
        theirs, ours = r["permutation"][key], permutation_test(rows, outcome="y", **named, level=0.9)
        assert ours.allocations == theirs["N"]
        assert ours.estimate.estimate == pytest.approx(theirs["estimate"], rel=1e-9)
        assert ours.estimate.p_value == pytest.approx(theirs["p"], rel=1e-12)
        assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(tuple(theirs["ci90"]), abs=1e-7)


def test_the_wild_bootstrap_is_the_enumerated_one(rows, r) -> None:
    words = rows.astype({"region": str})
    ours = wild_bootstrap(words, outcome="y", arm="arm", cluster="site", covariates=["region", "x"]).estimate
    assert ours.statistic == pytest.approx(r["wild"]["t"], rel=1e-9)
    assert ours.p_value == pytest.approx(r["wild"]["p"], rel=1e-12)
    # at a limit the p of the shifted outcome has just fallen to 5 %
    for limit, inside in ((ours.ci_low, 1e-6), (ours.ci_high, -1e-6)):
        for step, kept in ((inside, True), (-inside, False)):
            moved = words.assign(y=words["y"] - (limit + step) * words["arm"])
            again = wild_bootstrap(moved, outcome="y", arm="arm", cluster="site", covariates=["region", "x"])
            assert (again.estimate.p_value > 0.05) == kept
