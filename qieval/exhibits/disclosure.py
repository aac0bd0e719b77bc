"""Disclosure control: which counts, shares and means of people an exhibit may tell, and how it tells them.

Every exhibit asks here before it draws or writes anything, so that page, CSV file and ``results.json`` hold
the same. `qieval.stats.disclosure` chooses the cells; the study's rule comes with `obey`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from qieval.exhibits.format import Shower, integer, is_absent
from qieval.results import Quantity
from qieval.stats.disclosure import rounded_to, shares_too_small, too_small

if TYPE_CHECKING:
    from qieval.capability import Comparison, Moves

FEWEST_MEANS = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """What a study allows to be told of people.

    Attributes
    ----------
    below : int
        Cells of 1 to `below` - 1 people are hidden, with others that would give them away.
    round_to : int, optional
        Counts that are told are rounded to a multiple of this, shares, their intervals and gaps computed from
        rounded counts, and every other number told to three significant digits, lest all its digits give
        counts away.
    """

    below: int = 5
    round_to: int | None = None

    def rounded(self, counts: Any) -> Any:
        """Round counts, halves up; what is absent stays so."""
        if self.round_to is None:
            return counts
        return rounded_to(counts, self.round_to)

    def coarse(self, value: Any) -> Any:
        """Keep three significant digits of a number that is no count, where counts are rounded."""
        if self.round_to is None or not isinstance(value, float) or not math.isfinite(value):
            return value
        return value if value.is_integer() else float(f"{value:.3g}")


_OBEYED = [Rule()]
"""The rule of the process. One kernel makes one study's report, and every exhibit in it must obey, whoever
wrote the cell. A context variable would be forgotten from cell to cell, each of which may run in a context of
its own, and an argument can be left out: both would fail open."""


def obey(rule: Rule) -> None:
    """Round by a study's rule from now on; the study that a kernel opened last decides."""
    _OBEYED[0] = rule


def coarse(value: Any) -> Any:
    """Keep three significant digits where the study that was opened last rounds its counts."""
    return _OBEYED[0].coarse(value)


def rounds() -> bool:
    """Whether the study that was opened last has its counts rounded."""
    return _OBEYED[0].round_to is not None


