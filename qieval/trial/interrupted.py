"""One series over time, interrupted at a known period: how its level and slope changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, numbers, require
from qieval.stats.inference import check_level, t_estimate, t_quantile
from qieval.stats.serial import SerialFit, fit_ar1, fit_newey_west

Errors = Literal["ar1", "newey-west"]
Shocks = Mapping[str, tuple[float, float]]
Mask = NDArray[np.bool_]
FEWEST, FEW = 3, 8  # periods on a side: below the first nothing is fitted, below the second it is said
TERMS = {"average": "average difference", "level": "change in level", "slope": "change in slope"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InterruptedSeries:
    """A segmented regression of one series.

    Attributes
    ----------
    average : Estimate
        Mean over the periods after the interruption of what the series lies above its earlier course,
        continued; in the unit of the series.
    level, slope : Estimate
        Step in the first period after the interruption, and change of slope per period from then on.
    course : DataFrame
        One row a period with data: `period`, `value`, `part` ("before", "phase-in", "after"), `fitted`,
        `continued` (the earlier course; missing before) with its interval `low`, `high`.
    rho : float
        Estimated correlation of errors one period apart; NaN for Newey–West.
    before, after : int
        Periods fitted on either side.
    """

    average: Estimate
    level: Estimate
    slope: Estimate
    course: pd.DataFrame
    rho: float
    before: int
    after: int

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before the numbers."""
        return few_periods(self.before, self.after)

    def tidy(self) -> pd.DataFrame:
        """The average difference first, then level and slope."""
        return tidy([self.average, self.level, self.slope])


def few_periods(before: int, after: int) -> tuple[str, ...]:
    """Say where a course rests on few periods."""
    if min(before, after) >= FEW:
        return ()
    return (
        f"Few periods: {before} before and {after} after. With fewer than {FEW} on a side, slope and "
        "correlation over time can hardly be told, and intervals are too short.",
    )


def interrupted_series(
    data: pd.DataFrame,
    *,
    value: str,
    period: str,
    start: float,
    phase_in: int = 0,
    season: int | None = None,
    shocks: Shocks | None = None,
    errors: Errors = "ar1",
    lag: int | None = None,
    level: float = 0.95,
    unit: str = "",
) -> InterruptedSeries:
    """Fit level and slope before and after a known period.

    Parameters
    ----------
    data : DataFrame
        One row a period; periods that are missing, or have no value, are gaps.
    value, period : str
        Columns; periods are whole numbers, equally spaced.
    start : float
        First period of the interruption.
    phase_in : int
        Periods from `start` on that belong to neither side; they are drawn and not fitted.
    season : int, optional
        Periods in a year: one pair of sine and cosine is added.
    shocks : mapping of str to (float, float), optional
        Outside events: first and last period of each; an indicator is added for each.
    errors : {"ar1", "newey-west"}
        Generalised least squares with AR(1) errors (REML), or least squares with Newey–West errors.
    lag : int, optional
        Of Newey–West; by default ``floor(4 (n / 100)^(2/9))``, stated in `notes`.
    level : float
        Coverage of the intervals.
    unit : str
        Unit of the series.

    Returns
    -------
    InterruptedSeries

    Raises
    ------
    DesignError
        With fewer than three periods on a side, two rows for a period, or terms that cannot be told apart.

    Notes
    -----
    ``y_t = b0 + b1 t + b2 (t >= s) + b3 (t - s)+ + ...`` with s the first period after the phase-in
    (Wagner et al. 2002, doi 10.1046/j.1365-2710.2002.00430.x; Bernal et al. 2017, doi 10.1093/ije/dyw098);
    t intervals on periods less terms. It assumes that the earlier course would have gone on. Not for several
    sites stacked as rows: use `compare_changes`, which counts sites.
    """
    check_level(level)
    check_choice(errors, Errors, name="errors", owner="interrupted_series")
    if phase_in < 0 or (season is not None and season < 3):
        raise ArgumentError("`interrupted_series`: `phase_in` is 0 or more, `season` 3 periods or more.")
    time, seen = read_course(data, value=value, period=period, owner="interrupted_series")
    first = start + phase_in
    part = np.where(time < start, "before", np.where(time < first, "phase-in", "after"))
    fitted = part != "phase-in"
    before, after = int((part == "before").sum()), int((part == "after").sum())
    if min(before, after) < FEWEST:
        raise DesignError(
            f"{before} periods before and {after} after period {start:g}; {FEWEST} on each side are needed."
        )
    design = segments(time, first, season=season, shocks=shocks or {}, fitted=fitted)
    fit, notes = _fit(seen[fitted], design[fitted], time[fitted], errors, lag)
    change = np.zeros(design.shape[1])
    change[2:4] = design[part == "after", 2:4].mean(axis=0)
    weights = {"average": change, "level": np.eye(len(change))[2], "slope": np.eye(len(change))[3]}
    rows = {
        name: _estimate(name, fit, weight, errors, n=int(fitted.sum()), level=level, unit=unit, notes=notes)
        for name, weight in weights.items()
    }
    course = pd.DataFrame({"period": time, "value": seen, "part": part, "fitted": design @ fit.coefficients})
    course.loc[~fitted, "fitted"] = np.nan
    return InterruptedSeries(
        **rows,
        course=course.join(_continued(fit, design, time >= start, level)),
        rho=fit.rho,
        before=before,
        after=after,
    )


