"""Figures as inline SVG: text stays text, colours follow the page, the same figure gives the same bytes.

Draw with matplotlib or seaborn on `canvas`, in the colours named here only, and hand the figure to `to_svg`::

    fig, ax = canvas(640, 200)
    ax.plot([1, 2, 3], [4, 5, 6], color=A)
    drawing = to_svg(fig, name="trend")

seaborn mixes greys into its colours unless told otherwise: pass ``saturation=1``, ``linecolor=INK`` and
``err_kws={"color": INK}`` where it takes them.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Drawing
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from qieval.errors import ArgumentError
from qieval.exhibits.theme import (
    FONT,
    FONT_SIZE,
    INK,
    LIGHT,
    LINE,
    PALETTE,
    PAPER,
    SMALLEST_FONT,
    SOFT,
    WARN,
    WASH,
    A,
    B,
    C,
    D,
    E,
    settings,
    tint,
)

__all__ = [
    "INK", "LINE", "PALETTE", "PAPER", "SOFT", "WARN", "WASH", "A", "B", "C", "D", "E",
    "canvas", "tint", "tints", "to_svg",
]  # fmt: skip

WIDE, SMALL = 640, 440
LONGEST, LONGEST_TICK = 100, 64  # characters of one line
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SVG = "http://www.w3.org/2000/svg"
_HREFS = {"{http://www.w3.org/1999/xlink}href": "href"}
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")

_DROPPED = {"metadata", "style"}
_FILL_STYLES = {"fill", "fill-opacity", "fill-rule", "opacity"}
_LINE_STYLES = {"stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-dashoffset"}
_JOIN_STYLES = {"stroke-linecap", "stroke-linejoin", "stroke-miterlimit"}
_TEXT_STYLES = {"font-size", "font-style", "font-weight", "text-anchor"}
_STYLES = _FILL_STYLES | _LINE_STYLES | _JOIN_STYLES | _TEXT_STYLES
_GEOMETRY = {"d", "x", "y", "width", "height", "transform", "points"}

_VARIABLES = {colour: f"var(--{name}, {colour})" for name, colour in LIGHT.items()}
_VARIABLES["#000000"] = _VARIABLES[INK]
_ROOT = {
    "fill": _VARIABLES[INK],  # what matplotlib leaves out is black
    "font-family": FONT.replace('"', "'"),
    "font-size": f"{FONT_SIZE:g}",
    "stroke-linecap": "butt",
    "stroke-linejoin": "round",
}
_SAID_BY_ROOT = {
    ("font-size", _ROOT["font-size"]),
    ("stroke-dashoffset", "0"),
    ("text-anchor", "start"),
    ("transform", ""),
}


def canvas(
    width: float = 640, height: float = 240, *, rows: int = 1, cols: int = 1, **subplots_kw: Any
) -> tuple[Drawing, Any]:
    """Start a figure in the kit's visual language.

    Sets matplotlib's defaults to the kit's, as ``seaborn.set_theme`` does, so that what is added later fits.

    Parameters
    ----------
    width, height : float
        CSS pixels at the page's full column. From 640 on a figure scrolls on a phone instead of shrinking; up
        to 440 it keeps its size in a wider column.
    rows, cols : int
        Panels.
    **subplots_kw
        Passed to ``Figure.subplots`` (``sharex``, ``width_ratios``, …).

    Returns
    -------
    (Figure, Axes or array of Axes)
        A matplotlib figure outside pyplot's registry: nothing needs closing.
    """
    theme: Any = settings() | {"axes.prop_cycle": cycler(color=list(PALETTE))}
    mpl.rcParams.update(theme)
    fig = Drawing(figsize=(width / 72, height / 72), dpi=72, layout="constrained")
    FigureCanvasAgg(fig)  # seaborn asks for a renderer while it lays out labels
    return fig, fig.subplots(rows, cols, **subplots_kw)


def tints(colour: str = A) -> LinearSegmentedColormap:
    """Give a colour map from `tint` 0 to `tint` 1, for heat maps that must read in light and in dark."""
    return LinearSegmentedColormap.from_list("qieval-tints", [tint(0, colour), tint(1, colour)], N=64)


def to_svg(fig: Drawing, *, name: str = "") -> str:
    """Turn a figure into an ``<svg>`` element that may stand in any page.

    Parameters
    ----------
    fig : matplotlib Figure
        Drawn on `canvas`.
    name : str
        Prefix of the ids inside, the exhibit's name; without it a digest of the drawing.

    Returns
    -------
    str
        Text as text, presentation attributes only, colours as ``var(--name, #light)``, deterministic ids, no
        size but the view box.

    Raises
    ------
    ArgumentError
        For a colour outside the kit's, an image, or text below 12 px.
    """
    root = _drawn(fig)
    for parent in list(root.iter()):
        parent[:] = [child for child in parent if _local(child) not in _DROPPED]
    for element in root.iter():
        _restyle(element)
    _dress(root)
    _forget_ids(root)
    _flatten(root)
    _renumber(root, "f")
    _renumber(root, name or "f" + hashlib.sha256(ET.tostring(root)).hexdigest()[:8])
    return ET.tostring(root, encoding="unicode")


def _drawn(fig: Drawing) -> ET.Element:
    buffer = io.StringIO()
    _fit_words(fig)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "qieval"}):
        fig.savefig(buffer, format="svg", facecolor="none", metadata={"Date": None})
    return ET.fromstring(buffer.getvalue())  # noqa: S314 (matplotlib's own output)


def _fit_words(fig: Drawing) -> None:
    """Cut words that would leave no room for the drawing, and take out characters that XML does not know."""
    for said in fig.findobj(Text):
        said.set_text(_short(said.get_text()))
    for formatter in (axis.get_major_formatter() for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        if isinstance(formatter, FuncFormatter):  # named ticks are told by a function too
            formatter.func = partial(_short_tick, formatter.func)


def _short_tick(write: Callable[..., Any], value: float, place: int | None = None) -> str:
    return _short(str(write(value, place)), LONGEST_TICK)


def _short(words: str, most: int = LONGEST) -> str:
    known = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", words)
    return "\n".join(line if len(line) <= most else line[: most - 1] + "…" for line in known.split("\n"))


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _restyle(element: ET.Element) -> None:
    """Move ``style`` to presentation attributes and colours to variables; drop what the root already says."""
    element.tag = _local(element)
    if element.tag == "image":
        raise ArgumentError("A figure holds an image; draw shapes (pcolormesh, not imshow).")
    declared = (part.partition(":") for part in element.attrib.pop("style", "").split(";"))
    styles = {prop.strip(): value.strip() for prop, _, value in declared if prop.strip() in _STYLES}
    tidied = {_HREFS.get(key, key): _value(key, value) for key, value in (element.attrib | styles).items()}
    if "font-size" in tidied:
        _check_legible(element, float(tidied["font-size"]))
    if element.tag == "text" and tidied.get("fill") == _ROOT["fill"]:
        del tidied["fill"]
    element.attrib.clear()
    element.attrib.update({key: value for key, value in tidied.items() if (key, value) not in _SAID_BY_ROOT})
    element.tail = None
    if element.tag not in {"text", "tspan"}:
        element.text = None


def _value(key: str, value: str) -> str:
    if key in {"fill", "stroke"}:
        return _paint(value)
    if key == "font-size":
        return value.removesuffix("px")
    if key == "transform" and value.startswith("rotate(-0 "):
        return ""
    return _shorten(value) if key in _GEOMETRY else value


def _paint(value: str) -> str:
    if value == "none" or value.startswith("url("):
        return value
    if value.lower() not in _VARIABLES:
        raise ArgumentError(
            f"A figure uses the colour {value}, which has no dark counterpart; use the colours named in "
            "qieval.exhibits.svg (INK, SOFT, LINE, WASH, PAPER, A to E, WARN)."
        )
    return _VARIABLES[value.lower()]


def _check_legible(element: ET.Element, size: float) -> None:
    if size < SMALLEST_FONT:
        said = "".join(element.itertext())
        raise ArgumentError(f"The text {said!r} in a figure is {size:g} px; 12 px is the smallest allowed.")


def _shorten(value: str) -> str:
    return " ".join(_NUMBER.sub(lambda found: f"{round(float(found[0]), 2) + 0.0:g}", value).split())


def _dress(root: ET.Element) -> None:
    """Say on the root what matplotlib says in a style sheet, with a class that tells how to fit the page."""
    box = root.attrib["viewBox"]
    width = float(box.split()[2])
    root.attrib.clear()
    root.attrib.update({"xmlns": _SVG, "viewBox": box} | _ROOT)
    if width >= WIDE or width <= SMALL:
        root.set("class", "wide" if width >= WIDE else "small")


def _forget_ids(root: ET.Element) -> None:
    used = {name for element in root.iter() for name in _references(element)}
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)


def _references(element: ET.Element) -> Iterator[str]:
    if element.get("href", "").startswith("#"):
        yield element.attrib["href"][1:]
    for value in element.attrib.values():
        yield from _REFERENCE.findall(value)


def _flatten(parent: ET.Element) -> None:
    """Drop groups without attributes and shapes without paint."""
    kept: list[ET.Element] = []
    for child in parent:
        _flatten(child)
        if child.tag == "g" and not child.attrib:
            kept.extend(child)
        elif not _unseen(child):
            kept.append(child)
    parent[:] = kept


def _unseen(element: ET.Element) -> bool:
    if element.tag in {"g", "defs"}:
        return not len(element)
    return (
        element.tag == "path" and element.get("fill") == "none" and not {"stroke", "id"} & set(element.attrib)
    )


def _renumber(root: ET.Element, prefix: str) -> None:
    """Number the ids in the order in which they are defined."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", prefix)
    named = [element for element in root.iter() if "id" in element.attrib]
    new = {element.attrib["id"]: f"{stem}-{position}" for position, element in enumerate(named, start=1)}
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id":
                element.set(key, new[value])
            elif key == "href":
                element.set(key, "#" + new[value[1:]])
            elif "url(#" in value:
                element.set(key, _REFERENCE.sub(lambda found: f"url(#{new[found[1]]})", value))
