from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from qieval.errors import ArgumentError, DesignError
from qieval.trial.designs import ParallelDesign, SteppedWedgeDesign, smallest_p
from qieval.trial.planning import clusters_needed, detectable_effect, outlook, power, size_needed

TIGHT = 1e-10
SIX = ParallelDesign(clusters=(6, 6), size=50, icc=0.05)
STEPS = SteppedWedgeDesign(clusters=(3, 3, 3, 3), size=10, icc=0.05, small_sample=False)


@pytest.fixture(scope="module")
def table(crt) -> dict[str, Any]:
    return json.loads((crt / "power_design.json").read_text())


def test_parallel_power_and_detectable_effect_match_r(table) -> None:
    for row in table["parallel"]:
        design = ParallelDesign(clusters=(row["K0"], row["K1"]), size=row["m"], icc=row["icc"], cv=row["cv"])
        assert design.design_effect == pytest.approx(row["deff"], rel=TIGHT)
        assert power(design, effect=0.3).power == pytest.approx(row["power_delta0.3"], rel=TIGHT)
        assert detectable_effect(design).effect == pytest.approx(row["mde80"], rel=TIGHT)


def test_stepped_wedges_match_r(table) -> None:
    for row in table["stepped_wedge"]:
        design = replace(STEPS, size=row["m"], icc=row["icc"])
        plan = power(design, effect=0.3)
        assert plan.se**2 == pytest.approx(row["HH_var"], rel=TIGHT)
        assert plan.power == pytest.approx(row["swPwr_exchangeable"], rel=TIGHT)
        # Hussey and Hughes leave out the far tail
        far = stats.norm.sf(0.3 / plan.se + stats.norm.ppf(0.975))
        assert plan.power - far == pytest.approx(row["HH_power"], rel=TIGHT)
        nested = power(replace(design, cac=0.8), effect=0.3)
        assert nested.power == pytest.approx(row["swPwr_nested_exch_cac0.8"], rel=TIGHT)
    for row in table["sw_gls_variance"]:
        decay = "exponential" if row["structure"] == "discrete-time decay" else "none"
        design = replace(STEPS, size=row["m"], icc=row["icc"], cac=row["cac"], decay=decay)
        assert design.se(0.0) ** 2 == pytest.approx(row["var"], rel=TIGHT)


def test_smallest_p_matches_r(table) -> None:
    for name, theirs in table["min_p"].items():
        if name.endswith("pairs"):
            assert smallest_p([(1, 1)] * int(name.split()[0])) == theirs
        elif name != "note":
            intervention, control = map(int, name.split("v"))
            assert smallest_p((control, intervention)) == pytest.approx(theirs, rel=1e-14)
    assert smallest_p([(3, 2), (2, 2)]) == 1 / 60
    assert SteppedWedgeDesign(clusters=(1, 1, 1, 1), size=20, icc=0.05).smallest_p == 1 / 24


def test_a_detectable_effect_has_the_power_asked_for() -> None:
    designs = [
        replace(SIX, family="binomial", control=0.3),
        replace(SIX, family="poisson", control=1.2, size=80.0),
        replace(SIX, correlation=0.6, clusters=[(2, 4), (3, 3)]),
        replace(STEPS, small_sample=True),
    ]
    for design in designs:
        for direction, sign in (("increase", 1), ("decrease", -1)):
            plan = detectable_effect(design, power=0.7, direction=direction)
            assert math.copysign(1, plan.effect) == sign
            assert power(design, effect=plan.effect).power == pytest.approx(0.7, rel=1e-9)
            assert plan.tidy()["estimate"].item() == plan.effect


def test_proportions_and_rates_have_the_variance_of_hayes_and_bennett() -> None:
    """Their sample sizes take a coefficient of variation k between clusters: variance k^2 mean^2."""
    control, effect, size = 0.25, 0.1, 40
    for family, ours in (("binomial", 0.04), ("poisson", 0.03)):
        design = replace(SIX, family=family, control=control, size=size, icc=ours)
        variance = 0.0
        for value in (control, control + effect):
            own = value * (1 - value) if family == "binomial" else value
            between = ours * own if family == "binomial" else ours / (1 - ours) * value
            within = own - between if family == "binomial" else own
            variance += (between + within / size) / 6
        assert design.se(effect) == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_strata_cost_degrees_of_freedom_and_weigh_as_least_squares_does() -> None:
    strata = [(2, 4), (3, 1)]
    design = replace(SIX, clusters=strata, size=30, icc=0.1)
    assert design.df == 10 - 1 - 2
    arm = np.repeat([0, 1, 0, 1], [2, 4, 3, 1])
    block = np.repeat([0, 1], [6, 4])
    columns = np.column_stack([arm, block == 0, block == 1]).astype(float)
    variance = np.linalg.inv(columns.T @ columns)[0, 0] * design.design_effect / 30
    assert design.se(0.0) == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert replace(SIX, clusters=[(1, 1)] * 8).df == 7


