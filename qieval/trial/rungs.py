"""The methods that stand beside each other in a ladder, and from how many clusters each holds its level."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.results import Estimate
from qieval.stats.columns import indicators
from qieval.stats.gee import Link
from qieval.stats.glm import Family
from qieval.stats.inference import exponentiated
from qieval.trial.bootstrap import bootstrap
from qieval.trial.clusterlevel import Weights, summarise
from qieval.trial.cr2 import fit_independent
from qieval.trial.gee import Correction, fit_marginal
from qieval.trial.glmm import CountFamily, GeneralisedMixedModel
from qieval.trial.glmm import fit_roster as fit_generalised
from qieval.trial.lmm import fit_roster as fit_linear
from qieval.trial.robust import HOLDS
from qieval.trial.roster import Roster
from qieval.trial.scales import geometric_ratio, win_probability

Average = Literal["clusters", "participants", "between"]
DRAWS = 9_999


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A checked roster with what every method is told.

    Attributes
    ----------
    roster : Roster
        Rows and clusters.
    family : {"gaussian", "binomial", "poisson"}
        Kind of the outcome.
    level : float
        Coverage of the intervals.
    seed : int
        Of what is drawn.
    """

    roster: Roster
    family: Family
    level: float
    seed: int

    @property
    def fewest(self) -> int:
        """Clusters of the smaller arm."""
        return min(self.roster.per_arm)

    @property
    def adjusted(self) -> Roster:
        """The roster with its strata among the covariates, for methods that know no strata."""
        roster = self.roster
        blocks, titles = indicators(roster.block, roster.blocks, name=str(roster.columns.block))
        rows = np.column_stack([blocks[roster.codes], roster.rows])
        return replace(roster, rows=rows, titles=(*titles, *roster.titles))

    @property
    def frame(self) -> dict[str, Any]:
        """The rows again as a frame, with the keywords that name its columns."""
        roster = self.roster
        arm = pd.Categorical.from_codes(
            roster.arm[roster.codes].astype(int), pd.Index(roster.labels), ordered=True
        )
        rows = {"outcome": roster.outcome, "arm": arm, "cluster": roster.codes}
        named = {"outcome": "outcome", "arm": "arm", "cluster": "cluster", "level": self.level}
        if roster.blocks:
            rows["stratum"], named["stratum"] = roster.block[roster.codes], "stratum"
        return {"data": pd.DataFrame(rows), **named}

    @cached_property
    def generalised(self) -> GeneralisedMixedModel:
        """The model of odds or rates; not for means."""
        family: CountFamily = "binomial" if self.family == "binomial" else "poisson"
        return fit_generalised(self.adjusted, family=family, quadrature=7, level=self.level)


class Rung(NamedTuple):
    """A method of the ladder.

    Attributes
    ----------
    run : callable
        Gives the estimate of a trial; raises DesignError where it has none.
    average : {"clusters", "participants", "between"}
        What its effect is the average of.
    families : tuple of str
        Kinds of outcome that it is for.
    fewest : int
        Clusters in each arm from which it holds its level, by the recorded simulation of `90_validation`.
    """

    run: Callable[[Trial], Estimate]
    average: Average
    families: tuple[Family, ...]
    fewest: int = 1


def _cluster_t(weights: Weights, effect: Literal["difference", "ratio"]) -> Callable[[Trial], Estimate]:
    def run(trial: Trial) -> Estimate:
        return summarise(
            trial.roster, weights=weights, family=trial.family, effect=effect, level=trial.level
        ).estimate

    return run


def _mixed(trial: Trial) -> Estimate:
    return fit_linear(trial.roster, df="kenward-roger", level=trial.level).estimate


def _marginal(trial: Trial, link: Link, family: Family) -> Estimate:
    enough = trial.fewest >= HOLDS["fay-graubard"]
    correction: Correction = "fay-graubard" if enough else "mancl-derouen"
    return fit_marginal(
        trial.roster,
        family=family,
        link=link,
        correlation="exchangeable",
        correction=correction,
        level=trial.level,
    ).estimate


def _gee(trial: Trial) -> Estimate:
    return replace(_marginal(trial, "identity", trial.family), method="gee")


def _gee_ratio(trial: Trial) -> Estimate:
    return exponentiated(_marginal(trial, "log", "poisson"), method="gee-ratio")


def _least_squares(trial: Trial) -> Estimate:
    family: Family = "poisson" if trial.family == "poisson" else "gaussian"
    return fit_independent(trial.roster, family=family, correction="cr2", level=trial.level).estimate


def _wild(trial: Trial) -> Estimate:
    return bootstrap(
        trial.adjusted, weights="rademacher", draws=DRAWS, seed=trial.seed, level=trial.level
    ).estimate


MEANS: tuple[Family, ...] = ("gaussian", "binomial")
EVENTS: tuple[Family, ...] = ("binomial", "poisson")
ALL: tuple[Family, ...] = (*MEANS, "poisson")

DIFFERENCES = {
    "cluster-t": Rung(_cluster_t("none", "difference"), "clusters", ALL),
    "cluster-t-inverse-variance": Rung(_cluster_t("inverse-variance", "difference"), "between", MEANS),
    "mixed-model-kr": Rung(_mixed, "between", MEANS),
    "gee": Rung(_gee, "between", ALL, HOLDS["mancl-derouen"]),
    "least-squares-cr2": Rung(_least_squares, "participants", ALL, 3),
    "wild-bootstrap": Rung(_wild, "participants", MEANS, 6),
    "glmm-difference": Rung(lambda trial: trial.generalised.difference, "participants", EVENTS, 12),
}
RATIOS = {
    "win-probability": Rung(lambda trial: win_probability(**trial.frame), "clusters", ("gaussian",)),
    "geometric-ratio": Rung(lambda trial: geometric_ratio(**trial.frame), "clusters", ("gaussian",)),
    "cluster-t-ratio": Rung(_cluster_t("none", "ratio"), "clusters", EVENTS),
    "gee-ratio": Rung(_gee_ratio, "between", EVENTS, HOLDS["mancl-derouen"]),
    "glmm-risk-ratio": Rung(lambda trial: trial.generalised.risk_ratio, "participants", ("binomial",), 12),
    "glmm-t-ratio": Rung(lambda trial: trial.generalised.ratio, "clusters", EVENTS, 12),
}
AVERAGES: dict[str, Average] = {
    **{name: rung.average for name, rung in (DIFFERENCES | RATIOS).items()},
    "permutation": "clusters",
}
"""What the effect by each method is the average of."""


def climb(trial: Trial, rungs: dict[str, Rung]) -> tuple[Estimate, ...]:
    """Run every method for this kind of outcome; one that may not or cannot has NaN and the reason."""
    return tuple(_one(trial, method, rung) for method, rung in rungs.items() if trial.family in rung.families)


def _one(trial: Trial, method: str, rung: Rung) -> Estimate:
    if trial.fewest < rung.fewest:
        return _absent(trial, method, f"Not for fewer than {rung.fewest} clusters in an arm.")
    try:
        return rung.run(trial)
    except DesignError as reason:
        return _absent(trial, method, f"Not estimated: {reason}")


def _absent(trial: Trial, method: str, reason: str) -> Estimate:
    roster = trial.roster
    return Estimate(
        term=roster.term,
        method=method,
        estimate=math.nan,
        level=trial.level,
        n=roster.n,
        n_clusters=len(roster.clusters),
        notes=(reason,),
    )
