"""What an unknown file holds: its sheets, where each header stands, and what its columns look like."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from qieval.errors import InputError
from qieval.pipeline.convert import CODE, texts
from qieval.pipeline.hints import DAY_FIRST, MISSING, TOTALS
from qieval.pipeline.mapping import COMMA, THREES, mapped, refuse_header
from qieval.pipeline.readers import READERS, decoded, split, workbook
from qieval.pipeline.tables import TableSpec

SEARCHED = 15  # rows in which the header is looked for
MOST_LEVELS = 12
SURE = ("-", "n/a", "N/A", "NA")  # words that mean missing wherever they stand
FEW_WORDS = 3  # among more numbers than that: words for missing, to be checked
Distinct = Mapping[str, "pd.Series[Any]"]  # each column's different words
ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One column as it looks.

    Attributes
    ----------
    name : str
        As the file calls it.
    kind : {"number", "date", "text", "empty"}
        What its cells are.
    levels : tuple of str
        The distinct values in order of appearance, if there are twelve or fewer.
    distinct, present : int
        Distinct values, and cells that are filled.
    whole : bool
        Whether all numbers are whole.
    low, high : float
        Smallest and largest number; NaN where the cells are none.
    """

    name: str
    kind: Literal["number", "date", "text", "empty"]
    levels: tuple[str, ...]
    distinct: int
    present: int
    whole: bool
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """One sheet of a workbook, or one file of another kind.

    Attributes
    ----------
    file : Path
        Where it is.
    name : str
        The sheet's; empty where the file has none.
    spec : TableSpec
        How it is to be read; columns keep their own names.
    frame : DataFrame
        Its cells as read so.
    looks : tuple of Look
        Its columns.
    found : tuple of str
        What was seen on the way, in words.
    """

    file: Path
    name: str
    spec: TableSpec
    frame: pd.DataFrame
    looks: tuple[Look, ...]
    found: tuple[str, ...]


def look(path: Path) -> list[Sheet]:
    """Look at every sheet of a file; sheets without a table are left out.

    Raises
    ------
    InputError
        If the file cannot be read at all.
    """
    # Whatever it is called, it may be text; if not, that is said.
    reader = READERS.get(path.suffix.lower(), READERS[".csv"])
    content = path.read_bytes()
    sheets = []
    for name, rows in _rows(path, content):
        header = _header(rows)
        if header is None:
            continue
        spec = TableSpec(file=path.name, sheet=name or None, header=header)
        try:
            frame = reader(content, spec, path.name)
        except InputError:
            if name:
                continue  # a sheet of notes or pictures
            raise
        sheets.append(_sheet(path, name, spec, frame))
    return sheets


def _rows(path: Path, content: bytes) -> Iterator[tuple[str, list[list[Any]]]]:
    """Give the first rows of each sheet as they stand."""
    if path.suffix.lower() in (".parquet", ".sav", ".dta"):
        yield "", [["a", "b"], ["1", "2"]]  # these have names of their own, not a header row
    elif path.suffix.lower() == ".xlsx":
        with workbook(content, path.name) as book:
            found = [(sheet.title, _first_rows(sheet)) for sheet in book.worksheets]
        yield from found
    else:
        words = decoded(content, path.name)
        lines = [line for line in words.splitlines()[:SEARCHED] if line]
        yield "", split(words, max(lines, key=_divided, default=""), path.name)[: SEARCHED + 3]


def _first_rows(sheet: Any) -> list[list[Any]]:
    sheet.reset_dimensions()
    return [list(row) for row in sheet.iter_rows(max_row=SEARCHED + 3, values_only=True)]


def _divided(line: str) -> int:
    return max(line.count(sign) for sign in ",;\t")


def _header(rows: Sequence[Sequence[Any]]) -> int | tuple[int, int] | None:
    """Find the header: the first row of words about as wide as the table, or two such rows."""
    width = max((_filled(row) for row in rows), default=0)
    for place, row in enumerate(rows[:SEARCHED]):
        if width < 2 or not _names(row) or place + 1 >= len(rows):
            continue
        below = rows[place + 1]
        spanned = _names(below) and _spans(row, below)
        if spanned and (len(rows) <= place + 2 or not _names(rows[place + 2])):
            return (place + 1, place + 2)
        if _filled(row) >= max(2, 0.6 * width):
            return place + 1
    return None


def _filled(row: Sequence[Any]) -> int:
    return sum(cell not in (None, "") for cell in row)


def _names(row: Sequence[Any]) -> bool:
    """Whether a row's filled cells could be names of columns: two words or more, none a number or date."""
    cells = [cell for cell in row if cell not in (None, "")]
    return len(cells) >= 2 and all(isinstance(cell, str) and not _is_value(cell) for cell in cells)


def _is_value(cell: str) -> bool:
    return bool(
        re.fullmatch(r"[-+]?[\d., ]+%?", cell.strip()) or ISO.fullmatch(cell) or DAY_FIRST.fullmatch(cell)
    )


def _spans(upper: Sequence[Any], lower: Sequence[Any]) -> bool:
    """Whether an upper header row goes over a lower one: it has gaps that the lower one fills."""
    gaps = [place for place, cell in enumerate(upper) if cell in (None, "")]
    return any(place < len(lower) and lower[place] not in (None, "") for place in gaps)


