"""What the analysis of one outcome needs: rows, roles of columns, words, and who was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qieval.measures.equity_groups import recorded_as
from qieval.pipeline.entry import Entry
from qieval.pipeline.flow import Participants, present
from qieval.pipeline.model import Method, Outcome, Plan
from qieval.results import Quantity
from qieval.trial import FAMILIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything that the analysis of one outcome needs.

    Attributes
    ----------
    data : DataFrame
        Participants of this wave who have the outcome (and its exposure), with their site's `arm` (ordered
        categorical, control first) and stratum.
    everyone : DataFrame
        The same with the participants who lack the outcome (or its exposure).
    every_wave : DataFrame
        The same of every wave up to this one.
    roster : DataFrame
        Every site ever allocated, with its `arm` and stratum.
    before : Series, optional
        Mean of the outcome at each site at the first wave, where that is an earlier one; by site.
    flow : DataFrame
        Who was left out and why, by arm; see `qieval.pipeline.flow.flow`.
    entry : Entry
        Of those analysed, who was recruited when, and who changed site.
    sampling : str
        Whether the same people can be seen at several waves, as the study says; empty where it does not.
    outcome : str
        Column of the outcome.
    cluster : str
        Column of the site.
    arm : str, optional
        Column of the site's arm; None in a stepped wedge.
    start, period : str, optional
        In a stepped wedge, columns of the period in which the row's site starts (absent for never) and of the
        row's own; `data` then holds the rows of all waves up to this one.
    stratum, pair : str, optional
        Column of the stratum, or of the matched pair, within which sites were allocated.
    covariates : tuple of str
        Columns to adjust for: the baseline value first, then the outcome's covariates.
    labels : mapping of str to str
        What a column is called where its name does not say it: the baseline value.
    exposure : str, optional
        Column of the time at risk of a count.
    groups : tuple of str
        Columns of the groups that the study looks at.
    quantity : Quantity
        Words and unit of the outcome.
    candidates : DataFrame, optional
        Allocations that a constrained randomisation could have drawn: a row each, a column of 0 and 1 a site.
    method : {"cluster-t", "mixed-model-kr", "permutation", "least-squares-cr2"}
        The primary method that the plan fixed; the cluster-level t where it fixed none, and for counts where
        it fixed the mixed model.
    standing : str
        What the plan says of this outcome at this wave, in a sentence.
    primary, interim : bool
        Whether the plan names this outcome as primary; whether this wave lies before its primary one.
    """

    data: pd.DataFrame
    everyone: pd.DataFrame
    every_wave: pd.DataFrame
    roster: pd.DataFrame
    before: pd.Series[Any] | None
    flow: pd.DataFrame
    entry: Entry
    sampling: str
    outcome: str
    cluster: str
    arm: str | None
    start: str | None
    period: str | None
    stratum: str | None
    pair: str | None
    covariates: tuple[str, ...]
    labels: Mapping[str, str]
    exposure: str | None
    candidates: pd.DataFrame | None
    groups: tuple[str, ...]
    quantity: Quantity
    method: Method
    standing: str
    primary: bool
    interim: bool

    @property
    def design(self) -> dict[str, Any]:
        """What `qieval.trial` must be told of a trial with arms, by its own keywords."""
        return {
            **self.named,
            "candidates": self.candidates,
            "unit": self.quantity.unit,
            "primary": self.method,
        }

    @property
    def again(self) -> str | None:
        """Column of the participant, where the same people can be seen at several waves."""
        return None if self.sampling == "cross-section" else "participant"

    @property
    def repeated(self) -> dict[str, Any]:
        """What `qieval.trial.repeated_waves` must be told, by its own keywords."""
        return {**self.named, "wave": "wave", "participant": self.again, "unit": self.quantity.unit}

    @property
    def assumptions(self) -> dict[str, Any]:
        """What `qieval.trial.sensitivity` must be told, by its own keywords."""
        return {
            "roster": self.roster,
            "named": self.named,
            "covariates": self.covariates,
            "baseline": self.before,
            "span": self.quantity.span,
            "shift": self.quantity.mcid,
        }

    @property
    def named(self) -> dict[str, Any]:
        """Columns and kind of outcome, by the keywords of `qieval.trial`."""
        return {
            "outcome": self.outcome,
            "arm": self.arm,
            "cluster": self.cluster,
            "stratum": self.stratum,
            "pair": self.pair,
            "exposure": self.exposure,
            "family": FAMILIES[self.quantity.kind],
        }


def standing(plan: Plan | None, outcome: str, wave: int) -> str:
    """Say whether the plan calls a result primary."""
    if plan is None:
        return "The study file holds no plan, so no outcome and no wave is primary."
    if outcome != plan.primary.outcome:
        among = f", one of {len(plan.family)} in the plan's family" if outcome in plan.family else ""
        return f"A secondary outcome{among}; p-values are not adjusted for the number of outcomes."
    if wave > plan.primary.wave:
        return f"A later look: the plan's primary wave is {plan.primary.wave}."
    return "" if wave < plan.primary.wave else "The plan's primary result."


def site_means_before(people: Participants, outcome: Outcome, name: str) -> pd.Series[Any] | None:
    """Mean (proportion, rate) of an outcome at each site at the first wave; None if that is this one."""
    first = people.rows["wave"].min()
    if people.through or not first < people.wave:
        return None
    rows = people.rows[(people.rows["wave"] == first) & people.staying]
    rows = rows[present(rows, name, outcome.exposure)]
    sums = rows[name].astype(float).groupby(rows["site"]).sum()
    over = (
        rows[outcome.exposure].groupby(rows["site"]).sum()
        if outcome.exposure
        else rows["site"].value_counts()
    )
    return sums / over if len(sums) else None


def primary_method(plan: Plan | None, outcome: Outcome) -> Method:
    """Primary method for one outcome; a mixed model is not for counts."""
    planned = plan.primary.method if plan else "cluster-t"
    return "cluster-t" if outcome.type == "count" and planned == "mixed-model-kr" else planned


def with_ordered_arms(frame: pd.DataFrame, arms: tuple[str, ...]) -> pd.DataFrame:
    """Order the arms of a table as the study does, control first; a study without arms has no such column."""
    if not arms:
        return frame.drop(columns="arm", errors="ignore")
    if "arm" not in frame:
        return frame
    return frame.assign(arm=pd.Categorical(frame["arm"], categories=list(arms), ordered=True))


def with_known_groups(rows: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """Leave a group empty where it was declined or is unknown: neither is a group of people."""
    there = [name for name in groups if name in rows]
    known = {name: rows[name].where(recorded_as(rows[name]) == "recorded") for name in there}
    return rows.assign(**known)
