"""Pairwise averages against plain enumeration; the places of the limits against R."""

from __future__ import annotations

import numpy as np
import pytest

from qieval.stats import hodges_lehmann as module
from qieval.stats.hodges_lehmann import hodges_lehmann, signed_rank_distribution

# R 4.2.2: qsignrank(c(0.05, 0.025, 0.005), n)
PLACES = [
    (201, (8792, 8533, 8029)),
    (333, (24913, 24361, 23284)),
    (1000, (235223, 232347, 226731)),
]


def averages(change: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(change.size)
    return np.sort((change[first] + change[second]) / 2)


def test_distribution_without_ties_is_the_published_one() -> None:
    # P(T <= 8) for n = 10, Hollander & Wolfe table A.4: 0.024 (25 of 1,024 assignments)
    assert np.cumsum(signed_rank_distribution(np.arange(1.0, 11)))[16] == pytest.approx(25 / 1024, rel=1e-12)


@pytest.mark.parametrize("n", [6, 9, 39])
def test_limits_are_order_statistics_of_the_pairwise_averages(n: int) -> None:
    change = np.random.default_rng(n).normal(1, 2, n)
    outside = {6: 1, 9: 6, 39: 250}[n]  # R: qsignrank(0.025, n)
    found = hodges_lehmann(change)
    assert found.estimate == np.median(averages(change))
    assert (found.ci_low, found.ci_high) == (averages(change)[outside - 1], averages(change)[-outside])


@pytest.mark.parametrize("discrete", [False, True])
def test_searching_gives_what_enumerating_gives(discrete: bool) -> None:
    change = np.random.default_rng(5).normal(0.3, 2, 400)
    change = np.round(change) if discrete else change
    found, listed = hodges_lehmann(change), averages(change)
    outside = 35567  # R: qsignrank(0.025, 400)
    expected = [np.median(listed), listed[outside - 1], listed[-outside]]
    assert [found.estimate, found.ci_low, found.ci_high] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("n", "place"), PLACES)
def test_places_of_the_limits_are_those_of_r(n: int, place: tuple[int, int, int]) -> None:
    assert tuple(module._averages_outside(n, level) for level in (0.9, 0.95, 0.99)) == place


def test_too_few_values_leave_the_interval_unbounded() -> None:
    found = hodges_lehmann(np.array([1.0, 2.0, 4.0]))
    assert (found.ci_low, found.ci_high) == (-np.inf, np.inf)
    assert "too few" in found.notes[0]
