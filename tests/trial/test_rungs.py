from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.trial import AVERAGES, estimate, gee
from qieval.trial.rungs import DIFFERENCES, RATIOS

SITE = {"arm": "arm", "cluster": "site"}
COMMUNITY = {"arm": "arm", "cluster": "community", "stratum": "stratum", "family": "binomial"}


def rows_of(effect) -> dict:
    return {row.method: row for row in (*effect.ladder, *effect.ratios)}


def meets(ours, theirs, *, se: float = 1e-5, p: str = "p") -> None:
    assert ours.estimate == pytest.approx(theirs["estimate"], rel=1e-6)
    assert ours.se == pytest.approx(theirs["se"], rel=se)
    assert ours.df == pytest.approx(theirs["df"], rel=1e-3)
    assert ours.p_value == pytest.approx(theirs[p], rel=1e-3)


def test_the_ladder_of_twelve_sites_is_that_of_r(qic, values) -> None:
    theirs, found = values["qic_sim"], rows_of(estimate(qic, outcome="score", **SITE))
    meets(found["cluster-t-inverse-variance"], theirs["endline_cluster_level"]["t_invvar_weighted"])
    robust = theirs["endline_ols_CR"]["CR2"]
    assert found["least-squares-cr2"].se == pytest.approx(robust["se"], rel=1e-9)
    assert found["least-squares-cr2"].df == pytest.approx(robust["df_satt"], rel=1e-8)
    assert found["least-squares-cr2"].p_value == pytest.approx(robust["p_satt"], rel=1e-8)
    marginal = theirs["endline_gee"]["gee_pkg"]
    assert found["gee"].estimate == pytest.approx(marginal["estimate"], rel=1e-8)
    assert found["gee"].se == pytest.approx(marginal["FG"]["se"], rel=1e-8)
    assert found["gee"].p_value == pytest.approx(marginal["FG"]["t_p"], rel=1e-6)
    assert found["wild-bootstrap"].p_value == theirs["endline_wcr_rademacher"]["p_two_sided"]
    assert found["permutation"].p_value == pytest.approx(
        theirs["endline_cluster_level"]["perm"]["p_two_sided"]
    )


def test_the_ladder_of_a_real_binary_trial_is_that_of_r(mkv, outside_values) -> None:
    theirs, found = outside_values["mkvtrial"], rows_of(estimate(mkv, outcome="know", **COMMUNITY))
    assert found["cluster-t"].p_value == pytest.approx(0.00019748, rel=1e-4)
    assert found["mixed-model-kr"].df == pytest.approx(15.998, rel=1e-4)
    assert found["permutation"].p_value == pytest.approx(20 / 28_000)
    log = theirs["gee_log_RR_poissonvar"]["gee_pkg"]
    assert math.log(found["gee-ratio"].estimate) == pytest.approx(log["estimate"], rel=1e-7)
    assert found["gee-ratio"].se / found["gee-ratio"].estimate == pytest.approx(log["FG"]["se"], rel=1e-7)
    assert found["cluster-t-ratio"].estimate == pytest.approx(1.4702, abs=5e-5)
    assert found["cluster-t-ratio"].ci_low == pytest.approx(1.2386, abs=5e-5)
    # ten communities an arm: the recorded simulation shows the model of odds above 5 % with six
    assert found["glmm-t-ratio"].notes == ("Not for fewer than 12 clusters in an arm.",)


def test_a_lone_cluster_leaves_only_what_needs_no_sandwich(lone) -> None:
    found = rows_of(estimate(lone, outcome="score", **SITE))
    given = {name for name, row in found.items() if math.isfinite(row.estimate)}
    by_sites = {"cluster-t", "cluster-t-inverse-variance", "win-probability", "geometric-ratio"}
    assert given == {*by_sites, "mixed-model-kr", "permutation"}
    assert found["gee"].notes == ("Not for fewer than 3 clusters in an arm.",)


@pytest.mark.parametrize(("per_arm", "correction"), [(3, "mancl-derouen"), (4, "fay-graubard")])
def test_the_correction_of_estimating_equations_goes_by_the_number_of_clusters(per_arm, correction) -> None:
    rng = np.random.default_rng(5)
    site = np.repeat(np.arange(2 * per_arm), 9)
    rows = pd.DataFrame({"site": site, "arm": site % 2, "y": rng.normal(size=len(site)) + site % 3})
    found = rows_of(estimate(rows, outcome="y", **SITE))["gee"]
    alone = gee(rows, outcome="y", **SITE, correction=correction).estimate
    assert (found.se, found.df) == (alone.se, alone.df)


def test_the_average_participant_needs_three_clusters_an_arm(lone, qic) -> None:
    with pytest.raises(DesignError, match="Not for fewer than 3 clusters in an arm"):
        estimate(lone, outcome="score", **SITE, primary="least-squares-cr2")
    assert estimate(qic, outcome="score", **SITE, primary="least-squares-cr2").primary.df < 9


def test_rates_of_the_average_participant_are_all_events_over_all_exposure(stratified) -> None:
    effect = estimate(stratified, outcome="visits", **SITE, family="poisson", exposure="years")
    sums = stratified.groupby("arm")[["visits", "years"]].sum()
    rates = sums["visits"] / sums["years"]
    assert rows_of(effect)["least-squares-cr2"].estimate == pytest.approx(rates[1] - rates[0], rel=1e-10)


def test_every_method_says_what_it_is_the_average_of() -> None:
    assert set(AVERAGES) == {*DIFFERENCES, *RATIOS, "permutation"}
    assert set(AVERAGES.values()) == {"clusters", "participants", "between"}
