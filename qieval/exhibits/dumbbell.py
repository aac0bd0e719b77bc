"""A dumbbell plot: two values a row, joined."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qieval.exhibits.svg import INK, LINE, SOFT, A, canvas, to_svg

ROW, MARGINS = 26, 74


def dumbbell(frame: pd.DataFrame, said: Sequence[str], *, names: Sequence[str], label: str, name: str) -> str:
    """Draw ``before`` (ring) and ``after`` (dot) of each row of a frame, first row at the foot.

    Parameters
    ----------
    frame : DataFrame
        With the columns ``before`` and ``after``.
    said : sequence of str
        Words at the right of each row.
    names : sequence of str
        Names of the rows.
    label : str
        What the axis measures, with its unit.
    name : str
        Prefix of the ids in the drawing.
    """
    rows = len(frame)
    fig, ax = canvas(640, MARGINS + ROW * max(rows, 1))
    places = list(range(rows))
    ax.hlines(places, frame["before"], frame["after"], color=LINE, linewidth=3)
    ax.plot(frame["before"], places, "o", markerfacecolor="none", markeredgecolor=SOFT)
    ax.plot(frame["after"], places, "o", color=A)
    for place, words in zip(places, said, strict=True):
        ax.text(1.02, place, words, transform=ax.get_yaxis_transform(), va="center", color=INK)
    ax.set_yticks(places, labels=list(names))
    ax.set_ylim(-0.8, max(rows, 1) - 0.2)
    ax.set_xlabel(label)
    ax.grid(visible=True, axis="x")
    return to_svg(fig, name=name)
