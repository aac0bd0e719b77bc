"""Positive deviance: units that are surely beyond a criterion, again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.measures.limits import Better
from qieval.measures.shrinkage import Counted, Shrunk, shrink
from qieval.results import Estimate, tidy
from qieval.stats.columns import require

TOP = 4  # the best quarter is watched for regression to the mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deviants:
    """Units beyond a criterion in periods on end.

    Attributes
    ----------
    kind, better : str
        As given to `positive_deviants`.
    probability, consecutive, quantile : float, int, float
        What was asked: probability in each period, periods on end, and the share of units that lie beyond
        (NaN where a criterion was given).
    units : DataFrame
        One row a unit and period: `unit`, `period`, `value`, `estimate` (raw, and drawn to the period's
        mean), `criterion` (all as proportions, rates or ratios where the kind says so),
        `probability`, `beyond`.
    listed : tuple of str
        Units beyond in each of the last `consecutive` periods; empty where there are fewer periods.
    regression : DataFrame
        One row for the best quarter by raw value of the period before the last, no matter whether sure:
        `units`, `then` (their raw mean), `foretold` (mean of their estimates then: what regression to the
        mean alone leads to expect of them next), `now` (their raw mean in the last period), `all_then` and
        `all_now` (of all units seen in both). Empty with one period.
    """

    kind: str
    better: str
    probability: float
    consecutive: int
    quantile: float
    units: pd.DataFrame
    listed: tuple[str, ...]
    regression: pd.DataFrame

    def estimates(self) -> list[Estimate]:
        """Each listed unit's probability in the last period."""
        last = self.units[self.units["period"] == self.units["period"].iloc[-1]].set_index("unit")
        return [
            Estimate(
                term=name,
                method="P(beyond the criterion)",
                estimate=last.loc[name, "probability"],
                unit="probability",
            )
            for name in self.listed
        ]

    def tidy(self) -> pd.DataFrame:
        """One row a listed unit."""
        return tidy(self.estimates())


def positive_deviants(
    data: pd.DataFrame,
    *,
    unit: str,
    period: str,
    better: Better,
    numerator: str | None = None,
    denominator: str | None = None,
    value: str | None = None,
    se: str | None = None,
    kind: Counted = "proportion",
    criterion: float | None = None,
    quantile: float = 0.9,
    probability: float = 0.8,
    consecutive: int = 2,
) -> Deviants:
    """Find units that are beyond a criterion with near certainty in periods on end.

    Parameters
    ----------
    data : DataFrame
        One row a unit and period; periods in the order of their values.
    unit, period : str
        Columns.
    better : {"higher", "lower"}
        Direction of improvement.
    numerator, denominator, value, se, kind
        As in `shrink`: counts, or adjusted values with their errors (such as those of `standardise`).
    criterion : float, optional
        A target, as a proportion, rate or ratio, else on the scale of the values. Without it,
        what a share `quantile` of the units falls short of, by the period's mean and variance between units.
    quantile, probability, consecutive : float, float, int
        See `Deviants`.

    Notes
    -----
    Each period's units are drawn to their mean first: the best of many is in part the luckiest. The list says
    where to ask what is done there; it proves nothing about those who are not on it.

    References
    ----------
    Bradley et al. 2009, Implement Sci 4:25, doi 10.1186/1748-5908-4-25.
    """
    require(data, [unit, period, numerator, denominator, value, se], owner="positive_deviants")
    check_choice(better, Better, name="better", owner="positive_deviants")
    if consecutive < 1 or not 0 < probability < 1 or not 0 < quantile < 1:
        raise ArgumentError("`positive_deviants`: shares lie between 0 and 1, `consecutive` from 1 up.")
    if not len(data):
        raise DesignError("There are no rows to judge.")
    columns: dict[str, Any] = {"unit": unit, "value": value, "se": se, "kind": kind}
    columns |= {"numerator": numerator, "denominator": denominator}
    side = 1 if better == "higher" else -1
    frames = [
        _period(shrink(rows, **columns, draws=1), name, criterion, quantile, side)
        for name, rows in data.groupby(period, sort=True, observed=True)
    ]
    units = pd.concat(frames, ignore_index=True)
    units["beyond"] = units["probability"] >= probability
    recent = frames[-consecutive:]
    beyond = [set(frame.loc[frame["probability"] >= probability, "unit"]) for frame in recent]
    listed = sorted(set.intersection(*beyond)) if len(recent) == consecutive else []
    return Deviants(
        kind=kind if value is None or kind == "ratio" else "value",
        better=better,
        probability=probability,
        consecutive=consecutive,
        quantile=quantile if criterion is None else np.nan,
        units=units,
        listed=tuple(listed),
        regression=_regression(frames[-2], frames[-1], side) if len(frames) > 1 else pd.DataFrame(),
    )


def _period(found: Shrunk, name: Any, criterion: float | None, quantile: float, side: int) -> pd.DataFrame:
    """One period's units with the probability that each lies beyond the criterion."""
    if criterion is None:
        edge = found.mean.estimate + side * special.ndtri(quantile) * np.sqrt(found.tau2)
    else:
        edge = {"log odds": special.logit, "value": float}.get(found.mean.unit, np.log)(criterion)
    away = side * (found.units["estimate"] - edge)
    natural = replace(found, mean=replace(found.mean, estimate=edge)).natural()
    return pd.DataFrame(
        {
            "unit": found.units["unit"].astype(str),
            "period": name,
            "value": natural["value"],
            "estimate": natural["estimate"],
            "criterion": natural["mean"],
            "probability": special.ndtr(away / found.units["estimate_se"]),
        }
    )


def _regression(then: pd.DataFrame, now: pd.DataFrame, side: int) -> pd.DataFrame:
    both = then.merge(now, on="unit", suffixes=("", "_now"))
    best = (
        (side * both["value"]).sort_values(ascending=False, kind="stable").index[: max(1, len(both) // TOP)]
    )
    chosen = both.loc[best]
    row = {
        "units": len(chosen),
        "then": chosen["value"].mean(),
        "foretold": chosen["estimate"].mean(),
        "now": chosen["value_now"].mean(),
        "all_then": both["value"].mean(),
        "all_now": both["value_now"].mean(),
    }
    return pd.DataFrame([row])
