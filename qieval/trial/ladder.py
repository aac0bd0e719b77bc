"""The effect of a cluster-randomised intervention: the primary method, and every other one beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.glm import Family
from qieval.stats.inference import check_level
from qieval.trial.binary_correlation import latent
from qieval.trial.cautions import Facts, cautions
from qieval.trial.clusterlevel import summarise
from qieval.trial.correlation import Interval, Intracluster, icc_of, spread_out
from qieval.trial.groups import Groups
from qieval.trial.parts import Columns, names
from qieval.trial.randomisation import Permutation, permute
from qieval.trial.roster import Roster, read_roster
from qieval.trial.rungs import DIFFERENCES, RATIOS, Trial, climb
from qieval.trial.summaries import arm_frame, cluster_frame

Primary = Literal["cluster-t", "mixed-model-kr", "permutation", "least-squares-cr2"]
FAMILIES: dict[str, Family] = {"continuous": "gaussian", "binary": "binomial", "count": "poisson"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effect:
    """The effect by its primary method and by the others, with what is needed to judge it.

    Attributes
    ----------
    primary : Estimate
        The method that the plan fixed, in the outcome's unit.
    ladder : tuple of Estimate
        The difference by every method for this kind of outcome (see `qieval.trial.rungs.DIFFERENCES`) and by
        ``"permutation"``, the primary first. A method that does not hold its level with so few clusters, or
        that these data refuse, has NaN and the reason in its notes.
    ratios : tuple of Estimate
        Effects on other scales (``RATIOS`` there): risk, rate and odds ratios; for means the win probability
        and the ratio of geometric means.
    permutation : Permutation
        The randomisation test with its distribution (empty in an interim look).
    iccs : tuple of Intracluster
        Intracluster correlation within arms (no unit): by analysis of variance with three intervals, by REML,
        and for a binary outcome by Fleiss and Cuzick and on the scale of log odds (``"latent"``); empty for
        counts and where it cannot be estimated.
    arms : DataFrame
        One row an arm, control first: `arm` (label), `clusters`, `n`, `smallest`, `largest` (rows of a
        cluster),
        `mean` and `sd` (of cluster summaries, each cluster once), `overall` (each participant or unit of
        exposure once).
    cluster_summaries : DataFrame
        One row a cluster: `cluster`, `arm` (label), `stratum` (where there are strata or pairs), `n`,
        `exposure` (rows, or units of exposure) and `mean` (mean, proportion or rate, unadjusted).
    by_participant : float
        The difference with every participant (or unit of exposure) counted once instead of every cluster;
        strata as in the primary.
    family : {"gaussian", "binomial", "poisson"}
        Kind of the outcome.
    facts : Facts
        What the cautions are drawn from.
    interim : str
        Why tests and p-values are held back; empty for a final result.
    """

    primary: Estimate
    ladder: tuple[Estimate, ...]
    ratios: tuple[Estimate, ...]
    permutation: Permutation
    iccs: tuple[Intracluster, ...]
    arms: pd.DataFrame
    cluster_summaries: pd.DataFrame
    by_participant: float
    family: Family
    facts: Facts
    interim: str = ""

    @property
    def smallest_p(self) -> float:
        """Smallest p that the randomisation test can give in this design."""
        return self.permutation.smallest_p

    @property
    def icc(self) -> Intracluster | None:
        """The intracluster correlation by analysis of variance with Searle's interval."""
        return self.iccs[0] if self.iccs else None

    @property
    def by_cluster(self) -> Estimate:
        """The cluster-level t: every cluster counted once."""
        return next(row for row in self.ladder if row.method == "cluster-t")

    @property
    def size_matters(self) -> bool:
        """Whether counting participants instead of clusters moves the estimate by more than its SE."""
        return abs(self.by_participant - self.by_cluster.estimate) > self.by_cluster.se

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before the numbers, the gravest first."""
        return cautions(self.facts)

    def tidy(self) -> pd.DataFrame:
        """One row a method, the primary first."""
        return tidy(self.ladder)

    def without_p(self, reason: str, *, when: bool = True) -> Effect:
        """Return a copy for an interim look: estimates and intervals, but no test, no p and no distribution.

        Parameters
        ----------
        reason : str
            Why, for the notes of every estimate.
        when : bool
            Whether to do so at all; otherwise the effect is returned as it is.
        """
        if not when:
            return self
        ladder = tuple(row.without_p(reason) for row in self.ladder)
        return replace(
            self,
            primary=ladder[0],
            ladder=ladder,
            ratios=tuple(row.without_p(reason) for row in self.ratios),
            permutation=self.permutation.without_p(reason),
            facts=replace(self.facts, interim=True),
            interim=reason,
        )


def estimate(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    cluster: str,
    stratum: str | None = None,
    pair: str | None = None,
    candidates: pd.DataFrame | NDArray[Any] | None = None,
    exposure: str | None = None,
    family: Family = "gaussian",
    covariates: Sequence[str] = (),
    primary: Primary = "cluster-t",
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> Effect:
    """Estimate the effect of a cluster-randomised intervention by every method that the design allows.

    Parameters
    ----------
    data : DataFrame
        One row a participant; rows with a missing outcome, covariate or exposure are left out and counted.
    outcome, arm, cluster : str
        Columns. The arm is 0/1, False/True or an ordered categorical, control first, constant within
        clusters.
    stratum, pair : str, optional
        Strata or matched pairs within which clusters were allocated; in every analysis.
    candidates : DataFrame or array, optional
        Allocations of a constrained randomisation (see `permutation_test`).
    exposure : str, optional
        Person-time of a count.
    family : {"gaussian", "binomial", "poisson"}
        Means; proportions (risk difference); rates.
    covariates : sequence of str
        Adjusted for in every method; leave out for the unadjusted ladder.
    primary : {"cluster-t", "mixed-model-kr", "permutation", "least-squares-cr2"}
        The method that the study's plan fixed; the last for the average over participants.
    draws, seed : int
        For the randomisation test where there are more than 200,000 allocations.
    level : float
        Coverage of the intervals.
    unit : str
        Unit of the effect.

    Returns
    -------
    Effect

    Raises
    ------
    DesignError
        If the primary method does not hold its level with so few clusters, or has no answer in these data.

    Notes
    -----
    The cluster-level t test is primary by default: of the methods here it holds its level best with few
    clusters (compare Leyrat, Morgan, Leurent & Kahan 2018, doi 10.1093/ije/dyx169). For a binary outcome the
    mixed model is the linear-probability model: a sensitivity analysis on the same scale. Mixed models and
    exchangeable equations weigh clusters by what they hold, so where size carries information they estimate
    neither average (Kahan, Li, Copas & Harhay 2023, doi 10.1093/ije/dyac131).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3, 4, 4], "arm": [0, 0, 0, 0, 1, 1, 1, 1],
    ...                      "score": [3.0, 5.0, 7.0, 8.0, 9.0, 9.5, 10.0, 14.0]})
    >>> effect = estimate(rows, outcome="score", arm="arm", cluster="site", unit="points")
    >>> [row.method for row in effect.ladder if row.estimate == row.estimate]
    ['cluster-t', 'cluster-t-inverse-variance', 'mixed-model-kr', 'permutation']
    """
    check_choice(primary, Primary, name="primary", owner="estimate")
    check_level(level)
    columns = Columns(
        outcome=outcome,
        arm=arm,
        cluster=cluster,
        covariates=names(covariates, owner="estimate"),
        stratum=stratum,
        pair=pair,
        exposure=exposure,
    )
    roster = read_roster(data, columns, owner="estimate", family=family)
    test = permute(roster, family=family, candidates=candidates, draws=draws, seed=seed, level=level)
    trial = Trial(roster=roster, family=family, level=level, seed=seed)
    ladder = [replace(row, unit=unit) for row in [*climb(trial, DIFFERENCES), test.estimate]]
    first = _first(ladder, primary)
    summaries = cluster_frame(roster)
    arms = arm_frame(summaries)
    return Effect(
        primary=first,
        ladder=(first, *(row for row in ladder if row is not first)),
        ratios=climb(trial, RATIOS),
        permutation=replace(test, estimate=ladder[-1]),
        iccs=_iccs(trial),
        arms=arms,
        cluster_summaries=summaries,
        by_participant=summarise(
            roster, weights="size", family=family, effect="difference", level=level
        ).estimate.estimate,
        family=family,
        facts=_facts(roster, test, level, arms["sd"].tolist()),
    )


def _first(ladder: Sequence[Estimate], primary: Primary) -> Estimate:
    for row in ladder:
        if row.method == primary:
            if math.isnan(row.estimate):
                raise DesignError(f"The primary method {primary!r} has no answer here. {row.notes[0]}")
            return row
    raise ArgumentError(
        f"The primary method {primary!r} is not for counts; take 'cluster-t' or 'permutation'."
    )


def _iccs(trial: Trial) -> tuple[Intracluster, ...]:
    if trial.family == "poisson":
        return ()
    groups, level = Groups.of(trial.roster), trial.level
    try:
        found = [
            icc_of(groups, method="anova", interval=interval, seed=trial.seed, level=level)
            for interval in get_args(Interval)
        ]
    except DesignError:
        return ()
    with suppress(DesignError):
        found.append(icc_of(groups, method="reml", level=level))
    if trial.family == "binomial":
        with suppress(DesignError):
            found.append(icc_of(groups, method="fleiss-cuzick", seed=trial.seed, level=level))
        with suppress(DesignError):
            value, low, high = latent(trial.generalised.maximum, level)
            row = replace(found[0].estimate, method="latent", estimate=value, ci_low=low, ci_high=high)
            found.append(spread_out(groups, row))
    return tuple(found)


def _facts(roster: Roster, test: Permutation, level: float, spreads: Sequence[float]) -> Facts:
    return Facts(
        labels=roster.labels,
        per_arm=roster.per_arm,
        smallest_p=test.smallest_p,
        allocations=test.allocations,
        exact=test.exact,
        level=level,
        lost=roster.lost,
        spreads=(spreads[0], spreads[1]),
    )
