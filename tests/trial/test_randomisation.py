from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial import permutation_test

INTERVAL = 1e-9
# The bisection in stratified.R counts ties within a relative 1e-9, which moves its limits by as much.
BISECTION = 1e-8
ENDLINE = {"outcome": "score", "arm": "arm", "cluster": "site"}
SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}


def share(p: float, of: int) -> Fraction:
    return Fraction(round(p * of), of)


def test_twelve_sites_give_r_exact_p_and_interval(qic, values) -> None:
    theirs = values["qic_sim"]["endline_cluster_level"]["perm"]
    ours = permutation_test(qic, **ENDLINE)
    assert ours.exact
    assert ours.allocations == theirs["N"] == 924
    assert share(ours.estimate.p_value, 924) == Fraction(6, 924)
    assert ours.estimate.p_value == pytest.approx(theirs["p_two_sided"], rel=1e-14)
    assert ours.smallest_p == pytest.approx(theirs["p_min"], rel=1e-14)
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(theirs["ci"], rel=INTERVAL)
    assert ours.estimate.estimate == pytest.approx(theirs["statistic"], rel=1e-12)
    assert len(ours.distribution) == 924
    assert math.isnan(ours.monte_carlo_se)


def test_adjusted_residuals_give_r_exact_p_and_interval(qic, values) -> None:
    theirs = values["qic_sim"]["endline_two_stage"]["perm"]
    ours = permutation_test(qic, **ENDLINE, covariates=["age", "group"])
    assert share(ours.estimate.p_value, 924) == Fraction(6, 924)
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(theirs["ci"], rel=INTERVAL)


def test_three_against_one_cannot_reject_anything(lone) -> None:
    ours = permutation_test(lone, **ENDLINE)
    assert ours.estimate.p_value == 0.75
    assert ours.smallest_p == 0.25
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == (-math.inf, math.inf)
    assert ours.attainable_level == 0.75
    assert math.isfinite(ours.attainable_low)
    assert math.isfinite(ours.attainable_high)


def test_pairs_and_strata_match_brute_force_in_r(stratified, values) -> None:
    named = {"outcome": "fatigue", "arm": "arm", "cluster": "site"}
    theirs = values["stratified"]["fatigue"]["pairs_permutation"]
    ours = permutation_test(stratified, **named, pair="pair")
    assert (ours.scheme, ours.allocations) == ("pairs", theirs["N"])
    assert ours.estimate.p_value == theirs["p"]
    assert ours.smallest_p == 2 / 256
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(
        theirs["ci"], rel=BISECTION, abs=BISECTION
    )
    theirs = values["stratified"]["fatigue"]["strata_permutation_two_regions"]
    rows = stratified[stratified["region"] != "town"]
    ours = permutation_test(rows, **named, stratum="region", level=0.9)
    assert (ours.scheme, ours.allocations) == ("stratified", theirs["N"])
    assert ours.estimate.p_value == pytest.approx(theirs["p"], rel=1e-14)
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(
        theirs["ci"], rel=BISECTION, abs=BISECTION
    )


def test_communities_match_r(mkv, outside_values) -> None:
    named = {"outcome": "know", "arm": "arm", "cluster": "community", "family": "binomial"}
    theirs = outside_values["mkvtrial"]["cluster_level"]
    ours = permutation_test(mkv, **named, stratum="stratum")
    assert ours.allocations == 28_000
    assert share(ours.estimate.p_value, 28_000) == Fraction(20, 28_000)
    assert ours.smallest_p == pytest.approx(theirs["perm"]["p_min"], rel=1e-14)
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(theirs["perm"]["ci"], rel=INTERVAL)
    ours = permutation_test(mkv, **named)
    assert ours.allocations == 184_756
    assert ours.estimate.p_value == pytest.approx(theirs["perm_unstratified"]["p_two_sided"], rel=1e-14)
    assert (ours.estimate.ci_low, ours.estimate.ci_high) == pytest.approx(
        theirs["perm_unstratified"]["ci"], rel=INTERVAL
    )


