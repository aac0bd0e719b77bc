"""The three exhibits: a table, a figure, a statement.

An exhibit is made from a result and computes nothing. It shows itself as accessible HTML and carries the same
numbers, unrounded, as `MIME`; so what a page shows and what ``results.json`` holds cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd

from qieval.exhibits.disclosure import coarse, rounded, rounds
from qieval.exhibits.format import Shower, is_absent, text
from qieval.results import TIDY, Record

MIME = "application/vnd.qieval.result+json"
SCHEMA = 1
TYPED = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NO-BREAK SPACE}": " "})  # what spreadsheets take for text

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a `Table` as it is shown.

    Attributes
    ----------
    source : str
        Column of the frame that holds the raw values.
    label : str
        Header, in the reader's words.
    unit : str
        Shown small under the header.
    show : callable
        Writes one raw value for the reader (see `qieval.exhibits.format`).
    upper : str, optional
        A second column of the frame; the cell then reads ``source to upper``.
    align : {"right", "left"}
        Numbers right, words left.
    people : bool
        Whether it counts people; such counts are rounded as the study asks.
    """

    source: str
    label: str
    unit: str = ""
    show: Shower = text
    upper: str | None = None
    align: Literal["right", "left"] = "right"
    people: bool = False

    def cell(self, row: Mapping[str, Any]) -> str:
        """Write this column's cell of one row."""
        low = row[self.source]
        if self.upper is None:
            return self.show(low)
        high = row[self.upper]
        if is_absent(low) and is_absent(high):
            return text(None)
        if math.isinf(low) and math.isinf(high):
            return "unbounded"
        return f"{self.show(low)} to {self.show(high)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a caption, headers with scope and units, and its raw numbers.

    Not by great-tables (compared at 1.1.0): of a table of eight rows it makes 13 kB of HTML where this makes
    2, its title is a cell and no caption, the page's policy refuses its styles, its ids are random or stand
    twice on a page, and it carries no raw numbers. Of what it has beyond this no report has need.

    Cells of numbers are written so that they are numbers where they are pasted into a spreadsheet.

    Attributes
    ----------
    name : str
        Short stable name; part of the file name and of the keys in ``results.json``.
    caption : str
        What the table shows, in one or two sentences.
    frame : DataFrame
        Raw values, unrounded.
    columns : sequence of Column
        The columns shown, in order; the first is the row's header.
    records : sequence of Record
        Estimates that go to ``results.json``.
    emphasis : sequence of int
        Positions of rows set off, the primary analysis for instance.
    notes : sequence of str
        Shown under the table.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    records: Sequence[Record] = ()
    emphasis: Sequence[int] = ()
    notes: Sequence[str] = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002 (the protocol's names)
        return {"text/plain": self.caption, "text/html": self.html(), MIME: self.payload()}

    def html(self) -> str:
        """Accessible HTML; every text in it is escaped."""
        head = "".join(_header(column) for column in self.columns)
        body = "".join(
            _row(row, self.columns, emphasised=position in self.emphasis)
            for position, row in enumerate(self.told().to_dict(orient="records"))
        )
        notes = "".join(f'<p class="qi-note">{escape(note)}</p>' for note in self.notes)
        caption = f'<caption><b class="qi-label">Table.</b> {escape(self.caption)}</caption>'
        return (
            f'<div class="qi-exhibit wrap" tabindex="0" role="region" '
            f'aria-label="{escape("Table: " + self.caption)}"><table class="qi-table">{caption}'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{notes}"
        )

    def payload(self) -> Payload:
        """The numbers as JSON can hold them."""
        return _payload(
            "table", self.name, self.caption, shown_frame(self.told(), self.columns), self.records, self.notes
        )

    def told(self) -> pd.DataFrame:
        """The frame as the study lets its numbers be told; as it is where it asks for nothing."""
        if not rounds():
            return self.frame
        counts = {each.source: rounded(self.frame[each.source]) for each in self.columns if each.people}
        told: pd.DataFrame = self.frame.apply(lambda column: column.map(coarse))
        return told.assign(**counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing with a caption, an alternative text that tells the result, and the numbers drawn.

    Attributes
    ----------
    name, caption : str
        As for `Table`.
    alt : str
        What a person who cannot see the drawing needs to know, composed from the result.
    svg : str
        A complete ``<svg>`` element whose colours are CSS variables (see `qieval.exhibits.svg`).
    frame : DataFrame
        The numbers drawn.
    records : sequence of Record
        Estimates that go to ``results.json``.
    """

    name: str
    caption: str
    alt: str
    svg: str
    frame: pd.DataFrame
    records: Sequence[Record] = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002 (the protocol's names)
        return {"text/plain": f"{self.caption} {self.alt}", "text/html": self.html(), MIME: self.payload()}

    def html(self) -> str:
        """Accessible HTML; the drawing takes its alternative text from `alt`."""
        drawing = self.svg.replace("<svg ", f'<svg role="img" aria-label="{escape(self.alt)}" ', 1)
        return (
            f'<figure class="qi-exhibit"><div class="wrap" tabindex="0" role="region" '
            f'aria-label="{escape("Figure: " + self.caption)}">{drawing}</div>'
            f'<figcaption><b class="qi-label">Figure.</b> {escape(self.caption)}</figcaption></figure>'
        )

    def payload(self) -> Payload:
        """The numbers as JSON can hold them, with the alternative text."""
        return _payload("figure", self.name, self.caption, self.frame, self.records) | {"alt": self.alt}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Sentences generated from results: the bottom line, a caution, or a remark.

    Attributes
    ----------
    name : str
        Short stable name.
    role : {"headline", "caution", "note"}
        A headline is also shown in the wave's index.
    say : str
        The sentence that matters; the part between ``**`` is set in bold.
    more : sequence of str
        Further paragraphs.
    records : sequence of Record
        Estimates that go to ``results.json``.
    """

    name: str
    role: Literal["headline", "caution", "note"]
    say: str
    more: Sequence[str] = ()
    records: Sequence[Record] = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002 (the protocol's names)
        return {"text/plain": self.plain(), "text/html": self.html(), MIME: self.payload()}

    def plain(self) -> str:
        """The sentences without mark-up."""
        return "\n".join([self.say.replace("**", ""), *self.more])

    def html(self) -> str:
        """Accessible HTML; every text in it is escaped."""
        said = _bold(self.say)
        more = "".join(f"<p>{_bold(paragraph)}</p>" for paragraph in self.more)
        if self.role == "headline":
            return (
                '<section class="qi-exhibit line" aria-label="The bottom line">'
                f'<p class="qi-kicker">The bottom line</p><p class="say">{said}</p>{more}</section>'
            )
        kind = "caution" if self.role == "caution" else "remark"
        return f'<div class="qi-exhibit {kind}"><p>{said}</p>{more}</div>'

    def payload(self) -> Payload:
        """The sentences and their numbers as JSON can hold them."""
        bare = _payload("statement", self.name, self.say.replace("**", ""), pd.DataFrame(), self.records)
        return bare | {"role": self.role, "more": list(self.more)}


def shown_frame(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Keep the raw values of the columns that are shown, and no others."""
    wanted = [name for column in columns for name in (column.source, column.upper) if name is not None]
    return frame[list(dict.fromkeys(wanted))]


def _bold(words: str) -> str:
    pieces = escape(words).split("**")
    return "".join(f"<b>{piece}</b>" if position % 2 else piece for position, piece in enumerate(pieces))


def _header(column: Column) -> str:
    unit = f" <small>{escape(column.unit)}</small>" if column.unit else ""
    return f'<th scope="col" class="{column.align}">{escape(column.label)}{unit}</th>'


def _row(row: Mapping[Any, Any], columns: Sequence[Column], *, emphasised: bool) -> str:
    first, *rest = columns
    cells = "".join(
        f'<td class="{column.align}">{escape(column.cell(row)).translate(TYPED)}</td>' for column in rest
    )
    start = '<tr class="primary">' if emphasised else "<tr>"
    return f'{start}<th scope="row">{escape(first.cell(row))}</th>{cells}</tr>'


def _payload(
    kind: str,
    name: str,
    caption: str,
    frame: pd.DataFrame,
    records: Sequence[Record],
    notes: Sequence[str] = (),
) -> Payload:
    return {
        "schema": SCHEMA,
        "kind": kind,
        "name": name,
        "caption": caption,
        "columns": [str(column) for column in frame.columns],
        "rows": [[coarse(plain(value)) for value in row] for row in frame.itertuples(index=False)],
        "results": [_published(record) for record in records],
        "notes": list(notes),
    }


def _published(record: Record) -> Payload:
    row = {name: coarse(plain(getattr(record.estimate, name))) for name in TIDY}
    if row["n"] is not None and rounds():
        row["n"] = int(rounded(row["n"]))
    return {
        "key": record.key,
        **row,
        "primary": record.primary,
        "status": record.status,
        "notes": list(record.estimate.notes),
    }


def plain(value: Any) -> Any:
    """Turn a value into one that JSON holds: no NumPy types, null for what is absent or unbounded."""
    if is_absent(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int, str)):
        return value
    return str(value)
