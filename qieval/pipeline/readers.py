"""Tables as they come: read by the file's ending, with the study's own names, codes and markers for missing.

Nothing is typed here beyond what the file itself says; `qieval.pipeline.checks` does that, so that an id
keeps its leading zeros and every wrong cell can be told by its row.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from qieval.errors import Fault, InputError, refuse
from qieval.pipeline.faults import suggestion
from qieval.pipeline.mapping import mapped
from qieval.pipeline.projects import CODED, PROJECTS, read_coded
from qieval.pipeline.tables import TableSpec, Unite

if TYPE_CHECKING:
    from qieval.coding import Project

MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
DELIMITERS = (",", ";", "\t")
Cells = tuple[list[str], list[int], list[list[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """One table as read, before any check.

    Attributes
    ----------
    role : str
        What the study file calls the table.
    file : str
        The file, as messages name it.
    sha256 : str
        Of the file's bytes.
    frame : DataFrame
        Columns by role, missing values absent; the index numbers the rows as a spreadsheet does.
    own : dict of str to str
        Role of a column -> the owner's own name for it, where they differ.
    remarks : tuple of str
        What is worth knowing and stops nothing.
    project : Project, optional
        What the table was taken from, where that was a coding program's project or export.
    """

    role: str
    file: str
    sha256: str
    frame: pd.DataFrame
    own: dict[str, str]
    remarks: tuple[str, ...] = ()
    project: Project | None = None


def read_table(path: Path, spec: TableSpec, *, role: str, file: str, unite: Unite | None = None) -> RawTable:
    """Read one table and give its columns their roles.

    Parameters
    ----------
    path : Path
        Where it is.
    spec : TableSpec
        How the study file says to read it.
    role, file : str
        Name of the table, and of its file in messages.
    unite : dict, optional
        Spellings to be united, by role.

    Raises
    ------
    InputError
        If the file cannot be read, its header is broken, or a mapped column is not in it.
    """
    kind = path.suffix.lower()
    reader = READERS.get(kind)
    if reader is None and (kind not in PROJECTS or role not in CODED):
        refuse(
            file,
            f"{path.suffix or 'no ending'!r} is not a kind of file that is read",
            expected=", ".join([*READERS, *PROJECTS] if role in CODED else READERS),
        )
    content = _content(path, role, file)
    taken = read_coded(path, reader(content, spec, file) if reader else None, role)
    frame, remarks = mapped(taken.frame, spec, role=role, file=file, unite=unite or {})
    return RawTable(
        role=role,
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        frame=frame,
        own={ours: theirs for ours, theirs in spec.columns.items() if ours != theirs},
        remarks=(*taken.remarks, *remarks),
        project=taken.project,
    )


def _content(path: Path, role: str, file: str) -> bytes:
    remedy = f"put it there, or mend tables.{role}.file in study.yaml"
    if path.exists() and not path.is_file():
        refuse(file, "is not a file", remedy=remedy)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        near = suggestion(path.name, (each.name for each in path.parent.glob("*")))
        refuse(file, f"there is no such file{near}", remedy=remedy)
    except OSError as error:
        refuse(file, f"cannot be read ({error.strerror})", remedy="check its permissions")


def read_csv(content: bytes, spec: TableSpec, file: str) -> pd.DataFrame:
    """Read comma-, semicolon- or tab-separated text in UTF-8 or UTF-16, every cell as text."""
    words = decoded(content, file)
    first, last = header_rows(spec)
    lines = words.splitlines()
    rows = split(words, lines[last - 1] if len(lines) >= last else "", file)
    return _frame(rows[first - 1 :], spec, file)


def decoded(content: bytes, file: str) -> str:
    """Read bytes as text in UTF-8 or UTF-16."""
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        words = content.decode(encoding)
    except UnicodeDecodeError:
        refuse(file, "is not text in UTF-8 or UTF-16", remedy="save it as CSV UTF-8")
    if "\0" in words:
        refuse(file, "holds NUL characters, as UTF-16 without its mark does", remedy="save it as CSV UTF-8")
    return words


def split(words: str, head: str, file: str) -> list[list[Any]]:
    """Split text into rows of cells by the sign that its header is divided by."""
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        problem = f"is not a table that can be read at line {reader.line_num} ({error})"
        refuse(file, problem, remedy="check its quotes")


@contextmanager
def workbook(content: bytes, file: str) -> Iterator[Any]:
    """Open a workbook to read; refuses a damaged one, wherever in unzipping and parsing it fails."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="openpyxl")  # styles and menus that are not read anyway
            yield load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except InputError:
        raise
    except Exception as error:
        refuse(file, f"is not an Excel workbook that can be read ({error})", remedy="save it anew as .xlsx")


