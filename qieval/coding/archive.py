"""Files from elsewhere, read in memory within bounds: nothing is unpacked to disk, nothing else is opened.

Archives are judged by what they declare before a byte is read, and no more than that is read. XML with a
document type is refused: without one there are no entities to expand and nothing to fetch.
"""

from __future__ import annotations

import re
import stat
import warnings
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NoReturn
from xml.parsers import expat

import pandas as pd

from qieval.errors import Fault, InputError

MIB = 2**20
LARGEST = 256 * MIB
"""Most bytes of one file or member that is read."""
LARGEST_SUM = 1024 * MIB
"""Most bytes of all members of one archive that may be read."""
HIGHEST_RATIO = 200
"""Most bytes that one stored byte may unfold to, for members above 1 MiB."""
MOST_MEMBERS = 100_000
MOST_ELEMENTS = 5_000_000
TEXTUAL = (".qde", ".txt", ".xml", ".rels")
"""Endings of members that are read; pictures, sound and film never are, and may be large."""
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
"""How a damaged archive shows while it is unzipped."""
IDS = ("source", "code", "parent", "coder", "case", "id")


def refuse(file: str, problem: str, *, expected: str | None = None, remedy: str | None = None) -> NoReturn:
    """Refuse a file for one reason."""
    raise InputError([Fault(file=file, problem=problem, expected=expected, remedy=remedy)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive whose table of contents was found safe.

    Attributes
    ----------
    file : str
        What messages call it.
    members : dict of str to ZipInfo
        By name in lower case.
    """

    file: str
    members: dict[str, zipfile.ZipInfo]
    _opened: zipfile.ZipFile

    def read(self, name: str) -> bytes:
        """Give a member's content, never more than it declares."""
        with self.stream(name) as stream, _damage(self.file):
            return stream.read(self.members[name.lower()].file_size + 1)

    def stream(self, name: str) -> IO[bytes]:
        """Open a member for reading."""
        with _damage(self.file):
            return self._opened.open(self.members[name.lower()])


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive after judging every member by what it declares.

    Raises
    ------
    InputError
        If any member points outside the archive, is a link, is encrypted, occurs twice, or unfolds to more
        than the bounds allow; if the archive is damaged. The whole archive is refused, not the member.
    """
    file = path.name
    with _damage(file):
        held = zipfile.ZipFile(path)
    with held:
        members = {member.filename.lower(): member for member in held.infolist()}
        for problem in _problems(held.infolist(), members):
            refuse(file, problem, remedy="export the project anew from the program it was coded in")
        yield Archive(file=file, members=members, _opened=held)


@contextmanager
def _damage(file: str) -> Iterator[None]:
    """Turn what a damaged archive raises into words."""
    try:
        yield
    except DAMAGE as error:
        raise InputError(
            [Fault(file=file, problem=f"is not an archive that can be read ({error})")]
        ) from error


def _problems(listed: list[zipfile.ZipInfo], members: dict[str, zipfile.ZipInfo]) -> Iterator[str]:
    if len(listed) > MOST_MEMBERS:
        yield f"holds more than {MOST_MEMBERS:,} members"
    if len(members) < len(listed):
        yield "holds two members of the same name"
    for member in listed:
        problem = _problem(member)
        if problem:
            yield f"member {member.orig_filename[:80]!r} {problem}"
    if sum(member.file_size for member in listed if _textual(member)) > LARGEST_SUM:
        yield f"unfolds to more than {LARGEST_SUM // MIB:,} MiB of text"


def _problem(member: zipfile.ZipInfo) -> str | None:
    name = member.orig_filename
    if re.search(r"^/|^[A-Za-z]:|\\|[\x00-\x1f]|(^|/)\.\.(/|$)", name):
        return "points outside the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & 1:
        return "is encrypted"
    if not _textual(member):
        return None
    if member.file_size > LARGEST:
        return f"unfolds to {member.file_size // MIB:,} MiB, more than the {LARGEST // MIB} MiB that are read"
    if member.file_size > MIB and member.file_size > HIGHEST_RATIO * member.compress_size:
        return f"unfolds to more than {HIGHEST_RATIO} times its size"
    return None


def _textual(member: zipfile.ZipInfo) -> bool:
    return member.filename.lower().endswith(TEXTUAL)


def elements(stream: IO[bytes], file: str) -> Iterator[ET.Element]:
    """Parse XML as it streams by, giving each element when it ends, its tag without the namespace.

    Who is done with an element clears it.

    Raises
    ------
    InputError
        For a document type (with it entities and anything external), broken XML, or too many elements.
    """
    try:
        _refuse_doctype(stream, file)
        stream.seek(0)
        parser: Any = ET.XMLPullParser(events=("end",))
        count = 0
        for chunk in _chunks(stream, file, MIB):
            parser.feed(chunk)
            for _, element in parser.read_events():
                count += 1
                element.tag = element.tag.rpartition("}")[2]
                yield element
            if count > MOST_ELEMENTS:
                refuse(file, f"holds more than {MOST_ELEMENTS:,} XML elements")
        parser.close()
    except (ET.ParseError, expat.ExpatError, ValueError, LookupError) as error:
        raise InputError([Fault(file=file, problem=f"is not XML that can be read ({error})")]) from error


def _refuse_doctype(stream: IO[bytes], file: str) -> None:
    """Read up to the root element, before which alone a document type can stand."""
    begun = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: refuse(file, "its XML declares a document type (DTD)")
    parser.StartElementHandler = lambda *_: begun.append(True)
    for chunk in _chunks(stream, file, MIB // 16):
        parser.Parse(chunk)
        if begun:
            return


def _chunks(stream: IO[bytes], file: str, size: int) -> Iterator[bytes]:
    while True:
        with _damage(file):
            chunk = stream.read(size)
        if not chunk:
            return
        yield chunk


def content(path: Path) -> bytes:
    """Give a whole file within the bounds."""
    if not path.is_file():
        refuse(path.name, "there is no such file")
    if path.stat().st_size > LARGEST:
        refuse(path.name, f"is larger than the {LARGEST // MIB} MiB that are read")
    return path.read_bytes()


def table(path: Path) -> pd.DataFrame:
    """Read a CSV file in UTF-8 or the first sheet of a workbook; ids stay text."""
    whole = content(path)
    try:
        if path.suffix.lower() == ".xlsx":
            return _sheet(path, whole)
        ids = dict.fromkeys(IDS, "str")
        return pd.read_csv(
            BytesIO(whole), dtype=ids, keep_default_na=False, na_values=[""], encoding="utf-8-sig"
        )
    except InputError:
        raise
    except Exception as error:  # a damaged table fails anywhere in decoding
        raise InputError(
            [Fault(file=path.name, problem=f"is not a table that can be read ({error})")]
        ) from error


def _sheet(path: Path, whole: bytes) -> pd.DataFrame:
    from openpyxl import load_workbook

    with opened(path) as archive:
        for name in archive.members:
            if name.endswith((".xml", ".rels")):
                _refuse_doctype(BytesIO(archive.read(name)), path.name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="openpyxl")  # styles that are not read anyway
        book = load_workbook(BytesIO(whole), read_only=True, data_only=True, keep_links=False)
    rows: Iterable[tuple[Any, ...]] = book.worksheets[0].iter_rows(values_only=True)
    header, *cells = [*rows] or [()]
    book.close()
    return pd.DataFrame(cells, columns=["" if name is None else str(name) for name in header])
