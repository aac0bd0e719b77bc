"""A linear mixed model with one random level or two nested ones, for any fixed effects and contrasts of them.

The one face of the model for every room: `qieval.trial` puts the arm into it, `qieval.capability` the waves.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, cluster_codes
from qieval.stats.inference import t_estimate
from qieval.stats.likelihood import Profile, criterion, fit
from qieval.stats.mixed import Pooled, pool
from qieval.stats.moments import Moments, nested_codes
from qieval.stats.smallsample import DfMethod, coefficients
from qieval.stats.variances import limits

METHODS = {
    "kenward-roger": "mixed-model-kr",
    "satterthwaite": "mixed-model-satterthwaite",
    "between": "mixed-model-between",
}
BOUNDARY_NOTE = "The estimated variance between clusters is zero (the boundary of the model)."
NESTED_NOTE = (
    "The estimated variance between the sub-clusters of a cluster is zero (the boundary of the model)."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedFit:
    """A fitted mixed model.

    Attributes
    ----------
    coefficients : tuple of Estimate
        Every fixed effect, in the order of the design columns (intercept first).
    contrasts : tuple of Estimate
        The contrasts asked for, in their order.
    between, within : float
        Variance between clusters and within the finest ones, in squared units of the outcome.
    nested : float
        Variance between the sub-clusters of a cluster; 0 with one level.
    boundary : bool
        Whether a variance between (sub-)clusters was estimated as zero; `notes` say which.
    criterion : float
        Minus twice the log-likelihood; restricted (REML criterion) unless the full one was asked for.
    notes : tuple of str
        What must be said of the fit.
    pooled, profile
        The fit on standardised moments.
    """

    coefficients: tuple[Estimate, ...]
    contrasts: tuple[Estimate, ...]
    between: float
    within: float
    nested: float
    boundary: bool
    criterion: float
    notes: tuple[str, ...]
    pooled: Pooled
    profile: Profile

    @property
    def icc(self) -> float:
        """Correlation of two rows of one cluster that share no sub-cluster."""
        return self.between / (self.between + self.nested + self.within)

    @property
    def icc_nested(self) -> float:
        """Correlation of two rows of one sub-cluster."""
        return (self.between + self.nested) / (self.between + self.nested + self.within)

    def components(self, *, level: float = 0.95) -> tuple[Estimate, ...]:
        """Variances between clusters, between sub-clusters (where there are two levels) and within.

        In squared units, each with its profile interval (`qieval.stats.variances.limits`).
        """
        kinds = ("variance within", "variance between sub-clusters", "variance between clusters")
        names = kinds if self.pooled.nesting else kinds[::2]
        bounds = limits(self.pooled, self.profile, level=level)
        values = self.profile.variances * self.pooled.outcome_scale**2
        found = [
            Estimate(
                term=name,
                method="profile-ml" if self.profile.ml else "profile-reml",
                estimate=float(value),
                ci_low=float(low),
                ci_high=float(high),
                level=level,
                n=self.pooled.n,
                n_clusters=self.pooled.clusters[-1],
            )
            for name, value, (low, high) in zip(names, values, bounds, strict=True)
        ]
        return tuple(reversed(found))

    def tidy(self) -> pd.DataFrame:
        """The contrasts first, then every coefficient."""
        return tidy((*self.contrasts, *self.coefficients))


def linear_mixed(
    outcome: Floats,
    columns: Floats,
    titles: Sequence[str],
    *,
    cluster: pd.Series[Any],
    nested: pd.Series[Any] | None = None,
    contrasts: Mapping[str, Sequence[float] | Floats] | None = None,
    df: DfMethod = "kenward-roger",
    level: float = 0.95,
    ml: bool = False,
    unit: str = "",
) -> MixedFit:
    """Fit a mixed model to complete rows.

    Parameters
    ----------
    outcome : array (n,)
        None missing.
    columns : array (n, q)
        Fixed effects as numbers, without the intercept, which is added.
    titles : sequence of str
        Their names.
    cluster, nested : Series (n,)
        The cluster of each row and, for two levels, its sub-cluster; the same sub-cluster label in two
        clusters means two sub-clusters.
    contrasts : mapping, optional
        Name of a contrast to its q + 1 weights, the intercept's first.
    df : {"kenward-roger", "satterthwaite", "between"}
        Small-sample method. Kenward–Roger also adjusts the standard errors.
    level : float
        Coverage of the intervals.
    ml : bool
        The full instead of the restricted likelihood, to compare fixed effects by likelihood; its variances
        are too small with few clusters, and Kenward–Roger is not defined for it.
    unit : str
        Unit of the estimates.

    Raises
    ------
    ArgumentError
        For contrasts of the wrong length, or Kenward–Roger under the full likelihood.
    DesignError
        If the design is singular, or a variance cannot be told.

    Notes
    -----
    Answers of the same respondents at several waves, respondents in teams: rows are answers, ``cluster`` the
    team, ``nested`` the respondent, ``columns`` the indicators of the waves but the first (with arms: those
    of the arm, and their products with the arm), and a contrast of weights gives any change or difference of
    changes. ``V = s2 (I + theta_1 J + theta_2 J')``; everything is a closed form on the moments of the
    sub-clusters, so the fit costs sub-clusters times columns squared, whatever the number of rows.

    Examples
    --------
    >>> team = pd.Series(list("aaaabbbbcccc")); person = pd.Series([1, 1, 2, 2] * 3)
    >>> wave = np.array([[0.0], [1.0]] * 6)
    >>> score = np.array([3, 5, 4, 5, 1, 4, 2, 3, 4, 4, 6, 9.0])
    >>> found = linear_mixed(score, wave, ["wave 1"], cluster=team, nested=person, contrasts={"end": [1, 1]})
    >>> round(found.coefficients[1].estimate, 3), round(found.contrasts[0].estimate, 3)
    (1.667, 5.0)
    """
    codes, clusters = cluster_codes(cluster)
    within = None
    if nested is not None:
        codes, places = nested_codes(codes, cluster_codes(nested)[0])
        within = [clusters[place] for place in places]
        clusters = tuple(range(len(places)))
    moments = Moments.from_arrays(
        outcome=outcome,
        codes=codes,
        clusters=clusters,
        level=np.empty((len(clusters), 0)),
        constants=(),
        rows=columns,
        covariates=titles,
    )
    return fit_moments(moments, within=within, contrasts=contrasts, df=df, level=level, ml=ml, unit=unit)


def fit_moments(
    moments: Moments,
    *,
    within: Sequence[Hashable] | None = None,
    contrasts: Mapping[str, Sequence[float] | Floats] | None = None,
    df: DfMethod,
    level: float,
    ml: bool = False,
    unit: str = "",
) -> MixedFit:
    """Fit the model to moments of the finest clusters, `within` naming the cluster of each."""
    if ml and df == "kenward-roger":
        raise ArgumentError(
            "Kenward–Roger belongs to the restricted likelihood; with `ml` take another `df`."
        )
    pooled = pool(moments, within=within)
    found = fit(pooled, ml=ml)
    variances = found.variances * pooled.outcome_scale**2
    zero = found.theta == 0
    notes = (BOUNDARY_NOTE,) if zero[-1] else ()
    if len(zero) > 1 and zero[0]:
        notes = (*notes, NESTED_NOTE)
    terms = len(pooled.names)
    asked = {name: np.asarray(row, dtype=np.float64) for name, row in (contrasts or {}).items()}
    wrong = [name for name, row in asked.items() if row.shape != (terms,)]
    if wrong:
        raise ArgumentError(
            f"Contrast {wrong[0]!r} must have {terms} weights, one for each of {pooled.names}."
        )
    rows = np.vstack([np.eye(terms), *asked.values()])
    fixed = coefficients(pooled, found, df=df, rows=rows)
    estimates = [
        t_estimate(
            term=name,
            method=METHODS[df],
            estimate=float(fixed.estimate[place]),
            se=float(fixed.se[place]),
            df=float(fixed.df[place]),
            level=level,
            n=pooled.n,
            n_clusters=pooled.clusters[-1],
            unit=unit,
            notes=notes,
        )
        for place, name in enumerate((*pooled.names, *asked))
    ]
    return MixedFit(
        coefficients=tuple(estimates[:terms]),
        contrasts=tuple(estimates[terms:]),
        between=float(variances[-1]),
        within=float(variances[0]),
        nested=float(variances[1]) if len(variances) > 2 else 0.0,
        boundary=bool(zero.any()),
        criterion=criterion(pooled, found),
        notes=notes,
        pooled=pooled,
        profile=found,
    )
