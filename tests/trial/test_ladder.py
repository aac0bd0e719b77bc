from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.results import TIDY
from qieval.trial import (
    Effect,
    cluster_summary,
    estimate,
    gee,
    glmm,
    icc,
    mixed_model,
    permutation_test,
    robust_linear_model,
    wild_bootstrap,
)

NAMED = {"arm": "arm", "cluster": "site", "stratum": "region"}
SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}
NUMBERS = ("estimate", "se", "df", "p_value", "ci_low", "ci_high", "n", "n_clusters")


MEANS = [
    "cluster-t",
    "cluster-t-inverse-variance",
    "mixed-model-kr",
    "gee",
    "least-squares-cr2",
    "wild-bootstrap",
    "permutation",
]


def doubled(rows: pd.DataFrame) -> pd.DataFrame:
    """Sixteen sites an arm instead of eight."""
    return pd.concat([rows, rows.assign(site=rows["site"] + "b")], ignore_index=True)


def by_method(effect: Effect) -> dict:
    return {row.method: row for row in effect.ladder}


def same(one, two) -> None:
    for field in NUMBERS:
        assert getattr(one, field) == pytest.approx(getattr(two, field), rel=1e-12, nan_ok=True)


def test_each_rung_is_the_method_called_by_itself(stratified) -> None:
    effect = estimate(stratified, outcome="fatigue", **NAMED, seed=5, draws=500, unit="points")
    rungs = by_method(effect)
    assert list(rungs) == MEANS
    assert {row.unit for row in effect.ladder} == {"points"}
    assert effect.primary is effect.ladder[0]
    same(effect.ladder[0], cluster_summary(stratified, outcome="fatigue", **NAMED).estimate)
    same(rungs["mixed-model-kr"], mixed_model(stratified, outcome="fatigue", **NAMED).estimate)
    fg = gee(stratified, outcome="fatigue", **NAMED, correction="fay-graubard").estimate
    same(rungs["gee"], fg)
    same(rungs["least-squares-cr2"], robust_linear_model(stratified, outcome="fatigue", **NAMED).estimate)
    wild = wild_bootstrap(
        stratified, outcome="fatigue", arm="arm", cluster="site", covariates=["region"], seed=5
    )
    same(rungs["wild-bootstrap"], wild.estimate)
    test = permutation_test(stratified, outcome="fatigue", **NAMED, seed=5, draws=500)
    same(rungs["permutation"], test.estimate)
    assert effect.smallest_p == test.smallest_p
    alone = icc(stratified, outcome="fatigue", arm="arm", cluster="site")
    assert effect.icc is not None
    assert effect.icc.estimate == alone.estimate
    assert list(effect.tidy().columns) == list(TIDY)
    assert effect.tidy()["estimate"].iloc[0] == effect.primary.estimate


def test_lone_control_centre_is_said_first(lone) -> None:
    effect = estimate(lone, outcome="score", arm="arm", cluster="site")
    assert "Only one cluster is in “0”" in effect.cautions[0]
    assert "Few clusters: 3 in “1”, 1 in “0”" in effect.cautions[1]
    assert "p-value below 0.25" in effect.cautions[2]
    assert effect.smallest_p == 0.25
    assert effect.primary.df == 2
    assert math.isinf(effect.permutation.estimate.ci_low)


def test_enough_clusters_need_no_caution(qic) -> None:
    assert estimate(qic, outcome="score", arm="arm", cluster="site").cautions == ()


def test_summaries_by_cluster_and_arm(few) -> None:
    effect = estimate(few, **SMALL)
    means = few.groupby("cluster")["y"].mean()
    np.testing.assert_allclose(effect.cluster_summaries["mean"], means, rtol=1e-13)
    arms = effect.arms.set_index("arm")
    assert list(arms.index) == ["0", "1"]
    for code in (0, 1):
        here = few[few["arm"] == code]
        of_clusters = here.groupby("cluster")["y"].mean()
        row = arms.loc[str(code)]
        assert row["n"] == len(here)
        assert row["clusters"] == 3
        assert (row["smallest"], row["largest"]) == (
            here["cluster"].value_counts().min(),
            here["cluster"].value_counts().max(),
        )
        assert row["mean"] == pytest.approx(of_clusters.mean(), rel=1e-12)
        assert row["sd"] == pytest.approx(of_clusters.std(), rel=1e-12)
        assert row["overall"] == pytest.approx(here["y"].mean(), rel=1e-12)
    assert effect.primary.estimate == pytest.approx(arms["mean"].diff().iloc[1], rel=1e-12)


def test_binary_outcomes_are_risk_differences(stratified) -> None:
    rows = doubled(stratified)
    effect = estimate(rows, outcome="relapse", **NAMED, family="binomial", unit="proportion", draws=500)
    assert list(by_method(effect)) == [*MEANS[:-1], "glmm-difference", "permutation"]
    same(effect.primary, cluster_summary(rows, outcome="relapse", **NAMED, family="binomial").estimate)
    same(by_method(effect)["mixed-model-kr"], mixed_model(rows, outcome="relapse", **NAMED).estimate)
    fitted = glmm(rows, outcome="relapse", arm="arm", cluster="site", covariates=["region"])
    same(by_method(effect)["glmm-difference"], fitted.difference)
    ratios = {row.method: row for row in effect.ratios}
    assert list(ratios) == ["cluster-t-ratio", "gee-ratio", "glmm-risk-ratio", "glmm-t-ratio"]
    same(ratios["glmm-t-ratio"], fitted.ratio)
    same(ratios["glmm-risk-ratio"], fitted.risk_ratio)


