from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from qieval.stats.gee import Equations, Solution, fit
from qieval.stats.sandwich import Leverage, covariances


def linear(arm: list[float], seed: int = 5) -> tuple[Equations, Solution, np.ndarray]:
    """Least squares in clusters of 2, 3, 4 … rows with one covariate, and the plain design matrix."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(arm)), np.arange(2, len(arm) + 2))
    x = rng.normal(5, 1, len(codes))
    equations = Equations.of(
        outcome=rng.normal(size=len(codes)),
        codes=codes,
        level=np.column_stack([np.ones(len(arm)), arm]),
        rows=x[:, None],
        family="gaussian",
        link="identity",
    )
    solution, _ = fit(equations, exchangeable=False, names=["intercept", "arm", "x"])
    return equations, solution, np.column_stack([np.ones(len(codes)), np.array(arm)[codes], x])


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_degrees_of_freedom_are_those_of_the_full_matrices(power) -> None:
    equations, solution, design = linear([0.0, 1, 0, 1, 1, 0, 1])
    leverage = Leverage.of(equations, solution)
    bread = np.linalg.inv(design.T @ design)
    gap = np.eye(len(design)) - design @ bread @ design.T
    for place in range(3):
        columns = []
        for cluster in range(len(equations.size)):
            here = equations.codes == cluster
            values, vectors = np.linalg.eigh(gap[np.ix_(here, here)])
            adjust = (vectors * values**-power) @ vectors.T
            columns.append(gap[:, here] @ adjust @ design[here] @ bread[place])
        form = np.array(columns) @ np.array(columns).T
        expected = np.trace(form) ** 2 / (form**2).sum()
        assert leverage.freedom(power)[place] == pytest.approx(expected, rel=1e-10)


def test_a_lone_cluster_has_full_leverage_and_leaves_two_covariances() -> None:
    equations, solution, _ = linear([0.0, 0, 0, 1, 0])
    leverage = Leverage.of(equations, solution)
    assert leverage.full.tolist() == [3]
    assert set(covariances(equations, solution, leverage)) == {"none", "fay-graubard"}


def test_shares_of_the_information_add_to_one() -> None:
    equations, solution, _ = linear([0.0, 1, 0, 1])
    leverage = Leverage.of(equations, solution)
    whole = np.einsum("kab,kb,kcb->ac", leverage.vectors, leverage.values, leverage.vectors)
    np.testing.assert_allclose(whole, np.eye(3), atol=1e-12)
    assert not len(leverage.full)


def test_two_way_fixed_effects_match_clubsandwich(outside) -> None:
    """Weekly cells of postcodes, whose effects are absorbed by centring (cict; R has no CR3 there)."""
    cells = pd.read_csv(outside / "crt" / "data" / "cict_stepped_wedge.csv")
    theirs = json.loads((outside / "crt" / "cict_sw.json").read_text())["twfe_CR"]
    codes = pd.factorize(cells["Zip"])[0]
    weeks = pd.get_dummies(cells["period"], drop_first=True)
    table = pd.DataFrame(np.column_stack([cells["y"], 1 - cells["treat"], weeks]).astype(float))
    centred = (table - table.groupby(codes).transform("mean")).to_numpy()
    equations = Equations.of(
        outcome=centred[:, 0],
        codes=codes,
        level=np.ones((codes.max() + 1, 1)),
        rows=centred[:, 1:],
        family="gaussian",
        link="identity",
    )
    solution, _ = fit(equations, exchangeable=False, names=[str(place) for place in range(len(table))])
    assert (equations.back @ solution.beta)[1] == pytest.approx(theirs["estimate"], rel=1e-9)
    leverage = Leverage.of(equations, solution)
    for kind, power in (("CR0", 0.0), ("CR2", 0.5)):
        se = np.sqrt((leverage.moved(power) ** 2).sum(axis=0))[1]
        assert (se, leverage.freedom(power)[1]) == pytest.approx(
            (theirs[kind]["se"], theirs[kind]["df_satt"]), rel=1e-9
        )
