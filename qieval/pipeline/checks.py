"""Whether tables can be analysed: every fault of every table at once, by the owner's columns and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa

from qieval.errors import Fault
from qieval.pipeline.convert import converted, texts
from qieval.pipeline.faults import suggestion
from qieval.pipeline.hints import likely
from qieval.pipeline.links import linked
from qieval.pipeline.readers import RawTable
from qieval.pipeline.roles import SHAPES, Rule, Scope, Shape

SHOWN_VALUES = 3
NO_ROWS: pd.Index[Any] = pd.Index([], dtype="int64")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTables:
    """Tables after their check.

    Attributes
    ----------
    frames : dict of str to DataFrame
        Typed tables by role, those at fault included; the index numbers the rows as a spreadsheet does.
    faults : tuple of Fault
        All that must be mended before anything can be run.
    remarks : tuple of str
        What is worth knowing and stops nothing.
    """

    frames: dict[str, pd.DataFrame]
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]


def check_tables(tables: Mapping[str, RawTable], scope: Scope) -> CheckedTables:
    """Type and check tables by their roles, each for itself and against each other.

    Parameters
    ----------
    tables : mapping of str to RawTable
        By role. A role that has no shape in `SHAPES` is typed by what it holds and not checked.
    scope : Scope
        Study, wave and instruments.

    Returns
    -------
    CheckedTables
        All faults at once; none are raised.
    """
    frames: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    remarks = [remark for table in tables.values() for remark in table.remarks]
    for role, table in tables.items():
        shape = SHAPES[role](scope) if role in SHAPES else Shape(rules=(), may_be_empty=True)
        frames[role], found = _checked(table, shape)
        faults += found
        if role not in SHAPES:
            remarks.append(
                f"{role}: read unchecked, it is no table that qieval knows{suggestion(role, SHAPES)}"
            )
        elif table.frame.empty and shape.may_be_empty:
            remarks.append(f"{role}: {table.file} has no rows")
    more, notes = linked(frames, tables, scope)
    return CheckedTables(frames=frames, faults=(*faults, *more), remarks=(*remarks, *notes))


def _checked(table: RawTable, shape: Shape) -> tuple[pd.DataFrame, list[Fault]]:
    rules = {rule.name: rule for rule in shape.rules}
    faults = [_absent(table, rule) for rule in shape.rules if rule.needed and rule.name not in table.frame]
    if table.frame.empty and not shape.may_be_empty:
        faults.append(
            Fault(file=table.file, problem="the table has no rows", expected="a row under the header")
        )
    columns: dict[str, pd.Series[Any]] = {}
    unread: dict[str, pd.Index[Any]] = {}
    for name in table.frame:
        rule = rules.get(str(name), Rule(name=str(name), kind="any"))
        columns[str(name)], bad = _typed(table.frame[name], rule)
        if bad.any():
            unread[rule.name] = bad.index[bad]
            faults.append(_wrong(table, rule, unread[rule.name], rule.expected))
    frame = pd.DataFrame(columns, index=table.frame.index)
    varying = _varying(frame, shape)
    faults += [_varies(table, frame, shape, rows) for rows in varying]
    told = {rule: unread.get(rule, NO_ROWS) for rule in rules}
    told[""] = pd.Index([row for rows in varying for row in rows])
    faults += _against_schema(frame, table, shape, told)
    return frame, faults


def _varying(frame: pd.DataFrame, shape: Shape) -> list[pd.Index[Any]]:
    """Find the rows of each key that differ in what must be the same."""
    if not shape.constant or not {*shape.key, *shape.constant} <= set(frame):
        return []
    groups = frame.groupby(list(shape.key))
    return [rows.index for _, rows in groups if len(rows[list(shape.constant)].drop_duplicates()) > 1]


def _varies(table: RawTable, frame: pd.DataFrame, shape: Shape, rows: pd.Index[Any]) -> Fault:
    column = shape.constant[0]
    values = " and ".join(repr(value) for value in frame.loc[rows, column].unique())
    unit = ", ".join(f"{_own(table, name)} {frame.loc[rows[0], name]}" for name in shape.key)
    return Fault(
        file=table.file,
        column=_own(table, column),
        rows=tuple(int(row) for row in rows),
        problem=f"{column} varies within {unit}: {values}",
        expected=f"one {column} a {shape.key[0]}",
        remedy="keep the row that is right",
    )


def _typed(column: pd.Series[Any], rule: Rule) -> tuple[pd.Series[Any], pd.Series[Any]]:
    if not rule.besides:
        return converted(column, rule.kind)
    words = texts(column)
    code = words.isin(rule.besides)
    values, bad = converted(column.where(~code), rule.kind)
    return values.astype(object).where(~code, words) if code.any() else values, bad


def _against_schema(
    frame: pd.DataFrame, table: RawTable, shape: Shape, told: Mapping[str, pd.Index[Any]]
) -> Iterator[Fault]:
    """Find what the schema refuses, rows apart that have been told of already."""
    rules = {rule.name: rule for rule in shape.rules if rule.name in frame}
    key = [name for name in shape.key if name in frame]
    try:
        _schema(rules.values(), key).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            rows = pd.Index(sorted(set(error.failure_cases["index"])))
            rule = rules.get(getattr(error.schema, "name", None) or "")
            rows = rows.difference(told[rule.name if rule else ""])
            if not len(rows):
                continue
            if rule is None:
                yield _repeated(table, key, rows)
            else:
                yield _wrong(table, rule, rows, getattr(error.check, "error", None))


def _schema(rules: Iterable[Rule], key: list[str]) -> pa.DataFrameSchema:
    """Write the rules as a pandera schema."""
    columns = {rule.name: pa.Column(nullable=not rule.filled, checks=_value_checks(rule)) for rule in rules}
    once = pa.Check(lambda frame: ~(frame.duplicated(key, keep=False) & frame[key[0]].notna()), name="once")
    return pa.DataFrameSchema(columns, checks=[once] if key else [])


def _value_checks(rule: Rule) -> list[pa.Check]:
    checks = []
    if rule.levels:
        checks.append(pa.Check.isin(rule.levels, error=rule.expected))
    if rule.low is not None or rule.high is not None or rule.above is not None:
        checks.append(pa.Check(lambda column: _within(column, rule), error=rule.expected))
    return checks


def _within(column: pd.Series[Any], rule: Rule) -> pd.Series[Any]:
    numbers = pd.to_numeric(column, errors="coerce").astype("Float64")
    good = numbers.isna()
    low = numbers >= rule.low if rule.low is not None else ~good
    high = numbers <= rule.high if rule.high is not None else ~good
    above = numbers > rule.above if rule.above is not None else ~good
    return (good | (low & high & above)).fillna(True).astype(bool)


def _own(table: RawTable, name: str) -> str:
    return table.own.get(name, name)


def _absent(table: RawTable, rule: Rule) -> Fault:
    names = [_own(table, str(name)) for name in table.frame]
    return Fault(
        file=table.file,
        column=rule.name,
        problem=f"there is no such column{suggestion(rule.name, names)}",
        expected=rule.expected,
        remedy=f"add it, or say under tables.{table.role}.columns in study.yaml which column it is",
    )


def _wrong(table: RawTable, rule: Rule, rows: pd.Index[Any], expected: str | None) -> Fault:
    """Say which rows of a column hold what they may not; without `expected` they hold nothing."""
    shown = texts(table.frame.loc[rows, rule.name]).dropna().drop_duplicates()
    listed = ", ".join(repr(value[:40]) for value in shown.iloc[:SHOWN_VALUES])
    rest = len(shown) - SHOWN_VALUES
    problem = (
        f"holds {listed}" + (f" and {rest:,} other values" if rest > 0 else "") if len(shown) else "is empty"
    )
    return Fault(
        file=table.file,
        column=_own(table, rule.name),
        rows=tuple(int(row) for row in rows),
        problem=problem,
        expected=expected or rule.expected,
        remedy=_remedy(table, rule, shown, expected),
    )


def _remedy(table: RawTable, rule: Rule, shown: pd.Series[Any], expected: str | None) -> str | None:
    if hint := likely(shown, rule.kind, rule.name):
        return f"write {hint} under tables.{table.role} in study.yaml, or mend them"
    if rule.levels and len(shown):
        hint = suggestion(shown.iloc[0], rule.levels)
        return f"mend them{hint}, or map them under tables.{table.role}.recode.{rule.name}"
    if expected is not None and rule.kind != "text" and len(shown):
        return f"mend them; a code for missing goes under tables.{table.role}.missing"
    return None


def _repeated(table: RawTable, key: list[str], rows: pd.Index[Any]) -> Fault:
    return Fault(
        file=table.file,
        column=" + ".join(_own(table, name) for name in key),
        rows=tuple(int(row) for row in rows),
        problem="the same key stands in several rows",
        expected="a row each",
        remedy="keep one row of each, or mend the keys",
    )
