"""Whether clusters of one arm drift apart over waves, by the slopes of their own courses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from qieval.results import Estimate
from qieval.stats.columns import Floats

NO_SIGN = 0.5
FEWEST_WAVES, FEWEST_CLUSTERS = 3, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Spread of the clusters' own slopes, beside what clusters that do not drift would show.

    Attributes
    ----------
    estimate : Estimate
        Standard deviation of slopes between clusters of an arm, in the outcome's unit a wave, with its
        interval; `statistic` is F, `df` its numerator's degrees of freedom, `p_value` that of no drift. NaN
        where it cannot be told.
    df_within : float
        Degrees of freedom of the denominator.
    reason : str
        Why the mixed model of cluster and wave may not come first; empty where it may.
    """

    estimate: Estimate
    df_within: float = math.nan
    reason: str = ""

    @property
    def allowed(self) -> bool:
        """Whether a random intercept with cluster by wave may come first."""
        return not self.reason


def divergence(
    values: Floats, design: Floats, time: Floats, *, fewest: int, level: float = 0.95, unit: str = ""
) -> Divergence:
    """Check whether clusters drift apart.

    Parameters
    ----------
    values : array (K, T)
        Value of each cluster at each wave, none missing.
    design : array (K, p)
        Intercept, arm, and strata or pairs, whose courses may differ.
    time : array (T,)
        Numbers of the waves.
    fewest : int
        Clusters of the smaller arm.
    level : float
        Coverage of the interval.
    unit : str
        Unit of the values.

    Notes
    -----
    Each wave's values less what the design explains; then each cluster's slope, and what its line leaves. If
    deviations are independent from wave to wave, slopes vary by no more than that remainder says: ``F = (Sxx
    sum b^2 / g) / (sum r^2 / (g (T - 2)))`` on ``g`` and ``g (T - 2)`` degrees of freedom, exact where values
    rest on equal numbers. Finding no drift proves none absent, so the model is allowed only where slopes
    spread no wider than half of all chance spreads would (p of 0.5 or more), with three clusters in each arm
    or more: `qieval.trial.wave_characteristics` counts how often going by the check rejects true nulls.
    """
    blank = Estimate(term="SD of slopes", method="slope-check", estimate=math.nan, level=level)
    if len(time) < FEWEST_WAVES:
        return Divergence(estimate=blank, reason="with fewer than three waves nobody can see clusters drift.")
    f, df, spare, within = (float(each) for each in slopes(values, design, time))
    if not math.isfinite(f):
        return Divergence(
            estimate=blank, reason="too few clusters were seen at every wave to see them drift."
        )
    low, high = (f / special.fdtri(df, spare, tail) - 1 for tail in ((1 + level) / 2, (1 - level) / 2))
    centred = time - time.mean()
    sd, low, high = (math.sqrt(within / (centred @ centred) * max(0.0, x)) for x in (f - 1, low, high))
    p = float(special.fdtrc(df, spare, f))
    row = Estimate(
        term=blank.term,
        method=blank.method,
        estimate=sd,
        df=df,
        statistic=f,
        p_value=p,
        ci_low=low,
        ci_high=high,
        level=level,
        n=values.size,
        n_clusters=len(values),
        unit=f"{unit} a wave".strip(),
    )
    reason = ""
    if fewest < FEWEST_CLUSTERS:
        reason = f"with fewer than {FEWEST_CLUSTERS} clusters in an arm nobody can see them drift."
    elif p < NO_SIGN:
        reason = "clusters’ own slopes spread wider than half of all chance spreads would."
    return Divergence(estimate=row, df_within=spare, reason=reason)


def slopes(values: Floats, design: Floats, time: Floats) -> tuple[Floats, float, float, Floats]:
    """Compare clusters' slopes (values ... x K x T) with what their lines leave.

    Returns
    -------
    f, df, df_within, within
        F (NaN for too few clusters, or lines that leave nothing), its degrees of freedom, mean square left.
    """
    basis, size, _ = np.linalg.svd(design, full_matrices=False)
    basis = basis[:, size > 1e-9 * size.max()]
    df = float(len(design) - basis.shape[1])
    spare, centred = df * (len(time) - 2), time - time.mean()
    own = values - basis @ (basis.T @ values)
    slope, squares = own @ centred, float(centred @ centred)
    left = own - own.mean(axis=-1, keepdims=True) - slope[..., None] * centred / squares
    within = (left**2).sum(axis=(-2, -1)) / (spare if spare > 0 else math.nan)
    known = within > 1e-20 * (values**2).mean(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        f = np.where(known, (slope**2).sum(axis=-1) / squares / df / within, math.nan)
    return f, df, spare, within
