"""Item by item: how answers are spread and moved, by team, and where importance outruns skill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.capability.linking import link
from qieval.capability.scoring import Scores
from qieval.results import Estimate
from qieval.stats.multiplicity import adjusted
from qieval.stats.paired import mean_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """One item at two times.

    Attributes
    ----------
    item, label : str
        Its id and words.
    change : Estimate
        Mean change of the people who answered it both times, reversed where due, with a t interval.
    adjusted_p : float
        Of that t test, Benjamini-Hochberg over the items.
    before, after : tuple of int
        Forms that answer below, on and above the middle of the scale, each time.
    """

    item: str
    label: str
    change: Estimate
    adjusted_p: float
    before: tuple[int, int, int]
    after: tuple[int, int, int]


def item_changes(
    before: Scores, after: Scores, *, by: str | Sequence[str], level: float = 0.95, fewest: int = 1
) -> tuple[ItemChange, ...]:
    """Screen the items for change, over the people who answered each item both times.

    A screen points at items to talk about; people of one team are not independent, so it proves nothing.

    Parameters
    ----------
    before, after : Scores
        By one instrument.
    by : str or sequence of str
        Column or columns that name a person.
    fewest : int
        Fewest people of whom an item's change may be told.
    """
    keys = [by] if isinstance(by, str) else list(by)
    first, second = (_places(each, keys) for each in (before, after))
    both = link(first, second, keys=keys, team=None).if_at_least(fewest).pairs
    at_first, at_second = (both[name].to_numpy(np.intp) for name in ("before", "after"))
    moved = after.items.to_numpy()[at_second] - before.items.to_numpy()[at_first]
    items = before.instrument.items
    changes = [
        mean_interval(
            moved[:, place] if np.isfinite(moved[:, place]).sum() >= fewest else [],
            term=item.id,
            method="paired-t",
            unit="points",
            level=level,
        )
        for place, item in enumerate(items)
    ]
    corrected = adjusted([each.p_value for each in changes], method="bh")
    return tuple(
        ItemChange(
            item=item.id,
            label=item.label,
            change=changes[place],
            adjusted_p=float(corrected[place]),
            before=_thirds(before, place),
            after=_thirds(after, place),
        )
        for place, item in enumerate(items)
    )


def team_items(scores: Scores, *, team: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean answer to each item (rows) in each team (columns), reversed where due, and how many answered."""
    groups = scores.items.groupby(scores.frame[team].astype(str).to_numpy())
    return groups.mean().T, groups.count().T


def importance_gaps(scores: Scores, *, level: float = 0.95) -> tuple[tuple[str, float, float, Estimate], ...]:
    """Set the mean importance of each subject against the mean skill in it, over those who answered both.

    Returns
    -------
    tuple
        Label, mean skill, mean importance, and their difference with a t interval (``importance - skill``);
        empty where the instrument has no such pairs.
    """
    found = []
    for item in scores.instrument.items:
        if item.importance_of is not None:
            both = scores.items[[item.importance_of, item.id]].dropna().to_numpy(float)
            gap = mean_interval(
                both[:, 1] - both[:, 0],
                term=item.importance_of,
                method="importance-skill",
                unit="points",
                level=level,
            )
            means = both.mean(axis=0) if len(both) else np.array([np.nan, np.nan])
            found.append((item.label, float(means[0]), float(means[1]), gap))
    return tuple(found)


def _places(scores: Scores, keys: list[str]) -> pd.DataFrame:
    return scores.frame[keys].assign(value=np.arange(len(scores.frame), dtype=float))


def _thirds(scores: Scores, place: int) -> tuple[int, int, int]:
    response = scores.instrument.response
    middle, answers = (response.min + response.max) / 2, scores.items.iloc[:, place]
    return int((answers < middle).sum()), int((answers == middle).sum()), int((answers > middle).sum())
