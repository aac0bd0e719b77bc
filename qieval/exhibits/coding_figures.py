"""Figures of a tally: bars with denominators, and codes by group."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from qieval.coding import Tally
from qieval.exhibits.coding_words import HIDDEN, alt_groups, alt_shares
from qieval.exhibits.core import Figure
from qieval.exhibits.format import integer, is_absent, percent
from qieval.exhibits.phrases import level_of
from qieval.exhibits.svg import INK, PAPER, SOFT, canvas, tint, tints, to_svg
from qieval.results import Record

ROW = 24
HEADER_WIDTH = 14


def tally_figure(tally: Tally) -> Figure:
    """Draw the share of sources in which each code was found, with its interval and counts."""
    frame = tally.frame
    fig, ax = canvas(640, ROW * len(frame) + 60)
    rows = range(len(frame))
    nested = frame["depth"].max() > 0
    colours = [tint(1) if depth == 0 or not nested else tint(0.4) for depth in frame["depth"]]
    ax.barh(rows, frame["share"], height=0.7, color=colours)
    ax.hlines(rows, frame["ci_low"], frame["ci_high"], color=INK, linewidth=1.2)
    for row, (found, of) in enumerate(zip(frame["sources"], frame["n_sources"], strict=True)):
        ax.text(1.02, row, f"{found} of {of}", va="center", color=SOFT, transform=ax.get_yaxis_transform())
    _label_rows(ax, frame)
    ax.set(xlim=(0, 1), ylim=(len(frame) - 0.4, -0.6), xlabel="Share of sources")
    ax.xaxis.set_major_formatter(lambda value, _: percent()(value))
    ax.grid(visible=True, axis="x")
    ax.spines["left"].set_visible(False)
    return Figure(
        name="shares",
        caption=f"Share of sources in which a code was found, with {level_of(tally.level)} Wilson intervals."
        + (" Darker bars are themes and count the codes under them." if nested else ""),
        alt=alt_shares(tally),
        svg=to_svg(fig, name="shares"),
        frame=frame[["code", "sources", "n_sources", "share", "ci_low", "ci_high"]],
    )


def group_figure(tally: Tally) -> Figure:
    """Draw the share of each group's sources in which each code was found; give it a suppressed tally."""
    frame = tally.frame
    groups = list(dict.fromkeys(frame["group"]))
    codes = frame.drop_duplicates("code")
    shares = frame["share"].to_numpy().reshape(len(groups), len(codes)).T
    shown = [[HIDDEN if is_absent(cell) else percent()(cell) for cell in row] for row in shares]
    fig, ax = canvas(640, ROW * len(codes) + 76)
    heat(ax, shares, shown)
    for column, row in (
        (c, r) for r, cells in enumerate(shown) for c, cell in enumerate(cells) if cell == HIDDEN
    ):
        ax.text(column + 0.5, row + 0.5, HIDDEN, ha="center", va="center", color=SOFT, fontsize=12)
    sizes = frame.drop_duplicates("group")["n_sources"]
    headers = [_header(group, size) for group, size in zip(groups, sizes, strict=True)]
    ax.set_xticks(np.arange(len(groups)) + 0.5, labels=headers)
    ax.xaxis.tick_top()
    _label_rows(ax, codes, offset=0.5)
    ax.set(xlabel="", ylabel="")
    return Figure(
        name="waves" if tally.by == "wave" else "groups",
        caption=" ".join(
            [f"Share of the sources of each {tally.by} in which each code was found.", *tally.notes]
        ),
        alt=alt_groups(tally),
        svg=to_svg(fig, name="waves" if tally.by == "wave" else "groups"),
        frame=frame[["group", "code", "sources", "n_sources", "share", "ci_low", "ci_high"]],
        records=[
            Record(key=estimate.term, estimate=estimate, status="descriptive")
            for estimate in tally.estimates()
        ],
    )


def heat(ax: Any, values: Any, shown: Sequence[Sequence[str]]) -> None:
    """Draw a table of numbers from 0 to 1 as tints, with words in its cells."""
    sns.heatmap(
        values,
        ax=ax,
        annot=pd.DataFrame(shown).to_numpy(),
        fmt="",
        annot_kws={"color": INK, "fontsize": 12},
        cmap=tints(),
        vmin=0,
        vmax=1,
        cbar=False,
        linewidths=2,
        linecolor=PAPER,
    )


def _label_rows(ax: Any, codes: pd.DataFrame, *, offset: float = 0.0) -> None:
    """Name the rows after the codes, themes in bold."""
    ax.set_yticks(np.arange(len(codes)) + offset, labels=list(codes["name"]), rotation=0)
    for label, depth in zip(ax.get_yticklabels(), codes["depth"], strict=True):
        label.set_fontweight("bold" if depth == 0 and codes["depth"].max() > 0 else "normal")


def _header(group: object, size: object) -> str:
    """Write a group's name over its number of sources."""
    named = textwrap.fill(str(group), HEADER_WIDTH, break_long_words=False)
    return named if is_absent(size) else f"{named}\nn = {integer(size)}"
