from __future__ import annotations

import math
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qieval.errors import ArgumentError, DesignError
from qieval.stats.linear_mixed import linear_mixed
from qieval.trial import estimate, icc, mixed_model

# Closed forms: only rounding may differ from R.
EXACT = 1e-12

SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}


def check_anova(ours, theirs) -> None:
    assert ours.estimate.estimate == pytest.approx(theirs["icc"], rel=EXACT * 100)
    assert ours.average_size == pytest.approx(theirs["n0"], rel=EXACT)
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(
        theirs["searle_ci"], rel=EXACT * 100
    )
    assert ours.design_effect == pytest.approx(theirs["deff_cv"], rel=EXACT * 100)


def test_analysis_of_variance_matches_r(qic, values) -> None:
    check_anova(icc(qic, outcome="score", arm="arm", cluster="site"), values["qic_sim"]["endline_icc"])


def test_communities_and_schools_match_r(outside, mkv, outside_values) -> None:
    check_anova(
        icc(mkv, outcome="know", arm="arm", cluster="community"), outside_values["mkvtrial"]["icc_anova"]
    )
    schools = pd.read_csv(outside / "crt" / "data" / "tvsfp.csv")
    check_anova(
        icc(schools, outcome="thksord", arm="cc", cluster="school"), outside_values["tvsfp"]["icc_anova_cc"]
    )
    areas = pd.read_csv(outside / "crt" / "data" / "pneumovac.csv")
    negative = icc(areas, outcome="bpepisodes", arm="spnvac", cluster="randunit")
    check_anova(negative, outside_values["pneumovac"]["icc_anova"])
    assert negative.estimate.estimate < 0


def restricted_likelihood(rows: pd.DataFrame, theta: float) -> float:
    """Minus twice the profiled restricted log-likelihood from the full covariance matrix of the rows."""
    same = rows["cluster"].to_numpy()[:, None] == rows["cluster"].to_numpy()[None, :]
    inverse = np.linalg.inv(np.eye(len(rows)) + theta * same)
    design = np.column_stack([np.ones(len(rows)), rows["arm"]])
    information = design.T @ inverse @ design
    beta = np.linalg.solve(information, design.T @ inverse @ rows["y"])
    residual = rows["y"] - design @ beta
    spare = len(rows) - 2
    return (
        spare * math.log(residual @ inverse @ residual)
        - np.linalg.slogdet(inverse)[1]
        + np.linalg.slogdet(information)[1]
    )


def test_reml_interval_ends_where_the_likelihood_has_fallen(few) -> None:
    ours = icc(few, **SMALL, method="reml", level=0.8).estimate
    assert ours.estimate == pytest.approx(mixed_model(few, **SMALL).icc, rel=1e-10)
    best = restricted_likelihood(few, ours.estimate / (1 - ours.estimate))
    for limit in (ours.ci_low, ours.ci_high):
        rise = restricted_likelihood(few, limit / (1 - limit)) - best
        assert rise == pytest.approx(stats.chi2.ppf(0.8, 1), rel=1e-6)


def test_reml_at_the_boundary_starts_at_zero(qic) -> None:
    ours = icc(qic, outcome="score", arm="arm", cluster="site", method="reml").estimate
    assert (ours.estimate, ours.ci_low) == (0, 0)
    assert 0 < ours.ci_high < 0.2


def test_clusters_alike_within_give_one(few) -> None:
    ours = icc(few.assign(y=few["cluster"] * 1.0), **SMALL).estimate
    assert ours.estimate == pytest.approx(1)
    assert ours.ci_high == 1


def test_unanswerable_designs_are_named(few) -> None:
    with pytest.raises(DesignError, match="an arm of two clusters"):
        icc(few[few["cluster"] < 2], **SMALL)
    with pytest.raises(DesignError, match="a cluster of two rows"):
        icc(few.groupby("cluster").head(1), **SMALL)
    with pytest.raises(DesignError, match="does not vary within arms"):
        icc(few.assign(y=few["arm"]), **SMALL)


