"""Who answered, and how: response rates, and forms at the ends of the scale or filled without care."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.capability.change import Comparison
from qieval.capability.scoring import Scores

FEWEST_ITEMS = 6
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """How the forms of one time were filled in.

    Attributes
    ----------
    forms, scored : int
        Handed in; of these with a total.
    lowest, highest : int
        With the lowest and the highest possible total.
    alike : int or None
        With one and the same answer to every item answered, before any is reversed; None where the instrument
        has fewer than six items.
    blank, not_applicable : dict of str to float
        Share of the forms without an answer to an item; of these with a code such as "don't know".
    """

    forms: int
    scored: int
    lowest: int
    highest: int
    alike: int | None
    blank: dict[str, float]
    not_applicable: dict[str, float]


def forms(scores: Scores) -> Forms:
    """Count the forms at the ends of the scale, those answered alike throughout, and the gaps by item."""
    instrument, total = scores.instrument, scores.frame["total"].to_numpy(float)
    low, high = instrument.span(instrument.total)
    upright = scores.items.to_numpy(float)
    reverse = np.array([item.reverse for item in instrument.items])
    given = np.where(reverse, instrument.response.min + instrument.response.max - upright, upright)
    n, blank = len(total), np.isnan(given)
    alike = None
    if given.shape[1] >= FEWEST_ITEMS:
        most = np.where(blank, -np.inf, given).max(axis=1, initial=-np.inf)
        least = np.where(blank, np.inf, given).min(axis=1, initial=np.inf)
        alike = int(((most == least) & ((~blank).sum(axis=1) >= FEWEST_ITEMS)).sum())
    return Forms(
        forms=n,
        scored=int(np.isfinite(total).sum()),
        lowest=int((total <= low + TOLERANCE).sum()),
        highest=int((total >= high - TOLERANCE).sum()),
        alike=alike,
        blank=dict(zip(instrument.item_ids, (blank.sum(axis=0) / max(n, 1)).tolist(), strict=True)),
        not_applicable={name: count / max(n, 1) for name, count in scores.not_applicable.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How many of a team's people answered.

    Attributes
    ----------
    team : str
        Its name; ``All`` for the sum over teams.
    invited : int or None
        People on its roster; None where that is not recorded.
    before, after : int
        People who answered each time.
    """

    team: str
    invited: int | None
    before: int
    after: int

    @property
    def rates(self) -> tuple[float, float]:
        """Share of the invited who answered, each time; NaN without a roster."""
        if not self.invited:
            return math.nan, math.nan
        return self.before / self.invited, self.after / self.invited


def response(change: Comparison, roster: pd.DataFrame, *, team: str) -> tuple[Response, ...]:
    """Set those who answered against each team's roster, whose column ``invited`` counts its people.

    Returns
    -------
    tuple of Response
        A team each, teams of the roster from which nobody answered among them, then all together; empty where
        the roster has no such column.
    """
    if "invited" not in roster.columns:
        return ()
    invited = dict(zip(roster[team].astype(str), pd.to_numeric(roster["invited"]), strict=True))
    counted: Mapping[str, tuple[int, int]] = {
        each.team: (
            each.answered.before_only + each.answered.both,
            each.answered.after_only + each.answered.both,
        )
        for each in change.teams
    }
    rows = [
        Response(
            team=name,
            invited=None if pd.isna(invited.get(name, math.nan)) else int(invited[name]),
            before=counted.get(name, (0, 0))[0],
            after=counted.get(name, (0, 0))[1],
        )
        for name in sorted({*invited, *counted})
    ]
    known = [row for row in rows if row.invited is not None]
    whole = Response(
        team="All",
        invited=sum(row.invited or 0 for row in known),
        before=sum(row.before for row in known),
        after=sum(row.after for row in known),
    )
    return (*rows, whole)
