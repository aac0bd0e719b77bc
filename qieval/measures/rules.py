"""When a chart signals: the Anhøj rules on runs, and the NHS "Making Data Count" rules."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import special

from qieval.stats.columns import Floats

Signs = NDArray[np.int8]
Counts = NDArray[np.intp]
NHS_RULES = ("outside limits", "trend of 7", "2 of 3 near a limit", "7 on one side")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """How often each series crosses its centre line.

    Attributes
    ----------
    useful : int array (S,)
        Points off the centre line.
    longest, longest_max, crossings, crossings_min : int array (S,)
        Longest run and number of crossings, and the most and the fewest that chance makes likely.
    signal : bool array (S,)
    """

    useful: Counts
    longest: Counts
    longest_max: Counts
    crossings: Counts
    crossings_min: Counts

    @property
    def signal(self) -> NDArray[np.bool_]:
        """Whether the longest run is unusually long or the crossings unusually few."""
        unusual = (self.longest > self.longest_max) | (self.crossings < self.crossings_min)
        return (self.useful > 0) & unusual


def sides(value: Floats, centre: Floats) -> Signs:
    """Say on which side of the centre line each point lies: -1, 0 (on it, or missing), 1."""
    away = np.nan_to_num(value - centre)
    scale = np.maximum(np.abs(np.nan_to_num(value)), np.abs(np.nan_to_num(centre)))
    return np.where(np.abs(away) <= 1e-12 * scale, 0, np.sign(away)).astype(np.int8)


def outside(value: Floats, lower: Floats, upper: Floats) -> Signs:
    """Say which points lie beyond a limit: -1 below, 1 above, 0 within (or where there is no limit)."""
    return (sides(value, upper) > 0).astype(np.int8) - (sides(value, lower) < 0).astype(np.int8)


def critical(n: int) -> tuple[int, int]:
    """Longest run and fewest crossings that chance makes likely among `n` points off the centre line.

    round(log2 n) + 3, and the lower 5 % point of the binomial with n - 1 trials (Anhøj & Olesen 2014, doi
    10.1371/journal.pone.0113825).
    """
    return round(math.log2(n)) + 3, int((special.bdtr(np.arange(n), n - 1, 0.5) >= 0.05).argmax())


def runs(side: Signs) -> Runs:
    """Count runs and crossings in each row; points on the line neither make nor break a run."""
    last = np.zeros(len(side), dtype=np.int8)
    length, longest, crossings = (np.zeros(len(side), dtype=np.intp) for _ in range(3))
    for column in side.T:
        off = column != 0
        turned = off & (last != 0) & (column != last)
        crossings += turned
        length = np.where(turned, 1, length + off)
        longest = np.maximum(longest, length)
        last = np.where(off, column, last)
    useful = (side != 0).sum(axis=1)
    kinds, place = np.unique(np.maximum(useful, 1), return_inverse=True)
    longest_max, fewest = np.array([critical(int(n)) for n in kinds], dtype=np.intp).reshape(-1, 2).T
    return Runs(
        useful=useful,
        longest=longest,
        longest_max=longest_max[place],
        crossings=crossings,
        crossings_min=fewest[place],
    )


def nhs_signals(
    value: Floats, centre: Floats, lower: Floats, upper: Floats
) -> tuple[NDArray[np.int8], Signs]:
    """Say which NHS rule each point breaks (-1: none, else a place in `NHS_RULES`) and towards which side.

    The first rule that a point breaks names it. Missing points are closed up before windows are laid, and
    points outside the limits do not count as near a limit, as in NHSRplotthedots 0.2.2.
    """
    order = np.argsort(np.isnan(value), axis=1, kind="stable")
    y, middle, low, high = (np.take_along_axis(part, order, axis=1) for part in (value, centre, lower, upper))
    side, beyond, move = sides(y, middle), outside(y, low, high), sides(y[:, 1:], y[:, :-1])
    near = (np.abs(y - middle) > 2 / 3 * (high - middle)) & (beyond == 0)
    trend = _covered(_all_same(move, 6), 7, y.shape[1])
    two = _all_same(side, 3) * (_windows(near.astype(np.int8), 3) >= 2)
    broken = [
        beyond,
        trend,
        _covered(two, 3, y.shape[1]) * near,
        _covered(_all_same(side, 7), 7, y.shape[1]),
    ]
    rule, towards = np.full(y.shape, -1, dtype=np.int8), np.zeros(y.shape, dtype=np.int8)
    for number, where in reversed(list(enumerate(broken))):
        rule, towards = np.where(where != 0, number, rule), np.where(where != 0, where, towards)
    back = np.argsort(order, axis=1, kind="stable")
    return (
        np.take_along_axis(rule, back, axis=1).astype(np.int8),
        np.take_along_axis(towards, back, axis=1).astype(np.int8),
    )


def _windows(values: Signs, width: int) -> Counts:
    if values.shape[1] < width:
        return np.zeros((len(values), 0), dtype=np.intp)
    total: Counts = sliding_window_view(values, width, axis=1).sum(axis=-1, dtype=np.intp)
    return total


def _all_same(values: Signs, width: int) -> Signs:
    """Sign of each window whose entries all have it, 0 for the others."""
    total = _windows(values, width)
    same: Signs = (np.sign(total) * (np.abs(total) == width)).astype(np.int8)
    return same


def _covered(windows: Signs, width: int, columns: int) -> Signs:
    """Give each point the sign of the last signalling window that covers it."""
    out = np.zeros((len(windows), columns), dtype=np.int8)
    for start in range(windows.shape[1]):
        found = windows[:, start : start + 1]
        part = out[:, start : start + width]
        part[:] = np.where(found != 0, found, part)
    return out
