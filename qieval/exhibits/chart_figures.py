"""Measures over time in figures: one chart with its icons, and small multiples of the sites that signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from qieval.exhibits.chart_words import KINDS, period_words, reading, shower, signals_of, unit_of
from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.disclosure import withheld_points
from qieval.exhibits.format import factor_of, integer, plural
from qieval.exhibits.icons import icon
from qieval.exhibits.phrases import capital, counted
from qieval.exhibits.svg import INK, LINE, SOFT, WASH, A, B, C, canvas, to_svg
from qieval.measures import Chart
from qieval.results import Estimate, Quantity, Record

TICKS = 6
DASHED = (0, (4, 3))
COLUMNS, WIDE, HIGH, GAP = 3, 640, 118, 16
MOST = 60
DRAWN = ("x", "value", "centre", "lower", "upper", "signal")


def chart_figure(
    chart: Chart,
    quantity: Quantity,
    *,
    marks: pd.DataFrame,
    of: str,
    suppress_below: int = 5,
    name: str = "chart",
) -> Figure | Statement:
    """Draw one series with its centre, limits, phases, signals, gaps, and what happened meanwhile.

    Parameters
    ----------
    chart : Chart
        Of one series.
    marks : DataFrame
        What happened: `site` (absent for what came from outside), `start`, `stop`, `kind`, `label`.
    of : str
        Whose measure it is: ``"24 sites together"``.
    suppress_below : int
        Points with fewer people are not drawn.
    """
    points = withheld_points(chart.points, quantity, suppress_below)
    if points["value"].notna().sum() < 2:
        return Statement(name=name, role="note", say=f"{quantity.label}: fewer than two periods to chart.")
    show, x = shower(quantity, float(points["value"].std())), np.arange(len(points))
    fig, ax = canvas(640, 320)
    factor = factor_of(quantity)
    outside, inside = _placed(marks, points["x"])
    _draw_marks(ax, outside, inside)
    _draw_lines(ax, points, factor, judged=chart.plan.rules == "anhoej")
    _draw_values(ax, x, points, factor)
    _draw_target(ax, chart.plan.target, factor, f"target {show(chart.plan.target)}")
    _end_labels(ax, points.iloc[-1], factor, show, len(points))
    row = chart.readings.iloc[0]
    side = int(np.sign(points["towards"].iloc[-1]))
    for place, word in enumerate((row["variation"], row["assurance"])):
        icon(ax, 1.035 + 0.06 * place, 1.07, word, towards=side, transform=ax.transAxes)
    _periods(ax, points["x"])
    ax.set_ylabel(f"{quantity.label}, {unit_of(quantity)}")
    return Figure(
        name=name,
        caption=_caption(chart, quantity, of, outside, inside),
        alt=(
            f"{KINDS[chart.plan.kind]} of {of}. {reading(chart)}. {capital(signals_of(chart, points, show))}."
        ),
        svg=to_svg(fig, name=name),
        frame=points[[*DRAWN, "rule", "phase"]].astype({"x": str, "rule": str}),
        records=[_record(chart, quantity)],
    )


def multiples(
    chart: Chart,
    quantity: Quantity,
    *,
    by: str,
    marks: pd.DataFrame,
    own: str = "",
    site: str = "site",
    suppress_below: int = 5,
    most: int = MOST,
) -> Figure | Statement:
    """Draw the series that signal side by side, those that signal most first; the others stand in a table.

    Parameters
    ----------
    by : str
        Column that names the series.
    own : str
        A series to draw whether it signals or not.
    most : int
        Most series drawn.
    """
    order = chart.by_signal()
    wanted = order[order["signalled"] | (order[by] == own)].head(most)
    parts = dict(tuple(chart.points.groupby(by, sort=False, observed=True)))
    drawn = [(row, withheld_points(parts[row[by]], quantity, suppress_below)) for _, row in wanted.iterrows()]
    drawn = [(row, part) for row, part in drawn if part["value"].notna().mean() > 0.5]
    if not drawn:
        return Statement(name="multiples", role="note", say=f"No {site} with enough people signals.")
    low, high = _range([part for _, part in drawn], quantity)
    rows = -(-len(drawn) // COLUMNS)
    fig, ax = canvas(WIDE, HIGH * rows)
    fig.set_layout_engine("none")
    ax.set_position((0, 0, 1, 1))
    ax.set(xlim=(0, WIDE), ylim=(HIGH * rows, 0))
    ax.axis("off")
    for place, (row, part) in enumerate(drawn):
        column, line = place % COLUMNS, place // COLUMNS
        box = (GAP / 2 + column * WIDE / COLUMNS, line * HIGH, WIDE / COLUMNS - GAP, HIGH - GAP)
        _panel(ax, row, part, box, (low, high), marks[marks["site"] == row[by]], by)
    show, total = shower(quantity, high - low), int(order["signalled"].sum())
    left = total - sum(bool(row["signalled"]) for row, _ in drawn)
    more = f" {integer(left)} more that signal are in the table only." if left else ""
    names = ", ".join(f"{row[by]} ({counted(row['signals'], 'signal')}{_runs(row)})" for row, _ in drawn)
    return Figure(
        name="multiples",
        caption=(
            f"{quantity.label} of the {plural(site)} that signal, those that signal most first; every panel "
            f"runs from {show(low)} to {show(high)}. Rings: points that signal; dashes: limits; "
            f"triangles: changes that the {site} made. Gaps also stand for too few people.{more}"
        ),
        alt=f"Small charts of {counted(len(drawn), site)} out of {len(order)}: {names}.",
        svg=to_svg(fig, name="multiples"),
        frame=pd.concat([part[[by, *DRAWN]] for _, part in drawn]).astype({"x": str}),
    )


def _runs(row: pd.Series[Any]) -> str:
    return ", unusual runs" if row["runs_signal"] else ""


def _record(chart: Chart, quantity: Quantity) -> Record:
    last = chart.points.iloc[-1]
    centre = Estimate(
        term=quantity.label, method=f"centre of {chart.plan.kind} chart", estimate=float(last["centre"]),
        n=int(chart.points["value"].notna().sum()), unit=quantity.unit,
    )  # fmt: skip
    return Record(key="centre", estimate=centre, status="descriptive")


def _caption(chart: Chart, quantity: Quantity, of: str, outside: pd.DataFrame, inside: pd.DataFrame) -> str:
    lines = "" if chart.plan.kind == "run" else " Dashes: control limits."
    said = [f"{KINDS[chart.plan.kind]}: {quantity.label} of {of}.{lines} Rings: points that signal."]
    if chart.points["value"].isna().any():
        said.append("Gaps: periods without a value.")
    for number, row in enumerate(outside.to_dict(orient="records"), start=1):
        stop = f" to {row['stop']:%b %Y}" if pd.notna(row["stop"]) else ""
        said.append(f"{number}: {row['label']} ({row['start']:%b %Y}{stop}).")
    if len(inside):
        said.append(f"Triangles at the foot: {counted(len(inside), 'change')} that sites made.")
    return " ".join(said)


def _placed(marks: pd.DataFrame, x: pd.Series[Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Places on the axis of what happened within it: what came from outside, and what sites did."""
    first = x.iloc[0]
    if not len(marks) or not isinstance(first, (pd.Period, pd.Timestamp)):
        return marks.assign(place=0.0, end=0.0).iloc[:0], marks.assign(place=0.0, end=0.0).iloc[:0]
    starts = pd.DatetimeIndex([each.to_timestamp() if isinstance(each, pd.Period) else each for each in x])

    def place(dates: pd.Series[Any]) -> Any:
        return starts.searchsorted(pd.to_datetime(dates), side="right") - 1.0

    found = marks.assign(start=pd.to_datetime(marks["start"]), stop=pd.to_datetime(marks["stop"]))
    found = found.assign(place=place(found["start"]), end=place(found["stop"].fillna(found["start"])))
    last = starts[-1] + (starts[-1] - starts[-2] if len(starts) > 1 else pd.Timedelta(0))
    found = found[(found["end"] >= 0) & (found["start"] < last)].assign(
        place=lambda f: f["place"].clip(lower=0)
    )
    return found[found["site"].isna()], found[found["site"].notna()]


