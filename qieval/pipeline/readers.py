"""Tables as they come: read by the file's ending, with the study's own names, codes and markers for missing.

Nothing is typed here beyond what the file itself says; `qieval.pipeline.checks` does that, so that an id
keeps its leading zeros and every wrong cell can be told by its row.
"""

from __future__ import annotations

import csv
import hashlib
import io
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qieval.errors import Fault, InputError, refuse
from qieval.pipeline.convert import texts
from qieval.pipeline.faults import suggestion
from qieval.pipeline.model import Scalar, TableSpec

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
    """

    role: str
    file: str
    sha256: str
    frame: pd.DataFrame
    own: dict[str, str]
    remarks: tuple[str, ...] = ()


def read_table(path: Path, spec: TableSpec, *, role: str, file: str) -> RawTable:
    """Read one table and give its columns their roles.

    Parameters
    ----------
    path : Path
        Where it is.
    spec : TableSpec
        How the study file says to read it.
    role, file : str
        Name of the table, and of its file in messages.

    Raises
    ------
    InputError
        If the file cannot be read, its header is broken, or a mapped column is not in it.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        refuse(
            file,
            f"{path.suffix or 'no ending'!r} is not a kind of file that is read",
            expected=", ".join(READERS),
        )
    content = _content(path, role, file)
    frame = reader(content, spec, file)
    _refuse_header(frame, spec, file)
    frame, remarks = _with_roles(_without_markers(frame, spec.missing), spec, role)
    recoded = {column: _recoded(frame[column], spec.recode[column]) for column in spec.recode}
    return RawTable(
        role=role,
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        frame=frame.assign(**recoded),
        own={ours: theirs for ours, theirs in spec.columns.items() if ours != theirs},
        remarks=remarks,
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
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        words = content.decode(encoding)
    except UnicodeDecodeError:
        refuse(file, "is not text in UTF-8 or UTF-16", remedy="save it as CSV UTF-8")
    if "\0" in words:
        refuse(file, "holds NUL characters, as UTF-16 without its mark does", remedy="save it as CSV UTF-8")
    lines = words.splitlines()
    head = lines[spec.header - 1] if len(lines) >= spec.header else ""
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True)
    try:
        rows: list[list[Any]] = list(reader)
    except csv.Error as error:
        problem = f"is not a table that can be read at line {reader.line_num} ({error})"
        refuse(file, problem, remedy="check its quotes")
    return _frame(rows[spec.header - 1 :], spec.header, file)


def read_excel(content: bytes, spec: TableSpec, file: str) -> pd.DataFrame:
    """Read one sheet of an Excel workbook, cells with the type that they have there."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="openpyxl")  # styles and menus that are not read anyway
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0] if spec.sheet is None else _sheet(book, spec.sheet, file)
            sheet.reset_dimensions()
            rows = [_trimmed(row) for row in sheet.iter_rows(min_row=spec.header, values_only=True)]
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in unzipping and parsing
        refuse(file, f"is not an Excel workbook that can be read ({error})", remedy="save it anew as .xlsx")
    width = len(rows[0]) if rows else 0
    return _frame([row + [None] * (width - len(row)) if row else row for row in rows], spec.header, file)


def read_parquet(content: bytes, spec: TableSpec, file: str) -> pd.DataFrame:  # noqa: ARG001 (a reader's form)
    """Read a Parquet file; rows are numbered as if its header were row 1."""
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except Exception as error:  # a damaged file fails anywhere in decoding
        refuse(file, f"is not a Parquet file that can be read ({error})", remedy="write it anew")
    if frame.index.names != [None]:
        frame = frame.reset_index()  # pandas writes an index with names as columns, and takes it back out
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2, name="row"))


Reader = Callable[[bytes, TableSpec, str], pd.DataFrame]
READERS: dict[str, Reader] = {".csv": read_csv, ".xlsx": read_excel, ".parquet": read_parquet}


def _sheet(book: Any, wanted: str | int, file: str) -> Any:  # noqa: RET503 (it refuses)
    names = book.sheetnames
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return book.worksheets[wanted - 1]
    if wanted in names:
        return book[wanted]
    problem = f"there is no sheet {wanted!r}{suggestion(wanted, names)}"
    refuse(file, problem, expected="one of " + ", ".join(names))


def _frame(rows: Sequence[list[Any]], header: int, file: str) -> pd.DataFrame:
    """Make a frame of cells whose first row is the header; blank rows are left out, numbers stay."""
    if not rows or not any(_filled(cell) for cell in rows[0]):
        refuse(file, f"has no header in row {header}", remedy="name the header's row with `header:`")
    names = ["" if cell is None else str(cell).strip() for cell in rows[0]]
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


def _trimmed(row: Sequence[Any]) -> list[Any]:
    """Leave out the empty cells at a row's end: one stray cell far out makes every row that wide."""
    end = next((place for place in range(len(row), 0, -1) if _filled(row[place - 1])), 0)
    return list(row[:end])


def _filled(cell: object) -> bool:
    return cell is not None and cell != ""


def _refuse_header(frame: pd.DataFrame, spec: TableSpec, file: str) -> None:
    names = [str(name) for name in frame.columns]
    faults = [
        Fault(file=file, column=name or "without a name", problem=problem, remedy="name every column once")
        for name in dict.fromkeys(names)
        if (problem := _header_problem(name, names))
    ]
    faults += [
        Fault(
            file=file,
            column=theirs,
            problem=f"there is no such column{suggestion(theirs, names)}",
            expected="one of " + ", ".join(names),
            remedy=f"mend the mapping of {ours!r} in study.yaml",
        )
        for ours, theirs in spec.columns.items()
        if theirs not in names
    ]
    known = {*names, *spec.columns}
    faults += [
        Fault(file=file, column=name, problem=f"is recoded but not there{suggestion(name, known)}")
        for name in spec.recode
        if name not in known
    ]
    if faults:
        raise InputError(faults)


def _header_problem(name: str, names: list[str]) -> str | None:
    if not name:
        return "a column with values has no name"
    count = names.count(name)
    return f"the header has this name {count} times" if count > 1 else None


def _without_markers(frame: pd.DataFrame, missing: Iterable[Scalar]) -> pd.DataFrame:
    markers = {"", *(_marker(value) for value in missing)}
    cells = {name: frame[name].mask(texts(frame[name]).isin(markers).to_numpy()) for name in frame}
    return pd.DataFrame(cells, index=frame.index)


def _with_roles(frame: pd.DataFrame, spec: TableSpec, role: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    mapped = {ours: frame[theirs] for ours, theirs in spec.columns.items()}
    rest = frame.drop(columns=list(set(spec.columns.values())))
    shadowed = [name for name in rest.columns if name in mapped]
    remarks = tuple(
        f"{role}: the file's own column {name!r} is not used; {spec.columns[name]!r} is mapped to that name"
        for name in shadowed
    )
    return pd.DataFrame({**mapped, **rest.drop(columns=shadowed)}, index=frame.index), remarks


def _recoded(column: pd.Series[Any], codes: dict[Scalar, Scalar]) -> pd.Series[Any]:
    known = {_marker(code): value for code, value in codes.items()}
    words = texts(column)
    changed = words.map(known).astype(object)
    return column.astype(object).where(~words.isin(known).to_numpy(), changed)


def _marker(value: Scalar) -> str:
    written = texts(pd.Series([value], dtype=object)).iloc[0]
    return "" if written is None else str(written)
