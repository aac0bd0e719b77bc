"""Run charts and control charts: whether a measure changed more than chance explains."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.measures.limits import Better, Kind, Plan, Rules
from qieval.measures.phasing import notes_of, phases_frame, phases_of, points_frame, readings_frame
from qieval.measures.series import Place, Series, read_series
from qieval.stats.columns import Floats

COUNTED = ("p", "pp", "u", "up")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """One chart, or one for each series, with the choices it rests on.

    Attributes
    ----------
    plan : Plan
        The choices, as given to `control_chart`.
    points : DataFrame
        One row a point, in order: the columns that name the series, `x`, `value`, `centre`, `lower`, `upper`
        (NaN where missing or where the chart has none), `signal`; then `runs_signal` (of the point's phase),
        `rule` (the first rule that the point breaks), `towards` (-1 low, 1 high, 0 neither), `n` (its
        denominator, 1 where there is none) and `phase` (from 1).
    phases : DataFrame
        One row a series and phase: `start`, `baseline` (points behind the limits), `n_useful`, `longest_run`,
        `longest_run_max`, `crossings`, `crossings_min`, `runs_signal`, `signals`, `sigma_z` (Laney).
    readings : DataFrame
        One row a series: `variation` of the last point (Anhøj: of the last phase) and `assurance`.
    notes : tuple of str
        What weakens the chart.
    """

    plan: Plan
    points: pd.DataFrame
    phases: pd.DataFrame
    readings: pd.DataFrame
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a point."""
        return self.points.copy()

    def by_signal(self) -> pd.DataFrame:
        """Give one row a series, those that signal most first.

        Columns: those that name the series, `signalled`, `signals` (points that break a rule), `runs_signal`
        (in any phase, by Anhøj's rules) and `longest_run`, then those of `readings`.
        """
        keys = [name for name in self.readings.columns if name not in ("variation", "assurance")]
        if keys:
            groups = self.phases.groupby(keys, sort=False, observed=True)
            found = groups.agg(
                signals=("signals", "sum"),
                runs_signal=("runs_signal", "any"),
                longest_run=("longest_run", "max"),
            ).reset_index()
        else:
            part = self.phases
            found = pd.DataFrame(
                {
                    "signals": [part["signals"].sum()],
                    "runs_signal": [part["runs_signal"].any()],
                    "longest_run": [part["longest_run"].max()],
                }
            )
        found["runs_signal"] &= self.plan.rules == "anhoej"
        found.insert(len(keys), "signalled", (found["signals"] > 0) | found["runs_signal"])
        found[["variation", "assurance"]] = self.readings[["variation", "assurance"]].to_numpy()
        order = found["signals"] + found["runs_signal"] * found["longest_run"]
        return found.loc[order.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def run_chart(
    values: Sequence[float] | Floats | pd.Series[Any],
    *,
    period: Sequence[Hashable] | pd.Series[Any] | None = None,
    freeze: Place | None = None,
    phases: Sequence[Place] = (),
    exclude: Sequence[Place] = (),
) -> Chart:
    """Chart values about their median, with the Anhøj rules on runs and crossings.

    Parameters
    ----------
    values : sequence of float
        In time order unless `period` is given; NaN is a gap and stays in place.
    period : sequence, optional
        Period of each value; 1, 2, … without.
    freeze, phases, exclude
        As in `control_chart`.

    Returns
    -------
    Chart
        `signal` is that of the point's phase, because the rules are about runs and not about single points.

    References
    ----------
    Anhøj & Olesen 2014, PLoS ONE 9:e113825, doi 10.1371/journal.pone.0113825.

    Examples
    --------
    >>> run_chart([3, 5, 4, 6, 5, 3, 4, 9, 8, 9, 10, 9, 11, 8]).phases["longest_run"].item()
    7
    """
    y = np.asarray(values, dtype=np.float64)
    if y.ndim != 1:
        raise ArgumentError("`run_chart` takes one series of numbers.")
    x = np.arange(1, len(y) + 1) if period is None else list(period)
    if len(x) != len(y):
        raise ArgumentError(f"`run_chart` has {len(y)} values and {len(x)} periods.")
    frame = pd.DataFrame({"value": y, "period": x})
    series = read_series(
        frame,
        value="value",
        numerator=None,
        denominator=None,
        period="period",
        by=(),
        regular=True,
        owner="run_chart",
    )
    plan = Plan(kind="run", freeze=freeze, phases=phases, exclude=exclude)
    return _chart(series, plan)


def control_chart(
    data: pd.DataFrame,
    *,
    period: str,
    value: str | None = None,
    numerator: str | None = None,
    denominator: str | None = None,
    kind: Kind = "i",
    by: Sequence[str] | str = (),
    rules: Rules = "anhoej",
    screened: bool = True,
    laney_floor: bool = True,
    freeze: Place | None = None,
    phases: Sequence[Place] = (),
    exclude: Sequence[Place] = (),
    better: Better | None = None,
    target: float | None = None,
    multiply: float = 1.0,
) -> Chart:
    """Chart a measure over time against the limits of common-cause variation.

    Parameters
    ----------
    data : DataFrame
        One row a period; rows of a period add up where there is a denominator. Months, quarters or years
        ("2024-05", "2024-Q2", "2024", a pandas Period, or dates that all fall on the first) that no row
        mentions stay as gaps.
    period : str
        Column: dates, months, or numbers.
    value : str, optional
        Column of measurements (i, mr), counts (c), events between (g) or times between events (t).
    numerator, denominator : str, optional
        Columns of p, u and their primes; also charted as a ratio by i and mr. No denominator, no point.
    kind : {"i", "mr", "p", "u", "c", "pp", "up", "g", "t"}
    by : str or sequence of str
        Columns that separate series (site, measure); every series is charted on its own.
    rules : {"anhoej", "nhs-mdc"}
        Points outside three sigma together with the Anhøj rules on runs; or the four rules of NHS "Making
        Data Count", for kind "i" only, with limits at 2.66 average moving ranges. They are never combined:
        more rules mean more false alarms.
    screened : bool
        Leave extreme moving ranges out of the average (the NHS Excel tool does not).
    laney_floor : bool
        Whether a prime chart's limits are at least as wide as the plain chart's (qicharts2: no).
    freeze : int or period, optional
        Limits come from the points up to this one; an int counts points from 1 unless periods are numbers.
    phases : sequence of int or period
        First periods of later phases, each with limits and runs of its own. Declare known changes only.
    exclude : sequence of int or period
        Periods left out of limits and runs, still shown.
    better : {"higher", "lower"}, optional
        Direction of improvement; without it, variation is called high or low.
    target : float, optional
        In charted units (after `multiply`): is it reached whatever chance does?
    multiply : float
        Such as 1000 for events per 1000 days.

    Returns
    -------
    Chart

    Notes
    -----
    A moving range is taken between neighbouring points and never across a gap. The centre line of a g chart
    is the median, its limits rest on the mean.

    References
    ----------
    Laney 2002, Quality Engineering 14:531 (primes); Provost & Murray 2011, The Health Care Data Guide;
    NHS England, Making Data Count, as coded in NHSRplotthedots 0.2.2.

    Examples
    --------
    >>> rows = pd.DataFrame({"month": ["2024-01", "2024-02", "2024-04"], "falls": [3, 4, 2],
    ...                      "days": [90, 80, 95]})
    >>> chart = control_chart(rows, period="month", numerator="falls", denominator="days", kind="u")
    >>> chart.tidy()["value"].isna().tolist()
    [False, False, True, False]
    """
    owner = "control_chart"
    check_choice(kind, Kind, name="kind", owner=owner)
    check_choice(rules, Rules, name="rules", owner=owner)
    if better is not None:
        check_choice(better, Better, name="better", owner=owner)
    if rules == "nhs-mdc" and kind != "i":
        raise ArgumentError(f"The NHS rules are written for charts of kind 'i'; not for {kind!r}.")
    if kind in COUNTED and (numerator is None or denominator is None):
        raise ArgumentError(f"A {kind} chart needs `numerator` and `denominator`.")
    series = read_series(
        data,
        value=value,
        numerator=numerator,
        denominator=denominator,
        period=period,
        by=(by,) if isinstance(by, str) else tuple(by),
        regular=kind not in ("g", "t"),
        owner=owner,
    )
    _check_values(series, kind)
    plan = Plan(
        kind=kind,
        rules=rules,
        screened=screened,
        laney_floor=laney_floor,
        freeze=freeze,
        phases=phases,
        exclude=exclude,
        better=better,
        target=target,
        multiply=multiply,
    )
    return _chart(series, plan)


def _check_values(series: Series, kind: Kind) -> None:
    if kind in ("p", "pp") and (series.value > 1).any():
        raise DesignError("A numerator exceeds its denominator: this is not a proportion.")
    if kind not in ("i", "mr") and (series.value < 0).any():
        raise DesignError(f"A {kind} chart takes no negative values.")


def _chart(series: Series, plan: Plan) -> Chart:
    found = phases_of(series, plan)
    return Chart(
        plan=plan,
        points=points_frame(series, found, plan),
        phases=phases_frame(series, found),
        readings=readings_frame(series, found[-1], plan),
        notes=notes_of(series, found, plan),
    )
