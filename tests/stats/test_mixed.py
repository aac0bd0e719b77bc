from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qieval.errors import DesignError
from qieval.stats.mixed import dependent, pool
from qieval.stats.moments import Moments


def moments_of(y: np.ndarray, codes: np.ndarray, arm: np.ndarray) -> Moments:
    return Moments.from_arrays(
        outcome=y,
        codes=codes,
        clusters=range(len(arm)),
        level=arm[:, None],
        constants=["arm"],
        rows=np.empty((len(y), 0)),
        covariates=[],
    )


@pytest.fixture
def four() -> Moments:
    """Four clusters of five rows, two an arm."""
    y = np.random.default_rng(1).normal(size=20)
    return moments_of(y, np.repeat(np.arange(4), 5), np.array([0.0, 1, 0, 1]))


def test_dependent_columns_are_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 3))
    x = np.column_stack([x, x[:, 0] - 2 * x[:, 1]])
    x /= np.sqrt((x**2).sum(axis=0))
    assert len(dependent(x.T @ x)) == 1
    assert dependent(x[:, :3].T @ x[:, :3]) == []


def test_terms_between_clusters_may_not_use_them_up(four) -> None:
    level = np.column_stack([four.level, [0, 0, 1, 1], [0, 1, 1, 0]])
    with pytest.raises(DesignError, match="4 clusters and 4 terms"):
        pool(replace(four, constants=("intercept", "arm", "a", "b"), level=level))


def test_two_levels_need_clusters_left_over_and_sub_clusters_side_by_side(four) -> None:
    with pytest.raises(DesignError, match="2 clusters and 2 terms"):
        pool(four, within=["a", "b", "a", "b"])
    with pytest.raises(DesignError, match="4 sub-clusters in 4 clusters"):
        pool(four, within=list("abcd"))


def test_one_row_each_tells_nothing_of_the_variation_within() -> None:
    y = np.random.default_rng(3).normal(size=12)
    single = moments_of(y, np.arange(12), np.repeat([0.0, 1.0], 6))
    with pytest.raises(DesignError, match="no repeated row in any cluster"):
        pool(single)
    with pytest.raises(DesignError, match="no repeated row in any sub-cluster"):
        pool(single, within=np.arange(12) // 2)


def test_sub_clusters_may_come_in_any_order() -> None:
    y = np.random.default_rng(5).normal(size=40)
    moments = moments_of(y, np.repeat(np.arange(8), 5), np.array([0.0, 1, 0, 1, 0, 1, 0, 1]))
    pooled = pool(moments, within=list("badcbadc"))
    assert pooled.nesting is not None
    assert pooled.nesting.owner.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    np.testing.assert_allclose(pooled.table[:2, 1], pooled.table[0, 1])
