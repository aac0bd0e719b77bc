"""The arm effect by least squares, robust to clustering, with Bell–McCaffrey degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from qieval.errors import check_choice
from qieval.stats.glm import Family
from qieval.stats.inference import check_level
from qieval.trial.parts import Columns, names
from qieval.trial.robust import RobustModel, fit_roster, tabulate
from qieval.trial.roster import Roster, read_roster

ClusterRobust = Literal["cr0", "cr1", "cr2", "cr3"]
METHODS = {kind: f"least-squares-{kind}" for kind in ("cr0", "cr1", "cr2", "cr3")}
POWERS = {"cr0": 0.0, "cr1": 0.0, "cr2": 0.5, "cr3": 1.0}


def robust_linear_model(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    cluster: str,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    correction: ClusterRobust = "cr2",
    level: float = 0.95,
) -> RobustModel:
    """Estimate the participant-average arm effect by least squares, robust to any correlation in clusters.

    Parameters
    ----------
    data : DataFrame
        One row a participant; incomplete rows are left out and counted in `notes`.
    outcome, arm, cluster : str
        Columns. The arm is 0/1, False/True or an ordered categorical, control first, constant within
        clusters. With a 0/1 outcome the effect is a risk difference.
    covariates : sequence of str
        Columns to adjust for: numbers as they are, words as indicators without the first level.
    stratum : str, optional
        Strata of the allocation; fixed effects.
    correction : {"cr0", "cr1", "cr2", "cr3"}
        CR2 (the default) is unbiased where rows are independent with equal variance, and holds its level
        from 3 clusters an arm. CR0 has no correction, CR1 is CR0 times ``clusters / (clusters - 1)``; both
        are too small with few clusters. CR3 is the jackknife's, on the safe side.
    level : float
        Coverage of the intervals.

    Returns
    -------
    RobustModel
        `corrections` holds CR0, CR1, CR2 and CR3.

    Raises
    ------
    DesignError
        If columns are dependent, nothing varies, or a cluster alone determines a coefficient (a lone cluster
        in an arm) and CR2 or CR3 is asked for.

    Notes
    -----
    CR2 multiplies the residuals of cluster i by ``(I - H_ii)^-1/2``, CR3 by ``(I - H_ii)^-1``. Degrees of
    freedom are Satterthwaite's: twice the squared mean of the variance estimate over its variance, both taken
    as if rows were independent with equal variance. R's clubSandwich gives the same, but takes a
    pseudo-inverse for a lone cluster, which rejects 15 % of true nulls.

    References
    ----------
    Bell & McCaffrey 2002, Survey Methodology 28:169; Pustejovsky & Tipton 2018,
    doi 10.1080/07350015.2016.1247004.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3, 4, 4], "arm": [0, 0, 0, 0, 1, 1, 1, 1],
    ...                      "score": [3.0, 5.0, 7.0, 8.0, 9.0, 9.5, 10.0, 14.0]})
    >>> round(robust_linear_model(rows, outcome="score", arm="arm", cluster="site").estimate.df, 6)
    2.0
    """
    owner = "robust_linear_model"
    check_choice(correction, ClusterRobust, name="correction", owner=owner)
    check_level(level)
    columns = Columns(
        outcome=outcome,
        arm=arm,
        cluster=cluster,
        covariates=names(covariates, owner=owner),
        stratum=stratum,
    )
    roster = read_roster(data, columns, owner=owner)
    return fit_independent(roster, family="gaussian", correction=correction, level=level)


def fit_independent(
    roster: Roster, *, family: Family, correction: ClusterRobust, level: float
) -> RobustModel:
    """Fit a checked roster as if rows were independent, on the outcome's own scale.

    For counts the rows are weighted by their exposure over their expected rate, so that arms are compared
    by all events over all exposure.
    """
    fitted = fit_roster(roster, family=family, link="identity", exchangeable=False)
    clusters, errors = len(roster.clusters), {}
    for kind, power in POWERS.items():
        if power == 0 or not len(fitted.leverage.full):
            scale = np.sqrt(clusters / (clusters - 1)) if kind == "cr1" else 1.0
            se = scale * np.sqrt((fitted.leverage.moved(power) ** 2).sum(axis=0))
            errors[kind] = se, fitted.leverage.freedom(power)
    return tabulate(fitted, errors, methods=METHODS, correction=correction, level=level)