def _draw_marks(ax: Any, outside: pd.DataFrame, inside: pd.DataFrame) -> None:
    for number, (start, end) in enumerate(zip(outside["place"], outside["end"], strict=True), start=1):
        ax.axvspan(start - 0.5, end + 0.5, color=WASH, linewidth=0)
        ax.axvline(start - 0.5, color=LINE, linewidth=1)
        ax.text(start - 0.4, 1.0, str(number), transform=ax.get_xaxis_transform(), va="top", color=INK)
    _triangles(ax, inside["place"], 0.02, ax.get_xaxis_transform())


def _triangles(ax: Any, x: Any, y: float, transform: Any) -> None:
    ax.plot(x, np.full(len(x), y), "^", color=C, markersize=5, transform=transform, clip_on=False)


def _draw_lines(ax: Any, points: pd.DataFrame, factor: float, *, judged: bool) -> None:
    """Draw centre and limits, phase by phase; a rule parts the phases."""
    for start, (_, part) in enumerate(points.groupby("phase")):
        at, unusual = part.index.to_numpy() - points.index[0], judged and part["runs_signal"].any()
        style = {"linestyle": DASHED, "color": B} if unusual else {"color": SOFT}
        ax.plot(at, factor * part["centre"], linewidth=1.2, **style)
        for side in ("lower", "upper"):
            ax.step(at, factor * part[side], where="mid", color=SOFT, linewidth=1, linestyle=DASHED)
        if start:
            ax.axvline(at[0] - 0.5, color=SOFT, linewidth=1)
            words = f"from {period_words(part['x'].iloc[0])}"
            ax.text(at[0] - 0.4, 1.0, words, transform=ax.get_xaxis_transform(), va="bottom", color=SOFT)


