"""Cluster summaries that are changed and compared again."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from qieval.results import Estimate
from qieval.stats.columns import Floats, labelled
from qieval.stats.inference import t_estimate
from qieval.trial.ladder import Effect

ENDS = ("lowest difference", "highest difference")


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The cluster-level comparison of an effect, made again on changed summaries.

    Attributes
    ----------
    effect : Effect
        Which it belongs to.
    clusters : DataFrame
        Its cluster summaries with `n` (all rows) and `missing` (those without outcome).
    """

    effect: Effect
    clusters: pd.DataFrame

    @property
    def treated(self) -> pd.Series[Any]:
        """Whether each cluster is in the intervention arm."""
        return self.clusters["arm"] == self.effect.facts.labels[1]

    def compare(
        self,
        frame: pd.DataFrame,
        *,
        term: str,
        method: str,
        notes: tuple[str, ...] = (),
        covariate: str | None = None,
    ) -> Estimate:
        """Unweighted least squares on clusters: t with strata (and a covariate) as fixed effects."""
        level = self.effect.primary.level
        blank = Estimate(term=term, method=method, estimate=math.nan, level=level, n_clusters=len(frame))
        design, outcome = _design(self.effect, frame, covariate), frame["mean"].to_numpy(dtype=np.float64)
        df = len(outcome) - design.shape[1]
        if df < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
            return replace(blank, notes=("Too few clusters are left to compare the arms.",))
        inverse = np.linalg.inv(design.T @ design)
        coefficients = inverse @ design.T @ outcome
        variance = float(((outcome - design @ coefficients) ** 2).sum()) / df * inverse[1, 1]
        if variance <= 0:
            return replace(
                blank, notes=("The cluster summaries do not vary; there is no error to test against.",)
            )
        return t_estimate(
            term=term,
            method=method,
            estimate=float(coefficients[1]),
            se=math.sqrt(variance),
            df=float(df),
            level=level,
            n=int(frame["n"].sum() - frame["missing"].sum()),
            n_clusters=len(frame),
            unit=self.effect.primary.unit,
            notes=notes,
        )

    def without(self, label: Hashable) -> Estimate:
        """Leave one cluster out."""
        rest = self.clusters[self.clusters["cluster"] != label]
        return self.compare(rest, term=f"without {label}", method="leave-one-out")

    def ancova(self, baseline: pd.Series[Any]) -> Estimate:
        """Adjust for each cluster's summary before."""
        frame = self.clusters.assign(before=self.clusters["cluster"].map(baseline)).dropna(subset=["before"])
        return self.compare(
            frame,
            term="baseline of the cluster",
            method="cluster-ancova",
            covariate="before",
            notes=("Clusters that began alike would have ended alike; one line for both arms.",),
        )

    def size_gap(self) -> Estimate:
        """Participant-average less cluster-average, with the jackknife over clusters."""
        frame = self.clusters.assign(weight=self.effect.cluster_summaries["exposure"].to_numpy())
        labels = frame["cluster"]
        each = [_gap(self.effect, frame[labels != label]) for label in labels]
        known = np.array([value for value in each if math.isfinite(value)])
        count, level = len(known), self.effect.primary.level
        blank = Estimate(
            term="participants alike less clusters alike",
            method="size-gap",
            estimate=_gap(self.effect, frame),
        )
        se = math.sqrt((count - 1) / count * float(((known - known.mean()) ** 2).sum())) if count > 2 else 0.0
        if count < len(frame) or se == 0 or len(frame) < 4:
            return replace(blank, level=level, notes=("Too few clusters to say how far off this is.",))
        return t_estimate(
            term=blank.term,
            method="size-gap",
            estimate=blank.estimate,
            se=se,
            df=float(len(frame) - 2),
            level=level,
            n=int(frame["n"].sum()),
            n_clusters=len(frame),
            unit=self.effect.primary.unit,
            notes=("Zero where the size of a cluster says nothing on its difference.",),
        )

    def shifted(self, shift: float | None, outcome: pd.Series[Any]) -> list[Estimate]:
        """Suppose that missing outcomes differ from the known ones of their cluster."""
        if self.effect.family == "poisson" or not self.clusters["missing"].sum():
            return []
        size = shift if shift is not None else float(outcome.astype(float).std()) / 2
        found = []
        for sign in (-1, 1):
            for where, chosen in (
                ("in both arms", True),
                (f"in {self.effect.facts.labels[1]}", self.treated),
            ):
                moved = sign * size * self.clusters["missing"] / self.clusters["n"] * chosen
                frame = self.clusters.assign(mean=self.clusters["mean"] + moved)
                found.append(
                    self.compare(
                        frame,
                        term=f"{'higher' if sign > 0 else 'lower'} {where}",
                        method="missing-shift",
                        notes=(f"Missing outcomes differ by {size:.3g} from known ones of their cluster.",),
                    )
                )
        return found

    def bounds(self, span: tuple[float, float]) -> list[Estimate]:
        """Put every missing outcome of a participant at an end of the scale."""
        if self.effect.family == "poisson" or not self.clusters["missing"].sum():
            return []
        share = self.clusters["missing"] / self.clusters["n"]
        found = []
        for term, (control, treated) in zip(ENDS, (span[::-1], span), strict=True):
            ends = np.where(self.treated, treated, control)
            frame = self.clusters.assign(mean=self.clusters["mean"] * (1 - share) + ends * share)
            note = "Every missing outcome lies at an end of the scale."
            found.append(self.compare(frame, term=term, method="missing-bound", notes=(note,)))
        return found


def _design(effect: Effect, frame: pd.DataFrame, covariate: str | None) -> Floats:
    """Intercept, arm, strata and covariate of each cluster."""
    arm = (frame["arm"] == effect.facts.labels[1]).to_numpy(dtype=np.float64)
    parts = [np.ones(len(frame)), arm]
    if "stratum" in frame:
        codes, labels = labelled(frame["stratum"])
        parts += [(codes == place).astype(np.float64) for place in range(1, len(labels))]
    if covariate:
        values = frame[covariate].to_numpy(dtype=np.float64)
        parts.append(values - values.mean())
    return np.column_stack(parts)


def _gap(effect: Effect, frame: pd.DataFrame) -> float:
    """Arm coefficient with clusters weighted by their participants, less the unweighted one."""
    design, outcome = _design(effect, frame, None), frame["mean"].to_numpy(dtype=np.float64)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return math.nan
    root = np.sqrt(frame["weight"].to_numpy(dtype=np.float64))
    heavy = np.linalg.lstsq(design * root[:, None], outcome * root, rcond=None)[0][1]
    return float(heavy - np.linalg.lstsq(design, outcome, rcond=None)[0][1])
