from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from qieval.simulate.streams import bounded, pick, poisson, stream


def test_a_stream_is_the_same_whenever_it_is_asked_for() -> None:
    assert np.array_equal(stream(7, "outcomes", 2).random(5), stream(7, "outcomes", 2).random(5))


@pytest.mark.parametrize("other", [(8, "outcomes", 2), (7, "outcomes", 1), (7, "measures", 2)])
def test_another_seed_or_name_is_another_stream(other: tuple[int, str, int]) -> None:
    here = stream(7, "outcomes", 2).random(4_000)
    there = stream(*other).random(4_000)
    assert abs(np.corrcoef(here, there)[0, 1]) < 4 / np.sqrt(4_000)


@pytest.mark.parametrize("limit", [1.0, 2.2, 3.0])
def test_bounded_draws_have_mean_zero_and_variance_one(limit: float) -> None:
    grid = stats.norm.ppf((np.arange(20_001) + 0.5) / 20_001)
    got = bounded(grid, limit)
    edge = bounded(np.array([limit]), limit)[0]
    inside, _ = integrate.quad(lambda z: z * z * stats.norm.pdf(z), -limit, limit)
    variance = inside + 2 * limit**2 * stats.norm.sf(limit)
    assert edge == pytest.approx(limit / np.sqrt(variance), rel=1e-9)
    assert np.abs(got).max() == pytest.approx(edge, rel=1e-12)
    assert got.mean() == pytest.approx(0, abs=1e-12)
    assert got.var() == pytest.approx(1, abs=1e-3)


def test_poisson_counts_are_quantiles() -> None:
    rng = np.random.default_rng(1)
    u, mean = rng.random(20_000), rng.uniform(0.01, 30, 20_000)
    assert np.array_equal(poisson(u, mean), stats.poisson.ppf(u, mean).astype(int))


def test_pick_gives_each_level_its_share() -> None:
    u = (np.arange(1_000) + 0.5) / 1_000
    assert np.bincount(pick(u, np.array([0.5, 0.3, 0.2]))).tolist() == [500, 300, 200]


def test_pick_takes_shares_row_by_row() -> None:
    shares = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert pick(np.array([0.4, 0.4]), shares).tolist() == [0, 1]
