"""What may be known of hidden cells never gives one of them away."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qieval.stats.disclosure import feasible, protected, shares_too_small, too_small


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


def margins(rows: int, columns: int) -> np.ndarray:
    """Equations of a table's cells with the totals of its rows, then of its columns."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    lines = np.zeros((rows + columns, cells.size + rows + columns))
    for place, inside in enumerate([*cells, *cells.T]):
        lines[place, inside] = 1
        lines[place, cells.size + place] = -1
    return lines


def with_margins(table: np.ndarray) -> np.ndarray:
    return np.concatenate([table.ravel(), table.sum(axis=1), table.sum(axis=0)])


def test_cells_between_published_margins_are_hidden_as_by_hand(reference: Path) -> None:
    known = json.loads((reference / "qi" / "suppression_expected.json").read_text())["table"]
    counts, lines = with_margins(np.array(known["t"])), margins(3, 3)
    hidden = protected(counts, lines, below=11, known=np.arange(15) >= 9)
    more = hidden[:9] & ~np.array(known["primary"]).ravel()
    assert [list(divmod(int(cell), 3)) for cell in np.flatnonzero(more)] == known["optimal_by_count_then_sum"]
    for cell, ends in known["final_intervals"].items():
        row, column = map(int, cell.split(","))
        assert feasible(counts, lines, hidden, 3 * row + column) == pytest.approx(ends, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=12, max_size=12), st.integers(2, 8))
def test_no_cell_between_margins_is_known_to_within_the_fewest(sizes: list[int], below: int) -> None:
    table, lines = np.array(sizes).reshape(3, 4), margins(3, 4)
    counts = with_margins(table)
    hidden = protected(counts, lines, below=below)
    assert not ((counts > 0) & (counts < below) & ~hidden).any()
    for cell in np.flatnonzero(hidden[:12]):
        low, high = feasible(counts, lines, hidden, cell)
        assert low <= counts[cell] + 1e-9
        assert counts[cell] <= high + 1e-9
        assert high - low >= below - 1e-6 or (hidden | (counts == 0)).all()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8), st.integers(2, 6))
def test_what_is_hidden_in_time_stays_hidden_as_months_follow(
    sides: list[tuple[int, int]], below: int
) -> None:
    met, missed = np.array(sides).T
    whole = shares_too_small(met, met + missed, below=below, in_turn=True)
    small = ((met > 0) & (met < below)) | ((missed > 0) & (missed < below))
    assert whole[small].all()
    for end in range(1, len(met)):
        first = shares_too_small(met[:end], (met + missed)[:end], below=below, in_turn=True)
        assert (first <= whole[:end]).all()