def read_excel(content: bytes, spec: TableSpec, file: str) -> pd.DataFrame:
    """Read one sheet of an Excel workbook, cells with the type that they have there."""
    with workbook(content, file) as book:
        sheet = book.worksheets[0] if spec.sheet is None else _sheet(book, spec.sheet, file)
        sheet.reset_dimensions()
        rows = [_trimmed(row) for row in sheet.iter_rows(min_row=header_rows(spec)[0], values_only=True)]
    upper, last = header_rows(spec)
    width = max((len(row) for row in rows[: last - upper + 1]), default=0)
    return _frame([row + [None] * (width - len(row)) if row else row for row in rows], spec, file)


def read_parquet(content: bytes, spec: TableSpec, file: str) -> pd.DataFrame:  # noqa: ARG001 (a reader's form)
    """Read a Parquet file; rows are numbered as if its header were row 1."""
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except Exception as error:  # a damaged file fails anywhere in decoding
        refuse(file, f"is not a Parquet file that can be read ({error})", remedy="write it anew")
    if frame.index.names != [None]:
        frame = frame.reset_index()  # pandas writes an index with names as columns, and takes it back out
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2, name="row"))


def read_statistics(content: bytes, spec: TableSpec, file: str) -> pd.DataFrame:
    """Read an SPSS or Stata file; values take their labels where all of a column's values have one."""
    import pyreadstat

    ending = Path(spec.file).suffix.lower()
    reader = pyreadstat.read_sav if ending == ".sav" else pyreadstat.read_dta
    with tempfile.NamedTemporaryFile(suffix=ending) as copy:  # the library reads by path only
        copy.write(content)
        copy.flush()
        try:
            frame, about = reader(copy.name, user_missing=False)
        except Exception as error:  # a damaged file fails anywhere in decoding
            refuse(file, f"is not a {ending} file that can be read ({error})", remedy="save it anew")
    for name, labels in about.variable_value_labels.items() if spec.labels else ():
        known = frame[name].dropna()
        if known.isin(list(labels)).all():
            frame[name] = frame[name].astype(object).map(labels)
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2, name="row"))


Reader = Callable[[bytes, TableSpec, str], pd.DataFrame]
READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".xlsx": read_excel,
    ".parquet": read_parquet,
    ".sav": read_statistics,
    ".dta": read_statistics,
}


def _sheet(book: Any, wanted: str | int, file: str) -> Any:  # noqa: RET503 (it refuses)
    names = book.sheetnames
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return book.worksheets[wanted - 1]
    if wanted in names:
        return book[wanted]
    problem = f"there is no sheet {wanted!r}{suggestion(wanted, names)}"
    refuse(file, problem, expected="one of " + ", ".join(names))


def header_rows(spec: TableSpec) -> tuple[int, int]:
    """First and last row of the header."""
    return (spec.header, spec.header) if isinstance(spec.header, int) else spec.header


def _frame(rows: Sequence[list[Any]], spec: TableSpec, file: str) -> pd.DataFrame:
    """Make a frame of cells whose first row (or two) is the header; blank rows are left out, numbers stay."""
    first, header = header_rows(spec)
    lower = rows[header - first] if len(rows) > header - first else []
    if not any(_filled(cell) for cell in lower):
        refuse(file, f"has no header in row {header}", remedy="name the header's row with `header:`")
    names = _names(rows[0] if first < header else [], lower)
    rows = rows[header - first :]
    numbered = [
        (number, row) for number, row in enumerate(rows[1:], start=header + 1) if any(map(_filled, row))
    ]
    ragged = tuple(number for number, row in numbered if len(row) != len(names))
    if ragged:
        expected = f"{len(names)} as in the header (row {header})"
        raise InputError(
            [Fault(file=file, rows=ragged, problem="another number of cells", expected=expected)]
        )
    index = pd.Index([number for number, _ in numbered], name="row", dtype="int64")
    frame = pd.DataFrame([row for _, row in numbered], columns=range(len(names)), index=index, dtype=object)
    unused = [place for place, name in enumerate(names) if not name and not frame[place].map(_filled).any()]
    return frame.drop(columns=unused).set_axis([n for p, n in enumerate(names) if p not in unused], axis=1)


def _names(upper: Sequence[Any], lower: Sequence[Any]) -> list[str]:
    """Name the columns; an upper name goes on to the right over the lower names that it spans."""
    names, spanning = [], ""
    for place, cell in enumerate(lower):
        below = "" if cell is None else str(cell).strip()
        above = str(upper[place]).strip() if place < len(upper) and _filled(upper[place]) else ""
        spanning = above if above else spanning if below else ""
        names.append(" - ".join(filter(None, [spanning, below])))
        spanning = spanning if below else ""
    return names


def _trimmed(row: Sequence[Any]) -> list[Any]:
    """Leave out the empty cells at a row's end: one stray cell far out makes every row that wide."""
    end = next((place for place in range(len(row), 0, -1) if _filled(row[place - 1])), 0)
    return list(row[:end])


def _filled(cell: object) -> bool:
    return cell is not None and cell != ""
