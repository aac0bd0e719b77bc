"""Units beside what their own mix of patients would lead one to expect: indirect standardisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from statsmodels.stats.proportion import proportion_confint

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, design_columns, numbers, require
from qieval.stats.glm import expected as fitted
from qieval.stats.inference import check_level, t_quantile

Model = Literal["binomial", "poisson"]
Interval = Literal["byar", "wilson"]
TENTHS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standardised:
    """Observed over expected events of each unit, and how well the model expects them.

    Attributes
    ----------
    family, interval : str
        Of the model, and of the units' intervals.
    covariates : tuple of str
        What the model adjusts for.
    level : float
        Coverage of the intervals.
    units : DataFrame
        One row a unit (and period, where one was given): `unit`, `n`, `observed`, `expected`, `ratio`,
        `ci_low`, `ci_high`, and `value`, `se`: the logarithm of the ratio and its Poisson error, for `shrink`
        (half an event where there is none).
    calibration : DataFrame
        One row a tenth of the patients by what is expected of them: `tenth`, `n`, `observed`, `expected`.
    c_statistic : float
        Chance that a patient with the event was expected to have it more than one without; NaN for counts.
    left_out : int
        Rows without outcome or a covariate.
    """

    family: str
    interval: str
    covariates: tuple[str, ...]
    level: float
    units: pd.DataFrame
    calibration: pd.DataFrame
    c_statistic: float
    left_out: int

    def tidy(self) -> pd.DataFrame:
        """One row a unit."""
        return tidy(self.estimates())

    def estimates(self) -> list[Estimate]:
        """One ratio a unit."""
        return [
            Estimate(
                term=str(row["unit"]),
                method=f"observed over expected, {self.interval}",
                estimate=row["ratio"],
                ci_low=row["ci_low"],
                ci_high=row["ci_high"],
                level=self.level,
                n=int(row["n"]),
                unit="ratio",
            )
            for row in self.units.to_dict(orient="records")
        ]


def standardise(
    data: pd.DataFrame,
    *,
    unit: str,
    outcome: str,
    covariates: Sequence[str],
    family: Model = "binomial",
    exposure: str | None = None,
    period: str | None = None,
    interval: Interval = "byar",
    level: float = 0.95,
) -> Standardised:
    """Compare each unit's events with what a model of all patients expects of its own.

    Parameters
    ----------
    data : DataFrame
        One row a patient.
    unit, outcome : str
        Columns of the unit and of the event (0/1) or count.
    covariates : sequence of str
        Columns to adjust for, linearly on the model's scale; words become indicators. Declare them
        beforehand, and only what a patient brings along, never what the unit did.
    family : {"binomial", "poisson"}
        Logistic, or log-linear with the exposure as offset.
    exposure : str, optional
        Column of person-time of a count.
    period : str, optional
        Column; units are then told by period too. One model holds for all periods.
    interval : {"byar", "wilson"}
        Byar's for Poisson events, or Wilson's of the proportion over the expected one (events only).
    level : float
        Coverage. The expected events are taken as known.

    Raises
    ------
    DesignError
        If a row has no unit, an event is neither 0 nor 1, or the model has no solution.

    Notes
    -----
    Not for comparing two units with each other: each is held to its own mix of patients. What the covariates
    leave out stays in the ratio.

    References
    ----------
    Breslow & Day 1987, Statistical Methods in Cancer Research II (indirect standardisation; Byar's limits,
    p. 69); Wilson 1927, JASA 22:209.
    """
    check_level(level)
    check_choice(family, Model, name="family", owner="standardise")
    check_choice(interval, Interval, name="interval", owner="standardise")
    if interval == "wilson" and family == "poisson":
        raise ArgumentError("`standardise`: Wilson's interval is of proportions; take interval='byar'.")
    require(data, [unit, outcome, exposure, period, *covariates], owner="standardise")
    rows, y, size, columns = _complete(data, outcome, exposure, covariates)
    if rows[unit].isna().any():
        raise DesignError(f"Column {unit!r} is missing in {int(rows[unit].isna().sum())} rows.")
    if (y < 0).any() or (family == "binomial" and not np.isin(y, (0, 1)).all()):
        raise DesignError("Events are 0 or 1, and counts are not negative.")
    risk = fitted(y, columns, family=family, exposure=size)
    frame = rows[[unit, *([period] if period else [])]].assign(n=1, observed=y, expected=risk)
    units = frame.groupby([unit, *([period] if period else [])], sort=True, observed=True).sum().reset_index()
    return Standardised(
        family=family,
        interval=interval,
        covariates=tuple(covariates),
        level=level,
        units=_ratios(units.rename(columns={unit: "unit"}), interval, level),
        calibration=_calibration(y, risk),
        c_statistic=_concordance(y, risk) if family == "binomial" else math.nan,
        left_out=len(data) - len(rows),
    )


def byar(events: Floats, level: float) -> tuple[Floats, Floats]:
    """Byar's limits of a Poisson mean; the lower one is 0 where the formula would fall below it."""
    z = t_quantile(math.inf, level)
    some, more = np.maximum(events, 1), events + 1
    low = some * np.maximum(1 - 1 / (9 * some) - z / (3 * np.sqrt(some)), 0) ** 3
    return np.where(events > 0, low, 0.0), more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3


def _complete(
    data: pd.DataFrame, outcome: str, exposure: str | None, covariates: Sequence[str]
) -> tuple[pd.DataFrame, Floats, Floats, Floats]:
    """Rows of which everything is known, with outcome, exposure and design columns."""
    columns, _ = design_columns(data, covariates)
    y, size = numbers(data[outcome]), np.ones(len(data)) if exposure is None else numbers(data[exposure])
    known = np.isfinite(y) & np.isfinite(size) & np.isfinite(columns).all(axis=1)
    if not known.any():
        raise DesignError("No row has the outcome and every covariate.")
    return data[known], y[known], size[known], columns[known]


def _ratios(units: pd.DataFrame, interval: Interval, level: float) -> pd.DataFrame:
    observed, expected = units["observed"].to_numpy(), units["expected"].to_numpy()
    if interval == "byar":
        low, high = byar(observed, level)
    else:
        n = units["n"].to_numpy()
        low, high = (n * end for end in proportion_confint(observed, n, 1 - level, method="wilson"))
    some = np.where(observed > 0, observed, 0.5)
    return units.assign(
        ratio=observed / expected,
        ci_low=low / expected,
        ci_high=high / expected,
        value=np.log(some / expected),
        se=1 / np.sqrt(some),
    )


def _calibration(y: Floats, risk: Floats) -> pd.DataFrame:
    order = np.argsort(risk, kind="stable")
    parts = [part for part in np.array_split(order, TENTHS) if len(part)]
    rows = [(place, len(part), y[part].sum(), risk[part].sum()) for place, part in enumerate(parts, start=1)]
    return pd.DataFrame(rows, columns=["tenth", "n", "observed", "expected"])


def _concordance(y: Floats, risk: Floats) -> float:
    events = y.sum()
    places = rankdata(risk.round(12))[y == 1].sum()
    return float((places - events * (events + 1) / 2) / (events * (len(y) - events)))
