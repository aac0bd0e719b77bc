"""The effect of an intervention in figures: every method, the clusters by arm, the possible arrangements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.disclosure import not_shown, told_shares
from qieval.exhibits.effect import labels_of, values_of
from qieval.exhibits.effect_words import Scale, inline, scale_of, share_of
from qieval.exhibits.format import factor_of, integer, plural
from qieval.exhibits.phrases import counted, level_of
from qieval.exhibits.svg import INK, LINE, SOFT, A, B, canvas, to_svg
from qieval.results import Estimate, Quantity, tidy
from qieval.trial import Effect, Permutation

ROW = 34
BINS = 40
FEW_DOTS = 5


def forest(effect: Effect, quantity: Quantity, *, site: str = "site") -> Figure:
    """Draw the estimate and interval of every method, the primary one first."""
    scale = scale_of(effect, quantity)
    named = labels_of(effect, site=site)
    rows = [row for row in effect.ladder if math.isfinite(row.estimate)]
    low, high = _window(rows, quantity, scale)
    fig, ax = canvas(640, 92 + ROW * len(rows))
    ax.axvline(0, color=SOFT, linewidth=1)
    wanted = _wanted(quantity, scale)
    if wanted is not None:
        ax.axvline(wanted, color=B, linewidth=1.5, linestyle=(0, (2, 3)))
    for place, row in enumerate(rows):
        colour = A if row is effect.primary else SOFT
        _draw_row(ax, row, scale, place=len(rows) - 1 - place, window=(low, high), colour=colour)
    ax.set_yticks(range(len(rows)), labels=[named[row.method] for row in reversed(rows)])
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.set_xlim(low, high)
    ax.set_xlabel(f"{effect.facts.labels[1]} minus {effect.facts.labels[0]}, {scale.unit}")
    dashed = "" if wanted is None else " Dashed: the smallest difference that matters to participants."
    level = level_of(effect.primary.level)
    return Figure(
        name="forest",
        caption=f"Difference in {inline(quantity)} with {level} intervals, {scale.unit}.{dashed}",
        alt=_forest_alt(rows, scale, named),
        svg=to_svg(fig, name="forest"),
        frame=tidy(rows)[["method", "estimate", "ci_low", "ci_high"]],
    )


def clusters(effect: Effect, quantity: Quantity, *, site: str = "site", suppress_below: int = 5) -> Figure:
    """Draw each cluster's own result by arm, with the arms' averages.

    Parameters
    ----------
    suppress_below : int
        Clusters with fewer participants (of a proportion: on either side) are neither drawn nor listed, nor
        others from which they could be worked out.
    """
    factor = factor_of(quantity)
    every = effect.cluster_summaries
    binary = quantity.kind == "binary"
    frame = told_shares(every, below=suppress_below, n="n", share="mean", whether=binary, within="arm")
    hidden = len(every) - len(frame)
    control, intervention = effect.facts.labels
    fig, ax = canvas(640, 210)
    for place, label, colour in ((0, control, B), (1, intervention, A)):
        values = factor * frame.loc[frame["arm"] == label, "mean"].sort_values().to_numpy()
        lift = 0.13 * ((np.arange(len(values)) % 3) - 1) * (len(values) > FEW_DOTS)
        ax.plot(values, place + lift, "o", color=colour)
        average = factor * effect.arms.loc[effect.arms["arm"] == label, "mean"].iloc[0]
        ax.plot([average, average], [place - 0.32, place + 0.32], color=INK, linewidth=2)
    ax.set_yticks([0, 1], labels=[control, intervention])
    ax.set_ylim(-0.6, 1.6)
    ax.set_xlabel(f"{quantity.label}, {'%' if quantity.kind == 'binary' else quantity.unit}")
    left_out = f" Not shown: {not_shown(hidden, suppress_below, sides=binary)}."
    return Figure(
        name="clusters",
        caption=(
            f"{quantity.label} of each {site} by arm; a bar marks the average {site} of the arm."
            f"{left_out if hidden else ''}"
        ),
        alt=_clusters_alt(effect, frame, quantity, site),
        svg=to_svg(fig, name="clusters"),
        frame=frame[["cluster", "arm", "n", "mean"]].astype({"arm": str}),
    )


def randomisation(effect: Effect, quantity: Quantity) -> Figure | Statement:
    """Draw the differences that other allocations would have given, and the observed one among them."""
    if effect.interim:
        return Statement(
            name="randomisation",
            role="note",
            say="The differences under other arrangements are shown at the plan’s primary wave, not before.",
        )
    return histogram(effect.permutation, scale_of(effect, quantity), name="randomisation", noun="arrangement")


def histogram(test: Permutation, scale: Scale, *, name: str, noun: str) -> Figure:
    """Draw the distribution of a randomisation test, with the observed difference and its mirror image."""
    observed = scale.factor * test.estimate.estimate
    frame = _binned(test, scale)
    fig, ax = canvas(640, 230)
    extreme = (frame["low"] >= abs(observed)) | (frame["high"] <= -abs(observed))
    for chosen, colour in ((~extreme, LINE), (extreme, A)):
        part = frame[chosen]
        ax.bar(part["low"], part["allocations"], width=part["high"] - part["low"], align="edge", color=colour)
    ax.axvline(observed, color=INK, linewidth=2)
    ax.axvline(-observed, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    ax.set_xlabel(f"Difference, {scale.unit}")
    ax.set_ylabel(plural(noun).capitalize())
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: integer(value)))
    reach = 1.05 * max(frame["high"].max(), -frame["low"].min())
    ax.set_xlim(-reach, reach)
    counted = "possible" if test.exact else "drawn"
    shown = scale.show(plus=True)(test.estimate.estimate)
    share = share_of(test.estimate.p_value)
    return Figure(
        name=name,
        caption=(
            f"Differences that {integer(len(test.distribution))} {counted} {plural(noun)} would have "
            "given. Solid line: the observed one; dashed: its mirror image."
        ),
        alt=(
            f"Histogram around zero. The observed difference is {shown} {scale.unit}; {share} of the "
            f"{plural(noun)} lie at least as far from zero."
        ),
        svg=to_svg(fig, name=name),
        frame=frame,
    )


def _wanted(quantity: Quantity, scale: Scale) -> float | None:
    """Where the smallest difference that matters lies, in the wanted direction."""
    if quantity.mcid is None or quantity.better is None:
        return None
    return scale.factor * quantity.mcid * (1 if quantity.better == "higher" else -1)


def _window(rows: list[Estimate], quantity: Quantity, scale: Scale) -> tuple[float, float]:
    """Limits of the axis: every finite limit, zero and the smallest difference that matters."""
    ends = [scale.factor * value for row in rows for value in (row.estimate, row.ci_low, row.ci_high)]
    wanted = _wanted(quantity, scale)
    marks = [0.0, *([] if wanted is None else [wanted]), *filter(math.isfinite, ends)]
    margin = 0.06 * (max(marks) - min(marks) or 1.0)
    return min(marks) - margin, max(marks) + margin


def _draw_row(
    ax: Any, row: Estimate, scale: Scale, *, place: int, window: tuple[float, float], colour: str
) -> None:
    low, high = (min(max(scale.factor * end, window[0]), window[1]) for end in (row.ci_low, row.ci_high))
    ax.hlines(place, low, high, color=colour, linewidth=2)
    for end, edge, head in ((row.ci_low, low, "<"), (row.ci_high, high, ">")):
        if math.isinf(end):
            ax.plot([edge], [place], head, color=colour, clip_on=False)
    ax.plot([scale.factor * row.estimate], [place], "o", color=colour)
    show = scale.show(plus=True)
    said = f"{show(row.estimate)} ({_limits(row, scale, 'unbounded')})"
    ax.text(1.02, place, said, transform=ax.get_yaxis_transform(), va="center", color=INK)


def _forest_alt(rows: list[Estimate], scale: Scale, named: dict[str, str]) -> str:
    show = scale.show(plus=True)
    said = [
        f"{named[row.method]}: {show(row.estimate)}, interval {_limits(row, scale, 'without limits')}"
        for row in rows
    ]
    return f"Interval plot of {len(rows)} methods, {scale.unit}. {'; '.join(said)}."


def _limits(row: Estimate, scale: Scale, otherwise: str) -> str:
    show = scale.show(plus=True)
    return otherwise if math.isinf(row.ci_low) else f"{show(row.ci_low)} to {show(row.ci_high)}"


def _clusters_alt(effect: Effect, frame: pd.DataFrame, quantity: Quantity, site: str) -> str:
    show, unit = values_of(effect, quantity)
    said = []
    for arm, mean in zip(effect.arms["arm"], effect.arms["mean"], strict=True):
        here = frame.loc[frame["arm"] == arm, "mean"].tolist()
        reach = f" from {show(min(here))} to {show(max(here))}" if len(here) > 1 else ""
        said.append(f"{arm}: {counted(len(here), site)}{reach}, average {show(mean)} {unit}")
    return f"Dot plot of {plural(site)} by arm. {'; '.join(said)}."


def _binned(test: Permutation, scale: Scale) -> pd.DataFrame:
    """Count allocations in bins that are symmetric about zero and end at the observed difference."""
    values = scale.factor * test.distribution
    observed = abs(scale.factor * test.estimate.estimate)
    reach = float(np.abs(values).max()) or 1.0
    width = 2 * reach / BINS
    if observed > width:
        width = observed / math.ceil(observed / width)
    edges = width * np.arange(-math.ceil(reach / width) - 1, math.ceil(reach / width) + 2)
    counts, _ = np.histogram(values * (1 + 1e-9), bins=edges)
    frame = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "allocations": counts})
    return frame[frame["allocations"] > 0].reset_index(drop=True)