def _sheet(path: Path, name: str, spec: TableSpec, frame: pd.DataFrame) -> Sheet:
    refuse_header(frame, spec, path.name)
    found: list[str] = []
    if spec.header != 1:
        rows = spec.header if isinstance(spec.header, int) else " and ".join(map(str, spec.header))
        found.append(f"the header stands in row {rows}")
    asked: dict[str, Any] = _totals(frame)
    body = frame.iloc[:-1] if asked else frame
    distinct = {str(column): texts(body[column]).dropna().drop_duplicates() for column in body}
    asked |= _markers(distinct) | _decimal(distinct)
    found += [f"{key}: {value!r}" for key, value in asked.items()]
    strange = [word for word in asked.get("missing", ()) if word and word.lower() not in MISSING]
    if strange:
        found.append(f"WHICH MEANING have {strange!r} among the numbers? Taken as missing.")
    found += [
        f"WHICH MEANING has the comma in {column!r}, before decimals or between thousands?"
        for column, cells in distinct.items()
        if len(cells) and cells.str.fullmatch(THREES).all()
    ]
    dates, doubts = _dates(distinct, asked.get("missing", ()))
    spec = spec.model_copy(update={**asked, "dates": dates})
    read, _ = mapped(frame, spec, role="", file=path.name, unite={})
    looks = tuple(_look(str(column), read[column]) for column in read)
    return Sheet(file=path, name=name, spec=spec, frame=read, looks=looks, found=(*found, *doubts))


def _totals(frame: pd.DataFrame) -> dict[str, Any]:
    """Find a totals row: the last, with a word for it in its first filled cell."""
    for column in frame.columns if len(frame) else ():
        last = texts(frame[column]).iloc[-1]
        if last is not None and last.lower() in TOTALS:
            return {"leave_out": {str(column): (last,)}}
        if last:
            break
    return {}


def _markers(distinct: Distinct) -> dict[str, Any]:
    """Find words for missing: in columns of numbers or dates, or words that mean nothing else anywhere."""
    words: dict[str, None] = {}
    elsewhere: set[str] = set()  # words that stand among others, where they may mean what they say
    for cells in distinct.values():
        marks = [cell for cell in cells if cell.lower() in MISSING]
        rest = [cell for cell in cells if cell.lower() not in MISSING]
        strange = [cell for cell in rest if not _is_value(cell)]
        if marks and (not strange or all(mark in SURE for mark in marks)):
            words |= dict.fromkeys(marks)
        if 0 < len(strange) <= FEW_WORDS < len(rest) - len(strange):
            words |= dict.fromkeys(strange)
        if strange:
            elsewhere |= {*marks}
    kept = [word for word in words if word in SURE or word not in elsewhere]
    return {"missing": ("", *kept)} if kept else {}


def _decimal(distinct: Distinct) -> dict[str, Any]:
    for words in distinct.values():
        cells = [word for word in words if word.lower() not in MISSING]
        commas = [cell for cell in cells if re.fullmatch(COMMA, cell)]
        if all(re.fullmatch(THREES, cell) for cell in commas):
            continue  # 1,234 is one and a bit, or more than a thousand: the owner is asked
        if all(re.fullmatch(COMMA, cell) or _is_value(cell) for cell in cells):
            return {"decimal": ","}
    return {}


def _dates(distinct: Distinct, missing: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Find how dates are typed; where day and month look alike, the day is taken first and it is said."""
    dates, doubts = {}, []
    for name, words in distinct.items():
        cells = words[~words.isin(list(missing))]
        if not len(cells) or not cells.str.fullmatch(DAY_FIRST.pattern).all():
            continue
        signs = cells.str[-5].unique()
        if len(signs) > 1:
            doubts.append(f"HOW are the dates in {name!r} typed? With {' and '.join(signs)}.")
            continue
        sign = signs[0]
        first, second = (cells.str.split(sign).str[place].astype(int).max() for place in (0, 1))
        dates[name] = f"%m{sign}%d{sign}%Y" if second > 12 else f"%d{sign}%m{sign}%Y"
        if first <= 12 and second <= 12:
            doubts.append(f"WHICH COMES FIRST in {name!r}, day or month? Taken as {dates[name]}")
    return dates, doubts


def _look(name: str, column: pd.Series[Any]) -> Look:
    words = texts(column).dropna()
    levels = list(dict.fromkeys(words))
    coded = words.str.fullmatch(CODE + ".*").any() if len(words) else False
    numbers = pd.to_numeric(words, errors="coerce")
    kind: Literal["number", "date", "text", "empty"] = "text"
    if not len(words):
        kind = "empty"
    elif not coded and numbers.notna().all():
        kind = "number"
    elif words.str.fullmatch(ISO.pattern).all():
        kind = "date"
    number = kind == "number"
    return Look(
        name=name,
        kind=kind,
        levels=tuple(levels) if len(levels) <= MOST_LEVELS else (),
        distinct=len(levels),
        present=len(words),
        whole=bool(number and (numbers == numbers.round()).all()),
        low=float(numbers.min()) if number else float("nan"),
        high=float(numbers.max()) if number else float("nan"),
    )
