"""The likelihood on moments beside the same on the full covariance matrix of the rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qieval.stats.likelihood import criterion, fit, profile
from qieval.stats.mixed import Pooled, pool
from qieval.stats.moments import Moments

OWNERS = [0, 1, 1, 2, 0, 3, 2, 2, 4, 4]
SIZES = [3, 8, 5, 1, 12, 4, 6, 2, 9, 3]


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


def dense(design, y, groupings, theta, *, ml):
    """Criterion, coefficients and their covariance from the full covariance matrix of the rows."""
    total = np.eye(len(y))
    for ratio, codes in zip(theta, groupings, strict=True):
        total += ratio * (codes[:, None] == codes[None, :])
    inverse = np.linalg.inv(total)
    information = design.T @ inverse @ design
    beta = np.linalg.solve(information, design.T @ inverse @ y)
    residual = y - design @ beta
    spare = len(y) if ml else len(y) - design.shape[1]
    sigma2 = residual @ inverse @ residual / spare
    value = spare * (1 + math.log(2 * math.pi * sigma2)) - np.linalg.slogdet(inverse)[1]
    if not ml:
        value += np.linalg.slogdet(information)[1]
    return value, beta, sigma2 * np.linalg.inv(information)


@pytest.mark.parametrize("ml", [False, True])
@pytest.mark.parametrize(
    "theta", [[0.0], [0.03], [50.0], [0.0, 0.0], [0.4, 0.0], [0.0, 0.2], [0.3, 7.0], [90.0, 2.0]]
)
def test_profile_is_the_dense_criterion(theta, ml) -> None:
    moments, design, y, codes = simulated(sizes=SIZES, between=1, seed=2)
    pooled = pool(moments, within=OWNERS if len(theta) == 2 else None)
    ours = profile(pooled, np.array(theta), ml=ml)
    groupings = [codes, np.array(OWNERS)[codes]][: len(theta)]
    value, beta, covariance = dense(design, y, groupings, theta, ml=ml)
    assert criterion(pooled, ours) == pytest.approx(value, rel=1e-11)
    np.testing.assert_allclose(pooled.transform @ ours.coefficients + pooled.offset, beta, rtol=1e-9)
    moved = pooled.transform @ (ours.sigma2 * ours.inverse) @ pooled.transform.T
    np.testing.assert_allclose(moved, covariance, rtol=1e-8)
    for place, ratio in enumerate(theta):
        ends = [np.array(theta), np.array(theta)]
        ends[1][place] += 1e-6 * max(ratio, 0.1)
        ends[0][place] = max(ratio - 1e-6 * max(ratio, 0.1), 0.0)
        low, high = (profile(pooled, end, ml=ml) for end in ends)
        difference = (high.criterion - low.criterion) / (ends[1] - ends[0])[place]
        assert ours.slope[place] == pytest.approx(difference, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("ml", [False, True])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("between", [0.0, 0.3, 30.0])
def test_the_fit_is_the_lowest_point_of_the_criterion(seed, between, ml) -> None:
    moments, *_ = simulated(sizes=[2, 9, 4, 30, 6, 7, 15, 3], between=between, seed=seed)
    pooled = pool(moments)
    found = fit(pooled, ml=ml)
    ratios = np.concatenate([[0], np.logspace(-5, 5, 400)])
    tried = [profile(pooled, np.array([ratio]), ml=ml).criterion for ratio in ratios]
    assert found.criterion <= min(tried) + 1e-9
    steep(pooled, found)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("between", [0.0, 0.3, 30.0])
def test_with_two_levels_no_point_nearby_or_far_is_lower(seed, between) -> None:
    moments, *_ = simulated(sizes=SIZES, between=between, seed=seed)
    pooled = pool(moments, within=OWNERS)
    found = fit(pooled)
    rng = np.random.default_rng(seed)
    near = [np.maximum(found.theta + rng.normal(0, 0.1, 2) * (found.theta + 0.01), 0) for _ in range(60)]
    far = 10 ** rng.uniform(-4, 4, (60, 2)) * (rng.random((60, 2)) < 0.8)
    assert found.criterion <= min(profile(pooled, theta).criterion for theta in [*near, *far]) + 1e-9
    steep(pooled, found)


def steep(pooled: Pooled, found) -> None:
    """Flat along every ratio above zero, rising from every ratio at zero."""
    assert (np.abs(found.slope * found.theta) < 1e-8 * pooled.n).all()
    assert (found.slope[found.theta == 0] >= 0).all()


def test_variance_between_far_above_variance_within() -> None:
    moments, *_ = simulated(sizes=[5] * 8, between=2e4, seed=1)
    assert fit(pool(moments)).theta[0] > 1e6
    assert fit(pool(moments, within=[0, 0, 1, 1, 2, 2, 3, 3])).theta.max() > 1e6
