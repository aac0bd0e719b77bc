from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from qieval.errors import DesignError
from qieval.stats.gee import LINKS, Equations, fit
from qieval.stats.sandwich import Leverage, covariances

# the last, Poisson with identity link, has no exposure in statsmodels
PAIRS = [(family, link) for family, links in LINKS.items() for link in links]
TERMS = ["intercept", "arm", "x"]


def simulated(family: str, link: str, seed: int = 3) -> tuple[Equations, np.ndarray]:
    """Ten clusters of 1 to 19 rows with one covariate, and the plain design matrix."""
    rng = np.random.default_rng(seed)
    size = np.arange(1, 21, 2)
    codes = rng.permutation(np.repeat(np.arange(10), size))
    arm = np.arange(10) % 2.0
    x = rng.normal(2, 0.5, len(codes))
    exposure = rng.uniform(1, 2, len(codes)) if family == "poisson" else np.ones(len(codes))
    site = rng.normal(0, 0.8 if link == "logit" else 0.08, 10)
    linear = 0.5 + 0.2 * arm[codes] + 0.05 * x + site[codes]
    if link == "log" and family == "binomial":
        linear -= 1.2
    mean = exposure * {"identity": linear, "log": np.exp(linear), "logit": 1 / (1 + np.exp(-linear))}[link]
    outcome = {
        "gaussian": lambda: rng.normal(mean, 0.3),
        "binomial": lambda: (rng.random(len(codes)) < mean).astype(float),
        "poisson": lambda: rng.poisson(mean).astype(float),
    }[family]()
    equations = Equations.of(
        outcome=outcome,
        codes=codes,
        level=np.column_stack([np.ones(10), arm]),
        rows=x[:, None],
        family=family,
        link=link,
        exposure=exposure,
    )
    return equations, np.column_stack([np.ones(len(codes)), arm[codes], x])


def dense(equations: Equations, design: np.ndarray, beta: np.ndarray, alpha: float) -> dict[str, np.ndarray]:
    """Score, and covariances by each correction, from every cluster's full matrices."""
    linear, exposure = design @ beta, equations.exposure
    if equations.link == "identity":
        mean, slope = linear * exposure, exposure
    elif equations.link == "log":
        mean = slope = np.exp(linear) * exposure
    else:
        mean = 1 / (1 + np.exp(-linear))
        slope = mean * (1 - mean)
    variance = {"gaussian": np.ones_like(mean), "binomial": mean * (1 - mean), "poisson": mean}[
        equations.family
    ]
    pieces = []
    for cluster in range(len(equations.size)):
        here = equations.codes == cluster
        D, sd = slope[here, None] * design[here], np.sqrt(variance[here])
        V = np.outer(sd, sd) * ((1 - alpha) * np.eye(here.sum()) + alpha)
        pieces.append((D, np.linalg.inv(V), (equations.outcome - mean)[here]))
    bread = np.linalg.inv(sum(D.T @ W @ D for D, W, _ in pieces))
    meat = {name: np.zeros_like(bread) for name in ("none", "half", "sym", "whole", "fay")}
    for D, W, r in pieces:
        gap = np.eye(len(r)) - D @ bread @ D.T @ W
        scores = {
            "none": D.T @ W @ r,
            "half": D.T @ W @ linalg.sqrtm(np.linalg.inv(gap)).real @ r,
            "whole": D.T @ W @ np.linalg.solve(gap, r),
            "fay": (1 - np.minimum(0.75, np.diag(D.T @ W @ D @ bread))) ** -0.5 * (D.T @ W @ r),
        }
        for name, score in scores.items():
            meat[name] += np.outer(score, score)
        meat["sym"] += np.outer(scores["whole"], scores["none"]) / 2
        meat["sym"] += np.outer(scores["none"], scores["whole"]) / 2
    found = {name: bread @ middle @ bread for name, middle in meat.items()}
    return {**found, "score": sum(D.T @ W @ r for D, W, r in pieces), "model": bread}


@pytest.mark.parametrize("exchangeable", [True, False])
@pytest.mark.parametrize(("family", "link"), PAIRS)
def test_solution_and_covariances_are_those_of_the_full_matrices(family, link, exchangeable) -> None:
    equations, design = simulated(family, link)
    solution, admissible = fit(equations, exchangeable=exchangeable, names=TERMS)
    assert admissible
    assert (solution.alpha != 0) == exchangeable
    beta = equations.back @ solution.beta
    plain = dense(equations, design, beta, solution.alpha)
    scale = np.sqrt(np.diag(np.linalg.inv(plain["model"])) * solution.phi)
    assert np.abs(plain["score"] / scale).max() < 1e-8
    ours = covariances(equations, solution, Leverage.of(equations, solution))
    for name, theirs in (
        ("none", "none"),
        ("kauermann-carroll", "half"),
        ("kauermann-carroll-symmetrised", "sym"),
        ("mancl-derouen", "whole"),
        ("fay-graubard", "fay"),
    ):
        np.testing.assert_allclose(ours[name], plain[theirs], rtol=1e-8, err_msg=name)


@pytest.mark.filterwarnings("ignore:The .* link function does not respect the domain")
@pytest.mark.parametrize(("family", "link"), PAIRS[:-1])
def test_solution_is_that_of_statsmodels(family, link) -> None:
    import statsmodels.api as sm

    equations, design = simulated(family, link)
    kind = getattr(sm.families, family.capitalize())(
        {
            "identity": sm.families.links.Identity,
            "log": sm.families.links.Log,
            "logit": sm.families.links.Logit,
        }[link]()
    )
    start = np.array([1 if link == "identity" else 0, 0, 0]) * 0.5
    theirs = sm.GEE(
        equations.outcome,
        design,
        groups=equations.codes,
        family=kind,
        offset=np.log(equations.exposure),
        cov_struct=sm.cov_struct.Exchangeable(),
    ).fit(start_params=start, ctol=1e-12, maxiter=500, scale="X2")
    solution, _ = fit(equations, exchangeable=True, names=TERMS)
    np.testing.assert_allclose(equations.back @ solution.beta, theirs.params, rtol=1e-8)
    assert solution.alpha == pytest.approx(theirs.cov_struct.dep_params, rel=1e-7)
    assert solution.phi == pytest.approx(theirs.scale, rel=1e-8)
    ours = covariances(equations, solution, Leverage.of(equations, solution))
    np.testing.assert_allclose(ours["none"], theirs.cov_robust, rtol=1e-7)


def test_a_calendar_year_costs_no_digits() -> None:
    equations, design = simulated("binomial", "logit")

    def arm_variances(shift: float) -> list[float]:
        moved = Equations.of(
            outcome=equations.outcome,
            codes=equations.codes,
            level=equations.level,
            rows=design[:, 2:] + shift,
            family="binomial",
            link="logit",
        )
        solution, _ = fit(moved, exchangeable=True, names=TERMS)
        found = covariances(moved, solution, Leverage.of(moved, solution))
        return [solution.beta[1], *(found[name][1, 1] for name in ("none", "kauermann-carroll"))]

    assert arm_variances(20_000.0) == pytest.approx(arm_variances(0.0), rel=1e-9)


def test_dependent_columns_are_named() -> None:
    equations, design = simulated("poisson", "log")
    for rows in (design[:, 1:2], np.full((len(design), 1), 0.1)):
        twice = Equations.of(
            outcome=equations.outcome,
            codes=equations.codes,
            level=equations.level,
            rows=rows,
            family="poisson",
            link="log",
        )
        with pytest.raises(DesignError, match=r"'(x|arm)'"):
            fit(twice, exchangeable=True, names=TERMS)
