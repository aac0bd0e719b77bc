from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special

from qieval.stats.quadrature import Marginal, Patterns


def rows(*, logit: bool) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(5), [8, 3, 12, 1, 6])
    design = np.column_stack([np.ones(30), codes % 2, rng.integers(3, size=30)]).astype(float)
    offset = np.zeros(30) if logit else np.log(rng.uniform(0.5, 2, 30))
    outcome = (rng.random(30) < 0.4).astype(float) if logit else rng.poisson(1.5, 30).astype(float)
    return outcome, design, offset, codes


@pytest.mark.parametrize("logit", [True, False])
def test_value_is_the_integral(logit) -> None:
    outcome, design, offset, codes = rows(logit=logit)
    theta = np.array([-0.4, 0.7, 0.2, 0.9])
    fixed = design @ theta[:3] + offset

    def integrand(u: float, place: int) -> float:
        here = codes == place
        linear = fixed[here] + theta[3] * u
        least = np.logaddexp(0, linear) if logit else np.exp(linear)
        return float(np.exp((outcome[here] * linear - least).sum() - u * u / 2) / np.sqrt(2 * np.pi))

    exact = sum(
        np.log(integrate.quad(integrand, -12, 12, args=(g,), epsabs=0, epsrel=1e-11)[0]) for g in range(5)
    )
    patterns = Patterns.of_rows(outcome, design, offset, codes, logit=logit)
    assert Marginal(patterns, points=30)(theta)[0] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("logit", [True, False])
@pytest.mark.parametrize("points", [1, 2, 7])
@pytest.mark.parametrize("sd", [0.0, 0.3, -1.7])
def test_gradient_is_that_of_the_approximation(logit, points, sd) -> None:
    likelihood = Marginal(Patterns.of_rows(*rows(logit=logit), logit=logit), points=points)
    theta = np.array([-0.4, 0.7, 0.2, sd])
    _, gradient = likelihood(theta)
    for place, shift in enumerate(1e-4 * np.eye(4)):
        slope = (likelihood(theta + shift)[0] - likelihood(theta - shift)[0]) / 2e-4
        assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_merged_rows_say_what_all_rows_say() -> None:
    outcome, design, offset, codes = rows(logit=True)
    patterns = Patterns.of_rows(outcome, design, offset, codes, logit=True)
    assert len(patterns.total) < len(outcome)
    assert patterns.total.sum() == outcome.sum()
    apart = Patterns.of_rows(outcome, design, np.arange(30) * 1e-13, codes, logit=True)
    assert len(apart.total) == 30
    theta = np.array([-0.4, 0.7, 0.2, 0.9])
    together, alone = Marginal(patterns, points=5)(theta), Marginal(apart, points=5)(theta)
    assert together[0] == pytest.approx(alone[0], rel=1e-11)
    np.testing.assert_allclose(together[1], alone[1], rtol=1e-9)


def test_order_of_rows_does_not_matter() -> None:
    outcome, design, offset, codes = rows(logit=False)
    order = np.random.default_rng(1).permutation(30)
    theta = np.array([0.1, 0.7, 0.2, 0.5])
    plain = Marginal(Patterns.of_rows(outcome, design, offset, codes, logit=False), points=7)(theta)
    mixed = Patterns.of_rows(outcome[order], design[order], offset[order], codes[order], logit=False)
    assert Marginal(mixed, points=7)(theta)[0] == pytest.approx(plain[0], rel=1e-12)


def test_modes_are_found_from_far_off() -> None:
    """Large clusters without or with nothing but events, and a large standard deviation."""
    codes = np.repeat(np.arange(3), 2_000)
    outcome = np.repeat([0.0, 1.0, 1.0], 2_000)
    outcome[-1] = 0.0
    patterns = Patterns.of_rows(outcome, np.ones((6_000, 1)), np.zeros(6_000), codes, logit=True)
    value, gradient = Marginal(patterns, points=9)(np.array([-6.0, 8.0]))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    counts = Patterns.of_rows(outcome * 500, np.ones((6_000, 1)), np.zeros(6_000), codes, logit=False)
    assert np.isfinite(Marginal(counts, points=9)(np.array([-20.0, 5.0]))[0])


def test_hospitals_deaths_have_the_likelihood_and_the_maximum_of_glmer(outside) -> None:
    folder = outside / "qi" / "feedback"
    expected = json.loads((folder / "feedback_expected.json").read_text())["medpar_glmer"]
    data = pd.read_csv(folder / expected["data"])
    died, n = (data[name].to_numpy() for name in ("died", "n"))
    codes = np.repeat(np.arange(len(data)), n)
    outcome = np.concatenate([np.arange(size) < lost for size, lost in zip(n, died, strict=True)]).astype(
        float
    )
    patterns = Patterns.of_rows(outcome, np.ones((n.sum(), 1)), np.zeros(n.sum()), codes, logit=True)
    likelihood, ways = Marginal(patterns, points=1), np.log(special.comb(n, died)).sum()
    theirs = np.array([expected["intercept"], expected["tau"]])
    assert likelihood(theirs)[0] + ways == pytest.approx(expected["logLik"], rel=5e-8)  # its inner search
    found = optimize.minimize(lambda theta: [-part for part in likelihood(theta)], theirs + 0.05, jac=True)
    np.testing.assert_allclose(found.x, theirs, rtol=1e-3)  # where lme4's own search stops
    assert -found.fun + ways >= expected["logLik"] - 1e-9


@pytest.mark.parametrize("points", [1, 7])
def test_a_stepped_wedge_has_its_maximum_and_error_where_lme4_has_them(points, outside) -> None:
    """Cell counts of laboratories, whose exposure changes within clusters (xpert)."""
    cells = pd.read_csv(outside / "crt" / "data" / "xpert_stepped_wedge.csv").sort_values(
        "cluster", kind="stable"
    )
    theirs = json.loads((outside / "crt" / "xpert_sw.json").read_text())["glmm_logit"][f"nAGQ{points}"]
    periods = pd.get_dummies(cells["period"], drop_first=True)
    start = np.flatnonzero(np.diff(cells["cluster"], prepend=-1))
    patterns = Patterns(
        design=np.column_stack([np.ones(len(cells)), periods, cells["treat"]]).astype(float),
        offset=np.zeros(len(cells)),
        total=cells["events"].to_numpy(dtype=float),
        count=cells["n"].to_numpy(dtype=float),
        start=start,
        width=np.diff(np.append(start, len(cells))),
        logit=True,
    )
    at, likelihood = (
        np.array([*theirs["fixef"].values(), theirs["var_cluster"] ** 0.5]),
        Marginal(patterns, points=points),
    )
    value, gradient = likelihood(at)
    assert np.abs(gradient).max() < 1e-4
    if points == 1:  # with more nodes lme4 prints the likelihood without its constants
        chosen = special.gammaln(cells["n"] + 1) - special.gammaln(cells["events"] + 1)
        constant = (chosen - special.gammaln(cells["n"] - cells["events"] + 1)).sum()
        assert value + constant == pytest.approx(theirs["logLik"], rel=1e-9)
    steps = 1e-5 * np.eye(len(at))
    curve = np.array([(likelihood(at + step)[1] - likelihood(at - step)[1]) / 2e-5 for step in steps])
    se = np.sqrt(np.diag(np.linalg.inv(-(curve + curve.T) / 2)))[-2]
    assert se == pytest.approx(theirs["se"], rel=1e-5)
