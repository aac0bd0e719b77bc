from __future__ import annotations

import pytest

from qieval.exhibits.icons import icon
from qieval.exhibits.svg import SOFT, A, B, D, canvas

READINGS = {
    "common cause": SOFT, "special cause": D, "improvement": A, "concern": B, "high": D, "low": D,
    "consistent pass": A, "consistent fail": B, "hit and miss": SOFT,
}  # fmt: skip


@pytest.mark.parametrize(("reading", "colour"), READINGS.items())
def test_every_reading_has_an_icon_in_its_colour(reading, colour) -> None:
    _, ax = canvas(100, 100)
    icon(ax, 0, 0, reading, towards=1)
    [line] = ax.lines
    assert line.get_markeredgecolor() == colour


@pytest.mark.parametrize("reading", [None, "no values"])
def test_without_a_reading_there_is_no_icon(reading) -> None:
    _, ax = canvas(100, 100)
    icon(ax, 0, 0, reading)
    assert not ax.lines


def test_improvement_and_concern_point_to_their_side() -> None:
    shapes = []
    for side in (1, -1):
        _, ax = canvas(100, 100)
        icon(ax, 0, 0, "improvement", towards=side)
        shapes.append(ax.lines[0].get_marker().vertices[-1, 1])
    assert shapes[0] == -shapes[1] > 0
