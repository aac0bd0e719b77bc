"""How people found the work and its tools: acceptability, feasibility, utility, scale by scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.capability.scoring import Scores
from qieval.results import Estimate, tidy
from qieval.stats.paired import mean_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One scale of an instrument.

    Attributes
    ----------
    label : str
        The scale.
    low, high : float
        Its ends.
    mean : Estimate
        Mean of the teams' means, t over teams (``team-means-t``); with fewer than two teams the mean over
        people (``mean-t``).
    people, above : int
        People with a score; of these above the middle of the scale.
    """

    label: str
    low: float
    high: float
    mean: Estimate
    people: int
    above: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Every scale of the instruments asked."""

    scales: tuple[Received, ...]

    def tidy(self) -> pd.DataFrame:
        """A row a scale."""
        return tidy(each.mean for each in self.scales)


def received(asked: Sequence[Scores], *, team: str, level: float = 0.95) -> Reception:
    """Average each scale over teams, because people of one team do not judge apart.

    No cut-off is read into a mean: for these scales none is published. Whoever was asked after having gone
    through the work speaks for those who stayed.

    Parameters
    ----------
    asked : sequence of Scores
        A form a person; the subscales of an instrument that has any, else its total.
    team : str
        Column of the forms.
    """
    return Reception(
        scales=tuple(
            _scale(each, name, team=team, level=level)
            for each in asked
            for name in each.instrument.subscales or ("total",)
        )
    )


def _scale(scores: Scores, name: str, *, team: str, level: float) -> Received:
    scale = scores.instrument.subscales.get(name, scores.instrument.total)
    low, high = scores.instrument.span(scale)
    known = scores.frame[[team, name]].dropna()
    means = known.groupby(team)[name].mean()
    teams = len(means) > 1
    label = scale.label or name
    mean = mean_interval(
        means if teams else known[name],
        term=label,
        method="team-means-t" if teams else "mean-t",
        unit=scores.instrument.unit,
        level=level,
    )
    return Received(
        label=label,
        low=low,
        high=high,
        mean=mean,
        people=len(known),
        above=int(np.sum(known[name] > (low + high) / 2)),
    )
