"""Change over time at sites, drawn: the courses, and each site's own change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qieval.exhibits.chart_figures import chart_figure
from qieval.exhibits.chart_words import unit_of
from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.effect_words import scale_for
from qieval.exhibits.format import plural
from qieval.exhibits.phrases import counted
from qieval.exhibits.series import TOO_FEW
from qieval.exhibits.svg import INK, LINE, SOFT, WASH, A, B, canvas, to_svg
from qieval.measures import Chart
from qieval.results import Quantity
from qieval.trial import InterruptedSeries, SiteChanges

Namer = Callable[[float], str]


def course(
    series: InterruptedSeries | None,
    compared: pd.DataFrame | None,
    quantity: Quantity,
    *,
    arms: Sequence[str],
    start: float,
    shocks: Mapping[str, tuple[float, float]],
    name_of: Namer,
) -> Figure | Statement:
    """Draw the mean course of sites that joined, what it would be had it gone on as before, and the others'.

    Parameters
    ----------
    series : InterruptedSeries, optional
        None where there are too few periods; then that is said.
    compared : DataFrame, optional
        `period`, `value`: the mean course of comparison sites.
    shocks : mapping of str to (float, float)
        First and last period of each outside event.
    name_of : callable
        Writes a period.
    """
    if series is None:
        return Statement(name="course", role="note", say=TOO_FEW)
    scale, unit, frame = scale_for(series.average, quantity), unit_of(quantity), series.course
    factor = scale.factor
    fig, ax = canvas(640, 300)
    for begin, end in shocks.values():
        ax.axvspan(begin - 0.5, end + 0.5, color=WASH, zorder=0)
    _lines(ax, frame, factor, start)
    labels = [
        (frame["period"].iloc[-1], factor * frame["value"].iloc[-3:].mean(), arms[-1] if arms else "sites", A)
    ]
    if compared is not None:
        ax.plot(compared["period"], factor * compared["value"], color=B, linewidth=1.5, linestyle=(0, (1, 1)))
        labels.append((compared["period"].iloc[-1], factor * compared["value"].iloc[-3:].mean(), arms[0], B))
    _label_ends(ax, labels)
    ticks = _ticks(frame["period"])
    ax.set_xticks(ticks, [name_of(tick) for tick in ticks])
    ax.set_ylabel(unit)
    if quantity.kind == "binary":
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, 0), min(high, 100))
    events = "; shaded: " + ", ".join(shocks) if shocks else ""
    beside = f"; dotted: {arms[0]}" if compared is not None and arms else ""
    return Figure(
        name="course",
        caption=(
            f"{quantity.label}, {unit}: mean of the sites that joined. "
            "Dashed: the earlier course, continued, with its "
            f"interval{beside}{events}."
        ),
        alt=(
            f"{quantity.label} from {name_of(frame['period'].iloc[0])} "
            f"to {name_of(frame['period'].iloc[-1])}. After "
            f"{name_of(start)} the mean course lies on average "
            f"{scale.show(plus=True)(series.average.estimate)} {scale.unit} "
            f"from the earlier course, continued."
        ),
        svg=to_svg(fig, name="course"),
        frame=frame,
    )


def control(chart: Chart | None, quantity: Quantity, *, marks: pd.DataFrame, site: str) -> Figure | Statement:
    """Draw the same course against the limits of before the start: which later periods are unlike it.

    Parameters
    ----------
    chart : Chart, optional
        Individual values, limits frozen before the start; None where there are too few periods.
    marks : DataFrame
        Outside events, as `chart_figure` takes them.
    """
    if chart is None:
        return Statement(name="control", role="note", say=TOO_FEW)
    of = f"the {plural(site)} that joined, their mean; limits of the periods before the start"
    return chart_figure(chart, quantity, marks=marks, of=of, suppress_below=0, name="control")


def sites(
    changes: SiteChanges,
    quantity: Quantity,
    *,
    arms: Sequence[str],
    site: str = "site",
    hidden: Collection[str] = (),
) -> Figure | Statement:
    """Draw each site's own change, by group: how far apart they lie is the yardstick for the difference.

    Parameters
    ----------
    hidden : collection of str
        Sites whose change tells of too few people.
    """
    kind = changes.primary.method.removeprefix("site-t-")
    scale = scale_for(changes.primary, quantity)
    factor = scale.factor
    every = changes.sites.sort_values(kind, ignore_index=True)
    every["arm"] = every["arm"].astype(str) if arms else ""
    frame = every.loc[~every["cluster"].astype(str).isin(hidden), ["cluster", "arm", kind]]
    if frame.empty:
        return Statement(name="sites", role="note", say=f"No {site} has enough people to be drawn.")
    groups = [(arm, frame[frame["arm"] == arm]) for arm in arms or [""]]
    means = every.groupby("arm")[kind].mean()
    fig, axes = canvas(440, 40 + 22 * len(frame), rows=len(groups), sharex=True, squeeze=False,
                       height_ratios=[max(len(rows), 1) for _, rows in groups])  # fmt: skip
    for (arm, rows), ax, colour in zip(groups, axes[:, 0], (B, A)[-len(groups) :], strict=True):
        place = np.arange(len(rows))
        ax.axvline(0, color=LINE, linewidth=1)
        ax.plot(factor * rows[kind], place, "o", color=colour)
        ax.plot(2 * [factor * means[arm]], [-0.5, len(rows) - 0.5], color=colour, linewidth=1.5)
        ax.set_yticks(place, rows["cluster"].astype(str))
        ax.set_title(arm, loc="left")
    axes[-1, 0].set_xlabel(f"change, {scale.unit}")
    show, few = scale.show(plus=True), len(every) - len(frame)
    left_out = f" Not shown: {counted(few, site)} with too few people, or needed to hide such." if few else ""
    told = "; ".join(
        f"{arm or 'all'}: mean {show(means[arm])}, from {show(rows[kind].min())} to {show(rows[kind].max())}"
        for arm, rows in groups
        if len(rows)
    )
    return Figure(
        name="sites",
        caption=(
            f"Change of each {site} in {quantity.label}, {scale.unit}; "
            f"the lines are the means of {plural(site)}.{left_out}"
        ),
        alt=f"Changes of {len(frame)} {plural(site)}. {told}.",
        svg=to_svg(fig, name="sites"),
        frame=frame if arms else frame.drop(columns="arm"),
    )


def _lines(ax: Any, frame: pd.DataFrame, factor: float, start: float) -> None:
    """Draw the values, their fit on either side, and the earlier course, continued."""
    ax.axvline(start - 0.5, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    later = frame.dropna(subset=["continued"])
    ax.fill_between(later["period"], factor * later["low"], factor * later["high"], color=LINE, linewidth=0)
    ax.plot(later["period"], factor * later["continued"], color=INK, linewidth=1.5, linestyle=(0, (4, 3)))
    ax.plot(frame["period"], factor * frame["value"], "o", color=A, markersize=4)
    for part in ("before", "after"):
        rows = frame[frame["part"] == part]
        ax.plot(rows["period"], factor * rows["fitted"], color=A)


def _label_ends(ax: Any, labels: Sequence[tuple[float, float, str, str]]) -> None:
    """Write each line's name at its end, apart from one another."""
    low, high = ax.get_ylim()
    apart = 0.07 * (high - low)
    last = -np.inf
    for x, y, words, colour in sorted(labels, key=lambda each: each[1]):
        last = max(y, last + apart)
        ax.annotate(words, (x, last), xytext=(8, 0), textcoords="offset points", va="center", color=colour)


def _ticks(periods: pd.Series[Any]) -> list[int]:
    first, last = int(periods.iloc[0]), int(periods.iloc[-1])
    return list(range(first, last + 1, max(1, -(-(last - first + 1) // 6))))