def test_swiger_gives_the_standard_error_of_r(qic, mkv, values, outside_values) -> None:
    community = {"outcome": "know", "arm": "arm", "cluster": "community"}
    for rows, names, theirs in (
        (qic, {"outcome": "score", "arm": "arm", "cluster": "site"}, values["qic_sim"]["endline_icc"]),
        (mkv, community, outside_values["mkvtrial"]["icc_anova"]),
    ):
        ours = icc(rows, **names, interval="swiger")
        assert ours.estimate.se == pytest.approx(theirs["swiger_se"], rel=1e-6)
        assert ours.estimate.estimate == pytest.approx(theirs["icc"], rel=1e-8)
        assert ours.design_effect == pytest.approx(theirs["deff_cv"], rel=1e-8)


def test_resampled_sites_give_an_interval_by_their_own_analysis_of_variance(few) -> None:
    names = {"outcome": "y", "arm": "arm", "cluster": "cluster"}
    ours = icc(few, **names, interval="bootstrap", seed=3).estimate
    rng, found = np.random.default_rng(3), []
    for _ in range(300):
        parts = []
        for arm in (0, 1):
            labels = few.loc[few["arm"] == arm, "cluster"].unique()
            for new, label in enumerate(rng.choice(labels, len(labels))):
                parts.append(few[few["cluster"] == label].assign(cluster=10 * arm + new))
        found.append(icc(pd.concat(parts), **names).estimate.estimate)
    low, high = np.quantile(found, [0.025, 0.975])
    assert ours.ci_low == pytest.approx(low, abs=0.15)
    assert ours.ci_high == pytest.approx(high, abs=0.1)
    assert ours.ci_low < ours.ci_high


def test_a_binary_outcome_has_both_scales(mkv, outside_values) -> None:
    named = {"outcome": "know", "arm": "arm", "cluster": "community", "stratum": "stratum"}
    effect = estimate(mkv, **named, family="binomial")
    found = {each.estimate.method: each.estimate.estimate for each in effect.iccs}
    assert list(found) == ["anova", "anova-swiger", "anova-bootstrap", "reml", "fleiss-cuzick", "latent"]
    assert found["anova"] == pytest.approx(0.0308821, rel=1e-5)
    theirs = outside_values["mkvtrial"]["glmm_strat"]["icc_latent_nAGQ25"]
    assert found["latent"] == pytest.approx(theirs, rel=1e-4)
    row = effect.iccs[-1].estimate
    alone = icc(mkv, outcome="know", arm="arm", cluster="community", method="latent").estimate
    assert alone.estimate == pytest.approx(
        outside_values["mkvtrial"]["glmm_unadj"]["icc_latent_nAGQ25"], rel=1e-4
    )
    assert 0 < row.ci_low < row.estimate < row.ci_high < 0.2


RELAPSE = {"outcome": "relapse", "cluster": "site"}


@pytest.mark.parametrize(("arm", "key"), [("arm", "arms"), (None, "whole")])
def test_correlations_of_a_binary_outcome_match_r(stratified, values, arm, key) -> None:
    """R's profile (tests/reference/crt/correlation.R) ends within 1e-5, as far as its optimisers go."""
    rows = stratified.dropna(subset=["relapse"])
    ours = icc(rows, **RELAPSE, arm=arm, method="fleiss-cuzick").estimate
    assert ours.estimate == pytest.approx(values["correlation"]["fleiss_cuzick"][key], rel=1e-10)
    assert ours.ci_low < ours.estimate < ours.ci_high
    theirs = values["correlation"]["latent"][key]
    ours = icc(rows, **RELAPSE, arm=arm, method="latent").estimate
    assert (ours.estimate, ours.ci_low, ours.ci_high) == pytest.approx(
        (theirs["estimate"], *theirs["ci"]), rel=2e-5
    )


