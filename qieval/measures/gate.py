"""Whether a measure is measured well enough to compare anybody by it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.measures.shrinkage import RANKED, Shrunk
from qieval.stats.columns import numbers, require


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gate:
    """What is known of a measure's quality, criterion by criterion.

    Attributes
    ----------
    criteria : DataFrame
        One row a criterion: `criterion`, `value` (over all units; NaN where nothing is known), `asked` (the
        threshold), `met` (missing where nothing is known), `short` (units that fall short; NaN where no unit
        is known).
    units : DataFrame
        One row a unit: `unit`, `ascertainment`, `completeness`, `days`, `reliability`.
    """

    criteria: pd.DataFrame
    units: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether every criterion is known and met."""
        return bool(self.criteria["met"].fillna(value=False).all())

    def tidy(self) -> pd.DataFrame:
        """One row a criterion."""
        return self.criteria.copy()


def gate(
    data: pd.DataFrame,
    shrunk: Shrunk,
    *,
    unit: str,
    period: str,
    denominator: str,
    eligible: str | None = None,
    submitted: str | None = None,
    audited: Mapping[str, float] | None = None,
    ascertained: float = 0.9,
    complete: float = 0.9,
    within: float = 90,
    reliable: float = RANKED,
) -> Gate:
    """Say how far a measure can carry a comparison of units.

    Parameters
    ----------
    data : DataFrame
        One row a unit and period (and stratum), `period` in an order of months as "2024-05".
    shrunk : Shrunk
        The units' comparison, whose reliability counts.
    unit, period, denominator : str
        Columns.
    eligible : str, optional
        Column of cases known from elsewhere (a census, the ward's own books): ascertainment is the
        denominator's share of it.
    submitted : str, optional
        Column of the date on which the row was handed in: timeliness is the median of days after the month.
    audited : mapping of str to float, optional
        What an audit found of "ascertainment" (share) and "timeliness" (median days) over all units, where no
        column tells.
    ascertained, complete, within, reliable : float
        Asked of a unit: share of eligible cases, share of periods reported since the first of anybody, median
        days, and reliability (variance between units over itself and the unit's own sampling variance).

    Notes
    -----
    What nobody recorded is said to be unknown; it is not taken for met.
    """
    require(data, [unit, period, denominator, eligible, submitted], owner="gate")
    if not len(data):
        raise DesignError("There are no rows to judge.")
    groups = data.groupby(unit, observed=True)
    units = pd.DataFrame({"completeness": groups[period].nunique() / data[period].nunique()})
    units["ascertainment"] = groups[denominator].sum() / groups[eligible].sum() if eligible else math.nan
    late = _days(data, period, submitted) if submitted else pd.Series(math.nan, index=data.index)
    units["days"] = late.groupby(data[unit], observed=True).median()
    trust = shrunk.units.set_index("unit")["reliability"]
    units["reliability"] = trust.reindex(units.index).to_numpy()
    overall = numbers(data[denominator]).sum() / numbers(data[eligible]).sum() if eligible else math.nan
    told = audited or {}
    rows = [
        ("ascertainment", overall, ascertained, units["ascertainment"] < ascertained),
        ("completeness", float(units["completeness"].mean()), complete, units["completeness"] < complete),
        ("timeliness", float(units["days"].median()), within, units["days"] > within),
        ("reliability", float(units["reliability"].median()), reliable, units["reliability"] < reliable),
    ]
    made = []
    for name, value, asked, short in rows:
        known = not math.isnan(value)
        found = float(value) if known else told.get(name, math.nan)
        made.append(
            {
                "criterion": name,
                "value": found,
                "asked": asked,
                "met": _met(name, found, asked),
                "short": short.sum() if known else math.nan,
            }
        )
    named = units.reset_index(names="unit")
    return Gate(
        criteria=pd.DataFrame(made).astype({"met": "boolean"}),
        units=named[["unit", "ascertainment", "completeness", "days", "reliability"]],
    )


def _days(data: pd.DataFrame, period: str, submitted: str) -> pd.Series[Any]:
    ends = pd.PeriodIndex(data[period].astype(str), freq="M").to_timestamp(how="end").normalize()
    return (pd.to_datetime(data[submitted]) - ends).dt.days.astype(float)


def _met(name: Hashable, value: float, asked: float) -> bool | None:
    if np.isnan(value):
        return None
    return bool(value <= asked if name == "timeliness" else value >= asked)
