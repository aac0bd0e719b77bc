"""Charts phase by phase: limits and rules within each, joined into frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError
from qieval.measures.limits import Baseline, Limits, Plan, limits_of
from qieval.measures.rules import NHS_RULES, Runs, nhs_signals, outside, runs, sides
from qieval.measures.series import Series
from qieval.stats.columns import Floats

RULES = (*NHS_RULES, "unusual runs")
FEWEST_FOR_RUNS, FEWEST_FOR_LIMITS = 10, 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phase:
    """One phase of all series: arrays (S, columns of the phase)."""

    columns: slice
    value: Floats
    limits: Limits
    runs: Runs
    rule: NDArray[np.int8]
    towards: NDArray[np.int8]
    baseline: NDArray[np.intp]


def phases_of(series: Series, plan: Plan) -> list[Phase]:
    """Compute every phase.

    Raises
    ------
    DesignError
        If a phase, or the frozen baseline, is empty.
    """
    excluded = np.zeros(len(series.x), dtype=bool)
    for place in plan.exclude:
        excluded[series.first(place) : series.after(place)] = True
    stop = len(series.x) if plan.freeze is None else series.after(plan.freeze)
    if plan.freeze is not None and len(plan.phases):
        raise ArgumentError("Give either `freeze` or `phases`: a frozen baseline has one phase.")
    starts = [0, *sorted(series.first(place) for place in plan.phases), len(series.x)]
    found = []
    for start, end in pairwise(starts):
        columns = slice(start, end)
        base = ~excluded[columns] & (np.arange(start, end) < stop)
        if start < 0 or not base.any():
            raise DesignError("A phase or the frozen baseline holds no points.")
        found.append(_phase(series, columns, excluded[columns], base, plan))
    return found


def _phase(
    series: Series, columns: slice, excluded: NDArray[np.bool_], base: NDArray[np.bool_], plan: Plan
) -> Phase:
    value = series.value[:, columns]
    if plan.kind == "mr":
        value = np.abs(np.diff(value, axis=1, prepend=np.nan))
    given = Baseline(value=value, size=series.denominator[:, columns], base=base, plan=plan)
    limits = limits_of(given)
    kept = np.where(excluded, np.nan, value)
    counted = runs(sides(kept, limits.centre))
    if plan.rules == "nhs-mdc":
        rule, towards = nhs_signals(kept, limits.centre, limits.lower, limits.upper)
    else:
        towards = outside(value, limits.lower, limits.upper)
        rule = np.where(towards != 0, 0, -1)
        if plan.kind == "run":
            rule[counted.signal] = len(NHS_RULES)
    return Phase(
        columns=columns,
        value=value,
        limits=limits,
        runs=counted,
        rule=rule.astype(np.int8),
        towards=towards,
        baseline=np.isfinite(value[:, base]).sum(axis=1),
    )


def points_frame(series: Series, phases: Sequence[Phase], plan: Plan) -> pd.DataFrame:
    """One row a point, series after series."""

    def joined(parts: Sequence[NDArray[Any]]) -> Any:
        return np.hstack(parts).ravel()

    rows, columns = series.value.shape
    place = np.repeat(np.arange(rows), columns)
    frame = series.keys.take(place).reset_index(drop=True)
    frame["x"] = series.x.take(np.tile(np.arange(columns), rows))
    frame["value"] = joined([part.value for part in phases]) * plan.multiply
    for name in ("centre", "lower", "upper"):
        frame[name] = joined([getattr(part.limits, name) for part in phases]) * plan.multiply
    rule = joined([part.rule for part in phases])
    frame["signal"] = rule >= 0
    frame["runs_signal"] = joined([_spread(part.runs.signal, part) for part in phases])
    frame["rule"] = pd.Categorical.from_codes(rule, categories=pd.Index(RULES))
    frame["towards"] = joined([part.towards for part in phases])
    frame["n"] = np.where(np.isnan(series.value), np.nan, series.denominator).ravel()
    frame["phase"] = joined([np.full(part.value.shape, number) for number, part in enumerate(phases, 1)])
    return frame


def _spread(values: NDArray[Any], phase: Phase) -> NDArray[Any]:
    return np.broadcast_to(values[:, None], phase.value.shape)


def phases_frame(series: Series, phases: Sequence[Phase]) -> pd.DataFrame:
    """One row a series and phase."""
    frames = []
    for number, part in enumerate(phases, start=1):
        frame = series.keys.copy()
        frame["phase"], frame["start"] = number, series.x[part.columns.start]
        frame["baseline"], frame["n_useful"] = part.baseline, part.runs.useful
        frame["longest_run"], frame["longest_run_max"] = part.runs.longest, part.runs.longest_max
        frame["crossings"], frame["crossings_min"] = part.runs.crossings, part.runs.crossings_min
        frame["runs_signal"] = part.runs.signal
        frame["signals"] = (part.rule >= 0).sum(axis=1)
        frame["sigma_z"] = part.limits.sigma_z[:, 0]
        frames.append(frame)
    together = pd.concat(frames)
    return together.sort_index(kind="stable").reset_index(drop=True)


def readings_frame(series: Series, last: Phase, plan: Plan) -> pd.DataFrame:
    """One row a series: what its last phase says, and whether a target is reached whatever chance does."""
    frame = series.keys.copy()
    rows = np.arange(len(frame))
    column = last.value.shape[1] - 1 - np.isfinite(last.value[:, ::-1]).argmax(axis=1)
    if plan.rules == "nhs-mdc":
        side = last.towards[rows, column]
        words = {None: ("low", "high"), "higher": ("concern", "improvement")}
        low, high = words.get(plan.better, ("improvement", "concern"))
        frame["variation"] = np.select([side < 0, side > 0], [low, high], "common cause")
    else:
        special = last.runs.signal | (last.rule >= 0).any(axis=1)
        frame["variation"] = np.where(special, "special cause", "common cause")
    empty = np.isnan(last.value).all(axis=1)
    frame.loc[empty, "variation"] = "no values"
    frame["assurance"] = None
    if plan.target is not None and plan.better is not None and plan.kind != "run":
        lower, upper = (
            limit[rows, column] * plan.multiply for limit in (last.limits.lower, last.limits.upper)
        )
        below, above = upper < plan.target, lower > plan.target
        good, bad = (above, below) if plan.better == "higher" else (below, above)
        frame["assurance"] = np.select([good, bad], ["consistent pass", "consistent fail"], "hit and miss")
        frame.loc[empty, "assurance"] = None
    return frame


def notes_of(series: Series, phases: Sequence[Phase], plan: Plan) -> tuple[str, ...]:
    """Say what weakens the charts."""
    of = "" if len(series.keys) == 1 else f" of {len(series.keys)} series"
    notes = []

    def say(where: Any, text: str) -> None:
        if where.any():
            notes.append(f"{int(where.sum())}{of}: {text}" if of else text)

    few = np.min([part.runs.useful for part in phases], axis=0) < FEWEST_FOR_RUNS
    say(few, f"Fewer than {FEWEST_FOR_RUNS} points off the centre line in a phase: too few to judge runs.")
    if plan.kind != "run":
        short = np.min([part.baseline for part in phases], axis=0) < FEWEST_FOR_LIMITS
        say(short, f"Limits rest on fewer than {FEWEST_FOR_LIMITS} points in a phase: they are trial limits.")
    say(np.isnan(series.value).any(axis=1), "Periods without a value are shown as gaps.")
    if plan.kind in ("p", "u"):
        middle = np.nanmedian(np.where(np.isnan(series.denominator), 0, series.denominator), axis=1)
        say(middle > 2000, "Denominators above 2,000 make limits too narrow: consider the prime chart.")
    return tuple(notes)
