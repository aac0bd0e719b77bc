"""Unions and layers of spans against sets of characters."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qieval.coding.spans import layers, merged, newly_covered, run_starts

SPANS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(1, 12)).map(
        lambda s: (s[0], s[1], s[1] + s[2])
    ),
    max_size=30,
)


def arrays(spans: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = np.array(sorted(spans), dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


@given(SPANS)
def test_newly_covered_adds_up_to_the_union(spans) -> None:
    union = {(key, place) for key, start, end in spans for place in range(start, end)}
    assert newly_covered(*arrays(spans)).sum() == len(union)


@given(SPANS)
def test_merged_spans_cover_the_same_and_never_meet(spans) -> None:
    key, start, end = merged(*arrays(spans))
    places = [(k, p) for k, s, e in zip(key, start, end, strict=True) for p in range(s, e)]
    assert len(places) == len(set(places))
    assert set(places) == {(k, p) for k, s, e in spans for p in range(s, e)}
    assert all(
        not (k1 == k2 and s2 <= e1) for k1, e1, k2, s2 in zip(key, end, key[1:], start[1:], strict=False)
    )


@given(SPANS)
def test_layers_count_the_spans_over_each_character(spans) -> None:
    over = Counter((key, place) for key, start, end in spans for place in range(start, end))
    by_depth = Counter((key, depth) for (key, _), depth in over.items())
    found: Counter = Counter()
    for key, length, depth in zip(*layers(*arrays(spans)), strict=True):
        found[int(key), int(depth)] += int(length)
    assert found == by_depth


def test_runs_start_where_a_key_changes() -> None:
    assert run_starts(np.array([1, 1, 2, 2]), np.array([5, 5, 5, 6])).tolist() == [0, 2, 3]
    assert run_starts(np.array([], dtype=int)).size == 0
