"""The running order of a page: its contents list, its figures and tables numbered, its tables made to scroll.

Works on HTML that `qieval.pipeline.sanitise.sanitise` returned, and relies on what it promises: ``<`` and
``>`` stand in tags only, so a tag can be found by a pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape, unescape

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>")
_HEADING = re.compile(r"<h([1-6])[^<>]*>(.*?)</h\1>", re.DOTALL)
_MARKUP = re.compile(r"<[^<>]*>")
_LABEL = re.compile(r'<b class="qi-label">(Figure|Table)\.</b>')
_KICKER = re.compile(r'<p class="qi-kicker">(.*?)</p>', re.DOTALL)
_CAPTION = re.compile(r"(<(?:fig)?caption>)(.*?)(</(?:fig)?caption>)", re.DOTALL)
_EMPTY_HEADER = re.compile(r"<th[^<>]*></th>")


@dataclass(slots=True)
class Outline:
    """What has been met so far on a page, from its top.

    Attributes
    ----------
    contents : list of (str, str)
        Anchor and words of each heading of the second level.
    """

    contents: list[tuple[str, str]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _anchors: set[str] = field(default_factory=lambda: {"main", "made"})

    def words(self, html: str) -> str:
        """Lay out prose: headings get anchors and enter the contents, tables scroll, headers get scopes."""
        return _HEADING.sub(self._heading, self._tables(html))

    def exhibit(self, html: str, *, csv: str | None = None) -> str:
        """Lay out an exhibit: its label gets a number, its caption a link to its numbers."""
        numbered = self._numbered(_KICKER.sub(self._kicker, html))
        link = f' <a class="qi-csv" href="{escape(csv)}">Numbers (CSV)</a>' if csv else ""
        return _CAPTION.sub(lambda it: f"{it[1]}<span>{it[2]}{link}</span>{it[3]}", numbered, count=1)

    def anchor(self, words: str) -> str:
        """Give a heading an id that is new on this page."""
        stem = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40] or "section"
        name, again = stem, 2
        while name in self._anchors:
            name, again = f"{stem}-{again}", again + 1
        self._anchors.add(name)
        return name

    def next_number(self, kind: str) -> int:
        """Count one more of a kind, from 1."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._numbers[kind]

    def _heading(self, found: re.Match[str]) -> str:
        level, inner = max(2, int(found[1])), found[2]
        words = bare(inner)
        if not words:
            return ""
        anchor = self.anchor(words)
        if level == 2:
            self.contents.append((anchor, words))
        return f'<h{level} id="{anchor}">{inner}</h{level}>'

    def _kicker(self, found: re.Match[str]) -> str:
        anchor = self.anchor("line")
        self.contents.append((anchor, bare(found[1])))
        return f'<h2 class="qi-kicker" id="{anchor}">{found[1]}</h2>'

    def _numbered(self, html: str) -> str:
        """Number an exhibit where it is labelled, for the eye and for a screen reader."""
        label = _LABEL.search(html)
        if label is None:
            return html
        named = f"{label[1]} {self.next_number(label[1])}"
        seen = html.replace(label[0], f'<b class="qi-label">{named}.</b>', 1)
        return seen.replace(f'aria-label="{label[1]}: ', f'aria-label="{named}: ', 1)

    def _tables(self, html: str) -> str:
        """Put each table into a region that scrolls and say what each header is a header of."""
        if "<table" not in html:
            return html
        state = _TableState()

        def place(found: re.Match[str]) -> str:
            closing, tag, attributes = found[1], found[2], found[3]
            if tag == "table":
                return self._frame(found[0], state, closing=bool(closing))
            if tag in {"thead", "tbody"}:
                state.head = tag == "thead" and not closing
            if tag == "th" and not closing and " scope=" not in attributes:
                return f'<th scope="{"col" if state.head else "row"}"{attributes}>'
            return found[0]

        return _TAG.sub(place, _EMPTY_HEADER.sub("<td></td>", html))

    def _frame(self, tag: str, state: _TableState, *, closing: bool) -> str:
        state.depth += -1 if closing else 1
        if closing:
            return tag + ("</div>" if state.depth == 0 else "")
        state.head = False
        if state.depth > 1:
            return tag
        label = f"Listing {self.next_number('Listing')}"
        return f'<div class="wrap" tabindex="0" role="region" aria-label="{label}">{tag}'


@dataclass(slots=True)
class _TableState:
    depth: int = 0
    head: bool = False


def bare(html: str) -> str:
    """Give the words of a fragment without its mark-up."""
    return " ".join(unescape(_MARKUP.sub("", html)).split())


def split_heading(html: str) -> tuple[str, str]:
    """Split off the heading that a fragment begins with: its words (none if there is none) and the rest."""
    found = _HEADING.match(html.lstrip())
    return (bare(found[2]), html.lstrip()[found.end() :]) if found else ("", html)
