"""Projects of Taguette: its database, and the tables of highlights that it exports.

The database is the only full source. Its offsets are UTF-8 bytes in the document's text with the tags left
out. Exported tables hold neither offsets nor coders, and only tags that were used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.coding.archive import content, refuse
from qieval.coding.codebook import Codebook
from qieval.coding.project import Project

HIGHLIGHTS = ("id", "document", "tag", "content")
"""Columns of an exported table of highlights."""
NOBODY = "unknown"
UNPLACED = (
    "The exported table does not say where highlights stand: overlaps and coverage cannot be read from it; "
    "the project's database tells them."
)
QUERIES = {
    "projects": "SELECT id FROM projects",
    "documents": "SELECT id AS source, name, description, contents FROM documents ORDER BY id",
    "tags": "SELECT id AS code, path AS tag, description FROM tags ORDER BY id",
    "highlights": """
        SELECT h.id AS selection, document_id AS source, start_offset, end_offset, snippet, tag_id AS code
        FROM highlights h LEFT JOIN highlight_tags t ON t.highlight_id = h.id ORDER BY h.id, tag_id""",
    "commands": """
        SELECT coalesce(json_extract(payload, '$.highlight_id'), json_extract(payload, '$.id')) AS selection,
        user_login AS coder FROM commands
        WHERE CASE WHEN json_valid(payload) THEN json_extract(payload, '$.type') END = 'highlight_add'
        ORDER BY id""",
}
TABLES = {*QUERIES, "highlight_tags"}


class _Words(HTMLParser):
    """The text of a page of HTML, its tags left out and nothing put between them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words(html: str) -> str:
    """Leave out the tags of a page of HTML."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    return "".join(parser.words)


def code_points(text: str, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bring offsets in UTF-8 bytes to code points; those out of range stay so."""
    stored = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    before = np.concatenate([[0], np.cumsum((stored & 0xC0) != 0x80)])
    inside = np.clip(offsets, 0, stored.size)
    return np.asarray(before[inside] + offsets - inside)


def read_database(path: Path) -> Project:
    """Read a project exported as SQLite; see `qieval.coding.read_project`.

    The coder of a highlight is who saved it last, where the file recorded that (an exported project names
    only the person who exported it). Documents are the sources, tags by their ids the codes.
    """
    tables = _tables(path)
    if len(tables["projects"]) != 1:
        refuse(path.name, f"holds {len(tables['projects'])} projects", remedy="export the one to be read")
    documents = tables["documents"]
    texts = dict(zip(documents["source"], (words(str(html)) for html in documents["contents"]), strict=True))
    rows = tables["highlights"].dropna(subset="code").reset_index(drop=True)
    rows = rows.assign(start=_offsets(rows["start_offset"]), end=_offsets(rows["end_offset"]))
    for source, at in rows.groupby("source").indices.items():
        for column in ("start", "end"):
            rows.loc[at, column] = code_points(texts.get(source, ""), rows.loc[at, column].to_numpy())
    spans = zip(rows["source"], rows["start"].clip(0), rows["end"].clip(0), strict=True)
    rows["text"] = pd.Series([texts.get(source, "")[start:end] for source, start, end in spans], dtype="str")
    shifted = sum(text != words(str(html)) for text, html in zip(rows["text"], rows["snippet"], strict=True))
    saved = dict(zip(tables["commands"]["selection"], tables["commands"]["coder"], strict=True))
    segments = rows[["source", "start", "end", "text", "selection"]].assign(
        code=rows["code"].astype("int64"), coder=[saved.get(each, NOBODY) for each in rows["selection"]]
    )
    sources = documents.drop(columns="contents").assign(characters=[len(text) for text in texts.values()])
    counts = {
        "Highlights without a tag, not counted": int(tables["highlights"]["code"].isna().sum()),
        "Applications on other text than the highlight's own copy of it": shifted,
    }
    notes = tuple(f"{what}: {count}." for what, count in counts.items() if count)
    return replace(Project.from_frames(segments, sources, codebook(tables["tags"])), notes=notes)


def _offsets(given: pd.Series) -> pd.Series:
    """Whole numbers; what is none lies before the text."""
    return pd.to_numeric(given, errors="coerce").fillna(-1).clip(-1, 2**40).astype("int64")


def _tables(path: Path) -> dict[str, pd.DataFrame]:
    """Read the tables from a copy in memory, on which no view or trigger of the file can act."""
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(content(path))
            database.text_factory = lambda stored: stored.decode("utf-8", "replace")
            database.execute("PRAGMA trusted_schema = OFF")
            known = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not {name for (name,) in known} >= TABLES:
                refuse(path.name, "is no project of Taguette", expected="tables " + ", ".join(sorted(TABLES)))
            return {name: pd.read_sql_query(query, database) for name, query in QUERIES.items()}
    except (sqlite3.Error, pd.errors.DatabaseError, ValueError) as error:
        refuse(path.name, f"is not a database that can be read ({error.__cause__ or error})")


def codebook(tags: pd.DataFrame) -> Codebook:
    """Make a codebook of tags: `tag` (path), optionally `description`, and `code` where ids are known.

    A tag stands under the longest other tag that its path begins with, up to a dot.
    """
    tags = tags.dropna(subset="tag").drop_duplicates("tag").astype({"tag": "str"})
    codes = tags.get("code", tags["tag"]).astype("str")
    known = dict(zip(tags["tag"], codes, strict=True))
    above = [next((part for part in _above(path) if part in known), "") for path in tags["tag"]]
    names = [
        path.removeprefix(f"{part}." if part else "") for path, part in zip(tags["tag"], above, strict=True)
    ]
    parents = [known.get(part, "") for part in above]
    book = pd.DataFrame(
        {"code": codes, "parent": parents, "name": names, "definition": tags.get("description", "")}
    )
    return Codebook.from_frame(book)


def _above(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def from_highlights(highlights: pd.DataFrame, book: Codebook | None = None) -> Project:
    """Make a project of an exported table of highlights.

    Rows that the export repeats (it does so for a parent tag) are dropped. Without the codebook, codes are
    the tags that occur. Documents without a highlight are not in such a table, nor are lengths of texts.
    """
    rows = highlights.dropna(subset=["id", "tag"]).drop_duplicates(["id", "tag"]).reset_index(drop=True)
    passage = rows["id"].factorize()[0]
    segments = pd.DataFrame(
        {"source": rows["document"], "code": rows["tag"], "coder": NOBODY, "start": 2 * passage}
    )
    segments = segments.assign(end=2 * passage + 1, text=rows["content"], selection=rows["id"].astype("str"))
    sources = pd.DataFrame({"source": rows["document"].drop_duplicates()})
    book = codebook(rows[["tag"]]) if book is None else book
    return replace(Project.from_frames(segments, sources, book), notes=(UNPLACED,), placed=False)
