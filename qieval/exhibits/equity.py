"""What a report shows of groups of patients: who is worst off, their gaps, how far groups are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qieval.exhibits.columns import count, interval, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import told_count_and_share
from qieval.exhibits.format import PERCENTAGE_POINTS, Shower, fixed, is_absent, percent
from qieval.exhibits.phrases import care, counted, joined, level_of, lower
from qieval.measures import Disparity, Gap
from qieval.results import Estimate, Quantity, Record
from qieval.stats.disclosure import protected

STATES = ("recorded", "declined", "unknown", "not asked")


def headline(found: Disparity, quantity: Quantity) -> Statement:
    """Say who is worst off, how far from the reference, and which gaps changed."""
    if found.gap is None:
        return _withheld(found, quantity, "equity", "headline")
    last = found.worst.iloc[-1]
    row = next((each for each in _last(found.gap.gaps, found) if _group(each) == str(last["group"])), None)
    end = "highest" if quantity.better == "lower" else "lowest"
    apart = f", {_points(row.estimate)} from {_called(found.gap.reference)} ({_within(row)})" if row else ""
    said = f"**{_called(last['group'])}: {percent()(last['estimate'])}**, the {end} share told{apart}"
    more = [_change_said(each, found.gap) for each in found.gap.changes if _clear(each)]
    if found.gap.changes and not more:
        more = [f"No gap to {_called(found.gap.reference)} changed by more than chance explains."]
    return Statement(
        name="equity",
        role="headline",
        say=f"{quantity.label}, {last['period']}. {said}.",
        more=more,
        records=[Record(key=f"change {_group(each)}", estimate=each) for each in found.gap.changes],
    )


def cautions(found: Disparity, *, fewest: int) -> Statement:
    """Say what these groups cannot carry: what is left out, levelled down, or turned by missing groups."""
    said = []
    if found.left_out:
        periods = joined([str(each) for each in found.left_out])
        said.append(f"Left out, because too few patients have a group recorded: {periods}.")
    if found.hidden:
        said.append(
            f"{counted(found.hidden, 'cell')} with fewer than {fewest} patients on a side of the measure, or "
            "needed to hide one, are left out; a group worse off may be among them."
        )
    if found.gap is not None:
        said += [_levelled(row, found.gap) for row in found.shifts.to_dict("records") if row["levelled_down"]]
        said += _turned(found)
        if len(found.gap.changes) > 1:
            said.append(
                f"{len(found.gap.changes)} gaps are followed, each with its own interval: the more gaps, the "
                "likelier that one moves by chance."
            )
    return care(said, otherwise="Every group is large enough to be told, and no gap hangs on missing groups.")


def rates(found: Disparity, quantity: Quantity) -> Table | Statement:
    """Show each group's share by period, with its interval and its size."""
    if found.gap is None:
        return _withheld(found, quantity, "rates", "note")
    frame = found.gap.rates
    worst = set(zip(found.worst["period"], found.worst["group"], strict=True))
    cells = zip(frame["period"], frame["group"], strict=True)
    return Table(
        name="rates",
        caption=f"{quantity.label} by group; the worst-off group of each period is set off.",
        frame=frame,
        columns=[
            words("period", "Period"),
            words("group", "Group"),
            Column(source="estimate", label="Share", show=percent(1)),
            interval(found.gap.gaps[0].level, percent(1), unit="Wilson"),
            count("n", "Patients"),
        ],
        emphasis=[place for place, cell in enumerate(cells) if cell in worst],
    )


