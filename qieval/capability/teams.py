"""Each team's change, and the mean over teams."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qieval.capability.linking import Answered, Linked, count_answers
from qieval.results import Estimate
from qieval.stats.columns import labelled
from qieval.stats.paired import mean_interval

TERM = "after - before"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChange:
    """One team's change.

    Attributes
    ----------
    team : str
        Its name.
    answered : Answered
        Its people by the times at which they answered.
    before, after : float
        Mean scores of those compared, in the unit of the score.
    change : Estimate
        Mean change of those compared with a t interval over them.
    """

    team: str
    answered: Answered
    before: float
    after: float
    change: Estimate


def team_changes(linked: Linked, *, unit: str, level: float) -> tuple[TeamChange, ...]:
    """Every team's change over its people with a value at both times."""
    codes, names = labelled(linked.frame["team"])
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.searchsorted(codes[order], np.arange(1, len(names))))
    before, after = (linked.frame[when].to_numpy(float) for when in ("before", "after"))
    side, change = linked.frame["side"].cat.codes.to_numpy(), after - before
    found = []
    for name, people in zip(names, parts, strict=False):  # without anybody there is one part and no name
        compared = people[np.isfinite(change[people])]
        means = [float(each[compared].mean()) if compared.size else math.nan for each in (before, after)]
        found.append(
            TeamChange(
                team=str(name),
                answered=count_answers(side[people], change[people]),
                before=means[0],
                after=means[1],
                change=mean_interval(
                    change[people], term=str(name), method="paired-t", unit=unit, level=level
                ),
            )
        )
    return tuple(found)


def team_reading(teams: Sequence[TeamChange], *, unit: str, level: float) -> tuple[Estimate, ...]:
    """Mean of the teams' mean changes, t with teams - 1 degrees of freedom; empty below two teams."""
    changes = [team.change.estimate for team in teams if team.answered.compared]
    if len(changes) < 2:
        return ()
    people = sum(team.answered.compared for team in teams)
    reading = mean_interval(changes, term=TERM, method="team-t", unit=unit, level=level)
    return (replace(reading, n=people, n_clusters=len(changes)),)