def _draw_values(ax: Any, x: Any, points: pd.DataFrame, factor: float) -> None:
    y = factor * points["value"].to_numpy()
    ax.plot(x, y, "-o", color=A, linewidth=1.5, markersize=4)
    hit = points["signal"].to_numpy()
    ax.plot(
        x[hit], y[hit], "o", markerfacecolor="none", markeredgecolor=B, markersize=10, markeredgewidth=1.8
    )


def _draw_target(ax: Any, target: float | None, factor: float, words: str) -> None:
    if target is not None:
        across = ax.get_yaxis_transform()
        ax.axhline(factor * target, color=C, linewidth=1.2, linestyle=(0, (1, 2)))
        ax.text(0.99, factor * target, words, transform=across, ha="right", va="bottom", color=C)


def _end_labels(
    ax: Any, last: pd.Series[Any], factor: float, show: Callable[[Any], str], places: int
) -> None:
    """Write centre and limits at the end of their lines, as far as they do not run into each other."""
    low, high = ax.get_ylim()
    written: list[float] = []
    for side in ("centre", "upper", "lower"):
        at = factor * float(last[side])
        if np.isfinite(at) and all(abs(at - other) > 0.06 * (high - low) for other in written):
            ax.text(
                places - 0.4,
                at,
                show(float(last[side])),
                va="center",
                color=INK if side == "centre" else SOFT,
            )
            written.append(at)


def _periods(ax: Any, x: pd.Series[Any]) -> None:
    step = -(-len(x) // TICKS)
    at = np.arange(0, len(x), step)
    ax.set_xticks(at, labels=[period_words(each) for each in x.iloc[at]])
    ax.set_xlim(-0.6, len(x) - 0.4)


def _range(parts: Sequence[pd.DataFrame], quantity: Quantity) -> tuple[float, float]:
    """Give what every panel runs over: all values and limits, and a little more."""
    ends = np.concatenate([part[["value", "lower", "upper"]].to_numpy(dtype=float).ravel() for part in parts])
    low, high = max(0.0, float(np.nanmin(ends))), float(np.nanmax(ends))
    if quantity.kind == "binary":
        low, high = np.floor(20 * low) / 20, np.ceil(20 * min(high, 1.0)) / 20
    return float(low), float(high) if high > low else low + 1.0


def _panel(
    ax: Any,
    row: pd.Series[Any],
    part: pd.DataFrame,
    box: tuple[float, float, float, float],
    span: tuple[float, float],
    marks: pd.DataFrame,
    by: str,
) -> None:
    """Draw one small chart into a box of pixels."""
    left, top, width, height = box
    foot, head = top + height - 6, top + 36
    x = left + width * (np.arange(len(part)) + 0.5) / len(part)

    def at(name: str) -> Any:
        inside = np.clip(part[name].to_numpy(dtype=float), *span)
        return foot - (foot - head) * (inside - span[0]) / (span[1] - span[0])

    ax.plot([left, left + width], [foot + 3, foot + 3], color=LINE, linewidth=1)
    limits = [np.column_stack([x, at(side)]) for side in ("lower", "upper")]
    ax.add_collection(LineCollection(limits, colors=SOFT, linewidths=0.8, linestyles=[DASHED]))
    unusual = bool(row["runs_signal"])
    ax.plot(x, at("centre"), color=B if unusual else SOFT, linewidth=1, linestyle=DASHED if unusual else "-")
    ax.plot(x, at("value"), "-o", color=A, linewidth=1.2, markersize=2.5)
    hit = part["signal"].to_numpy()
    ax.plot(x[hit], at("value")[hit], "o", markerfacecolor="none", markeredgecolor=B, markersize=8)
    _, inside = _placed(marks, part["x"])
    _triangles(ax, x[inside["place"].astype(int)], foot + 3, ax.transData)
    ax.text(left, top + 22, str(row[by]), fontweight="bold", va="center")
    icon(ax, left + width - 48, top + 18, row["variation"], towards=int(part["towards"].iloc[-1]))
    icon(ax, left + width - 16, top + 18, row["assurance"])