def test_a_baseline_shrinks_the_variance_and_costs_a_degree_of_freedom() -> None:
    adjusted = replace(SIX, correlation=0.6)
    assert adjusted.se(0.0) == pytest.approx(0.8 * SIX.se(0.0), rel=1e-12)
    assert adjusted.df == SIX.df - 1


def test_power_behaves() -> None:
    assert power(SIX, effect=0.0).power == pytest.approx(0.05, rel=1e-10)
    assert power(SIX, effect=-0.3).power == pytest.approx(power(SIX, effect=0.3).power, rel=1e-12)
    assert power(SIX, effect=100.0).power == 1
    assert power(replace(SIX, clusters=(4, 8)), effect=0.3).power == pytest.approx(
        power(replace(SIX, clusters=(8, 4)), effect=0.3).power, rel=1e-12
    )
    assert power(replace(SIX, size=1e9), effect=0.3).power < 0.6
    small = power(replace(STEPS, small_sample=True), effect=0.3)
    assert small.power < power(STEPS, effect=0.3).power
    assert (small.estimate.df, small.estimate.n_clusters) == (10, 12)


def test_power_is_what_simulated_trials_reach() -> None:
    rng = np.random.default_rng(11)
    means = rng.normal(0, SIX.se(0.0) * math.sqrt(3), (20_000, 12))
    means[:, 6:] += 0.5
    share = (stats.ttest_ind(means[:, :6], means[:, 6:], axis=1).pvalue < 0.05).mean()
    assert share == pytest.approx(power(SIX, effect=0.5).power, abs=0.012)


def test_few_clusters_are_said() -> None:
    notes = power(replace(SIX, clusters=(1, 3)), effect=1.0).estimate.notes
    assert "lone cluster" in notes[0]
    assert "below 0.25" in notes[1]
    assert power(SIX, effect=1.0).estimate.notes == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"clusters": (0, 4)},
        {"clusters": (2.5, 3)},
        {"clusters": 12},
        {"size": 0},
        {"size": math.nan},
        {"icc": 1.0},
        {"icc": -0.1},
        {"cv": -1},
        {"sd": 0},
        {"level": 95},
        {"correlation": 1.0},
        {"control": 0.2},
        {"family": "binomial"},
        {"family": "binomial", "control": 1.2},
        {"family": "binary", "control": 0.2},
    ],
)
def test_designs_that_cannot_be_are_refused(wrong) -> None:
    with pytest.raises(ArgumentError):
        replace(SIX, **wrong)


def test_questions_without_an_answer_are_refused_by_name() -> None:
    with pytest.raises(DesignError, match="degrees of freedom"):
        replace(SIX, clusters=(1, 1))
    with pytest.raises(DesignError, match="degrees of freedom"):
        replace(STEPS, clusters=(1, 1))
    with pytest.raises(DesignError, match="No possible decrease"):
        detectable_effect(replace(SIX, family="binomial", control=0.05), direction="decrease")
    with pytest.raises(ArgumentError, match="leaves the possible values"):
        power(replace(SIX, family="binomial", control=0.5), effect=0.6)
    with pytest.raises(ArgumentError, match="power"):
        detectable_effect(SIX, power=1.0)
    with pytest.raises(ArgumentError, match="cac"):
        replace(STEPS, cac=1.2)
    with pytest.raises(ArgumentError, match="steps"):
        replace(STEPS, clusters=(4,))


def test_three_clusters_of_a_stepped_wedge_have_a_power() -> None:
    """One degree of freedom, where power series of the noncentral t fail."""
    design = SteppedWedgeDesign(clusters=(1, 1, 1), size=20, icc=0.05)
    for effect in (0.1, 0.5, 1.0, 3.0, 9.0):
        assert 0.05 < power(design, effect=effect).power < 1
    plan = detectable_effect(design)
    assert power(design, effect=plan.effect).power == pytest.approx(0.8, rel=1e-9)


PLANNED = [
    SIX,
    replace(SIX, clusters=(2, 4)),
    replace(SIX, cv=0.7, correlation=0.5),
    replace(SIX, clusters=[(1, 2), (3, 3)]),
    replace(SIX, family="binomial", control=0.3, icc=0.03),
    replace(SIX, family="poisson", control=1.2, icc=0.03),
    replace(STEPS, small_sample=True),
]