def gaps(found: Disparity, quantity: Quantity) -> Table | Statement:
    """Show gaps and ratios to the reference, and the change of each gap."""
    if found.gap is None:
        return _withheld(found, quantity, "gaps", "note")
    pairs = [*zip(found.gap.gaps, found.gap.ratios, strict=True), *((row, None) for row in found.gap.changes)]
    frame = pd.DataFrame([_gap_row(row, ratio) for row, ratio in pairs])
    named = {"gap": found.gap.gaps, "ratio": found.gap.ratios}
    return Table(
        name="gaps",
        caption=f"{quantity.label}: each group less {found.gap.reference} ({PERCENTAGE_POINTS}) and over it, "
        "and the change of each gap from the first to the last period.",
        frame=frame,
        columns=[
            words("term", "Compared"),
            Column(source="estimate", label="Gap", unit=PERCENTAGE_POINTS, show=_hundred),
            interval(found.gap.gaps[0].level, _hundred, unit="Newcombe; change: normal"),
            Column(source="ratio", label="Ratio", show=fixed(2)),
            Column(source="ratio_low", upper="ratio_high", label="interval", unit="log scale", show=fixed(2)),
            count("n", "Patients"),
        ],
        records=[
            Record(key=f"{name} {_group(each)}", estimate=each)
            for name, rows in named.items()
            for each in _last(rows, found)
        ],
        notes=[
            "Periods are taken as independent samples, and patients of a site as independent of each "
            "other; how often the intervals hold the truth where they are not: see 90_validation."
        ],
    )


def bounds(found: Disparity, quantity: Quantity) -> Table | Statement:
    """Show how far patients without a group could move each gap of the last period."""
    if found.gap is None or found.bounds.empty:
        return Statement(
            name="bounds",
            role="note",
            say="No bounds: every group is recorded, or those without are too few.",
        )
    last = found.known.iloc[-1]
    return Table(
        name="bounds",
        caption=f"{quantity.label}, {last['period']}: how low and how high each gap to {found.gap.reference} "
        f"could be, wherever the {percent(1)(1 - last['share'])} without a recorded group belonged.",
        frame=found.bounds,
        columns=[
            words("group", "Group"),
            Column(source="low", upper="high", label="Gap could be", unit=PERCENTAGE_POINTS, show=_hundred),
        ],
    )


def summary(found: Disparity, quantity: Quantity) -> Table | Statement:
    """Show one summary index a period, and over ordered groups the slope and relative index."""
    known = {period: each for period, each in found.inequality.items() if each is not None}
    if found.gap is None or not known:
        return Statement(
            name="inequality", role="note", say="No summary index: it takes three groups, all large enough."
        )
    shown = [
        (period, row)
        for period, each in known.items()
        for row in ((each.sii, each.rii, each.index) if found.ordered else (each.index,))
    ]
    return Table(
        name="inequality",
        caption=f"{quantity.label}: inequality over all groups in one number a period; it does not say who "
        "is worst off.",
        frame=pd.DataFrame([{"period": period, **_index_row(row)} for period, row in shown]),
        columns=[
            words("period", "Period"),
            words("term", "Index"),
            Column(source="estimate", label="Value", show=fixed(4)),
            interval(found.gap.gaps[0].level, fixed(4)),
        ],
        records=[
            Record(key=row.term, estimate=row, status="descriptive")
            for period, row in shown
            if period == found.worst["period"].iloc[-1]
        ],
        notes=["The slope index runs from the most to the least disadvantaged."] * found.ordered,
    )


def completeness(shares: pd.DataFrame, *, at_least: float, fewest: int) -> Table:
    """Show how often each field was recorded by wave, with the reasons where it was not, kept apart."""
    shown = shares.assign(
        field=shares["field"].map(_name), share=told_count_and_share(shares["n"], shares["share"])[1]
    )
    total = np.array([[1, 1, 1, 1, -1]])
    few = 0
    for row in shown.index:
        cells = shown.loc[row, [*STATES, "n"]].to_numpy(dtype=float)
        hide = protected(cells, total, below=fewest, known=np.arange(5) == 4)
        if hide.any():
            few = 1
            shown.loc[row, list(STATES[1:])] = float("nan")
            shown.loc[row, "share"] = float("nan") if hide[0] else shown.loc[row, "share"]
    return Table(
        name="completeness",
        caption=f"How often each field was recorded, by wave; the study asks for {percent()(at_least)}.",
        frame=shown,
        columns=[
            words("wave", "Wave"),
            words("field", "Field"),
            Column(source="share", label="Recorded", show=percent(1)),
            *(count(state, state.capitalize(), unit="patients") for state in STATES[1:]),
            count("n", "Patients"),
        ],
        notes=[f"Reasons are withheld in a row where one has fewer than {fewest} patients."] * few,
    )


