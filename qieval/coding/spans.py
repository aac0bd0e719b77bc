"""Spans of text as arrays: unions and overlaps by one sorted sweep, without a row per character."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.integer]
MOST_BITS = 62


def run_starts(*keys: Ints) -> NDArray[np.intp]:
    """Positions at which any of some sorted keys changes; the first of every run of equal rows."""
    if not keys[0].size:
        return np.zeros(0, dtype=np.intp)
    changed = np.zeros(keys[0].size, dtype=bool)
    changed[0] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changed)


def newly_covered(key: Ints, start: Ints, end: Ints) -> Ints:
    """Count the characters of each span that no earlier span of its key covers: their sum is the union.

    Parameters
    ----------
    key, start, end : array of int, shape (spans,)
        Half-open spans sorted by key, then by start. Keys may be any integers that never decrease.

    Returns
    -------
    array of int, shape (spans,)
    """
    if not key.size:
        return np.zeros(0, dtype=np.int64)
    runs = np.zeros(key.size, dtype=np.int64)
    runs[run_starts(key)[1:]] = 1
    shift = np.cumsum(runs) * (int(end.max()) + 1)  # each key gets its own stretch of one long line
    first, last = start + shift, end + shift
    reached = np.maximum.accumulate(last)
    before = np.concatenate([[0], reached[:-1]])
    return np.asarray(np.maximum(last - np.maximum(first, before), 0))


def merged(key: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Join spans of the same key that overlap or touch; takes and gives spans sorted by key and start."""
    if not key.size:
        return key, start, end
    runs = np.zeros(key.size, dtype=np.int64)
    runs[run_starts(key)[1:]] = 1
    shift = np.cumsum(runs) * (int(end.max()) + 1)
    reached = np.maximum.accumulate(end + shift)
    opens = np.ones(key.size, dtype=bool)
    opens[1:] = (start + shift)[1:] > reached[:-1]  # a key's stretch begins beyond all that came before
    at = np.flatnonzero(opens)
    closes = np.append(at[1:] - 1, key.size - 1)
    return key[at], start[at], (reached - shift)[closes]


def layers(key: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Cut overlapping spans into elementary intervals and count the spans over each.

    Returns
    -------
    (key, length, depth)
        One entry an interval with at least one span over it, sorted by key.
    """
    ones = np.ones(key.size, dtype=np.int64)
    where = np.concatenate([start, end])
    step = np.concatenate([ones, -ones])
    keys = np.concatenate([key, key])
    order = np.lexsort((where, keys))
    keys, where, depth = keys[order], where[order], np.cumsum(step[order])
    length = np.diff(where, append=where[-1:])
    inside = (depth > 0) & (length > 0)  # at the last event of a key the depth is back at 0
    return keys[inside], length[inside], depth[inside]


def _widths(*keys: Ints) -> list[int]:
    return [int(key.max(initial=0)).bit_length() for key in keys]


def packed(*keys: Ints) -> Ints:
    """Put rows of some keys of at least 0 into one number each, of the same order; numbered if too large."""
    if sum(_widths(*keys)) > MOST_BITS:
        return pd.DataFrame(dict(enumerate(keys))).groupby([*range(len(keys))]).ngroup().to_numpy()
    joined = keys[0].astype(np.int64)
    for key, width in zip(keys[1:], _widths(*keys[1:]), strict=True):
        joined <<= width
        joined |= key
    return joined


def sorted_rows(*keys: Ints) -> tuple[Ints, ...]:
    """Sort rows by their keys, the first foremost; a plain sort of the packed rows beats an indirect one."""
    if sum(_widths(*keys)) > MOST_BITS:
        order = np.lexsort(keys[::-1])
        return tuple(key[order] for key in keys)
    joined, found = np.sort(packed(*keys)), []
    for width in reversed(_widths(*keys[1:])):
        found.append(joined & ((1 << width) - 1))
        joined = joined >> width
    return (joined, *reversed(found))


def numbered(*keys: Ints) -> Ints:
    """Number the distinct rows of some keys of at least 0."""
    joined, order = sorted_rows(packed(*keys), np.arange(keys[0].size))
    number = np.zeros(joined.size, dtype=np.int64)
    number[order[1:]] = np.cumsum(joined[1:] != joined[:-1])
    return number
