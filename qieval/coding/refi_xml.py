"""What stands in the XML of a REFI-QDA project or codebook, taken as it streams by.

Read leniently, as programs write it: GUIDs in any case and with braces or without, positions that are none,
references that lead nowhere. What is made of it, `qieval.coding.refi` decides.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from qieval.coding.archive import Archive
from qieval.coding.offsets import StoredText

KINDS = {
    "TextSource": "text",
    "PictureSource": "picture",
    "PDFSource": "PDF",
    "AudioSource": "audio",
    "VideoSource": "video",
}
BODIES = ("Representation", "TextDescription", "Transcript")
"""Children of a source that hold its text."""
PASSAGES = ("PlainTextSelection", "TranscriptSelection")
WHOLE = "the source as a whole is coded, no passage"
NOT_TEXT = (
    "no passage of the source's text (a region of a page or picture, sound or film, a further transcript)"
)
NOBODY = "unknown"
TAKEN = frozenset({"source", "name", "characters", "case", "coders"})
"""Columns that a variable may not stand for."""
WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}\s*", re.ASCII)
TYPES = {"IntegerValue": int, "FloatValue": float}
Values = dict[str, Any]


@dataclass(slots=True)
class Gathered:
    """What the project file holds, before anything is joined.

    `selections` are those in a text: place of the source, GUID, start, end, name. `codings` hold the place
    of such a selection (−1 for none), the place of the source, the selection's GUID, the code, the coder,
    and why it is set aside ("" if it is not).
    """

    codes: list[tuple[Any, ...]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    cases: list[tuple[str, Values, list[str]]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    given: list[Values] = field(default_factory=list)
    texts: list[StoredText | None] = field(default_factory=list)
    selections: list[tuple[int, str, float, float, str]] = field(default_factory=list)
    codings: list[tuple[int, int, str, str, str, str]] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)

    @property
    def ids(self) -> list[str]:
        """The sources' GUIDs."""
        return [source["source"] for source in self.sources]


def gather(element: ET.Element, found: Gathered, archive: Archive) -> None:
    """Take what an element that just ended holds, and let go of it."""
    name = element.tag
    if name in KINDS:
        _source(element, found, archive)
    elif name == "CodeBook":
        found.codes = codes(element)
    elif name == "Variables":
        found.variables = _variables(element)
    elif name == "Case":
        references = element.findall("SourceRef") + element.findall("SelectionRef")
        targets = [_guid(reference.get("targetGUID")) for reference in references]
        found.cases.append((_guid(element.get("guid")), _values(element), targets))
    else:
        return
    element.clear()


@lru_cache(maxsize=4096)
def _guid(given: str | None) -> str:
    return (given or "").strip().strip("{}").upper()


def codes(book: ET.Element) -> list[tuple[Any, ...]]:
    """List codes level by level: nesting may be deeper than a program may recurse."""
    rows = []
    level = [("", code) for codes in book.findall("Codes") for code in codes.findall("Code")]
    while level:
        below = []
        for parent, code in level:
            guid = _guid(code.get("guid"))
            definition = " ".join(child.text or "" for child in code.findall("Description"))
            codable = code.get("isCodable", "true").strip().lower() not in {"false", "0"}
            rows.append((guid, parent, code.get("name"), definition, codable))
            below += [(guid, child) for child in code.findall("Code")]
        level = below
    return rows


def _variables(element: ET.Element) -> dict[str, str]:
    """Name each variable's column; two of one name stay apart."""
    names: dict[str, str] = {}
    for variable in element.findall("Variable"):
        name, count = variable.get("name", ""), 2
        column = name
        while column in TAKEN or column in names.values():
            column, count = f"{name} ({count})", count + 1
        names[_guid(variable.get("guid"))] = column
    return names