def _withheld(found: Disparity, quantity: Quantity, name: str, role: Any) -> Statement:
    return Statement(
        name=name, role=role, say=f"{quantity.label} is **not told by group**: {found.withheld}."
    )


def _last(rows: Sequence[Estimate], found: Disparity) -> list[Estimate]:
    return [row for row in rows if row.term.endswith(f", {found.worst['period'].iloc[-1]}")]


def _called(group: object) -> str:
    """A group whose name is a number needs a word before it."""
    return f"Group {group}" if str(group).isdigit() else str(group)


def _group(row: Estimate) -> str:
    """The group of a gap, a ratio or a change, by its term."""
    return re.split(r" [-/] ", row.term.removeprefix("("))[0]


def _hundred(value: Any) -> str:
    return fixed(1, plus=True)(value if is_absent(value) else 100 * value)


def _points(value: float) -> str:
    return f"{_hundred(value)} {PERCENTAGE_POINTS}"


def _within(row: Estimate, show: Shower = _hundred) -> str:
    return f"{level_of(row.level)} interval {show(row.ci_low)} to {show(row.ci_high)}"


def _clear(row: Estimate) -> bool:
    return row.ci_low > 0 or row.ci_high < 0


def _change_said(row: Estimate, gap: Gap) -> str:
    last, *_, first = [each for each in gap.gaps if _group(each) == _group(row)]
    verb = "narrowed" if abs(last.estimate) < abs(first.estimate) else "widened"
    named = f"The gap of {_called(_group(row))} to {_called(gap.reference)}"
    return (
        f"{named} {verb} from {_hundred(first.estimate)} to {_points(last.estimate)} "
        f"(change {_hundred(row.estimate)}, {_within(row)})."
    )


def _levelled(row: dict[Any, Any], gap: Gap) -> str:
    return (
        f"Levelling down: the gap between {row['group']} and {gap.reference} narrowed more because "
        f"{gap.reference} did worse ({_points(row['reference'])}) than because {row['group']} did better "
        f"({_hundred(row['own'])})."
    )


def _turned(found: Disparity) -> list[str]:
    if found.bounds.empty:
        return []
    across = [str(row["group"]) for row in found.bounds.to_dict("records") if row["low"] < 0 < row["high"]]
    if not across:
        return []
    return [f"Patients without a recorded group could turn the sign of the last gap of {joined(across)}."]


def _gap_row(row: Estimate, ratio: Estimate | None) -> dict[str, Any]:
    return {
        "term": row.term,
        "estimate": row.estimate,
        "ci_low": row.ci_low,
        "ci_high": row.ci_high,
        "ratio": ratio.estimate if ratio else None,
        "ratio_low": ratio.ci_low if ratio else float("nan"),
        "ratio_high": ratio.ci_high if ratio else float("nan"),
        "n": row.n,
    }


def _index_row(row: Estimate) -> dict[str, Any]:
    term = {"SII": "Slope index (SII)", "RII": "Relative index (RII), top over bottom"}.get(
        row.term, row.term
    )
    return {"term": term, "estimate": row.estimate, "ci_low": row.ci_low, "ci_high": row.ci_high}


def _name(field: str) -> str:
    said = lower(field.replace("race_ethnicity", "race and ethnicity").replace("_", " "))
    return said[:1].upper() + said[1:]
