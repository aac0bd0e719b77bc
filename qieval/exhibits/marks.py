"""A key result in little, for index pages: its interval beside the one before, drawn and said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from qieval.exhibits.format import PERCENTAGE_POINTS, decimals_for, fixed
from qieval.exhibits.phrases import interval

KEY_EXHIBITS = ("effect", "arms", "change")
SCALES = {"proportion": (100.0, PERCENTAGE_POINTS)}
DRAWN = ("estimate", "ci_low", "ci_high")
SCALED = (*DRAWN, "se")
RATIO = "ratio"
WIDTH, EDGE = 240, 10

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One row of ``results.json`` that an index page shows.

    Attributes
    ----------
    key : str
        Its key there.
    estimate, low, high : float
        In `unit`; proportions as percentage points.
    level : float
        Of the interval.
    unit : str
        In words.
    term : str
        What is compared, for instance ``coached - usual care``.
    interim : bool
        Whether it comes before the plan's primary wave.
    """

    key: str
    estimate: float
    low: float
    high: float
    level: float
    unit: str
    term: str
    interim: bool

    @property
    def said(self) -> str:
        """Its number and interval in words."""
        show = fixed(decimals_for((self.high - self.low) / 2), plus=True)
        state = ", interim" if self.interim else ""
        return f"{show(self.estimate)} {self.unit} ({interval(self.level, self.low, self.high, show)}{state})"

    @property
    def null(self) -> float | None:
        """The value that stands for no difference; None where nothing is compared."""
        if self.unit.endswith(RATIO):
            return 1.0
        return 0.0 if " - " in self.term else None


def key_rows(rows: Iterable[Row]) -> dict[str, Row]:
    """Choose of each report the first row of its main table."""
    first: dict[str, Row] = {}
    for row in rows:
        if row["key"].split("/")[1] in KEY_EXHIBITS:
            first.setdefault(row["report"], row)
    return first


def in_units_shown(row: Row) -> dict[str, Any]:
    """Give a row as readers see it: proportions as percentage points."""
    factor, unit = SCALES.get(row["unit"], (1.0, row["unit"]))
    scaled = {name: factor * row[name] for name in SCALED if row.get(name) is not None}
    return {**row, **scaled, "unit": unit}


def key_marks(rows: Iterable[Row]) -> dict[str, Mark]:
    """Make a mark of each report's key result that has a bounded interval."""
    found = key_rows(rows).items()
    return {
        name: _mark(in_units_shown(row))
        for name, row in found
        if all(row[each] is not None for each in DRAWN)
    }


def _mark(row: Row) -> Mark:
    return Mark(
        key=row["key"],
        estimate=row["estimate"],
        low=row["ci_low"],
        high=row["ci_high"],
        level=row["level"],
        unit=row["unit"],
        term=row["term"],
        interim=row["status"] == "interim",
    )


def drawn(now: Mark, before: Mark | None = None) -> str:
    """Draw an interval, the earlier one under it, and a line where there is no difference, as inline SVG."""
    both = [now, *([before] if before else [])]
    ends = [end for mark in both for end in (mark.low, mark.high)]
    ends += [now.null] if now.null is not None else []
    low, wide = min(ends), (max(ends) - min(ends)) or 1.0

    def x(value: float) -> str:
        return f"{EDGE + (WIDTH - 2 * EDGE) * (value - low) / wide:.1f}"

    height = 20 * len(both) + 4
    parts = []
    if now.null is not None:
        at = x(now.null)
        parts.append(f'<path d="M{at} 0V{height}" stroke="var(--soft)" stroke-dasharray="2 3"/>')
    for y, colour, mark in zip((12, 32), ("a", "soft"), both, strict=False):
        fill = "paper" if mark.interim else colour
        parts.append(
            f'<path d="M{x(mark.low)} {y}H{x(mark.high)}" stroke="var(--{colour})" stroke-width="3"/>'
            f'<circle cx="{x(mark.estimate)}" cy="{y}" r="5" fill="var(--{fill})" '
            f'stroke="var(--{colour})" stroke-width="2"/>'
        )
    alt = "; before that, ".join(mark.said for mark in both)
    line = "; the dashed line marks no difference" if now.null is not None else ""
    return (
        f'<svg class="mark" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(alt + line)}.">{"".join(parts)}</svg>'
    )
