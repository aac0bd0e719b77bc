"""The effect of having started: the sites' own courses, then what chance in the start order could do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.designs import Design, not_by_lot, supposing
from qieval.exhibits.disclosure import not_shown, told_shares
from qieval.exhibits.effect_figures import histogram
from qieval.exhibits.effect_methods import ladder_table, widest_bounded
from qieval.exhibits.effect_words import Scale, inline, interval_words, scale_of, share_of
from qieval.exhibits.format import DASH, factor_of, integer, plural
from qieval.exhibits.phrases import capital, care, counted, level_of
from qieval.exhibits.svg import LINE, SOFT, A, B, canvas, to_svg
from qieval.results import Quantity, Record
from qieval.trial import SteppedWedge

LABELS = {
    "permutation": "Within periods, test over start orders",
    "exposure-averaged-kr": "Mean over time since the start, mixed model",
    "nested-exchangeable-kr": "At once and lasting, site by period (nested exchangeable)",
    "hussey-hughes-kr": "At once and lasting, Hussey\N{EN DASH}Hughes model",
}


def headline(
    effect: SteppedWedge,
    quantity: Quantity,
    *,
    arms: tuple[str, ...],
    site: str = "site",
    standing: str = "",
    design: Design = "randomised",
) -> Statement:
    """Say the effect of having started in one sentence, or why there is none to say yet.

    Parameters
    ----------
    effect : SteppedWedge
        From `qieval.trial.stepped_wedge`.
    quantity : Quantity
        Words and unit of the outcome.
    arms : tuple of str
        What sites are called before and after their start.
    site : str
        What a cluster is called.
    standing : str
        What the plan says of this outcome at this wave, in a sentence.
    design : {"randomised", "controlled", "uncontrolled"}
        As the study file says: whether the test over start orders rests on a lot.
    """
    more = [_who(effect, site), *([standing] if standing else [])]
    if effect.waiting:
        said = f"**Nothing can be estimated yet.** {_of_sites(effect.waiting, site)}"
        return Statement(name="headline", role="headline", say=said, more=more)
    scale, primary = scale_of(effect, quantity), effect.primary
    if effect.interim:
        more = [f"{effect.interim} No test is made and no conclusion drawn.", *more]
    else:
        more = [_chance(effect, site, design), *more]
    way = "lower" if primary.estimate < 0 else "higher"
    found = "so far {} is" if effect.interim else "{} was"
    said = (
        f"{found.format(inline(quantity))} **{scale.show()(abs(primary.estimate))} {scale.unit}** {way} at "
        f"{plural(site)} already {arms[-1]} than in the same periods at those {arms[0]} "
        f"({level_of(primary.level)} interval {interval_words(primary, scale)})."
    )
    return Statement(name="headline", role="headline", say=capital(said), more=more)


def cautions(effect: SteppedWedge, *, site: str = "site", design: Design = "randomised") -> Statement:
    """Say what weighs on this design, the gravest first: no lot, then how small a p it can give."""
    said = [*not_by_lot(design, site=site), *(_of_sites(each, site) for each in effect.cautions)]
    return care(said, otherwise=f"None of the fixed rules for few or lost {plural(site)} applies.")


def starts(effect: SteppedWedge, *, site: str = "site") -> Table:
    """Show when each site starts, and how much it was seen before and after."""
    frame = pd.DataFrame(
        [
            {
                "cluster": str(name),
                "start": rows["start"].iloc[0],
                "before": int(rows.loc[~rows["exposed"], "n"].sum()),
                "after": int(rows.loc[rows["exposed"], "n"].sum()),
            }
            for name, rows in effect.cells.groupby("cluster", sort=False)
        ]
    )
    return Table(
        name="starts",
        caption=f"When each {site} starts, and participants seen before and since.",
        frame=frame,
        columns=[
            columns.words("cluster", site.capitalize()),
            Column(source="start", label="Starts in period", show=_period),
            columns.count("before", "Before", unit="participants seen"),
            columns.count("after", "Since", unit="participants seen"),
        ],
        notes=[f"{DASH} stands for never within the study: a longitudinal control."],
    )


def courses(
    effect: SteppedWedge,
    quantity: Quantity,
    *,
    arms: tuple[str, ...],
    site: str = "site",
    suppress_below: int = 5,
) -> Figure:
    """Draw each site's own course, before and since its start; one panel a site, the same axes.

    Parameters
    ----------
    suppress_below : int
        A site's periods with fewer participants (of a proportion: on either side) are neither drawn nor
        listed, nor others from which they could be worked out.
    """
    factor = factor_of(quantity)
    binary = quantity.kind == "binary"
    below = suppress_below
    frame = told_shares(effect.cells, below=below, n="n", share="mean", whether=binary, within="period")
    names = list(dict.fromkeys(effect.cells["cluster"]))
    rows = math.ceil(len(names) / 2)
    fig, axes = canvas(640, 40 + 150 * rows, rows=rows, cols=2, sharex=True, sharey=True)
    panels = np.atleast_1d(axes).ravel()
    for ax, name in zip(panels, names, strict=False):
        _panel(ax, frame[frame["cluster"] == name], factor)
        start = effect.cells.loc[effect.cells["cluster"] == name, "start"].iloc[0]
        ax.set_title(f"{name}, {_started(start)}", loc="left")
    for ax in panels[len(names) :]:
        ax.set_visible(False)
    for ax in panels[-2:]:
        ax.set_xlabel("Period")
    unit = "%" if quantity.kind == "binary" else quantity.unit
    for ax in panels[::2]:
        ax.set_ylabel(unit)
    hidden = len(effect.cells) - len(frame)
    few = not_shown(hidden, suppress_below, sides=binary)
    left_out = f" Not shown: {few}."
    return Figure(
        name="courses",
        caption=(
            f"{quantity.label} of each {site} by period, {unit}. Open: {arms[0]}; filled: {arms[-1]}; "
            f"dashed: the start.{left_out if hidden else ''}"
        ),
        alt=_courses_alt(frame, quantity, factor, unit),
        svg=to_svg(fig, name="courses"),
        frame=frame[["cluster", "start", "period", "exposed", "n", "mean"]],
    )


def _panel(ax: Any, rows: pd.DataFrame, factor: float) -> None:
    ax.plot(rows["period"], factor * rows["mean"], color=LINE, linewidth=1.5, zorder=1)
    for exposed, colour, fill in ((False, B, "none"), (True, A, A)):
        part = rows[rows["exposed"] == exposed]
        ax.plot(part["period"], factor * part["mean"], "o", color=colour, markerfacecolor=fill, zorder=2)
    start = rows["start"].iloc[0] if len(rows) else math.nan
    if len(rows) and start <= rows["period"].max():
        ax.axvline(start - 0.5, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))


def methods(
    effect: SteppedWedge, quantity: Quantity, *, arms: tuple[str, ...], primary: bool = False
) -> Table | Statement:
    """Show the effect by each method, the primary one first and set off."""
    if effect.waiting:
        rows = [Record(key=row.method, estimate=row, primary=primary and row is effect.primary,
                       status="descriptive") for row in effect.ladder]  # fmt: skip
        return Statement(name="effect", role="note", say="There is no difference to show yet.", records=rows)
    scale = scale_of(effect, quantity)
    caption = f"Difference in {inline(quantity)}, {arms[-1]} minus {arms[0]}; the primary method is set off."
    notes = _notes(effect, scale)
    return ladder_table(effect, scale, named=LABELS, caption=caption, primary=primary, notes=notes)


def orders(effect: SteppedWedge, quantity: Quantity) -> Figure | Statement:
    """Draw the differences that other start orders would have given, and the observed one among them."""
    if effect.permutation is None or effect.interim:
        why = "There is nothing to compare yet" if effect.waiting else "This is an interim look"
        say = f"{why}, so the differences under other start orders are not shown."
        return Statement(name="orders", role="note", say=say)
    return histogram(effect.permutation, scale_of(effect, quantity), name="orders", noun="start order")


def _notes(effect: SteppedWedge, scale: Scale) -> list[str]:
    said = [f"{LABELS[row.method]}: {note}" for row in effect.ladder for note in row.notes]
    said = [note for note in said if not effect.interim or not note.endswith(effect.interim)]
    if effect.interim:
        return [*said, f"{effect.interim} Intervals are shown, tests are not."]
    return said + (widest_bounded(effect.permutation, scale) if effect.permutation else [])


def _chance(effect: SteppedWedge, site: str, design: Design) -> str:
    test = effect.permutation
    if test is None:
        return ""
    ways = f"the {integer(test.allocations)}" if test.exact else f"{integer(len(test.distribution))} of the"
    return (
        f"The smallest p-value that {ways} possible start orders can give is {test.smallest_p:.3g}. "
        f"{supposing(design, what='being started', chance='set the order of starts')} "
        f"{share_of(test.estimate.p_value)} of them would give a gap between the {plural(site)} at least "
        "this large."
    )


def _who(effect: SteppedWedge, site: str) -> str:
    started = effect.cells.groupby("cluster")["exposed"].any()
    return (
        f"{counted(len(started), site)}, {integer(int(started.sum()))} started so far; "
        f"{integer(effect.primary.n)} participants and periods."
    )


def _of_sites(words: str, site: str) -> str:
    """Call clusters what the study calls them."""
    for cluster, own in (("clusters", plural(site)), ("cluster", site)):
        words = words.replace(cluster, own).replace(cluster.capitalize(), own.capitalize())
    return words


def _started(start: float) -> str:
    return "never" if math.isnan(start) else f"from period {start:g}"


def _period(value: Any) -> str:
    return DASH if value is None or math.isnan(value) else f"{value:g}"


def _courses_alt(frame: pd.DataFrame, quantity: Quantity, factor: float, unit: str) -> str:
    said = []
    for name, rows in frame.groupby("cluster", sort=False):
        parts = [
            f"{word} {factor * rows.loc[rows['exposed'] == exposed, 'mean'].mean():.1f}"
            for exposed, word in ((False, "before"), (True, "since"))
            if (rows["exposed"] == exposed).any()
        ]
        said.append(f"{name}, {_started(rows['start'].iloc[0])}: average {', '.join(parts)}")
    return f"Course of {quantity.label}, {unit}. {'; '.join(said)}."
