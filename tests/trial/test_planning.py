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
from qieval.trial.planning import detectable_effect, power

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
