"""What a chart says, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from qieval.exhibits.format import decimals_for, fixed, percent
from qieval.exhibits.phrases import capital, counted, joined
from qieval.measures import Chart
from qieval.results import Quantity

FEWEST = 12
NAMED = 6
KINDS = {
    "run": "Run chart", "i": "Control chart (individual values)", "mr": "Chart of moving ranges",
    "p": "Control chart (proportions)", "pp": "Control chart (proportions, Laney)",
    "u": "Control chart (rates)", "up": "Control chart (rates, Laney)", "c": "Control chart (counts)",
    "g": "Chart of events between", "t": "Chart of times between",
}  # fmt: skip
RULES = {
    "anhoej": "three-sigma limits with Anhøj’s rules on runs",
    "nhs-mdc": "the NHS “Making Data Count” rules",
}


def shower(quantity: Quantity, *values: float) -> Callable[[Any], str]:
    """Give the writer of a measure's values: per cent for proportions."""
    return percent(0) if quantity.kind == "binary" else fixed(decimals_for(*values) if values else 1)


def period_words(x: Any) -> str:
    """Write a period: ``Jul 2024`` for months."""
    if isinstance(x, pd.Period):
        return x.strftime("%b %Y") if x.freqstr.startswith("M") else str(x)
    if isinstance(x, pd.Timestamp):
        return x.strftime("%b %Y" if x.day == 1 else "%d %b %Y")
    return str(x)


def unit_of(quantity: Quantity) -> str:
    """Write the unit of an axis: ``%``, or the rate's own."""
    return "%" if quantity.kind == "binary" else quantity.unit


def reading(chart: Chart, place: int = 0) -> str:
    """Say what one series shows: its variation by the rules, its runs, its target."""
    row, phase = chart.readings.iloc[place], _last_phase(chart, place)
    if row["variation"] == "no values":
        return "There are no values"
    if phase["baseline"] < 2:
        return "One value tells nothing about variation"
    said = {
        "common cause": "only common-cause variation",
        "special cause": "special-cause variation",
        "improvement": "special-cause variation towards improvement",
        "concern": "special-cause variation towards concern",
        "high": "special-cause variation, high",
        "low": "special-cause variation, low",
    }[row["variation"]]
    target = {
        "consistent pass": "; the target lies outside the limits, on the good side",
        "consistent fail": "; the limits do not reach the target, so this process will not meet it unchanged",
        "hit and miss": "; the target lies within the limits, so it is met in some periods and not in others",
    }.get(row["assurance"] or "", "")
    if row["variation"] != "common cause" and target:
        target = "; while it changes, nobody can foretell whether the target will be met"
    if chart.plan.rules == "nhs-mdc":
        said = f"the last point shows {said}"
    return capital(said) + target


def signals_of(chart: Chart, points: pd.DataFrame, show: Callable[[Any], str]) -> str:
    """List the points that signal, and the runs behind Anhøj's rules."""
    broken = points[points["signal"]]
    named = [f"{period_words(x)} ({show(y)})" for x, y in zip(broken["x"], broken["value"], strict=True)]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    said = [
        f"{counted(len(named), 'signal')}: {', '.join(named[:NAMED])}{more}" if named else "no point signals"
    ]
    if chart.plan.rules == "anhoej":
        said += [_runs(phase) for _, phase in chart.phases.iterrows()]
    return "; ".join(said)


def _runs(phase: pd.Series[Any]) -> str:
    few = "too few points to judge runs, " if phase["n_useful"] < 10 else ""
    return (
        f"{few}longest run {phase['longest_run']} (by chance up to {phase['longest_run_max']}), "
        f"{phase['crossings']} crossings (by chance at least {phase['crossings_min']})"
    )


def _last_phase(chart: Chart, place: int) -> pd.Series[Any]:
    last: pd.Series[Any] = chart.phases[chart.phases["phase"] == chart.phases["phase"].max()].iloc[place]
    return last


def choices(chart: Chart) -> str:
    """Say on which choices a chart rests, those on which authorities differ."""
    plan = chart.plan
    said = [f"{KINDS[plan.kind].lower()} by {RULES[plan.rules]}"]
    said.append(f"extreme moving ranges {'left out of' if plan.screened else 'kept in'} the average")
    if plan.kind in ("pp", "up"):
        narrower = (
            "never narrower than the plain chart’s"
            if plan.laney_floor
            else "as narrow as Laney’s factor makes them"
        )
        said.append(f"limits {narrower}")
    places = [("limits from the points up to", [plan.freeze] if plan.freeze is not None else [])]
    places += [("new limits from", list(plan.phases)), ("left out of the limits:", list(plan.exclude))]
    said += [f"{words} {joined([str(place) for place in found])}" for words, found in places if found]
    if not len(plan.phases) and plan.freeze is None:
        said.append("one set of limits for all periods, as no known change was declared")
    return "; ".join(said)
