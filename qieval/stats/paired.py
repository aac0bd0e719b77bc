"""How much one group of units changed: mean changes, and the same in standard deviations of a named kind."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import binomtest, chi, nct, norm

from qieval.results import Estimate
from qieval.stats.inference import t_quantile, two_sided_p

Floats = NDArray[np.float64]

LARGEST_T = 1e4  # beyond, the changes are as good as equal, and the non-central t runs out of digits


def mean_interval(
    values: ArrayLike, *, term: str, method: str, unit: str = "", level: float = 0.95
) -> Estimate:
    """Mean with its t interval, and the test that it is zero.

    Parameters
    ----------
    values : (n,) array-like
        One value a unit, units independent; missing ones are left out.

    Returns
    -------
    Estimate
        Without interval and p, and with the reason, where fewer than two values or no spread allow none.
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    n = known.size
    bare = Estimate(term=term, method=method, estimate=math.nan, level=level, n=n, unit=unit)
    if n == 0:
        return replace(bare, notes=("There is no value to average.",))
    if n == 1:
        return replace(bare, estimate=float(known[0]), notes=("One value gives no interval.",))
    mean, df = float(known.mean()), n - 1
    se = float(known.std(ddof=1)) / math.sqrt(n)
    if se <= 1e-12 * max(abs(mean), float(np.abs(known).max())):
        return replace(bare, estimate=mean, se=0.0, df=df, notes=("All values are equal: no interval.",))
    half = t_quantile(df, level) * se
    return replace(
        bare,
        estimate=mean,
        se=se,
        df=df,
        statistic=mean / se,
        p_value=two_sided_p(mean / se, df),
        ci_low=mean - half,
        ci_high=mean + half,
    )


def small_sample_factor(df: float) -> float:
    """Hedges' exact factor J, which takes the bias from a standardised mean difference.

    Hedges 1981, doi 10.3102/10769986006002107.
    """
    return math.exp(float(gammaln(df / 2) - gammaln((df - 1) / 2)) - math.log(math.sqrt(df / 2)))


def noncentrality_interval(statistic: float, df: float, *, level: float = 0.95) -> tuple[float, float]:
    """Non-centralities at which a t statistic as large, or as small, stands at the edge of the interval."""

    def limit(probability: float) -> float:
        low, high = statistic - 5.0, statistic + 5.0
        while _below(statistic, df, low) < probability:
            low -= 2 * (high - low)
        while _below(statistic, df, high) > probability:
            high += 2 * (high - low)
        gap = lambda shift: _below(statistic, df, shift) - probability  # noqa: E731
        return float(brentq(gap, low, high, xtol=1e-13, rtol=1e-13))

    return limit((1 + level) / 2), limit((1 - level) / 2)


def _below(statistic: float, df: float, shift: float) -> float:
    """Non-central t distribution; by its integral where SciPy's series breaks off (NaN at single shifts)."""
    value = float(nct.cdf(statistic, df, shift))
    if not math.isnan(value):
        return value
    scale, middle = statistic / math.sqrt(df), math.sqrt(df)
    over = lambda root: float(norm.cdf(scale * root - shift) * chi.pdf(root, df))  # noqa: E731
    parts = ((0.0, middle), (middle, middle + 40.0))
    return sum(float(quad(over, *ends, epsabs=1e-13, epsrel=1e-12, limit=200)[0]) for ends in parts)


