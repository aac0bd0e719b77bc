"""How a study's tables are read, in words that a colleague without Python can check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qieval.pipeline.extract import Extract
from qieval.pipeline.tables import Scalar, TableSpec

MEANINGS = {
    "site": "the site",
    "participant": "the participant",
    "wave": "the number of the wave",
    "arm": "the arm",
    "respondent": "the person who answered",
}


def mapping_words(extract: Extract) -> Iterator[str]:
    """Say, table by table, which file and which of its columns are read, and as what."""
    for role in extract.roles:
        _, spec = extract.table(role)
        yield f"{role}: {extract.file(role)}{_place(spec)}"
        yield from (f"  - {line}" for line in _lines(spec))
    for role, names in extract.unite.items():
        for name, spellings in names.items():
            yield f"Everywhere, {role} {_listed(spellings)} is {name!r}."


def _place(spec: TableSpec) -> str:
    sheet = "" if spec.sheet is None else f", sheet {spec.sheet!r}"
    rows = f"row {spec.header}" if isinstance(spec.header, int) else "rows {} and {}".format(*spec.header)
    return f"{sheet}, names in {rows}"


def _lines(spec: TableSpec) -> Iterator[str]:
    named = {ours: theirs for ours, theirs in spec.columns.items() if ours != theirs}
    for ours, theirs in named.items():
        yield f"column {theirs!r} is {MEANINGS.get(ours, ours)}{_meant(spec.recode.get(ours, {}))}"
    for name, codes in spec.recode.items():
        if name not in named:
            yield f"in column {name!r}{_meant(codes)}"
    for name, written in spec.dates.items():
        how = "as Excel's serial numbers" if written == "excel" else f"as {written}"
        yield f"dates in {spec.columns.get(name, name)!r} are written {how}"
    for name, values in spec.leave_out.items():
        yield f"rows where {spec.columns.get(name, name)!r} is {_listed(values)} are left out"
    absent = [value for value in spec.missing if value != ""]
    if absent:
        yield f"{_listed(absent)} and empty cells count as missing"
    if spec.decimal == ",":
        yield "numbers have a decimal comma"
    if spec.distinct:
        yield "of rows that agree in these columns one is kept"


def _meant(codes: Mapping[Scalar, Scalar]) -> str:
    pairs = [f"{code!r} means {'missing' if value is None else repr(value)}" for code, value in codes.items()]
    return f"; {', '.join(pairs)}" if pairs else ""


def _listed(values: tuple[Scalar, ...] | list[Scalar] | tuple[str, ...]) -> str:
    return " or ".join(repr(value) for value in values)
