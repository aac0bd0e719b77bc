"""Whether a gap moved because people's groups were recorded otherwise: as recorded, and as first known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qieval.measures.equity import Better
from qieval.measures.equity_groups import disparity, recorded_as
from qieval.results import Estimate, tidy
from qieval.stats.columns import numbers, require


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoded:
    """People who stand in more than one period, and what their records do to the change of a gap.

    Attributes
    ----------
    people : int
        In two periods or more.
    filled, changed : int
        Of these, whose group was recorded only later; and who have two different groups on record.
    current, fixed : tuple of Estimate
        Change of each gap, by the groups as recorded in each period, and with each person's first known one.
        Empty where too few groups may be told.
    """

    people: int
    filled: int
    changed: int
    current: tuple[Estimate, ...]
    fixed: tuple[Estimate, ...]

    def tidy(self) -> pd.DataFrame:
        """Changes as recorded, then as first known."""
        return tidy(self.current + self.fixed)


def recoded(
    data: pd.DataFrame,
    *,
    person: str,
    period: str,
    group: str,
    outcome: str,
    reference: str,
    better: Better,
    at_least: float = 0.8,
    fewest: int = 5,
    round_to: int | None = None,
    level: float = 0.95,
) -> Recoded:
    """Hold the change of each gap by current groups against that by everybody's first known group.

    A cohort in which more people are asked from wave to wave can show a gap that narrows or widens with
    nobody treated otherwise. Where people are new in every period the two are the same.

    Parameters
    ----------
    data : DataFrame
        One row a person and period.
    person, period, group, outcome : str
        Columns; `outcome` 0/1, rows without it are left out.
    reference, better, at_least, fewest, round_to, level
        As in `qieval.measures.disparity`.
    """
    require(data, [person, period, group, outcome], owner="recoded")
    rows = data[data[outcome].notna()].sort_values(period, kind="stable")
    known = rows[group].where(recorded_as(rows[group]) == "recorded")
    own = known.groupby(rows[person])
    first, met = own.first(), rows[[person, period]].drop_duplicates()[person]
    late = known.isna() & ~rows[person].duplicated() & rows[person].map(first).notna()
    fixed = rows[person].map(first).where(lambda column: column.notna(), rows[group])
    plan: dict[str, Any] = {"reference": reference, "better": better, "at_least": at_least}
    plan |= {"fewest": fewest, "round_to": round_to}
    counts = rows.assign(**{outcome: numbers(rows[outcome]), "": np.ones(len(rows))})
    found = [
        disparity(
            each, numerator=outcome, denominator="", group=group, period=period, level=level, **plan
        ).gap
        for each in (counts, counts.assign(**{group: fixed}))
    ]
    return Recoded(
        people=int(met[met.duplicated()].nunique()),
        filled=int(late.sum()),
        changed=int((known.notna() & (known != rows[person].map(first))).groupby(rows[person]).any().sum()),
        current=found[0].changes if found[0] else (),
        fixed=found[1].changes if found[1] else (),
    )
