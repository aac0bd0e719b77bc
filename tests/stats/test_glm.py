from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from qieval.errors import DesignError
from qieval.stats.glm import expected


@pytest.fixture(scope="module")
def columns() -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.column_stack([rng.normal(2000, 3, 300), rng.integers(0, 2, 300)]).astype(float)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_fitted_values_are_those_of_statsmodels(columns, family) -> None:
    rng = np.random.default_rng(5)
    exposure = rng.uniform(0.2, 3, 300)
    linear = 0.2 * (columns[:, 0] - 2000) - 0.4 * columns[:, 1]
    drawn = {
        "gaussian": linear + rng.normal(size=300),
        "binomial": rng.random(300) < 1 / (1 + np.exp(-linear)),
        "poisson": rng.poisson(exposure * np.exp(linear)),
    }
    outcome = drawn[family].astype(float)
    families = {
        "gaussian": sm.families.Gaussian(),
        "binomial": sm.families.Binomial(),
        "poisson": sm.families.Poisson(),
    }
    design = sm.add_constant(columns - columns.mean(axis=0))
    offset = np.log(exposure) if family == "poisson" else None
    theirs = sm.GLM(outcome, design, family=families[family], offset=offset).fit(tol=1e-14).fittedvalues
    ours = expected(outcome, columns, family=family, exposure=exposure)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def test_dependent_columns_do_no_harm(columns) -> None:
    outcome = (columns[:, 1] + np.arange(300) % 3 > 1).astype(float)
    ones = np.ones(300)
    plain = expected(outcome, columns[:, :1], family="binomial", exposure=ones)
    twice = expected(
        outcome, np.column_stack([columns[:, :1], 3 * columns[:, :1]]), family="binomial", exposure=ones
    )
    np.testing.assert_allclose(twice, plain, rtol=1e-8)


def test_separation_and_empty_outcomes_are_named(columns) -> None:
    ones = np.ones(300)
    with pytest.raises(DesignError, match="separate the outcome"):
        expected(columns[:, 1], columns[:, 1:], family="binomial", exposure=ones)
    with pytest.raises(DesignError, match="single value"):
        expected(np.zeros(300), columns, family="poisson", exposure=ones)
    with pytest.raises(DesignError, match="exposure of zero"):
        expected(ones, columns, family="poisson", exposure=0 * ones)
