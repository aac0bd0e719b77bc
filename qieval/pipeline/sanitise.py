"""What of a notebook's HTML may reach a page: shapes and words, nothing that runs, loads or dresses up.

Everything that a notebook shows passes here: Markdown cells, HTML of libraries, our own exhibits. A
notebook is as untrusted as the data in it (a column name can hold a script). nh3 parses as browsers do
(HTML5) and keeps what is listed; what is not listed is dropped, scripts with their content.
"""

from __future__ import annotations

import re

import nh3


def _names(listed: str) -> set[str]:
    return set(listed.split())


_WORDS = _names("""
    a abbr b bdi blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption
    figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub
    summary sup
    table tbody td tfoot th thead time tr u ul var
""")
_SHAPES = _names("""
    svg g defs path rect circle ellipse line polyline polygon text tspan use clipPath pattern marker
""")
_PAINT = _names("""
    class fill fill-opacity fill-rule opacity stroke stroke-width stroke-opacity stroke-dasharray
    stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit font-family font-size font-weight
    font-style text-anchor
    dominant-baseline transform clip-path clip-rule id
""")
_GEOMETRY = _names("""
    d x y x1 y1 x2 y2 cx cy r rx ry dx dy points width height viewBox patternUnits patternTransform
""")
_SILENCED = _names("script style title desc iframe noscript object template textarea foreignObject")

_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "dir", "lang"},
    "a": {"href"},
    "abbr": {"title"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "div": {"aria-label", "role", "tabindex"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start"},
    "section": {"aria-label"},
    "td": {"colspan", "rowspan"},
    "th": {"abbr", "colspan", "rowspan", "scope"},
    "time": {"datetime"},
} | dict.fromkeys(_SHAPES, _PAINT | _GEOMETRY)
_ATTRIBUTES["svg"] |= {"aria-label", "role"}
_ATTRIBUTES["use"] |= {"href"}

_CLASSES = _names("wrap right left primary line say caution remark wide small s")
_ROLES = {"group", "img", "region"}
_LINK = re.compile(r"(?:https?://|mailto:|#|[A-Za-z0-9_][\w.-]*(?:[/#?]|$))\S*", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_ID = re.compile(r"[A-Za-z0-9_.:-]+")
_OUTWARD = re.compile(r"url\((?!#)|@|\\|expression|javascript", re.IGNORECASE)
_INWARD = re.compile(r"url\(#")
_EMPTY_SHAPE = re.compile(r"></(?:path|rect|circle|ellipse|line|polyline|polygon|use)>")

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = [*range(9), 11, 12, *range(14, 32), 127]
_REVERSERS = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_INVISIBLE = dict.fromkeys(_CONTROLS + _REVERSERS)


def sanitise(html: str, *, scope: str = "") -> str:
    """Keep of an HTML fragment what a report may show.

    Parameters
    ----------
    html : str
        Anything.
    scope : str
        Put before every id in drawings and every reference to one, so that drawings of one page differ.

    Returns
    -------
    str
        Well-formed HTML in which ``<`` and ``>`` occur as parts of tags only: in text and in attributes they
        are escaped. No script, style, event, form or frame; links and embedded pictures only.
    """

    def admit(tag: str, attribute: str, value: str) -> str | None:
        return _admitted(tag, attribute, value, scope)

    cleaned = nh3.clean(
        html.translate(_INVISIBLE),
        tags=_WORDS | _SHAPES,
        clean_content_tags=_SILENCED,
        attributes=_ATTRIBUTES,
        attribute_filter=admit,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )
    return _EMPTY_SHAPE.sub("/>", cleaned)


def plain_text(text: str) -> str:
    """Strip terminal colours, control characters and marks that reverse the direction of reading."""
    return _TERMINAL.sub("", text).translate(_INVISIBLE)


def _admitted(tag: str, attribute: str, value: str, scope: str) -> str | None:
    """Give the value that an attribute may have, or None to drop it."""
    if attribute == "class":
        return " ".join(word for word in value.split() if word in _CLASSES or word.startswith("qi-")) or None
    if attribute == "href":
        return _link(value) if tag == "a" else _inner(value, scope)
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    if attribute == "id":
        return scope + value if _ID.fullmatch(value) else None
    if attribute == "role":
        return value if value in _ROLES else None
    if attribute == "tabindex":
        return "0"
    if tag in _SHAPES and attribute != "aria-label":
        return None if _OUTWARD.search(value) else _INWARD.sub(f"url(#{scope}", value)
    return value


def _link(value: str) -> str | None:
    if not _LINK.fullmatch(value):
        return None
    scheme = _SCHEME.match(value)
    return value if scheme is None or scheme[0].lower() in {"http:", "https:", "mailto:"} else None


def _inner(value: str, scope: str) -> str | None:
    return f"#{scope}{value[1:]}" if value.startswith("#") and _ID.fullmatch(value[1:]) else None