def told_count_and_share(
    counts: pd.Series[Any], shares: pd.Series[Any]
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Give counts rounded, and their shares computed from rounded counts, where the study asks for it."""
    if not rounds():
        return counts, shares
    sizes = pd.Series(rounded(counts), index=counts.index)
    return sizes, rounded(counts * shares) / sizes


def rounded(counts: Any) -> Any:
    """Round counts of people by the rule of the study that was opened last."""
    return _OBEYED[0].rounded(counts)


def told_shares(
    frame: pd.DataFrame, *, below: int, n: str, share: str, whether: bool = True, within: str | None = None
) -> pd.DataFrame:
    """Leave out rows whose share (`whether` it is one) or mean rests on, or gives away, too few people.

    Parameters
    ----------
    frame : DataFrame
        A row a group of people.
    below : int
        Fewest people.
    n, share : str
        Columns of the group's size, and of its share or mean.
    within : str, optional
        Column of the totals that are told too: groups of one of them protect each other. Their mean and its
        standard error are two equations, so that three are hidden or none.
    """
    hidden = np.zeros(len(frame), dtype=bool)
    groups = frame.groupby(within, observed=True).indices.values() if within else [np.arange(len(frame))]
    for rows in groups:
        sizes = frame[n].to_numpy(dtype=float)[rows]
        met = np.rint(sizes * frame[share].to_numpy(dtype=float)[rows]) if whether else 0 * sizes
        known = np.isfinite(sizes) & np.isfinite(met)
        hide = shares_too_small(met[known], sizes[known], below=below, fewest=FEWEST_MEANS)
        hidden[rows[known]] = hide
    kept = frame[~hidden].reset_index(drop=True)
    counts, shares = told_count_and_share(kept[n], kept[share])
    return kept.assign(**{n: counts, share: shares if whether else kept[share]})


def withheld_points(points: pd.DataFrame, quantity: Quantity, below: int) -> pd.DataFrame:
    """Blank points with so few people (on a side), and others that would tell, the same in later waves."""
    if quantity.kind != "binary" or below < 2:
        return points
    n = points["n"].fillna(0).to_numpy()
    hide = shares_too_small(n * points["value"].fillna(0), n, below=below, in_turn=True)
    told = _points_of_rounded(points) if rounds() else points
    blank = {name: told[name].where(~hide) for name in ("value", "lower", "upper", "n")}
    return told.assign(**blank, signal=points["signal"] & ~hide)


def _points_of_rounded(points: pd.DataFrame) -> pd.DataFrame:
    """Round counts, and give values and limits as they are of rounded counts."""
    sizes, shares = told_count_and_share(points["n"], points["value"])
    centre, wider = points["centre"], np.sqrt(points["n"] / sizes)
    limits = {side: (centre + wider * (points[side] - centre)).clip(0, 1) for side in ("lower", "upper")}
    return points.assign(value=shares, n=sizes, **limits)


def not_shown(hidden: int, below: int, *, sides: bool = False) -> str:
    """Say how many groups are left out, and why."""
    few = f"fewer than {below} participants" + " on a side" * sides
    return f"{integer(hidden)} with {few}, or needed to hide such"


def withhold(counts: Sequence[int], below: int) -> list[int | None]:
    """Withhold counts from 1 to `below` - 1, and others that would give them away; noughts are told."""
    filled = [place for place, known in enumerate(counts) if known]
    hidden = too_small([counts[place] for place in filled], below=below)
    away = {place for place, few in zip(filled, hidden, strict=True) if few}
    return [None if place in away else int(known) for place, known in enumerate(counts)]


def means_to_hide(change: Comparison, below: int, arms: Mapping[str, str]) -> set[str]:
    """Teams whose mean is not told: with so few people, or with others of their arm.

    The mean of an arm's teams and its standard error are two equations, so that three are hidden or none.
    """
    kept = withhold([team.answered.compared for team in change.teams], below)
    hidden = set()
    for arm in {arms.get(team.team) for team in change.teams}:
        there = [
            (team, known is None)
            for team, known in zip(change.teams, kept, strict=True)
            if team.answered.compared and arms.get(team.team) == arm
        ]
        sizes = [team.answered.compared for team, _ in there]
        small = np.array([few for _, few in there], dtype=bool)
        too_few = too_small(sizes, below=below, always=small, fewest=FEWEST_MEANS)
        hidden |= {team.team for (team, _), few in zip(there, too_few, strict=True) if few}
    return hidden


def count_or_fewer(below: int) -> Shower:
    """Give a writer of counts that stars those withheld."""

    def show(value: Any) -> str:
        return "*" if is_absent(value) and below else integer(value)

    return show


def withheld_note(frame: pd.DataFrame, below: int) -> list[str]:
    """Say what a star stands for, where there is one."""
    if not frame.isna().to_numpy().any():
        return []
    return [f"* Counts below {below} are withheld, and others from which they could be worked out."]


def withheld_moves(moves: Moves, below: int) -> list[list[int | None]]:
    """Withhold cells so that neither the totals told (up, same, down, all) nor other cells give them away."""
    size = range(len(moves.labels))
    cells: list[list[int | None]] = moves.counts.tolist()
    totals = withhold([moves.down, moves.same, moves.up], below)
    for direction, total in zip((-1, 0, 1), totals, strict=True):
        group = [(row, column) for row in size for column in size if _direction(row, column) == direction]
        kept = withhold([int(moves.counts[place]) for place in group], below)
        if total is None and None not in kept:
            filled = [place for place, known in enumerate(kept) if known]
            kept[min(filled, key=lambda place: kept[place] or 0)] = None
        for (row, column), known in zip(group, kept, strict=True):
            cells[row][column] = known
    return cells


def _direction(before: int, after: int) -> int:
    return (after > before) - (after < before)
