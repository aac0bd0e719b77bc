from __future__ import annotations

import math

import numpy as np
import pytest

from qieval.errors import DesignError
from qieval.stats.mixed import dependent, fit_reml, pool, profile, reml_criterion
from qieval.stats.moments import Moments


def simulated(
    *, sizes: list[int], between: float, seed: int
) -> tuple[Moments, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    arm = np.arange(len(sizes)) % 2.0
    x = rng.normal(50, 10, len(codes))
    y = 3 * arm[codes] + 0.2 * x + rng.normal(0, between, len(sizes))[codes] + rng.normal(0, 2, len(codes))
    moments = Moments.from_arrays(
        outcome=y,
        codes=codes,
        clusters=range(len(sizes)),
        level=arm[:, None],
        constants=["arm"],
        rows=x[:, None],
        covariates=["x"],
    )
    return moments, np.column_stack([np.ones(len(codes)), arm[codes], x]), y, codes


def dense(
    design: np.ndarray, y: np.ndarray, codes: np.ndarray, theta: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """REML criterion, coefficients and their covariance from the full covariance matrix of the rows."""
    inverse = np.linalg.inv(np.eye(len(y)) + theta * (codes[:, None] == codes[None, :]))
    information = design.T @ inverse @ design
    beta = np.linalg.solve(information, design.T @ inverse @ y)
    residual = y - design @ beta
    spare = len(y) - design.shape[1]
    sigma2 = residual @ inverse @ residual / spare
    criterion = spare * (1 + math.log(2 * math.pi * sigma2))
    criterion += np.linalg.slogdet(information)[1] - np.linalg.slogdet(inverse)[1]
    return criterion, beta, sigma2 * np.linalg.inv(information)


@pytest.mark.parametrize("theta", [0.0, 0.03, 1.0, 50.0])
def test_profile_is_the_dense_criterion(theta) -> None:
    moments, design, y, codes = simulated(sizes=[3, 8, 5, 1, 12, 4], between=1, seed=2)
    pooled = pool(moments)
    ours = profile(pooled, theta)
    criterion, beta, covariance = dense(design, y, codes, theta)
    assert reml_criterion(pooled, ours) == pytest.approx(criterion, rel=1e-11)
    np.testing.assert_allclose(pooled.transform @ ours.coefficients + pooled.offset, beta, rtol=1e-9)
    moved = pooled.transform @ (ours.sigma2 * ours.inverse) @ pooled.transform.T
    np.testing.assert_allclose(moved, covariance, rtol=1e-8)
    step = 1e-5 * max(theta, 0.1)
    low = max(theta - step, 0.0)
    difference = (profile(pooled, theta + step).criterion - profile(pooled, low).criterion) / (
        theta + step - low
    )
    assert ours.slope == pytest.approx(difference, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("between", [0.0, 0.3, 30.0])
def test_the_fit_is_the_lowest_point_of_the_criterion(seed, between) -> None:
    moments, *_ = simulated(sizes=[2, 9, 4, 30, 6, 7, 15, 3], between=between, seed=seed)
    pooled = pool(moments)
    fit = fit_reml(pooled)
    tried = [profile(pooled, theta).criterion for theta in np.concatenate([[0], np.logspace(-5, 5, 400)])]
    assert fit.criterion <= min(tried) + 1e-9
    assert fit.theta == 0 or abs(fit.slope) < 1e-8 * pooled.n


def test_variance_between_far_above_variance_within() -> None:
    moments, *_ = simulated(sizes=[5] * 8, between=2e4, seed=1)
    assert fit_reml(pool(moments)).theta > 1e6


def test_dependent_columns_are_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 3))
    x = np.column_stack([x, x[:, 0] - 2 * x[:, 1]])
    x /= np.sqrt((x**2).sum(axis=0))
    assert len(dependent(x.T @ x)) == 1
    assert dependent(x[:, :3].T @ x[:, :3]) == []


def test_terms_between_clusters_may_not_use_them_up() -> None:
    moments, *_ = simulated(sizes=[5, 5, 5, 5], between=1, seed=1)
    level = np.column_stack([moments.level, [0, 0, 1, 1], [0, 1, 1, 0]])
    crowded = Moments(
        clusters=moments.clusters,
        constants=("intercept", "arm", "a", "b"),
        covariates=moments.covariates,
        size=moments.size,
        level=level,
        mean=moments.mean,
        scatter=moments.scatter,
    )
    with pytest.raises(DesignError, match="4 clusters and 4 terms"):
        pool(crowded)