def test_constrained_space_is_the_space_tested(outside, outside_values) -> None:
    folder = outside / "crt" / "data"
    rows, theirs = pd.read_csv(folder / "dickinson_outcome.csv"), outside_values["dickinson"]
    listed = pd.read_csv(folder / "dickinson_constrained.csv", header=None, skiprows=1).to_numpy()[:, 1:]
    rows = rows.assign(arm=rows["county"].map(dict(enumerate(theirs["hand"]["scheme"], start=1))))
    named = {"outcome": "outcome", "arm": "arm", "cluster": "county", "family": "binomial"}
    ours = permutation_test(rows, **named, candidates=listed)
    assert (ours.scheme, ours.allocations) == ("candidates", 1287)
    assert ours.estimate.p_value == pytest.approx(theirs["unadjusted_constrained"]["p"], rel=1e-14)
    frame = pd.DataFrame(listed[:, ::-1], columns=range(16, 0, -1))
    assert permutation_test(rows, **named, candidates=frame).estimate == ours.estimate
    free = permutation_test(rows, **named)
    assert free.estimate.p_value == pytest.approx(
        theirs["unadjusted_unconstrained"]["p_two_sided"], rel=1e-14
    )
    words = rows.astype({"incomecat": str})
    covariates = ["inciis", "uptodateonimmunizations", "hispanic", "location", "incomecat"]
    adjusted = permutation_test(words, **named, covariates=covariates, candidates=listed)
    assert adjusted.estimate.estimate == pytest.approx(theirs["hand"]["statistic"], rel=1e-7)
    assert share(adjusted.estimate.p_value, 1287) == Fraction(54, 1287)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (2, 2, 2 / 6),
        (3, 1, 1 / 4),
        (3, 2, 1 / 10),
        (3, 3, 2 / 20),
        (4, 3, 1 / 35),
        (4, 4, 2 / 70),
        (6, 6, 2 / 924),
    ],
)
def test_smallest_attainable_p(first, second, expected, outside_values) -> None:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"cluster": range(first + second), "arm": [1] * first + [0] * second})
    rows["y"] = rng.normal(size=len(rows)) + 100 * rows["arm"]
    ours = permutation_test(rows, **SMALL)
    assert ours.smallest_p == pytest.approx(expected, rel=1e-14)
    assert ours.estimate.p_value == ours.smallest_p
    assert ours.smallest_p == pytest.approx(
        outside_values["power_design"]["min_p"][f"{first}v{second}"], rel=1e-12
    )
    assert math.isinf(ours.estimate.ci_low) == (expected > 0.05)


def brute_force_p(means: np.ndarray, arm: np.ndarray, shift: float) -> float:
    """The p of a shift by looking at every allocation afresh."""
    outcome = means - shift * arm
    observed = abs(outcome[arm == 1].mean() - outcome[arm == 0].mean())
    count = 0
    sets = list(itertools.combinations(range(len(arm)), int(arm.sum())))
    for chosen in sets:
        one = np.isin(np.arange(len(arm)), chosen)
        count += abs(outcome[one].mean() - outcome[~one].mean()) >= observed * (1 - 1e-9)
    return count / len(sets)


@pytest.mark.parametrize("treated", [3, 4, 5])
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_interval_is_where_the_test_stops_rejecting(treated, level) -> None:
    rng = np.random.default_rng(treated)
    arm = np.array([1] * treated + [0] * (8 - treated))
    means = rng.normal(size=8) + arm
    rows = pd.DataFrame({"cluster": range(8), "arm": arm, "y": means})
    ours = permutation_test(rows, **SMALL, level=level).estimate
    for limit, inward in ((ours.ci_low, 1), (ours.ci_high, -1)):
        assert brute_force_p(means, arm, limit + inward * 1e-6) > 1 - level + 1e-12
        assert brute_force_p(means, arm, limit - inward * 1e-6) <= 1 - level + 1e-12


def test_draws_agree_with_the_enumeration_within_their_error(stratified) -> None:
    named = {"outcome": "fatigue", "arm": "arm", "cluster": "site"}
    rows = pd.concat(
        [stratified, stratified.assign(site=stratified["site"] + "x", fatigue=stratified["fatigue"] + 1)]
    )
    ours = permutation_test(rows, **named, draws=4_000, seed=11)
    again = permutation_test(rows.sample(frac=1, random_state=5), **named, draws=4_000, seed=11)
    other = permutation_test(rows, **named, draws=4_000, seed=12)
    assert not ours.exact
    assert ours.allocations == math.comb(32, 16)
    assert ours.estimate.p_value == pytest.approx(again.estimate.p_value, rel=1e-12)
    assert ours.estimate.ci_low == pytest.approx(again.estimate.ci_low, rel=1e-9)
    assert ours.monte_carlo_se == pytest.approx(
        math.sqrt(ours.estimate.p_value * (1 - ours.estimate.p_value) / 4_000), rel=1e-12
    )
    assert abs(ours.estimate.p_value - other.estimate.p_value) < 5 * math.hypot(
        ours.monte_carlo_se, other.monte_carlo_se
    )
    assert ours.smallest_p == 1 / 4_001
    extreme = np.sum(np.abs(ours.distribution) >= abs(ours.estimate.estimate) * (1 - 1e-9))
    assert ours.estimate.p_value == (extreme + 1) / 4_001
    # the t test on the same cluster means is the large-sample answer
    means = rows.groupby(["site", "arm"], as_index=False)["fatigue"].mean()
    sd = means.groupby("arm")["fatigue"].var().mean()
    half = 2.04 * math.sqrt(sd * 2 / 16)
    assert ours.estimate.ci_high - ours.estimate.estimate == pytest.approx(half, rel=0.15)