def test_without_arms_the_whole_variation_counts(outside, mkv, outside_values) -> None:
    named = {"outcome": "know", "cluster": "community"}
    check_anova(icc(mkv, **named), outside_values["mkvtrial"]["icc_anova_noarm"])
    found = icc(mkv, **named, interval="swiger").estimate.se
    assert found == pytest.approx(outside_values["mkvtrial"]["icc_anova_noarm"]["swiger_se"], rel=1e-10)
    cuzick = icc(mkv, **named, method="fleiss-cuzick").estimate
    assert cuzick.estimate == pytest.approx(outside_values["mkvtrial"]["icc_fleiss_cuzick"], rel=1e-12)
    schools = pd.read_csv(outside / "crt" / "data" / "tvsfp.csv")
    whole = icc(schools, outcome="thksord", cluster="school")
    check_anova(whole, outside_values["tvsfp"]["icc_anova_noarm"])
    shuffled = icc(schools.sample(frac=1, random_state=2), outcome="thksord", cluster="school")
    assert shuffled.estimate.ci_high == pytest.approx(whole.estimate.ci_high, rel=1e-12)


def test_without_arms_the_mixed_model_has_an_intercept_alone(few) -> None:
    named = {"outcome": "y", "cluster": "cluster"}
    ours = icc(few, **named, method="reml").estimate
    theirs = linear_mixed(few["y"].to_numpy(), np.empty((len(few), 0)), [], cluster=few["cluster"])
    assert ours.estimate == pytest.approx(theirs.icc, rel=1e-10)
    drawn = icc(few, **named, interval="bootstrap").estimate
    assert drawn.ci_low < icc(few, **named).estimate.estimate < drawn.ci_high + 0.2


def test_a_correlation_needs_a_binary_outcome_that_varies(few) -> None:
    met = few.assign(y=(few["y"] > few["y"].median()) * 1.0)
    for method in ("fleiss-cuzick", "latent"):
        with pytest.raises(ArgumentError, match="must be 0 or 1"):
            icc(few, outcome="y", cluster="cluster", method=method)
        with pytest.raises(DesignError, match=r"does not vary|the same"):
            icc(met.assign(y=1), outcome="y", cluster="cluster", method=method)
    with pytest.raises(DesignError, match="nothing but events or none"):
        icc(few.assign(y=few["cluster"] % 2), outcome="y", cluster="cluster", method="latent")


def test_resamples_in_which_nothing_varies_are_left_out() -> None:
    rows = pd.DataFrame({"site": np.repeat(np.arange(6), 10), "met": (np.arange(60) == 3) * 1.0})
    named = {"outcome": "met", "cluster": "site"}
    found = icc(rows, **named, method="fleiss-cuzick").estimate
    assert found.estimate == pytest.approx(1 - (9 / 10) / (54 * 59 / 3600))
    assert found.ci_low < found.ci_high
    assert math.isfinite(icc(rows, **named, interval="bootstrap").estimate.ci_high)


def test_the_resampled_interval_of_fleiss_and_cuzick_is_that_of_clusters_drawn_one_by_one(few) -> None:
    rows = few.assign(y=(few["y"] > few["y"].median()) * 1.0)
    ours = icc(rows, **SMALL, method="fleiss-cuzick", seed=3).estimate
    rng, found = np.random.default_rng(8), []
    for _ in range(120):
        parts = []
        for arm in (0, 1):
            labels = rows.loc[rows["arm"] == arm, "cluster"].unique()
            for new, label in enumerate(rng.choice(labels, len(labels))):
                parts.append(rows[rows["cluster"] == label].assign(cluster=10 * arm + new))
        with suppress(DesignError):
            found.append(icc(pd.concat(parts), **SMALL, method="fleiss-cuzick").estimate.estimate)
    low, high = np.quantile(found, [0.025, 0.975])
    assert (ours.ci_low, ours.ci_high) == pytest.approx((low, high), abs=0.15)