def _values(element: ET.Element) -> Values:
    """Values of variables on a case or source, by the variable's GUID."""
    values: Values = {}
    for given in element.findall("VariableValue"):
        for reference in given.findall("VariableRef"):
            for value in given:
                if value is not reference and value.text is not None:
                    values[_guid(reference.get("targetGUID"))] = _typed(value.tag, value.text)
    return values


def _typed(kind: str, text: str) -> object:
    try:
        return TYPES.get(kind, str)(text)
    except ValueError:
        return text


def _source(element: ET.Element, found: Gathered, archive: Archive) -> None:
    bodies = [element] if element.tag == "TextSource" else [each for each in element if each.tag in BODIES]
    at, guid, kind = len(found.sources), _guid(element.get("guid")), KINDS[element.tag]
    found.sources.append({"source": guid, "name": element.get("name", ""), "source_kind": kind})
    found.given.append(_values(element))
    found.texts.append(_text(bodies[0], found, archive) if bodies else None)
    placed = {pair for body in bodies[:1] for pair in _passages(body, at, found)}
    for owner in dict.fromkeys([element, *bodies]):
        found.codings += [(-1, at, "", *coding, WHOLE) for coding in _codings(owner)]
    elsewhere = [each for each in element if each.tag.endswith("Selection") and each.tag not in PASSAGES]
    for each in [*elsewhere, *(each for body in bodies[1:] for each in body if each.tag in PASSAGES)]:
        selection = _guid(each.get("guid"))
        # the same quotation may stand on the page and in its text: one selection, two codings
        new = [coding for coding in _codings(each) if (selection, coding[0]) not in placed]
        found.codings += [(-1, at, selection, *coding, NOT_TEXT) for coding in new]


def _passages(body: ET.Element, at: int, found: Gathered) -> Iterator[tuple[str, str]]:
    """Take the selections in a text, by position or between points of synchronisation, and their codings."""
    points = {_guid(point.get("guid")): point.get("position") for point in body.findall("SyncPoint")}
    for each in body:
        if each.tag == "PlainTextSelection":
            start, end = each.get("startPosition"), each.get("endPosition")
        elif each.tag == "TranscriptSelection":
            start, end = (points.get(_guid(each.get(name))) for name in ("fromSyncPoint", "toSyncPoint"))
        else:
            continue
        guid, passage = _guid(each.get("guid")), len(found.selections)
        found.selections.append((at, guid, _position(start), _position(end), each.get("name") or ""))
        for code, coder in _codings(each):
            found.codings.append((passage, at, guid, code, coder, ""))
            yield guid, code


def _position(given: str | None) -> float:
    """Read a whole number; anything else is no position."""
    return float(given) if given and WHOLE_NUMBER.fullmatch(given) else np.nan


def _codings(owner: ET.Element) -> Iterator[tuple[str, str]]:
    """Codes applied to a selection or source, each with its coder."""
    fallback = owner.get("creatingUser") or owner.get("modifyingUser")
    for coding in owner.findall("Coding"):
        coder = _guid(coding.get("creatingUser") or fallback) or NOBODY
        for reference in coding.findall("CodeRef"):
            yield _guid(reference.get("targetGUID")), coder


def _text(body: ET.Element, found: Gathered, archive: Archive) -> StoredText | None:
    """Give the text inside the project file or in the archive; a path to anywhere else is never opened."""
    for inside in body.findall("PlainTextContent"):
        return StoredText.of(inside.text or "")
    path = body.get("plainTextPath") or ""
    kind, _, name = path.partition("://")
    member = f"sources/{name}".lower()
    if kind.lower() != "internal" or not re.fullmatch(r"[^/\\]+\.txt", name, re.IGNORECASE):
        found.untold["point outside the archive" if path else "have no text"] += 1
    elif member not in archive.members:
        found.untold["are missing from the archive"] += 1
    else:
        try:
            return StoredText.of(archive.read(member).decode("utf-8"))
        except UnicodeDecodeError:
            found.untold["are not in UTF-8"] += 1
    return None