def test_ties_count_as_extreme() -> None:
    rows = pd.DataFrame({"cluster": range(6), "arm": [0, 0, 0, 1, 1, 1], "y": [0.1, 0.2, 0.3, 0.1, 0.2, 0.3]})
    assert permutation_test(rows, **SMALL).estimate.p_value == 1
    rows["y"] = [0.1, 0.1, 0.1, 0.3, 0.3, 0.1 + 0.2]
    assert permutation_test(rows, **SMALL).estimate.p_value == 0.1


def test_swapped_arms_and_units(few) -> None:
    plain = permutation_test(few, **SMALL, level=0.8).estimate
    swapped = permutation_test(few.assign(arm=1 - few["arm"]), **SMALL, level=0.8).estimate
    assert swapped.p_value == plain.p_value
    assert (swapped.estimate, swapped.ci_low, swapped.ci_high) == pytest.approx(
        (-plain.estimate, -plain.ci_high, -plain.ci_low), rel=1e-10
    )
    moved = permutation_test(few.assign(y=7 + 2 * few["y"]), **SMALL, level=0.8).estimate
    assert moved.p_value == plain.p_value
    assert (moved.ci_low, moved.ci_high) == pytest.approx((2 * plain.ci_low, 2 * plain.ci_high), rel=1e-10)


def test_a_stratum_of_one_arm_stays_as_it_is(few) -> None:
    rows = few.assign(place=few["cluster"].map({0: "a", 1: "a", 2: "a", 3: "a", 4: "b", 5: "a"}))
    ours, without = (
        permutation_test(part, **SMALL, stratum="place") for part in (rows, rows[rows["place"] == "a"])
    )
    assert ours.allocations == without.allocations == math.comb(5, 2)
    assert ours.estimate.p_value == without.estimate.p_value
    assert ours.smallest_p == without.smallest_p


def test_candidates_that_do_not_fit_are_named(few) -> None:
    drawn = [0, 1, 0, 1, 1, 0]
    with pytest.raises(DesignError, match="not among the candidate allocations"):
        permutation_test(few, **SMALL, candidates=np.array([[1, 0, 1, 0, 0, 1]]))
    with pytest.raises(DesignError, match="differ in how many clusters"):
        permutation_test(few, **SMALL, candidates=np.array([drawn, [1, 1, 1, 1, 0, 0]]))
    with pytest.raises(ArgumentError, match="a column for each of the 6 clusters"):
        permutation_test(few, **SMALL, candidates=np.array([drawn[:5]]))
    with pytest.raises(ArgumentError, match="0 for control"):
        permutation_test(few, **SMALL, candidates=np.array([drawn, [2, 0, 1, 1, 0, 1]]))
    with pytest.raises(ArgumentError, match="no column for cluster"):
        permutation_test(few, **SMALL, candidates=pd.DataFrame([drawn], columns=[0, 1, 2, 3, 4, 9]))


def test_bad_arguments_are_named(few) -> None:
    with pytest.raises(ArgumentError, match="`draws`"):
        permutation_test(few, **SMALL, draws=0)
    with pytest.raises(DesignError, match="no other allocation was possible"):
        permutation_test(few.assign(place=few["arm"]), **SMALL, stratum="place")


def exact_means(rows: pd.DataFrame) -> list[Fraction]:
    return [
        sum(map(Fraction, here["y"]), Fraction(0)) / len(here)
        for _, here in rows.groupby("cluster", sort=True)
    ]


@pytest.mark.parametrize("offset", [0, 10**6, 10**9])
@pytest.mark.parametrize("seed", range(6))
def test_ties_are_those_of_exact_fractions(seed, offset) -> None:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(6), rng.integers(1, 5, 6))
    arm = rng.permutation([0, 0, 1, 1, 0, 1])
    rows = pd.DataFrame({"cluster": cluster, "arm": arm[cluster], "y": rng.integers(0, 2, len(cluster))})
    rows["y"] += offset
    means = exact_means(rows)
    differences = [
        sum(means[place] for place in chosen) / 3 - sum(means[p] for p in range(6) if p not in chosen) / 3
        for chosen in itertools.combinations(range(6), 3)
    ]
    observed = sum(mean if treated else -mean for mean, treated in zip(means, arm, strict=True)) / 3
    extreme = sum(abs(difference) >= abs(observed) for difference in differences)
    assert share(permutation_test(rows, **SMALL).estimate.p_value, 20) == Fraction(extreme, 20)
