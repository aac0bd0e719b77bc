"""What the forms that cannot be paired say: everybody together, and who stays against who leaves."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from qieval.capability.linking import Linked
from qieval.results import Estimate
from qieval.stats.paired import mean_interval
from qieval.stats.unpaired import cliffs_delta, partially_paired, welch


def unlinked_readings(
    linked: Linked, *, term: str, unit: str, level: float, fewest: int = 1
) -> tuple[Estimate, ...]:
    """Read the change over everybody, nobody counted twice and nobody left out.

    Linked and unlinked people together where there are both; Welch's t and Cliff's delta where nobody is
    linked, after the mean over teams of the difference of their means where there are teams. Empty where
    everybody is, and where fewer than `fewest` people stand alone on one side: their mean
    could be worked out.
    """
    everybody = _everybody(linked)
    first, second = (
        everybody.loc[everybody[there].isna(), here].dropna().to_numpy(float)
        for here, there in (("before", "after"), ("after", "before"))
    )
    few = any(0 < len(side) < fewest for side in (first, second))
    pairs = linked.pairs
    if few or linked.too_few or not len(first) + len(second):
        return ()
    if len(pairs):
        both = pairs["before"].to_numpy(float), pairs["after"].to_numpy(float)
        return (partially_paired(both, first, second, term=term, unit=unit, level=level),)
    return (
        *_team_means(everybody, term=term, unit=unit, level=level),
        welch(first, second, term=term, unit=unit, level=level),
        cliffs_delta(first, second, term=term, level=level),
    )


def stayers_and_leavers(linked: Linked, *, unit: str, level: float, fewest: int = 1) -> Estimate:
    """Compare at the first time those who are scored again with those who are not, by Welch's t.

    Where they differ, the change of those who stayed is not that of all who started.
    """
    frame = linked.frame
    stays = frame["after"].notna()
    leavers, stayers = (frame.loc[side, "before"].dropna().to_numpy(float) for side in (~stays, stays))
    if min(len(leavers), len(stayers)) < max(fewest, 2):
        why = "Too few people stayed, or left, to compare them."
        return Estimate(
            term="stayers - leavers", method="welch", estimate=math.nan, level=level, unit=unit, notes=(why,)
        )
    return welch(leavers, stayers, term="stayers - leavers", unit=unit, level=level)


def _everybody(linked: Linked) -> pd.DataFrame:
    columns = ["team", "before", "after"]
    parts = [each[columns] for each in (linked.frame, linked.loose) if len(each)]
    return pd.concat(parts or [linked.loose], ignore_index=True).astype({"before": float, "after": float})


def _team_means(everybody: pd.DataFrame, *, term: str, unit: str, level: float) -> tuple[Estimate, ...]:
    means = everybody.groupby("team")[["before", "after"]].mean()
    changes = (means["after"] - means["before"]).dropna()
    if len(changes) < 2:
        return ()
    reading = mean_interval(changes, term=term, method="team-means-t", unit=unit, level=level)
    people = int(everybody[["before", "after"]].notna().to_numpy().sum())
    return (replace(reading, n=people, n_clusters=len(changes)),)
