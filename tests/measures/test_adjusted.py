from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

from qieval.errors import ArgumentError, DesignError
from qieval.measures import standardise
from qieval.measures.adjusted import byar

EXACT = 1e-9
CASE = {"unit": "site", "outcome": "event", "covariates": ["age", "sex"]}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 600
    rows = pd.DataFrame(
        {"site": rng.integers(0, 8, n), "age": rng.normal(60, 10, n), "sex": rng.choice(["f", "m"], n)}
    )
    risk = 1 / (1 + np.exp(4 - 0.05 * rows["age"] - 0.3 * (rows["sex"] == "m")))
    rows["event"] = (rng.random(n) < risk).astype(int)
    rows["years"] = rng.uniform(0.2, 1, n)
    rows["visits"] = rng.poisson(2 * rows["years"] * np.exp(0.02 * (rows["age"] - 60)))
    return rows


def design(people: pd.DataFrame) -> np.ndarray:
    return sm.add_constant(np.column_stack([people["age"], people["sex"] == "m"]).astype(float))


def test_expected_events_are_those_of_a_logistic_model(people) -> None:
    before = people.copy()
    ours = standardise(people, **CASE)
    pd.testing.assert_frame_equal(people, before)
    fit = sm.GLM(people["event"], design(people), family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)
    theirs = people.assign(risk=fit.fittedvalues).groupby("site")[["event", "risk"]].sum()
    np.testing.assert_allclose(ours.units["observed"], theirs["event"], rtol=EXACT)
    np.testing.assert_allclose(ours.units["expected"], theirs["risk"], rtol=EXACT)
    np.testing.assert_allclose(ours.units["ratio"], theirs["event"] / theirs["risk"], rtol=EXACT)
    assert ours.units["expected"].sum() == pytest.approx(people["event"].sum(), rel=EXACT)
    assert ours.calibration["expected"].sum() == pytest.approx(people["event"].sum(), rel=EXACT)
    assert ours.calibration["n"].tolist() == [60] * 10
    assert ours.calibration["expected"].is_monotonic_increasing
    risk, event = np.asarray(fit.fittedvalues), people["event"].to_numpy() == 1
    pairs = risk[event][:, None] - risk[~event][None, :]
    assert ours.c_statistic == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean(), rel=1e-6)


def test_expected_counts_are_those_of_a_poisson_model(people) -> None:
    case = {**CASE, "outcome": "visits", "exposure": "years", "family": "poisson"}
    ours = standardise(people, **case)
    model = sm.GLM(
        people["visits"], design(people), family=sm.families.Poisson(), offset=np.log(people["years"])
    )
    fit = model.fit(tol=1e-14, maxiter=200)
    theirs = people.assign(risk=fit.fittedvalues).groupby("site")["risk"].sum()
    np.testing.assert_allclose(ours.units["expected"], theirs, rtol=EXACT)
    assert np.isnan(ours.c_statistic)
    assert ours.tidy()["estimate"].tolist() == ours.units["ratio"].tolist()


def test_wilsons_limits_are_those_of_the_proportion(people) -> None:
    ours = standardise(people, **CASE, interval="wilson").units
    low, high = proportion_confint(ours["observed"], ours["n"], method="wilson")
    np.testing.assert_allclose(ours["ci_low"] * ours["expected"] / ours["n"], low, rtol=EXACT)
    np.testing.assert_allclose(ours["ci_high"] * ours["expected"] / ours["n"], high, rtol=EXACT)


@pytest.mark.parametrize("level", ["0.95", "0.998"])
def test_byars_limits_are_those_of_public_health_england(outside, level) -> None:
    case = json.loads((outside / "qi" / "funnel" / "funnel_expected.json").read_text())["byars"][level]
    low, high = byar(np.array(case["events"], dtype=float), float(level))
    known = np.array([value is not None for value in case["byars_lower"]])
    theirs = np.array([value for value in case["byars_lower"] if value is not None])
    np.testing.assert_allclose(low[known], theirs, rtol=EXACT)
    assert (low[~known] == 0).all()
    np.testing.assert_allclose(high, case["byars_upper"], rtol=EXACT)


@pytest.mark.parametrize("level", ["0.95", "0.998"])
def test_wilsons_limits_are_those_of_public_health_england(outside, level) -> None:
    case = json.loads((outside / "qi" / "funnel" / "funnel_expected.json").read_text())["wilson"][level]
    low, high = proportion_confint(
        np.array(case["x"]), np.array(case["n"]), 1 - float(level), method="wilson"
    )
    theirs = {name: np.array(case[name]) for name in case}
    np.testing.assert_allclose(low, theirs["wilson_lower"], rtol=EXACT, atol=1e-15)
    np.testing.assert_allclose(high, theirs["wilson_upper"], rtol=EXACT)


def test_a_unit_without_events_has_an_interval_from_nought(people) -> None:
    none = people.assign(event=people["event"].where(people["site"] != 3, 0))
    row = standardise(none, **CASE).units.query("unit == 3").iloc[0]
    assert (row["ratio"], row["ci_low"]) == (0, 0)
    assert row["ci_high"] > 0
    assert row["value"] == pytest.approx(np.log(0.5 / row["expected"]))


def test_rows_with_gaps_are_counted_and_periods_stay_apart(people) -> None:
    gaps = people.assign(age=people["age"].where(people.index >= 7), wave=people.index % 2)
    ours = standardise(gaps, **CASE, period="wave")
    assert ours.left_out == 7
    assert len(ours.units) == 16
    whole = standardise(gaps, **CASE)
    both = ours.units.groupby("unit")["expected"].sum()
    np.testing.assert_allclose(both, whole.units["expected"], rtol=EXACT)


@pytest.mark.parametrize(
    ("change", "arguments", "error", "words"),
    [
        ({"event": 2}, {}, DesignError, "0 or 1"),
        ({"event": 0}, {}, DesignError, "single value"),
        ({"age": np.nan}, {}, DesignError, "No row"),
        ({"site": np.nan}, {}, DesignError, "missing in 600 rows"),
        ({}, {"family": "gaussian"}, ArgumentError, "family"),
        ({}, {"interval": "exact"}, ArgumentError, "interval"),
        ({}, {"outcome": "visits", "family": "poisson", "interval": "wilson"}, ArgumentError, "Wilson"),
        ({}, {"covariates": ["bmi"]}, ArgumentError, "bmi"),
    ],
)
def test_what_cannot_be_standardised_is_refused(people, change, arguments, error, words) -> None:
    with pytest.raises(error, match=words):
        standardise(people.assign(**change), **{**CASE, **arguments})
