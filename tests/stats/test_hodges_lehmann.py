"""Pairwise averages against plain enumeration, and the signed-rank distribution against SciPy's quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from qieval.stats import hodges_lehmann as module
from qieval.stats.hodges_lehmann import hodges_lehmann, signed_rank_distribution


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
def test_searching_gives_what_enumerating_gives(discrete: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    change = np.random.default_rng(5).normal(0.3, 2, 400)
    change = np.round(change) if discrete else change
    listed = hodges_lehmann(change)
    monkeypatch.setattr(module, "_pairwise_averages", _searched)
    assert hodges_lehmann(change).estimate == pytest.approx(listed.estimate, rel=1e-12, abs=1e-12)
    assert hodges_lehmann(change).ci_low == pytest.approx(listed.ci_low, rel=1e-12, abs=1e-12)


def _searched(ordered: np.ndarray, wanted: list[int]) -> list[float]:
    values, counts = np.unique(ordered, return_counts=True)
    return [module._average_at(values, counts, position) for position in wanted]


def test_long_distributions_by_transform_agree_with_the_normal_quantile() -> None:
    n = 1_000
    cumulative = np.cumsum(signed_rank_distribution(np.arange(1, n + 1) / 2))
    assert cumulative[-1] == pytest.approx(1, abs=1e-9)
    exact = int(np.searchsorted(cumulative, 0.025, side="right"))
    spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    assert exact == pytest.approx(n * (n + 1) / 4 + norm.ppf(0.025) * spread, rel=1e-4)


def test_too_few_values_leave_the_interval_unbounded() -> None:
    found = hodges_lehmann(np.array([1.0, 2.0, 4.0]))
    assert (found.ci_low, found.ci_high) == (-np.inf, np.inf)
    assert "too few" in found.notes[0]
