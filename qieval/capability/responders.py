"""How many of those invited answered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from qieval.capability.change import Comparison


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