def standardised_changes(
    before: Floats, after: Floats, *, term: str, level: float = 0.95
) -> tuple[Estimate, ...]:
    """The mean change in standard deviations: dz, gz, dav and gav, each by a denominator of its own.

    dz divides by the standard deviation of the changes (how consistent they are), dav by the mean of the two
    standard deviations (how large they are beside the spread of scores). gz and gav are those two
    times Hedges' J with n - 1 degrees of freedom.

    Parameters
    ----------
    before, after : (n,) array
        Values of the same units, none missing.

    Returns
    -------
    tuple of Estimate
        The interval of dz inverts the non-central t; the other three rescale it, which takes the ratio of the
        denominators as known (Algina & Keselman 2003, doi 10.1177/0013164403256358).
    """
    change, n = after - before, before.size
    units = {
        "dz": "SD of the changes",
        "gz": "SD of the changes",
        "dav": "mean SD of the scores",
        "gav": "mean SD of the scores",
    }
    spread = float(change.std(ddof=1)) if n > 1 else 0.0
    middle = abs(float(change.mean())) if n else 0.0
    if n < 3 or spread == 0 or middle * math.sqrt(n) > LARGEST_T * spread:
        why = "Too few pairs, or changes without spread: nothing to standardise by."
        return tuple(
            Estimate(term=term, method=name, estimate=math.nan, level=level, n=n, unit=unit, notes=(why,))
            for name, unit in units.items()
        )
    average = (float(before.std(ddof=1)) + float(after.std(ddof=1))) / 2
    dz = float(change.mean()) / spread
    limits = [edge / math.sqrt(n) for edge in noncentrality_interval(dz * math.sqrt(n), n - 1, level=level)]
    factor = small_sample_factor(n - 1)
    times = {"dz": 1.0, "gz": factor, "dav": spread / average, "gav": factor * spread / average}
    return tuple(
        Estimate(
            term=term,
            method=name,
            estimate=dz * times[name],
            ci_low=limits[0] * times[name],
            ci_high=limits[1] * times[name],
            level=level,
            n=n,
            unit=unit,
        )
        for name, unit in units.items()
    )


def sign_test(before: Floats, after: Floats, *, term: str, level: float = 0.95) -> Estimate:
    """Chance that a unit rose, ties counted half, with the exact sign test of the units that changed.

    The paired common-language effect: 0.5 where as many fell as rose.

    Parameters
    ----------
    before, after : (n,) array
        Values of the same units, none missing; differences below a billionth of the largest are ties.
    """
    change = after - before
    least = 1e-9 * float(np.abs(change).max(initial=0.0))
    up, down, n = int((change > least).sum()), int((change < -least).sum()), change.size
    return Estimate(
        term=term,
        method="sign",
        estimate=(up + (n - up - down) / 2) / n if n else math.nan,
        statistic=up if up + down else math.nan,
        p_value=float(binomtest(up, up + down).pvalue) if up + down else math.nan,
        level=level,
        n=n,
        unit="proportion",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionToMean:
    """How change goes with the starting value.

    Attributes
    ----------
    baseline_r : float
        Correlation of change with the value before; chance alone makes it negative.
    oldham_r, oldham_p : float
        Correlation of change with the mean of before and after, which chance alone leaves at zero, and its
        two-sided p (the same as Pitman's and Morgan's test that the spread did not change).
    """

    baseline_r: float
    oldham_r: float
    oldham_p: float


def regression_to_mean(before: Floats, after: Floats) -> RegressionToMean:
    """Correlate the changes of (n,) paired values with where they started, and with their middle.

    Oldham 1962, doi 10.1016/0021-9681(62)90116-9.
    """
    change = after - before
    oldham = _correlation(change, (before + after) / 2)
    df = before.size - 2
    p_value = math.nan
    if math.isfinite(oldham) and df > 0:
        statistic = abs(oldham) * math.sqrt(df / max(1 - oldham**2, 1e-300))
        p_value = two_sided_p(statistic, df)
    return RegressionToMean(baseline_r=_correlation(change, before), oldham_r=oldham, oldham_p=p_value)


def _correlation(x: Floats, y: Floats) -> float:
    if x.size < 3 or np.ptp(x) <= 1e-12 * np.abs(x).max() or np.ptp(y) <= 1e-12 * np.abs(y).max():
        return math.nan
    return float(np.corrcoef(x, y)[0, 1])
