"""The effect by a linear mixed model: random intercepts of clusters, and of what is nested in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import pandas as pd

from qieval.errors import ArgumentError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats import linear_mixed as stats
from qieval.stats.columns import Codes
from qieval.stats.inference import check_level
from qieval.stats.linear_mixed import MixedFit
from qieval.stats.moments import Moments
from qieval.stats.smallsample import DfMethod
from qieval.trial.exposure import CELLS_NOTE, fit_wedge
from qieval.trial.parts import Columns, names
from qieval.trial.roster import Roster, read_roster
from qieval.trial.wedge import read_wedge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedModel(MixedFit):
    """A fitted model; the other attributes are those of the fit.

    Attributes
    ----------
    estimate : Estimate
        The effect of the arm (or of having started), in the outcome's unit.
    """

    estimate: Estimate

    def tidy(self) -> pd.DataFrame:
        """The effect first, then the other fixed effects."""
        return tidy([self.estimate, *(row for row in self.coefficients if row is not self.estimate)])


def mixed_model(
    data: pd.DataFrame,
    *,
    outcome: str,
    cluster: str,
    arm: str | None = None,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    period: str | None = None,
    start: str | None = None,
    nested: str | None = None,
    immediate: bool = False,
    df: DfMethod = "kenward-roger",
    level: float = 0.95,
    ml: bool = False,
) -> MixedModel:
    """Estimate the effect by REML with a random intercept for each cluster, and for what is nested in it.

    Parameters
    ----------
    data : DataFrame
        One row a participant; rows with a missing outcome or covariate are left out and counted in `notes`.
    outcome, arm, cluster : str
        Columns. The arm is 0/1, False/True or an ordered categorical, control first, constant within
        clusters.
    covariates : sequence of str
        Columns to adjust for: numbers as they are, words as indicators without the first level.
    stratum : str, optional
        Strata of the allocation; fixed effects.
    period : str, optional
        Wave or period of the row: a fixed effect, and a random intercept for each cluster and period.
    start : str, optional
        In a stepped wedge instead of `arm`, with `period`: the period in which the row's cluster starts
        (missing: never). With the first period after baseline as the start of the whole intervention arm,
        this is the model of a constrained baseline.
    nested : str, optional
        Sub-cluster within the cluster (class in school, respondent in team), with a random intercept of its
        own. Not together with `period`: three levels are not estimated.
    immediate : bool
        With `start`: one effect, declared to be there at once and to stay. By default the effects at each
        time since the start are told apart, and their plain mean is the estimate.
    df : {"kenward-roger", "satterthwaite", "between"}
        Small-sample method. Kenward–Roger also adjusts the standard error.
    level : float
        Coverage of the intervals.
    ml : bool
        The full instead of the restricted likelihood, to compare fixed effects by their criterion; not with
        Kenward–Roger.

    Returns
    -------
    MixedModel
        Its `components()` are the variances with profile intervals.

    Raises
    ------
    ArgumentError
        If it is not clear which effect is asked for, or for more than two nested levels.
    DesignError
        If the design is singular, or a variance cannot be told.

    Notes
    -----
    The model is ``y_ij = x_ij'b + u_i + e_ij``, with one more random intercept for each cluster and period or
    sub-cluster. Time and memory grow with the rows only while the moments are taken; the fit itself costs
    (sub-)clusters times columns squared. For a binary outcome this is the linear-probability model: its
    effect is a risk difference, its standard error approximate. People measured again in several periods are
    not independent rows: analyse the endline with the baseline as covariate, or changes of cluster means.
    Satterthwaite reproduces R's lmerTest, which jumps to rows less coefficients where the variance between
    clusters is zero: below 15 clusters an arm use Kenward–Roger. The estimand leans towards large clusters
    the smaller the ICC; where cluster size is informative, compare with `cluster_summary`.

    With repeated waves this is not a primary analysis unless clusters do not diverge: in simulations of 6
    clusters an arm over 4 waves whose slopes differed between clusters (SD 0.12 a wave), Kenward–Roger
    rejected 8.3 % of true nulls, the t test on changes of cluster means 4.6 %.

    References
    ----------
    Kenward & Roger 1997, Biometrics 53:983, doi 10.2307/2533558; Hooper, Teerenstra, de Hoop & Eldridge 2016,
    doi 10.1002/sim.7028 (cluster by period); Kenny et al. 2022, doi 10.1002/sim.9511 (effects by time since
    the start).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3, 4, 4], "arm": [0, 0, 0, 0, 1, 1, 1, 1],
    ...                      "score": [3.0, 5.0, 7.0, 8.0, 9.0, 9.5, 10.0, 14.0]})
    >>> round(mixed_model(rows, outcome="score", arm="arm", cluster="site").estimate.estimate, 3)
    4.875
    """
    owner = "mixed_model"
    check_choice(df, DfMethod, name="df", owner=owner)
    check_level(level)
    _refuse_unclear(arm=arm, start=start, period=period, nested=nested, cluster=cluster, immediate=immediate)
    if start is not None and period is not None:
        wedge = read_wedge(
            data,
            outcome=outcome,
            cluster=cluster,
            start=start,
            period=period,
            covariates=covariates,
            stratum=stratum,
            owner=owner,
        )
        found = fit_wedge(wedge, nested=True, immediate=immediate, df=df, level=level, ml=ml)
        return _model(found, found.contrasts[0])
    chosen = names(covariates, owner=owner)
    if period is not None and period in data:
        data = data.assign(**{period: data[period].astype("category")})
        chosen = (*chosen, period)
    columns = Columns(
        outcome=outcome,
        arm=str(arm),
        cluster=cluster,
        covariates=chosen,
        stratum=stratum,
        inner=period or nested,
    )
    return fit_roster(read_roster(data, columns, owner=owner), df=df, level=level, ml=ml)


def _refuse_unclear(**given: Any) -> None:
    by_start = given["start"] is not None
    if (given["arm"] is not None) == by_start or (by_start and given["period"] is None):
        raise ArgumentError("`mixed_model` takes `arm`, or `start` and `period` for a stepped wedge.")
    levels = [given[name] for name in ("cluster", "nested", "period") if given[name] is not None]
    if len(levels) > 2 or not all(isinstance(name, str) for name in levels):
        raise ArgumentError(
            f"`mixed_model` estimates two nested random levels, one column each; not {levels!r}. Leave one "
            "out, or compare changes of cluster means."
        )
    if given["immediate"] and not by_start:
        raise ArgumentError("The `immediate` parameter of `mixed_model` goes with `start`.")


def fit_roster(roster: Roster, *, df: DfMethod, level: float, ml: bool = False) -> MixedModel:
    """Fit the model to a checked roster, with a second level where it has sub-clusters or periods."""
    moments, owner, notes = roster.moments(), None, roster.notes
    if roster.columns.inner is not None:
        finer, inside = roster.nested_moments()
        if len(inside) < roster.n:
            moments, owner = finer, inside
        else:
            notes = (*notes, CELLS_NOTE)
    named = {"arm": roster.columns.arm, "term": roster.term}
    return fit_moments(moments, **named, df=df, level=level, notes=notes, within=owner, ml=ml)


def fit_moments(
    moments: Moments,
    *,
    arm: str,
    term: str,
    df: DfMethod,
    level: float,
    notes: tuple[str, ...] = (),
    within: Codes | None = None,
    ml: bool = False,
) -> MixedModel:
    """Fit the model to moments; the estimate is that of the design column `arm`, called `term`."""
    inside = None if within is None else within.tolist()
    found = stats.fit_moments(moments, within=inside, df=df, level=level, ml=ml)
    place = found.pooled.names.index(arm)
    row = replace(found.coefficients[place], term=term, notes=notes + found.notes)
    rows = tuple(row if at == place else other for at, other in enumerate(found.coefficients))
    return _model(replace(found, coefficients=rows), row)


def _model(found: MixedFit, row: Estimate) -> MixedModel:
    return MixedModel(estimate=row, **{field.name: getattr(found, field.name) for field in fields(found)})
