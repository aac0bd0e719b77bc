"""The arm effect by a linear mixed model with a random cluster intercept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import pandas as pd

from qieval.errors import check_choice
from qieval.results import Estimate, tidy
from qieval.stats import linear_mixed as stats
from qieval.stats.inference import check_level
from qieval.stats.linear_mixed import MixedFit
from qieval.stats.moments import Moments
from qieval.stats.smallsample import DfMethod
from qieval.trial.parts import Columns, names
from qieval.trial.roster import Roster, read_roster


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedModel(MixedFit):
    """A fitted model; the other attributes are those of the fit.

    Attributes
    ----------
    estimate : Estimate
        The arm effect, in the outcome's unit.
    """

    estimate: Estimate

    def tidy(self) -> pd.DataFrame:
        """The arm effect first, then the other fixed effects."""
        return tidy([self.estimate, *(row for row in self.coefficients if row is not self.estimate)])


def mixed_model(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    cluster: str,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    df: DfMethod = "kenward-roger",
    level: float = 0.95,
) -> MixedModel:
    """Estimate the arm effect by REML with a random intercept for each cluster.

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
    df : {"kenward-roger", "satterthwaite", "between"}
        Small-sample method. Kenward–Roger also adjusts the standard error.
    level : float
        Coverage of the intervals.

    Returns
    -------
    MixedModel

    Raises
    ------
    DesignError
        If the design is singular, or variation between or within clusters cannot be told.

    Notes
    -----
    The model is ``y_ij = x_ij'b + u_i + e_ij``. Time and memory grow with the rows only while the moments are
    taken; the fit itself costs clusters times columns squared. For a binary outcome this is the
    linear-probability model: its effect is a risk difference, its standard error approximate. Not for
    repeated measures of the same people. Satterthwaite reproduces R's lmerTest, which jumps to rows less
    coefficients where the variance between clusters is zero: below 15 clusters an arm use Kenward–Roger. The
    estimand leans towards large clusters the smaller the ICC; where cluster size is informative, compare with
    `cluster_summary`.

    References
    ----------
    Kenward & Roger 1997, Biometrics 53:983, doi 10.2307/2533558.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3, 4, 4], "arm": [0, 0, 0, 0, 1, 1, 1, 1],
    ...                      "score": [3.0, 5.0, 7.0, 8.0, 9.0, 9.5, 10.0, 14.0]})
    >>> round(mixed_model(rows, outcome="score", arm="arm", cluster="site").estimate.estimate, 3)
    4.875
    """
    check_choice(df, DfMethod, name="df", owner="mixed_model")
    check_level(level)
    columns = Columns(
        outcome=outcome,
        arm=arm,
        cluster=cluster,
        covariates=names(covariates, owner="mixed_model"),
        stratum=stratum,
    )
    return fit_roster(read_roster(data, columns, owner="mixed_model"), df=df, level=level)


def fit_roster(roster: Roster, *, df: DfMethod, level: float) -> MixedModel:
    """Fit the model to a checked roster."""
    arm, term = roster.columns.arm, roster.term
    return fit_moments(roster.moments(), arm=arm, term=term, df=df, level=level, notes=roster.notes)


def fit_moments(
    moments: Moments,
    *,
    arm: str,
    term: str,
    df: DfMethod,
    level: float,
    notes: tuple[str, ...] = (),
) -> MixedModel:
    """Fit the model to moments; the estimate is that of the design column `arm`, called `term`."""
    found = stats.fit_moments(moments, df=df, level=level)
    place = found.pooled.names.index(arm)
    row = replace(found.coefficients[place], term=term, notes=notes + found.notes)
    rows = tuple(row if at == place else other for at, other in enumerate(found.coefficients))
    parts = {field.name: getattr(found, field.name) for field in fields(found)} | {"coefficients": rows}
    return MixedModel(estimate=row, **parts)
