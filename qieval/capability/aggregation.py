"""Whether the people of a team agree enough for their mean to stand for the team."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import f as fisher

from qieval.results import Estimate, tidy
from qieval.stats.columns import labelled, numbers, require


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamAgreement:
    """How far people of one team resemble each other, from a one-way analysis of variance.

    Attributes
    ----------
    single : Estimate
        ICC(1): of one person's score; its p is the F test that teams do not differ.
    average : Estimate
        ICC(2): reliability of the mean of a team of the size that stands for all.
    size : float
        That size: the mean less what unequal sizes take.
    """

    single: Estimate
    average: Estimate
    size: float

    def tidy(self) -> pd.DataFrame:
        """Two rows: one person, a team's mean."""
        return tidy([self.single, self.average])


def team_agreement(scores: pd.DataFrame, *, team: str, total: str = "total") -> TeamAgreement:
    """ICC(1) and ICC(2) of a score, to be looked at before people are averaged to their team.

    Parameters
    ----------
    scores : DataFrame, a row a person
        With the columns `team` and `total`; rows without either are left out.

    Notes
    -----
    ``ICC(1) = (MSB - MSW) / (MSB + (k - 1) MSW)``, ``ICC(2) = (MSB - MSW) / MSB``; below zero teams differ
    less than by chance.

    Bliese 2000, in *Multilevel Theory, Research, and Methods in Organizations*, chapter 8.
    """
    require(scores, [team, total], owner="team_agreement")
    known = scores[[team, total]].dropna()
    codes, labels = labelled(known[team])
    values, groups = numbers(known[total]), len(labels)
    sizes = np.bincount(codes, minlength=groups)
    n = len(values)

    def estimate(method: str, value: float, p_value: float = math.nan, why: str = "") -> Estimate:
        return Estimate(
            term="people of a team",
            method=method,
            estimate=value,
            p_value=p_value,
            n=n,
            n_clusters=groups,
            unit="proportion",
            notes=(why,) if why else (),
        )

    if groups < 2 or n <= groups or not np.ptp(values) > 0:
        why = "Too few teams or people, or no spread."
        return TeamAgreement(
            single=estimate("icc-1", math.nan, why=why),
            average=estimate("icc-2", math.nan, why=why),
            size=math.nan,
        )
    means = np.bincount(codes, weights=values) / sizes
    between = float(sizes @ (means - values.mean()) ** 2) / (groups - 1)
    within = float(((values - means[codes]) ** 2).sum()) / (n - groups)
    size = (n - float(sizes @ sizes) / n) / (groups - 1)
    p_value = float(fisher.sf(between / within, groups - 1, n - groups)) if within else 0.0
    return TeamAgreement(
        single=estimate("icc-1", (between - within) / (between + (size - 1) * within), p_value),
        average=estimate("icc-2", (between - within) / between if between else math.nan),
        size=size,
    )
