"""Icons for what a chart says of a measure: its variation, and whether it reaches its target."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.path import Path

from qieval.exhibits.svg import SOFT, A, B, D

# Lines within a circle of radius 1; each list of points is one stroke.
_WAVE = [(-0.7, 0.0), (-0.45, 0.25), (-0.2, -0.2), (0.05, 0.25), (0.3, -0.25), (0.5, 0.15), (0.7, 0.0)]
_LINE = [(-0.7, 0.0), (0.7, 0.0)]
_SPIKE = [(-0.7, -0.25), (-0.2, -0.25), (0.05, 0.6), (0.3, -0.25), (0.7, -0.25)]
_UP = [[(-0.7, -0.3), (-0.1, -0.3), (0.55, 0.45)], [(0.15, 0.45), (0.55, 0.45), (0.55, 0.05)]]
_DOWN = [[(x, -y) for x, y in stroke] for stroke in _UP]
_TICK = [(-0.5, 0.0), (-0.12, -0.4), (0.55, 0.45)]
_CROSS = [[(-0.42, -0.42), (0.42, 0.42)], [(-0.42, 0.42), (0.42, -0.42)]]
_STROKES = {
    "common cause": [_WAVE],
    "special cause": [_SPIKE],
    "high": _UP,
    "low": _DOWN,
    "consistent pass": [_TICK],
    "consistent fail": _CROSS,
    "hit and miss": [_WAVE, _LINE],
}
_COLOURS = {
    "improvement": A,
    "concern": B,
    "high": D,
    "low": D,
    "special cause": D,
    "consistent pass": A,
    "consistent fail": B,
}
ICON = 26.0


def icon(
    ax: Any, x: float, y: float, reading: str | None, *, towards: int = 0, transform: Any = None
) -> None:
    """Draw the icon of a reading with its middle at `x`, `y`; nothing where there is no reading.

    Parameters
    ----------
    reading : str, optional
        A word of `Chart.readings`: of its column `variation` or `assurance`.
    towards : {-1, 0, 1}
        Whether improvement or concern lies low or high: the arrow's direction.
    """
    drawn = (
        {1: "high", -1: "low"}.get(towards, "special cause")
        if reading in ("improvement", "concern")
        else reading
    )
    if drawn not in _STROKES:
        return
    ax.plot(
        [x], [y], marker=_marker(str(drawn)), markersize=ICON, markerfacecolor="none",
        markeredgecolor=_COLOURS.get(str(reading), SOFT), markeredgewidth=1.6, linestyle="none",
        transform=transform or ax.transData, clip_on=False,
    )  # fmt: skip


def _marker(name: str) -> Path:
    ring = Path.unit_circle()
    vertices, codes = [np.asarray(ring.vertices)], [np.asarray(ring.codes)]
    for stroke in _STROKES[name]:
        vertices.append(np.array(stroke))
        codes.append(np.array([Path.MOVETO] + [Path.LINETO] * (len(stroke) - 1)))
    return Path(np.concatenate(vertices), np.concatenate(codes))
