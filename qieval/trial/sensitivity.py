"""Whether the effect holds under other assumptions: covariates, single clusters, sizes, missing data."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.results import Estimate, tidy
from qieval.stats.columns import arm_codes, listed
from qieval.trial.clusterlevel import cluster_summary
from qieval.trial.ladder import Effect
from qieval.trial.lost import roster_test
from qieval.trial.recompared import ENDS, Comparison

FEW_FOR_COVARIATES = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitivity:
    """The cluster-level comparison under other assumptions.

    Attributes
    ----------
    checks : tuple of Estimate
        One a question; `term` says what was changed, `notes` hold the assumption. Methods are
        ``"adjusted"``, ``"cluster-ancova"``, ``"size-gap"`` (participant-average less cluster-average, with
        the jackknife over clusters), ``"missing-shift"``, ``"missing-bound"``, ``"lost-bound"`` and
        ``"permutation-roster"``.
    left_out : tuple of Estimate
        The comparison without each cluster in turn, method ``"leave-one-out"``.
    missing : DataFrame
        One row a cluster: `arm` (label), `cluster`, `n` (rows), `missing` (without outcome).
    lost : tuple
        Clusters of the roster without any outcome.
    """

    checks: tuple[Estimate, ...]
    left_out: tuple[Estimate, ...]
    missing: pd.DataFrame
    lost: tuple[Hashable, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a check, then one a cluster left out."""
        return tidy([*self.checks, *self.left_out])

    def without_p(self, reason: str) -> Sensitivity:
        """Return a copy for an interim look: estimates and intervals, no test."""
        checks = tuple(row.without_p(reason) for row in self.checks if row.method != "permutation-roster")
        left_out = tuple(row.without_p(reason) for row in self.left_out)
        return replace(self, checks=checks, left_out=left_out)


def sensitivity(
    effect: Effect,
    everyone: pd.DataFrame,
    *,
    roster: pd.DataFrame,
    named: Mapping[str, Any],
    covariates: Sequence[str] = (),
    baseline: pd.Series[Any] | None = None,
    span: tuple[float, float] | None = None,
    shift: float | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> Sensitivity:
    """Ask what the cluster-level comparison would say under other assumptions.

    Parameters
    ----------
    effect : Effect
        From `estimate`, unadjusted; where it is an interim look, so are the checks.
    everyone : DataFrame
        All participants who should have been analysed, the outcome missing where it is not known.
    roster : DataFrame
        A row a randomised cluster: its label, arm and stratum under the names in `named`.
    named : mapping
        The keywords of `cluster_summary` that name columns and family.
    covariates : sequence of str
        Adjusted for in two stages (Hayes & Moulton); at most one that is constant within clusters where
        there are fewer than 12 clusters.
    baseline : Series, optional
        Each cluster's summary before, by label: a covariate of clusters (analysis of covariance).
    span : tuple of float, optional
        Lowest and highest possible outcome: for bounds on what is missing.
    shift : float, optional
        By how much missing outcomes may differ from known ones of their cluster; half a standard deviation
        of participants where not given.
    draws, seed : int
        For the test over the roster where there are more than 200,000 allocations.

    Returns
    -------
    Sensitivity

    Notes
    -----
    A cluster's mean becomes ``mean + shift x share missing``. Bounds put every missing value at that end of
    the span which makes the difference smallest, and largest. Not for the effect in participants' average.
    """
    clusters = _counted(effect, everyone, named)
    comparison = Comparison(effect, clusters)
    labels = set(clusters["cluster"])
    lost = roster[~roster[named["cluster"]].isin(labels)]
    checks = [
        *_adjusted(effect, everyone, named, covariates),
        *([comparison.ancova(baseline)] if baseline is not None else []),
        comparison.size_gap(),
        *comparison.shifted(shift, everyone[named["outcome"]]),
        *(comparison.bounds(span) if span else []),
        *(_lost(comparison, lost, roster, named, span, draws, seed) if len(lost) else []),
    ]
    found = Sensitivity(
        checks=tuple(checks),
        left_out=tuple(comparison.without(label) for label in clusters["cluster"]),
        missing=clusters[["arm", "cluster", "n", "missing"]],
        lost=tuple(lost[named["cluster"]]),
    )
    return found.without_p(effect.interim) if effect.interim else found


def _counted(effect: Effect, everyone: pd.DataFrame, named: Mapping[str, Any]) -> pd.DataFrame:
    """Cluster summaries with all rows of each cluster counted, and those without outcome."""
    needed = [name for name in (named["outcome"], named.get("exposure")) if name]
    absent = everyone[needed].isna().any(axis=1).groupby(everyone[named["cluster"]])
    frame = effect.cluster_summaries.copy()
    frame["missing"] = frame["cluster"].map(absent.sum()).fillna(0).astype(int)
    frame["n"] += frame["missing"]
    return frame


def _adjusted(
    effect: Effect, everyone: pd.DataFrame, named: Mapping[str, Any], covariates: Sequence[str]
) -> list[Estimate]:
    """Two-stage adjustment for the covariates that the study declares."""
    if not covariates:
        return []
    term, level = ", ".join(covariates), effect.primary.level
    spread = everyone.groupby(named["cluster"])[list(covariates)].nunique().max()
    fixed = [name for name in covariates if spread[name] <= 1]
    if len(fixed) > 1 and len(effect.cluster_summaries) < FEW_FOR_COVARIATES:
        reason = (
            f"With fewer than {FEW_FOR_COVARIATES} clusters at most one of their covariates is adjusted for; "
            f"here {listed(fixed)}."
        )
        return [Estimate(term=term, method="adjusted", estimate=math.nan, level=level, notes=(reason,))]
    try:
        found = cluster_summary(everyone, **named, covariates=covariates, level=level).estimate
    except DesignError as why:
        return [Estimate(term=term, method="adjusted", estimate=math.nan, level=level, notes=(str(why),))]
    note = "Two stages: cluster means of what the covariates leave."
    return [
        replace(found, term=term, method="adjusted", unit=effect.primary.unit, notes=(*found.notes, note))
    ]


def _lost(
    comparison: Comparison,
    lost: pd.DataFrame,
    roster: pd.DataFrame,
    named: Mapping[str, Any],
    span: tuple[float, float] | None,
    draws: int,
    seed: int,
) -> list[Estimate]:
    """Test over the whole roster, and bound what lost clusters could have had."""
    found = [roster_test(comparison.effect, roster, named, draws=draws, seed=seed)]
    if span is None or comparison.effect.family == "poisson":
        return found
    kept = comparison.clusters.copy()
    block = named.get("stratum") or named.get("pair")
    codes = arm_codes(lost[named["arm"]])[0].astype(int)
    labels = np.array(comparison.effect.facts.labels, dtype=object)[codes]
    gone = pd.DataFrame({"cluster": lost[named["cluster"]], "arm": labels, "n": 0, "missing": 0})
    if block:
        gone["stratum"] = lost[block]
    note = "A lost cluster's mean lies at an end of the scale."
    for term, (control, other) in zip(ENDS, (span[::-1], span), strict=True):
        ends = gone.assign(mean=np.where(codes == 1, other, control))
        whole = pd.concat([kept.astype({"arm": str}), ends], ignore_index=True)
        found.append(comparison.compare(whole, term=term, method="lost-bound", notes=(note,)))
    return found
