"""The arm effect by generalised estimating equations, with standard errors for few clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.stats.gee import LINKS, Link
from qieval.stats.glm import Family
from qieval.stats.inference import check_level
from qieval.stats.sandwich import covariances
from qieval.trial.parts import Columns, names
from qieval.trial.robust import RobustModel, fit_roster, tabulate
from qieval.trial.roster import Roster, read_roster

Correlation = Literal["exchangeable", "independence"]
Correction = Literal["none", "kauermann-carroll", "mancl-derouen", "fay-graubard"]
KINDS = ("kauermann-carroll", "kauermann-carroll-symmetrised", "mancl-derouen", "fay-graubard")
METHODS = {"none": "gee", **{kind: f"gee-{kind}" for kind in KINDS}}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalModel(RobustModel):
    """A fitted marginal (population-average) model; effects are on the scale of the link.

    `corrections` holds, in this order: none, Kauermann–Carroll, Kauermann–Carroll symmetrised, Mancl–DeRouen,
    Fay–Graubard. For the other attributes see `RobustModel`.

    Attributes
    ----------
    alpha : float
        Correlation within clusters.
    phi : float
        Dispersion (for a Gaussian outcome the variance, in squared units of the outcome).
    correlation, correction : str
        The working correlation that was used, and the correction of `estimate` and `coefficients`.
    """

    alpha: float
    phi: float
    correlation: Correlation
    correction: Correction


def gee(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    cluster: str,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    family: Family = "gaussian",
    link: Link | None = None,
    exposure: str | None = None,
    correlation: Correlation = "exchangeable",
    correction: Correction = "none",
    level: float = 0.95,
) -> MarginalModel:
    """Estimate the population-average arm effect, with a robust standard error corrected for few clusters.

    Parameters
    ----------
    data : DataFrame
        One row a participant; incomplete rows are left out and counted in `notes`.
    outcome, arm, cluster : str
        Columns. The arm is 0/1, False/True or an ordered categorical, control first, constant within
        clusters.
    covariates : sequence of str
        Columns to adjust for: numbers as they are, words as indicators without the first level.
    stratum : str, optional
        Strata of the allocation; fixed effects.
    family : {"gaussian", "binomial", "poisson"}
        How the variance follows the mean. ``"poisson"`` with a 0/1 outcome gives the log risk ratio.
    link : {"identity", "log", "logit"}, optional
        Identity for Gaussian, logit for binomial and log for Poisson where not given. Identity gives risk or
        rate differences, log gives log ratios.
    exposure : str, optional
        Person-time of counts; multiplies the mean.
    correlation : {"exchangeable", "independence"}
        Working correlation. Independence estimates the participant-average effect also where cluster size is
        informative.
    correction : {"none", "kauermann-carroll", "mancl-derouen", "fay-graubard"}
        Of the standard error; all of them are in `corrections`.
    level : float
        Coverage of the intervals.

    Returns
    -------
    MarginalModel

    Raises
    ------
    DesignError
        If columns are dependent, the outcome is separated, no degrees of freedom are left, or a cluster alone
        determines a coefficient (a lone cluster in an arm) and the correction asked for is undefined.

    Notes
    -----
    alpha and phi are moment estimates with denominators pairs - p and rows - p, as in SAS, statsmodels and
    R's gee (geepack divides by pairs and rows). Tests are t on clusters - p. Kauermann–Carroll multiplies
    residuals by ``(I - H)^-1/2`` on both sides (CR2 under independence); the symmetrised form averages
    ``(I - H)^-1`` on either side. Fay–Graubard uses the bound 0.75; unlike the others it depends on how the
    columns are coded, so swapping the arms changes it. Not for fewer than three clusters an arm: use
    `cluster_summary`.

    References
    ----------
    Liang & Zeger 1986, doi 10.1093/biomet/73.1.13; Kauermann & Carroll 2001, doi 10.1198/016214501753382309;
    Mancl & DeRouen 2001, doi 10.1111/j.0006-341X.2001.00126.x; Fay & Graubard 2001,
    doi 10.1111/j.0006-341X.2001.01198.x.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3, 4, 4], "arm": [0, 0, 0, 0, 1, 1, 1, 1],
    ...                      "score": [3.0, 5.0, 7.0, 8.0, 9.0, 9.5, 10.0, 14.0]})
    >>> round(gee(rows, outcome="score", arm="arm", cluster="site").estimate.estimate, 3)
    4.875
    """
    owner = "gee"
    check_choice(family, Family, name="family", owner=owner)
    check_choice(correlation, Correlation, name="correlation", owner=owner)
    check_choice(correction, Correction, name="correction", owner=owner)
    check_level(level)
    link = LINKS[family][0] if link is None else link
    if link not in LINKS[family]:
        listed = ", ".join(repr(choice) for choice in LINKS[family])
        raise ArgumentError(f"`gee`: the link of family {family!r} must be one of {listed}; not {link!r}.")
    columns = Columns(
        outcome=outcome,
        arm=arm,
        cluster=cluster,
        covariates=names(covariates, owner=owner),
        stratum=stratum,
        exposure=exposure,
    )
    roster = read_roster(data, columns, owner=owner, family=family)
    return fit_marginal(
        roster, family=family, link=link, correlation=correlation, correction=correction, level=level
    )


def fit_marginal(
    roster: Roster,
    *,
    family: Family,
    link: Link,
    correlation: Correlation,
    correction: Correction,
    level: float,
) -> MarginalModel:
    """Fit the model to a checked roster."""
    _check_events(roster, family)
    fitted = fit_roster(roster, family=family, link=link, exchangeable=correlation == "exchangeable")
    clusters, terms = len(roster.clusters), len(fitted.titles)
    if clusters <= terms:
        raise DesignError(f"{clusters} clusters and {terms} coefficients leave no degrees of freedom.")
    df = np.full(terms, float(clusters - terms))
    found = covariances(fitted.equations, fitted.solution, fitted.leverage)
    errors = {kind: (np.sqrt(np.maximum(np.diag(matrix), 0.0)), df) for kind, matrix in found.items()}
    table = tabulate(fitted, errors, methods=METHODS, correction=correction, level=level)
    return MarginalModel(
        coefficients=table.coefficients,
        corrections=table.corrections,
        alpha=fitted.solution.alpha,
        phi=fitted.solution.phi,
        correlation=correlation if fitted.admissible else "independence",
        correction=correction,
    )


def _check_events(roster: Roster, family: Family) -> None:
    """Refuse rows without exposure, and an arm in which nobody or everybody has the outcome."""
    if (roster.exposure <= 0).any():
        raise DesignError("A row with an exposure of zero has no rate.")
    if family == "gaussian":
        return
    arm, events = roster.arm.astype(int), roster.total(roster.outcome)
    for label, seen, rows in zip(
        roster.labels, np.bincount(arm, events), np.bincount(arm, roster.size), strict=True
    ):
        if seen == 0 or (family == "binomial" and seen == rows):
            raise DesignError(
                f"Separation: {'every' if seen else 'no'} row of arm {label!r} has the outcome, so neither a "
                "ratio nor the variation between its clusters can be told. See `cluster_summary`."
            )
