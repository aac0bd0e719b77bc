"""Operating characteristics of the comparison before and after: bias, and coverage of 95 % intervals.

Scores are normal with a standard deviation of 1 at each time, and rise by half of it; a person's two scores
correlate with 0.6, and people of one team change alike by the intracluster correlation of their changes. The
readings are those that `compare` makes (a test holds one to the other), so that most methods move with the
values: the share of intervals that miss the truth is the share of true nulls rejected.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

from qieval.results import Estimate
from qieval.stats.columns import Floats
from qieval.stats.paired import mean_interval, standardised_changes
from qieval.stats.ranks import wilcoxon
from qieval.stats.simulated import COUNTS, counted
from qieval.stats.unpaired import delta_interval, partially_paired, welch

Linked = Literal["all", "half", "none"]
LINKED: tuple[Linked, ...] = ("all", "half", "none")
TEAMS, ICCS = (3, 6, 12, 24), (0.0, 0.2)
PEOPLE = (3, 5, 7)  # of the teams in turn, at each time
CHANGE, KEPT, BETWEEN = 0.5, 0.6, 0.1  # true change; correlation over time; variance between teams' levels
SPREAD = 2 * (1 - KEPT)  # variance of the changes
KEYS = ["linked", "teams", "icc", "method"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A survey as it might have been.

    Attributes
    ----------
    linked : {"all", "half", "none"}
        How many people of a team answer both times; the others are replaced.
    teams : int
        Teams of 3, 5 and 7 people in turn.
    icc : float
        Share of the variance of changes that lies between teams.
    """

    linked: Linked
    teams: int
    icc: float

    @property
    def team(self) -> np.ndarray:
        """Number of each person's team, shape (people,)."""
        return np.repeat(np.arange(self.teams), np.resize(PEOPLE, self.teams))

    @property
    def both(self) -> np.ndarray:
        """Whether each person answers both times, shape (people,)."""
        place = np.concatenate([np.arange(size) / size for size in np.resize(PEOPLE, self.teams)])
        return place < {"all": 1.0, "half": 0.5, "none": 0.0}[self.linked]

    def draw(self, replicates: int, seed: int) -> tuple[Floats, Floats]:
        """Draw scores before and after, (replicates, people) each; the same seed and cell give the same."""
        rng = np.random.default_rng([seed, zlib.crc32(f"{self.linked} {self.teams} {self.icc}".encode())])
        shape = (replicates, len(self.team))
        level, drift = rng.normal(size=(2, replicates, self.teams))[:, :, self.team]
        noise = (1 - self.icc) * SPREAD / 2
        own = math.sqrt(1 - BETWEEN - noise - self.icc * SPREAD / 4)
        first, other = own * rng.normal(size=(2, *shape))
        drift *= math.sqrt(self.icc * SPREAD) / 2
        errors = math.sqrt(noise) * rng.normal(size=(2, *shape))
        before = math.sqrt(BETWEEN) * level - drift + first + errors[0]
        after = math.sqrt(BETWEEN) * level + drift + np.where(self.both, first, other) + errors[1] + CHANGE
        return before, after

    def readings(self, before: Floats, after: Floats) -> Iterator[tuple[Estimate, float]]:
        """Give every reading of one replicate, (people,) before and after, with its truth."""
        both, change = self.both, after - before
        if self.linked == "none":
            yield mean_interval(self._means(change, ~both), term="", method="team-means-t"), CHANGE
            yield welch(before, after, term=""), CHANGE
            delta = float(np.sign(after[:, None] - before).mean())
            low, high = delta_interval(delta, len(before), len(after), level=0.95)
            row = Estimate(term="", method="cliffs-delta", estimate=delta, ci_low=low, ci_high=high)
            yield row, 2 * float(norm.cdf(CHANGE / math.sqrt(2))) - 1
            return
        yield mean_interval(self._means(change, both), term="", method="team-t"), CHANGE
        yield mean_interval(change[both], term="", method="paired-t"), CHANGE
        if self.linked == "half":
            pairs = before[both], after[both]
            yield partially_paired(pairs, before[~both], after[~both], term=""), CHANGE
            return
        yield wilcoxon(before, after).shift, CHANGE
        for row in standardised_changes(before, after, term=""):
            yield row, CHANGE / math.sqrt(SPREAD) if row.method in {"dz", "gz"} else CHANGE

    def _means(self, change: Floats, people: np.ndarray) -> Floats:
        sums, sizes = (np.bincount(self.team[people], w, self.teams) for w in (change[people], None))
        return np.asarray(sums / sizes, dtype=np.float64)


def cells(teams: Iterable[int] = TEAMS) -> Iterator[Scenario]:
    """Give every cell: how many are linked, teams, correlations."""
    for linked, number, icc in product(LINKED, teams, ICCS):
        yield Scenario(linked=linked, teams=number, icc=icc)


def characteristics(scenarios: Iterable[Scenario], *, replicates: int, seed: int = 0) -> pd.DataFrame:
    """Count over simulated surveys how far off each reading is, and how often its interval holds the truth.

    Parameters
    ----------
    scenarios : iterable of Scenario
        Cells.
    replicates : int
        Surveys a cell.
    seed : int
        Seed.

    Returns
    -------
    DataFrame
        One row a cell and method: `linked`, `teams`, `icc`, and as `qieval.stats.simulated.counted`.
    """
    parts = []
    for cell in scenarios:
        before, after = cell.draw(replicates, seed)
        found = counted(each for pair in zip(before, after, strict=True) for each in cell.readings(*pair))
        parts.append(found.assign(linked=cell.linked, teams=cell.teams, icc=cell.icc))
    return pd.concat(parts, ignore_index=True)[[*KEYS, *COUNTS]]
