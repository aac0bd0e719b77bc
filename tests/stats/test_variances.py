"""Profile intervals of variances beside full matrices and R's ``confint`` (tests/reference/crt/nested.R)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.stats.linear_mixed import MixedFit, linear_mixed
from qieval.stats.variances import deviance


@pytest.fixture(scope="module")
def rows(reference: Path) -> pd.DataFrame:
    return pd.read_csv(reference / "crt" / "nested.csv")


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict:
    return json.loads((reference / "crt" / "nested_limits.json").read_text(encoding="utf-8"))


def fitted(rows: pd.DataFrame, outcome: str, names: list[str], *, nested: bool, **options) -> MixedFit:
    inner = rows["sub"] if nested else None
    columns = rows[names].to_numpy(float)
    return linear_mixed(
        rows[outcome].to_numpy(float), columns, names, cluster=rows["cluster"], nested=inner, **options
    )


@pytest.mark.parametrize(
    ("name", "outcome", "names", "nested"),
    [
        ("both", "both", ["arm", "z", "x"], True),
        ("inner", "inner", ["arm", "z", "x"], True),
        ("one_level", "both", ["arm", "x"], False),
    ],
)
def test_limits_of_the_restricted_likelihood(rows, expected, name, outcome, names, nested) -> None:
    found = fitted(rows, outcome, names, nested=nested).components()
    ours = [(row.ci_low, row.ci_high) for row in reversed(found)]
    np.testing.assert_allclose(ours, expected[name], rtol=1e-8, atol=1e-8)
    assert found[0].term == "variance between clusters"
    assert all(row.ci_low <= row.estimate <= row.ci_high for row in found)


def test_limits_of_the_full_likelihood_are_those_of_lme4(rows, expected) -> None:
    found = fitted(rows, "both", ["arm", "z", "x"], nested=True, ml=True, df="satterthwaite").components()
    theirs = {row["_row"]: (row["2.5 %"], row["97.5 %"]) for row in expected["ml_both"]}
    names = {"variance between clusters": "sd_(Intercept)|cluster", "variance within": "sigma"}
    names["variance between sub-clusters"] = "sd_(Intercept)|sub:cluster"
    for row in found:
        # lme4 interpolates its profile
        assert (row.ci_low, row.ci_high) == pytest.approx(theirs[names[row.term]], rel=2e-3)


def test_the_slopes_of_the_deviance(rows) -> None:
    found = fitted(rows, "both", ["arm", "z", "x"], nested=True)
    at = found.profile.variances * [1.3, 0.4, 2.0]
    for place in range(3):
        nudge = np.zeros(3)
        nudge[place] = 1e-6
        ends = [deviance(found.pooled, at + sign * nudge)[0] for sign in (-1, 1)]
        slope = deviance(found.pooled, at)[1][place]
        assert slope == pytest.approx((ends[1] - ends[0]) / 2e-6, rel=1e-5)


def test_nothing_between_clusters_gives_an_interval_from_zero(rows) -> None:
    found = fitted(rows, "none", ["arm", "z", "x"], nested=True).components()
    assert [row.ci_low for row in found[:2]] == [0.0, 0.0]
    assert all(row.ci_high > 0 for row in found)