def read_course(data: pd.DataFrame, *, value: str, period: str, owner: str) -> tuple[Floats, Floats]:
    """Give periods (T,) in order and their values (T,), without those that have none."""
    require(data, [value, period], owner=owner)
    time, seen = numbers(data[period]), numbers(data[value])
    kept = np.flatnonzero(~np.isnan(time) & ~np.isnan(seen))
    order = kept[np.argsort(time[kept], kind="stable")]
    time, seen = time[order], seen[order]
    if (np.diff(time) == 0).any():
        again = time[:-1][np.diff(time) == 0]
        raise DesignError(f"Period {again[0]:g} stands in more than one row of a series; one row a period.")
    if (time != np.round(time)).any():
        raise ArgumentError(f"`{owner}`: periods must be whole numbers, equally spaced.")
    return time, seen


def segments(time: Floats, first: float, *, season: int | None, shocks: Shocks, fitted: Mask) -> Floats:
    """Give the design (T, p): intercept, slope, step and change of slope at `first`, season, events."""
    columns = [np.ones_like(time), time - time[0], (time >= first) * 1.0, np.maximum(time - first, 0)]
    if season is not None:
        angle = 2 * math.pi * time / season
        columns += [np.sin(angle), np.cos(angle)]
    for begin, end in shocks.values():
        inside = (time >= begin) & (time <= end)
        if (inside & fitted).any():
            columns.append(inside * 1.0)
    return np.column_stack(columns)


def _fit(
    value: Floats, design: Floats, time: Floats, errors: Errors, lag: int | None
) -> tuple[SerialFit, tuple[str, ...]]:
    if errors == "ar1":
        return fit_ar1(value, design, time), ()
    lag = math.floor(4 * (len(value) / 100) ** (2 / 9)) if lag is None else lag
    return fit_newey_west(value, design, lag=lag), (f"Newey–West errors with lag {lag}.",)


def _estimate(
    name: str,
    fit: SerialFit,
    weight: Floats,
    errors: Errors,
    *,
    n: int,
    level: float,
    unit: str,
    notes: tuple[str, ...],
) -> Estimate:
    estimate, se = fit.contrast(weight)
    row = t_estimate(
        term=TERMS[name],
        method=f"series-{errors}",
        estimate=estimate,
        se=se,
        df=float(fit.df),
        level=level,
        n=n,
        n_clusters=1,
        unit=f"{unit} per period".strip() if name == "slope" else unit,
    )
    return replace(row, notes=notes)


def _continued(fit: SerialFit, design: Floats, later: Mask, level: float) -> pd.DataFrame:
    """The earlier course where it is continued, with the interval of its mean."""
    earlier = design.copy()
    earlier[:, 2:4] = 0
    line = earlier @ fit.coefficients
    half = t_quantile(fit.df, level) * np.sqrt(np.einsum("ij,jk,ik->i", earlier, fit.covariance, earlier))
    lines = {"continued": line, "low": line - half, "high": line + half}
    return pd.DataFrame({name: np.where(later, each, np.nan) for name, each in lines.items()})
