"""The one visual language of figures and pages: colours in light and dark, and matplotlib's settings."""

from __future__ import annotations

from typing import Any

from qieval.errors import ArgumentError

PAPER = "#ffffff"
INK = "#1c2127"
SOFT = "#5a6470"
LINE = "#d9dee4"
WASH = "#f5f7f9"
A = "#0b62a4"
B = "#b35900"
C = "#16755a"
D = "#8a3f97"
E = "#66650f"
WARN = "#7a4d00"

LIGHT = {
    "paper": PAPER,
    "ink": INK,
    "soft": SOFT,
    "line": LINE,
    "wash": WASH,
    "a": A,
    "b": B,
    "c": C,
    "d": D,
    "e": E,
    "warn": WARN,
    "warnwash": "#fff6e5",
    "card": "#f0f6fb",
}
"""Every colour of a page by its CSS name, as seen on a light screen and on paper."""

DARK = {
    "paper": "#14181d",
    "ink": "#e6eaee",
    "soft": "#a3adb8",
    "line": "#343c46",
    "wash": "#1b2128",
    "a": "#6db6ee",
    "b": "#f0a35c",
    "c": "#5fc9a3",
    "d": "#d09be0",
    "e": "#c9c46a",
    "warn": "#f0c987",
    "warnwash": "#2a2212",
    "card": "#172431",
}
"""The same names on a dark screen."""

PALETTE = (A, B, C, D, E)
"""Colours of series, in order; a label stands beside each, so that nobody depends on colour alone."""

FONT = 'ui-sans-serif,system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
FONT_SIZE = 13.0
SMALLEST_FONT = 12.0

FAINTEST, STRONGEST = 0.06, 0.45


def tint(fraction: float, colour: str = A) -> str:
    """Give a colour between paper and nearly half of `colour`, for heat maps; `INK` stays legible.

    Parameters
    ----------
    fraction : float
        Between 0 (faintest) and 1 (strongest).
    colour : str
        One of the colours of this module.

    Returns
    -------
    str
        ``#rrggbbaa``; the transparency lets the page's own background through, in light and in dark.
    """
    if not 0 <= fraction <= 1:
        raise ArgumentError(f"The `fraction` parameter of `tint` must lie between 0 and 1; not {fraction!r}.")
    alpha = FAINTEST + fraction * (STRONGEST - FAINTEST)
    return f"{colour}{round(255 * alpha):02x}"


def settings() -> dict[str, Any]:
    """Give matplotlib's settings of the kit's figures (one point is one CSS pixel)."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": LINE,
        "axes.facecolor": "none",
        "axes.labelcolor": SOFT,
        "axes.labelsize": FONT_SIZE,
        "axes.linewidth": 1.0,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlesize": FONT_SIZE,
        "axes.titleweight": "bold",
        "figure.facecolor": "none",
        "font.family": "DejaVu Sans",  # ships with matplotlib, so text is measured alike on every machine
        "font.size": FONT_SIZE,
        "grid.color": LINE,
        "grid.linewidth": 1.0,
        "hatch.color": INK,
        "hatch.linewidth": 1.0,
        "legend.fontsize": FONT_SIZE,
        "legend.frameon": False,
        "legend.title_fontsize": FONT_SIZE,
        "lines.linewidth": 2.0,
        "lines.markersize": 8.0,
        "patch.edgecolor": PAPER,
        "patch.linewidth": 1.0,
        "svg.fonttype": "none",
        "svg.hashsalt": "qieval",
        "text.color": INK,
        "text.parse_math": False,  # a dollar sign in a label is a dollar sign
        "xtick.color": LINE,
        "xtick.labelcolor": SOFT,
        "xtick.labelsize": FONT_SIZE,
        "xtick.major.size": 0.0,
        "ytick.color": LINE,
        "ytick.labelcolor": INK,
        "ytick.labelsize": FONT_SIZE,
        "ytick.major.size": 0.0,
    }
