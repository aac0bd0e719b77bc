from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from qieval.errors import ArgumentError
from qieval.stats.spearman import spearman


def test_the_exact_p_is_that_of_r() -> None:
    found = spearman(range(1, 8), [2, 1, 4, 3, 7, 5, 6])
    assert found.p_value == pytest.approx(0.03412698, abs=5e-9)  # cor.test(method = "spearman")
    nine = spearman(range(1, 10), [3, 1, 2, 6, 4, 5, 9, 7, 8])
    assert nine.estimate == pytest.approx(0.85, rel=1e-12)
    assert nine.p_value == pytest.approx(0.006074, abs=5e-7)
    assert nine.method == "spearman-exact"


def test_above_fourteen_units_p_comes_from_t_as_in_r() -> None:
    y = [3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 11, 10, 17, 13, 16, 14, 15]
    found = spearman(range(17), y)
    assert found.method == "spearman-t"
    assert found.p_value == pytest.approx(3.283419e-08, rel=1e-6)  # cor.test(exact = FALSE)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=6))
def test_with_ties_p_is_the_share_of_all_pairings_as_far_from_the_mean(pairs) -> None:
    x, y = np.array(pairs).T
    found = spearman(x, y)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(found.estimate)
        return
    a, b = rankdata(x), rankdata(y)
    sums = np.array([a @ np.array(each) for each in permutations(b)])
    away, seen = np.abs(sums - sums.mean()), abs(a @ b - sums.mean())
    assert found.p_value == pytest.approx((away >= seen - 1e-9).mean(), rel=1e-12)


def test_the_smallest_p_is_said_and_missing_pairs_are_left_out() -> None:
    found = spearman([1, 2, 3, None], [2, 4, 9, 1])
    assert (found.n, found.p_value) == (3, pytest.approx(2 / 6))
    assert found.notes == ("The smallest p that 3 units can give is 0.33.",)
    with pytest.raises(ArgumentError, match="one length"):
        spearman([1, 2], [1, 2, 3])