def test_counts_are_rates_without_a_mixed_model(stratified) -> None:
    named = NAMED | {"outcome": "visits", "family": "poisson", "exposure": "years"}
    effect = estimate(stratified, **named)
    counts = ["cluster-t", "gee", "least-squares-cr2", "glmm-difference", "permutation"]
    assert list(by_method(effect)) == counts
    assert [row.method for row in effect.ratios] == ["cluster-t-ratio", "gee-ratio", "glmm-t-ratio"]
    assert effect.icc is None
    assert by_method(effect)["glmm-difference"].notes == ("Not for fewer than 12 clusters in an arm.",)
    same(effect.primary, cluster_summary(stratified, **named).estimate)
    site = stratified[stratified["site"] == "s01"]
    assert effect.cluster_summaries["mean"].iloc[0] == pytest.approx(
        site["visits"].sum() / site["years"].sum()
    )
    with pytest.raises(ArgumentError, match="not for counts"):
        estimate(stratified, **named, primary="mixed-model-kr")


def test_the_plan_chooses_the_first_row(few) -> None:
    effect = estimate(few, **SMALL, primary="permutation")
    assert [row.method for row in effect.ladder] == ["permutation", *MEANS[:-1]]
    assert effect.primary.method == "permutation"
    with pytest.raises(ArgumentError, match="'permutation', 'least-squares-cr2'; not 'best'"):
        estimate(few, **SMALL, primary="best")


def test_an_interim_look_has_intervals_and_no_p(few) -> None:
    effect = estimate(few, **SMALL)
    held = effect.without_p("Held back until the primary wave.")
    pairs = [*zip(effect.ladder, held.ladder, strict=True), *zip(effect.ratios, held.ratios, strict=True)]
    for before, after in pairs:
        assert math.isnan(after.p_value)
        assert math.isnan(after.statistic)
        assert (before.ci_low, before.ci_high) == (after.ci_low, after.ci_high)
        assert "Held back until the primary wave." in after.notes
    assert math.isnan(held.permutation.estimate.p_value)
    assert len(held.permutation.distribution) == 0
    assert not any("p-value" in said.split("read the interval")[0] for said in held.cautions)
    assert held.tidy()["p_value"].isna().all()
    assert effect.without_p("…", when=False) is effect
    assert math.isfinite(effect.primary.p_value)


def test_a_refused_rung_says_why_and_a_refused_primary_raises(few) -> None:
    single = few.groupby("cluster").head(1)
    effect = estimate(single, **SMALL)
    mixed = by_method(effect)["mixed-model-kr"]
    assert math.isnan(mixed.estimate)
    assert "no repeated row" in mixed.notes[0]
    assert effect.icc is None
    with pytest.raises(DesignError, match="no repeated row"):
        estimate(single, **SMALL, primary="mixed-model-kr")


def test_a_cluster_without_outcome_is_named(few) -> None:
    rows = few.astype({"y": float})
    rows.loc[rows["cluster"] == 4, "y"] = np.nan
    effect = estimate(rows, **SMALL)
    lost = "Left out, because no participant there has complete data: 4."
    assert any(said.startswith(lost) for said in effect.cautions)
    assert effect.primary.n_clusters == 5


def test_covariates_adjust_every_rung(few) -> None:
    effect = estimate(few, **SMALL, covariates=["x"])
    assert effect.primary.estimate != estimate(few, **SMALL).primary.estimate
    same(effect.ladder[0], cluster_summary(few, **SMALL, covariates=["x"]).estimate)
    same(by_method(effect)["mixed-model-kr"], mixed_model(few, **SMALL, covariates=["x"]).estimate)
    same(by_method(effect)["permutation"], permutation_test(few, **SMALL, covariates=["x"]).estimate)


@pytest.mark.parametrize("make", [lambda rows: rows.sample(frac=1, random_state=2), lambda rows: rows[::-1]])
def test_the_frame_stays_as_it_was_and_its_order_does_not_matter(few, make) -> None:
    rows = make(few)
    before = rows.copy()
    one, two = estimate(rows, **SMALL), estimate(few, **SMALL)
    pd.testing.assert_frame_equal(rows, before)
    for ours, theirs in zip(one.ladder, two.ladder, strict=True):
        for field in NUMBERS:
            assert getattr(ours, field) == pytest.approx(getattr(theirs, field), rel=1e-9, nan_ok=True)
    assert list(one.cluster_summaries["cluster"]) == list(two.cluster_summaries["cluster"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": 1.0}, "do not vary"),
        ({"arm": lambda rows: rows.index % 2}, "varies within"),
        ({"arm": 0}, "two arms are needed"),
    ],
)
def test_what_cannot_be_compared_is_refused(few, change, message) -> None:
    with pytest.raises(DesignError, match=message):
        estimate(few.assign(**change), **SMALL)


def test_two_clusters_in_all_have_no_error_to_test_against(few) -> None:
    with pytest.raises(DesignError, match="no degrees of freedom"):
        estimate(few[few["cluster"] < 2], **SMALL)
