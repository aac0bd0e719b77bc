"""From a file's own cells to the study's: columns by role, one spelling a name, values as meant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from qieval.errors import Fault, InputError
from qieval.pipeline.convert import CODE, texts
from qieval.pipeline.faults import suggestion
from qieval.pipeline.tables import Scalar, TableSpec, Unite

GROUPS = r"(?<=\d)[. '\u2019\u00a0\u202f](?=\d{3}(\D|$))"
WHOLE = r"[-+]?(\d+|\d{1,3}([. '\u2019\u00a0\u202f]\d{3})+)"
COMMA = WHOLE + r",\d+"
THREES = r"[-+]?\d{1,3}(,\d{3})+"  # groups of three, or a decimal comma


def mapped(
    frame: pd.DataFrame, spec: TableSpec, *, role: str, file: str, unite: Unite
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give a table as read its roles and the values meant.

    Parameters
    ----------
    frame : DataFrame
        Cells as the file holds them; the index numbers the rows as a spreadsheet does.
    spec : TableSpec
        What the study file says of the table.
    role, file : str
        Name of the table, and of its file in messages.
    unite : dict
        Spellings to be united, by role.

    Returns
    -------
    DataFrame, tuple of str
        Columns by role, and what is worth knowing.

    Raises
    ------
    InputError
        If the header is broken, or a column that the mapping names is not there.
    """
    refuse_header(frame, spec, file)
    frame, left_out = _left_out(frame, spec, role)
    frame, remarks = _with_roles(_without_markers(frame, spec.missing), spec, role)
    changed = {name: frame[name] for name in frame}
    if spec.decimal == ",":
        changed = {name: _numbers(column) for name, column in changed.items()}
    role_of = {theirs: ours for ours, theirs in spec.columns.items()}
    for name, written in spec.dates.items():
        changed[role_of.get(name, name)] = _dated(changed[role_of.get(name, name)], written)
    for name, codes in spec.recode.items():
        changed[role_of.get(name, name)] = _recoded(changed[role_of.get(name, name)], codes)
    changed |= {name: _united(changed[name], names) for name, names in unite.items() if name in changed}
    frame = pd.DataFrame(changed, index=frame.index)
    if role == "capability" and {"item", "answer"} <= set(frame.columns):
        frame = _a_row_a_form(frame, file)
    if spec.distinct:
        frame = frame[[*spec.columns] or [*frame.columns]].drop_duplicates()
    return frame, (*left_out, *remarks)


def refuse_header(frame: pd.DataFrame, spec: TableSpec, file: str) -> None:
    """Refuse names that stand twice, columns without one, and mappings of columns that are not there."""
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
    asked: dict[str, Collection[str]] = {
        "recode": spec.recode,
        "dates": spec.dates,
        "leave_out": spec.leave_out,
    }
    faults += [
        Fault(file=file, column=name, problem=f"is named under {key} but not there{suggestion(name, known)}")
        for key, part in asked.items()
        for name in part
        if name not in known
    ]
    if faults:
        raise InputError(faults)


def _a_row_a_form(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Spread ``item`` and ``answer`` over columns, a row a form, numbered by its first row."""
    form = [name for name in frame.columns if name not in {"item", "answer"}]
    twice = frame.duplicated([*form, "item"], keep=False)
    if twice.any():
        rows = tuple(int(row) for row in frame.index[twice])
        raise InputError(
            [Fault(file=file, column="item", rows=rows, problem="one form answers an item twice")]
        )
    number = frame.groupby(form, sort=False, dropna=False).ngroup()
    first = frame.loc[~number.duplicated(), form]
    wide = frame.set_index([number, "item"])["answer"].unstack()  # noqa: PD010 (nothing to sum up)
    return first.join(wide.set_axis(first.index))


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


def _left_out(frame: pd.DataFrame, spec: TableSpec, role: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    remarks = []
    for column, values in spec.leave_out.items():
        name = spec.columns.get(column, column)
        gone = texts(frame[name]).isin([_marker(value) for value in values]).to_numpy()
        rows = ", ".join(str(row) for row in frame.index[gone][:5]) + (" and more" if gone.sum() > 5 else "")
        found = f"{int(gone.sum())} left out (row {rows})" if gone.any() else "none to leave out"
        remarks.append(f"{role}: rows where {name!r} is {' or '.join(map(repr, values))}: {found}")
        frame = frame[~gone]
    return frame, tuple(remarks)


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Write numbers with a decimal comma plainly; without groups of three in columns of numbers."""
    words = column.map(lambda cell: cell.strip() if isinstance(cell, str) else None)
    comma = words.str.fullmatch(COMMA).eq(True)
    whole = words.str.fullmatch(WHOLE).eq(True) & ~words.str.fullmatch(CODE + ".*").eq(True)
    if (comma | whole | column.isna() | ~column.map(lambda cell: isinstance(cell, str))).all():
        comma |= whole
    plain = words.str.replace(GROUPS, "", regex=True).str.replace(",", ".")
    return column.where(~comma, plain)


def _dated(column: pd.Series[Any], written: str) -> pd.Series[Any]:
    """Turn typed dates or serial numbers into dates; cells that are none stay for the check to tell of."""
    if written == "excel":
        typed = column.where(column.map(lambda cell: not isinstance(cell, dt.date)))
        serial = pd.to_numeric(typed, errors="coerce").astype("float64")
        found = pd.to_datetime(serial, unit="D", origin="1899-12-30", errors="coerce")
    else:
        typed = column.where(column.map(lambda cell: isinstance(cell, str))).str.strip()
        found = pd.to_datetime(typed, format=written, errors="coerce")
    return column.where(found.isna(), found.dt.strftime("%Y-%m-%d"))


def _united(column: pd.Series[Any], names: Mapping[str, Sequence[str]]) -> pd.Series[Any]:
    """Give every spelling of a name the one to keep."""
    return _recoded(column, {spelling: name for name, spellings in names.items() for spelling in spellings})


def _recoded(column: pd.Series[Any], codes: dict[Scalar, Scalar]) -> pd.Series[Any]:
    known = {_marker(code): value for code, value in codes.items()}
    words = texts(column)
    changed = words.map(known).astype(object)
    return column.astype(object).where(~words.isin(known).to_numpy(), changed)


def _marker(value: Scalar) -> str:
    written = texts(pd.Series([value], dtype=object)).iloc[0]
    return "" if written is None else str(written)