@pytest.mark.parametrize("design", PLANNED)
def test_clusters_and_size_needed_are_the_fewest_that_suffice(design) -> None:
    effect = 0.25
    plan = clusters_needed(design, effect=effect, power=0.85)
    assert plan.power >= 0.85
    assert plan.estimate.estimate == plan.design.total == plan.estimate.n_clusters
    shape = np.asarray(plan.design.clusters)
    unit = np.gcd.reduce(shape.ravel())
    assert (shape / unit * np.gcd.reduce(np.ravel(design.clusters)) == np.asarray(design.clusters)).all()
    fewer = (shape // unit * (unit - 1)).tolist()
    if unit > 1:
        one = [tuple(row) for row in fewer] if shape.ndim == 2 else tuple(fewer)
        assert power(replace(plan.design, clusters=one), effect=effect).power < 0.85
    sized = size_needed(plan.design, effect=effect, power=0.8)
    assert sized.power >= 0.8
    assert sized.design.size == sized.estimate.estimate == int(sized.design.size)
    assert power(replace(sized.design, size=sized.design.size - 1), effect=effect).power < 0.8


def test_pairs_grow_in_number_and_needs_without_an_answer_are_refused() -> None:
    pairs = clusters_needed(replace(SIX, clusters=[(1, 1)] * 3), effect=0.5).design
    assert set(pairs.clusters) == {(1, 1)}
    assert clusters_needed(replace(SIX, clusters=(3, 3)), effect=30.0).design.clusters == (2, 2)
    with pytest.raises(DesignError, match="however many people"):
        size_needed(replace(SIX, clusters=(2, 2)), effect=0.3)
    with pytest.raises(DesignError, match="No number of clusters"):
        clusters_needed(SIX, effect=0.0)
    with pytest.raises(ArgumentError, match="power"):
        clusters_needed(SIX, effect=0.3, power=0.01)


def rejected(values, columns) -> float:
    """Share of trials (R, K) in which least squares on the columns (R, K, p), the arm first, rejects."""
    gram = np.linalg.inv(columns.swapaxes(1, 2) @ columns)
    beta = gram @ (columns.swapaxes(1, 2) @ values[:, :, None])
    df = columns.shape[1] - columns.shape[2]
    left = ((values - (columns @ beta)[:, :, 0]) ** 2).sum(axis=1) / df
    statistic = beta[:, 0, 0] / np.sqrt(left * gram[:, 0, 0])
    return float((2 * stats.t.sf(np.abs(statistic), df) < 0.05).mean())


CHANGES = {
    "binomial": {"family": "binomial", "control": 0.3},
    "poisson": {"family": "poisson", "control": 1.0},
    "baseline": {"correlation": 0.6},
    "unequal": {"cv": 0.6},
    "strata": {"clusters": [(1, 1), (2, 2)]},
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_clusters_needed_give_the_power_in_simulated_trials(name) -> None:
    """Clusters of a beta-binomial, gamma-Poisson or normal model; sizes from a gamma distribution."""
    rng, trials, effect = np.random.default_rng(5), 4_000, 0.25
    design = clusters_needed(replace(SIX, size=30, **CHANGES[name]), effect=effect).design
    pairs = np.atleast_2d(design.clusters)
    arm = np.concatenate([np.repeat([0, 1], pair) for pair in pairs])
    shape = (trials, len(arm))
    block = (np.repeat(np.arange(len(pairs)), pairs.sum(axis=1))[:, None] == np.arange(len(pairs))) * 1.0
    columns = np.broadcast_to(np.column_stack([arm, block]), (*shape, 1 + len(pairs)))
    mean = (design.control or 0) + effect * arm
    size = rng.gamma(1 / 0.36, 30 * 0.36, shape) if name == "unequal" else np.full(shape, 30.0)
    if name == "binomial":
        values = rng.binomial(30, rng.beta(19 * mean, 19 * (1 - mean), shape)) / 30
    elif name == "poisson":
        values = rng.poisson(30 * rng.gamma(19 * mean, 1 / 19, shape)) / 30
    else:
        before, noise = rng.normal(size=(2, *shape))
        if name == "baseline":
            columns = np.dstack([columns, before])
            noise = 0.6 * before + 0.8 * noise
        values = mean + block @ np.arange(len(pairs)) + noise * np.sqrt(0.05 + 0.95 / size)
    # Eldridge's design effect is that of the size-weighted analysis, a little off for cluster means
    tolerance = 0.05 if name == "unequal" else 0.025
    expected = power(design, effect=effect).power
    assert rejected(values, columns) == pytest.approx(expected, abs=tolerance)


def test_an_outlook_goes_over_the_planning_range_and_leaves_out_what_has_no_answer() -> None:
    small = replace(SIX, clusters=(2, 2))
    found = outlook(small, effect=-0.5, iccs=(0.0, 0.2))
    assert [plan.design.icc for plan in found.power] == [0.0, 0.2]
    assert found.sizes[0] is not None
    assert found.sizes[1] is None
    assert (
        found.detectable[0].effect == detectable_effect(replace(small, icc=0.0), direction="decrease").effect
    )
    assert (
        found.clusters[1].design.clusters
        == clusters_needed(replace(small, icc=0.2), effect=-0.5).design.clusters
    )
    assert len(found.tidy()) == 7
    middle = found.curves.query("icc == 0.2 and effect == -0.5")["power"].item()
    assert middle == found.power[1].power
    rates = outlook(replace(SIX, family="binomial", control=0.1), effect=-0.08, iccs=[0.05]).curves
    assert rates["effect"].min() >= -0.1
    with pytest.raises(ArgumentError, match="effect other than zero"):
        outlook(SIX, effect=0.0, iccs=[0.1])
