"""What may be known of hidden cells never gives one of them away."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qieval.stats.disclosure import too_small


def worlds(sizes: list[int], hidden: np.ndarray) -> list[tuple[int, ...]]:
    """All that the hidden cells may hold, by their known sum: noughts are told, so each holds somebody."""
    known = [size for size, hide in zip(sizes, hidden, strict=True) if hide]
    *free, _ = known
    found = []
    for some in product(range(1, sum(known) + 1), repeat=len(free)):
        rest = sum(known) - sum(some)
        if rest >= 1:
            found.append((*some, rest))
    return found


@settings(max_examples=150)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=4), st.integers(2, 6))
def test_no_hidden_cell_can_be_had_by_subtraction_from_the_total(sizes: list[int], below: int) -> None:
    hidden = too_small(sizes, below=below)
    assert all(hide for size, hide in zip(sizes, hidden, strict=True) if size < below)
    if hidden.any() and not hidden.all():
        for cell in zip(*worlds(sizes, hidden), strict=True):
            assert len(set(cell)) > 1, (sizes, hidden)


@pytest.mark.parametrize(
    ("sizes", "below", "hidden"),
    [
        ([1, 1, 20, 30], 5, [True, True, True, False]),
        ([1, 1, 1, 1, 1, 20, 30], 5, [True] * 6 + [False]),
        ([4, 4, 20], 5, [True, True, False]),
        ([40, 25, 3, 60], 11, [False, True, True, False]),  # a hand case: the next smallest goes too
        ([], 5, []),
    ],
)
def test_cells_of_one_person_each_take_another_with_them(
    sizes: list[int], below: int, hidden: list[bool]
) -> None:
    assert too_small(sizes, below=below).tolist() == hidden


def test_three_cells_where_a_mean_and_its_error_are_known() -> None:
    assert too_small([2, 9, 8, 7, 6], below=5, fewest=3).tolist() == [True, False, False, True, True]
    assert not too_small([9, 8, 7, 6], below=5, fewest=3).any()
