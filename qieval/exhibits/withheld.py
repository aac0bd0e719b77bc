"""Which counts and means of a capability report are not told, so that nothing points at single people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qieval.capability import Comparison, Moves
from qieval.exhibits.format import Shower, integer, is_absent
from qieval.stats.disclosure import too_small

FEWEST_MEANS = 3


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
