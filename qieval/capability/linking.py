"""Who answered before, after, and both times: linked by id, never by position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.capability.scoring import spreadsheet_rows
from qieval.errors import ArgumentError, Fault, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How many people handed in a form.

    Attributes
    ----------
    before_only, after_only, both : int
        People with an id, by the times at which they answered.
    compared : int
        Of `both`, those with a score each time.
    without_id : int
        Forms that carry no id and cannot be linked.
    """

    before_only: int
    both: int
    after_only: int
    compared: int
    without_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linked:
    """The forms of two times, a row a person.

    Attributes
    ----------
    frame : DataFrame
        ``team`` (before, where there is one; missing without teams), ``before``, ``after`` (values; missing
        for none), ``band_before``, ``band_after`` (missing without bands), ``side`` (``left_only``, ``both``,
        ``right_only``).
    without_id : int
        Forms without an id.
    loose : DataFrame
        Forms without an id: ``team``, ``before`` and ``after``, of which one is missing.
    moved : int
        People whose team after is not their team before.
    too_few : int
        Where the values were taken away because fewer than so many people have both; else 0.
    """

    frame: pd.DataFrame
    without_id: int
    loose: pd.DataFrame
    moved: int
    too_few: int = 0

    @property
    def pairs(self) -> pd.DataFrame:
        """Rows with a value at both times."""
        return self.frame[self.frame["before"].notna() & self.frame["after"].notna()]

    def if_at_least(self, fewest: int) -> Linked:
        """The same, but without any value where fewer people than this have both."""
        if not 0 < len(self.pairs) < fewest:
            return self
        return replace(self, frame=self.frame.assign(before=math.nan, after=math.nan), too_few=fewest)

    def answered(self) -> Answered:
        """Counts over everybody."""
        change = (self.frame["after"] - self.frame["before"]).to_numpy(float)
        return count_answers(self.frame["side"].cat.codes.to_numpy(), change, without_id=self.without_id)


def count_answers(side: NDArray[np.integer], change: NDArray[np.float64], *, without_id: int = 0) -> Answered:
    """Count people by the times at which they answered (0 before only, 1 after only, 2 both)."""
    before_only, after_only, both = np.bincount(side, minlength=3).tolist()
    return Answered(
        before_only=before_only,
        both=both,
        after_only=after_only,
        compared=int(np.isfinite(change).sum()),
        without_id=without_id,
    )


def link(before: pd.DataFrame, after: pd.DataFrame, *, keys: Sequence[str], team: str | None) -> Linked:
    """Join two frames with a ``value`` (and perhaps a ``band``) column on the ids of people.

    Raises
    ------
    InputError
        If an id stands twice at one time, or a form lacks its team.
    """
    faults = [
        fault
        for frame, when in ((before, "before"), (after, "after"))
        for fault in _faults(frame, when, keys, team)
    ]
    if faults:
        raise InputError(faults)
    halves, loose = [], []
    for frame, when in ((before, "before"), (after, "after")):
        known = frame[list(keys)].notna().all(axis=1)
        apart, named = frame[~known], frame[known]
        given = {when: apart["value"], "team": None if team is None else apart[team]}
        loose.append(pd.DataFrame(given, index=apart.index, columns=["team", "before", "after"]))
        half = named[list(keys)].copy()
        half[when] = named["value"]
        half[f"band_{when}"] = named["band"].astype(object) if "band" in named.columns else None
        half[f"team_{when}"] = named[team].astype(object) if team is not None else None
        halves.append(half)
    joined = halves[0].merge(halves[1], on=list(keys), how="outer", indicator="side")
    has_team_before = joined["team_before"].notna()
    moved = has_team_before & joined["team_after"].notna() & (joined["team_before"] != joined["team_after"])
    joined["team"] = joined["team_before"].where(has_team_before, joined["team_after"])
    return Linked(
        frame=joined.drop(columns=["team_before", "team_after"]),
        without_id=sum(map(len, loose)),
        loose=pd.concat([each for each in loose if len(each)] or loose[:1], ignore_index=True),
        moved=int(moved.sum()),
    )


def _faults(frame: pd.DataFrame, when: str, keys: Sequence[str], team: str | None) -> list[Fault]:
    name = " + ".join(keys)
    absent = [column for column in (*keys, *([team] if team else [])) if column not in frame.columns]
    if absent:
        raise ArgumentError(f"The answers {when} have no column {', '.join(map(repr, absent))}.")
    faults = []
    twice = frame.duplicated(list(keys), keep=False) & frame[list(keys)].notna().all(axis=1)
    if twice.any():
        faults.append(
            Fault(
                file=f"answers {when}",
                column=name,
                rows=spreadsheet_rows(frame.index, twice.to_numpy()),
                problem="an id stands more than once at this wave",
                expected="one form a person and wave",
                remedy="remove the repeats, or name every column that makes the id unique",
            )
        )
    if team is not None and frame[team].isna().any():
        faults.append(
            Fault(
                file=f"answers {when}",
                column=team,
                rows=spreadsheet_rows(frame.index, np.asarray(frame[team].isna())),
                problem="no team is given",
            )
        )
    return faults
