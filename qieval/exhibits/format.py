"""How numbers are written for readers; the only place where anything is rounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from qieval.results import Quantity

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
PERCENTAGE_POINTS = "percentage points"

Shower = Callable[[Any], str]


def is_absent(value: object) -> bool:
    """Whether there is no value to show (None, NaN, NA, NaT)."""
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    )


def with_error(value: float, error: float, *, decimals: int = 1, factor: float = 1.0) -> str:
    """Write a simulated value with its Monte-Carlo standard error."""
    return f"{factor * value:.{decimals}f} \N{PLUS-MINUS SIGN} {factor * error:.{decimals}f}"


def factor_of(quantity: Quantity) -> float:
    """What raw numbers are multiplied by to be shown: proportions are shown in percent."""
    return 100.0 if quantity.kind == "binary" else 1.0


def difference_unit(quantity: Quantity) -> str:
    """Unit of differences as shown."""
    return PERCENTAGE_POINTS if quantity.kind == "binary" else quantity.unit


def text(value: object) -> str:
    """Write any value as it is; an en dash where there is none."""
    return DASH if is_absent(value) else str(value)


def integer(value: Any) -> str:
    """Write a count with thousands separated: ``3,412``."""
    return DASH if is_absent(value) else f"{round(value):,}".replace("-", MINUS)


def fixed(decimals: int, *, plus: bool = False) -> Shower:
    """Give a writer of numbers with a fixed count of decimals and a true minus sign."""

    def show(value: Any) -> str:
        if is_absent(value):
            return DASH
        if math.isinf(value):
            return "unbounded"
        shown = f"{value:{'+' if plus else ''},.{decimals}f}"
        if float(shown.replace(",", "")) == 0:
            shown = shown.lstrip("+-")
        return shown.replace("-", MINUS)

    return show


def percent(decimals: int = 0) -> Shower:
    """Give a writer of proportions as percentages: ``0.123`` becomes ``12 %``."""
    inner = fixed(decimals)

    def show(value: Any) -> str:
        return DASH if is_absent(value) else f"{inner(100 * value)}\N{NO-BREAK SPACE}%"

    return show


def p_value(value: Any) -> str:
    """Write a p-value: two significant digits, three decimals at most, never 0."""
    if is_absent(value):
        return DASH
    if value < 0.001:
        return "<\N{NARROW NO-BREAK SPACE}0.001"
    up = value + 1e-12  # halves upward: an exact 0.0625 must not read smaller than it is
    return f"{up:.3f}" if value < 0.1 else f"{up:.2f}"


def degrees(value: Any) -> str:
    """Write degrees of freedom: whole where they are whole, else with one decimal."""
    if is_absent(value):
        return DASH
    if math.isinf(value):
        return "\N{INFINITY}"
    return f"{value:.0f}" if abs(value - round(value)) < 1e-6 else f"{value:.1f}"


def decimals_for(*values: float) -> int:
    """Count the decimals that show the smallest of some standard errors or widths to two figures (0 to 4)."""
    known = [abs(value) for value in values if math.isfinite(value) and value != 0]
    if not known:
        return 2
    return min(4, max(0, 1 - math.floor(math.log10(min(known)))))


def plural(noun: str) -> str:
    """Give the plural of a regular English noun: sites, classes, practices, counties."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in set("aeiou"):
        return noun[:-1] + "ies"
    return noun + "s"
