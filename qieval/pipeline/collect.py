"""What executed notebooks showed, gathered: rows of ``results.json``, a CSV file a table or figure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qieval.errors import RunError
from qieval.exhibits.core import MIME, SCHEMA
from qieval.results import TIDY

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
KINDS = ("table", "figure", "statement")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBERS = ("estimate", "se", "df", "statistic", "p_value", "ci_low", "ci_high")
COLUMNS = ("key", "report", "exhibit", *TIDY, "primary", "status", "notes")
COMPARED = (*TIDY, "primary", "status")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One exhibit that a report showed.

    Attributes
    ----------
    report : str
        The report's name.
    number : int
        Its place among all exhibits of the report, from 1.
    kind : {"table", "figure", "statement"}
        What it is.
    name, caption : str
        As the exhibit says; of a statement, the caption is its sentence.
    role : str, optional
        Of a statement: headline, caution or note.
    columns : list of str
        Names of the numbers shown.
    rows : list of list
        The numbers, unrounded.
    results : list of dict
        Its estimates, as rows of ``results.json``.
    """

    report: str
    number: int
    kind: str
    name: str
    caption: str
    role: str | None
    columns: list[str]
    rows: list[list[Any]]
    results: list[Row]

    @property
    def file(self) -> str | None:
        """Path of its CSV file within the wave's folder; statements have none."""
        return None if self.kind == "statement" else f"exhibits/{self.report}--{self.number}-{self.name}.csv"


def exhibits(notebook: Mapping[str, Any], report: str) -> list[Shown]:
    """Find the exhibits of an executed notebook, in the order in which they are shown.

    Raises
    ------
    RunError
        If an output claims to be an exhibit and is not.
    """
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", []))
    payloads = (output["data"][MIME] for output in outputs if MIME in output.get("data", {}))
    return [_shown(payload, report, number) for number, payload in enumerate(payloads, start=1)]


def _shown(payload: Any, report: str, number: int) -> Shown:
    where = f"Exhibit {number} of {report}"
    if not isinstance(payload, Mapping) or payload.get("schema") != SCHEMA:
        raise RunError(f"{where} is no payload of schema {SCHEMA}; make it with Table, Figure or Statement.")
    try:
        name, kind, caption = payload["name"], payload["kind"], payload["caption"]
        if not NAME.fullmatch(name):
            raise RunError(
                f"{where} is called {name!r}; a name has letters, digits, hyphens and underscores only."
            )
        if kind not in KINDS or not isinstance(caption, str):
            raise RunError(f"{where} has no kind or no caption; make it with Table, Figure or Statement.")
        return Shown(
            report=report,
            number=number,
            kind=kind,
            name=name,
            caption=caption,
            role=payload.get("role"),
            columns=list(payload["columns"]),
            rows=[list(row) for row in payload["rows"]],
            results=[_row(result, report, name, number) for result in payload["results"]],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{where} is incomplete ({error}); make it with Table, Figure or Statement.") from None


def headline(shown: Iterable[Shown]) -> str:
    """Give the sentence that matters: that of the first headline; empty if there is none."""
    return next((each.caption for each in shown if each.role == "headline"), "")


def result_rows(shown: Iterable[Shown]) -> list[Row]:
    """Turn exhibits' estimates into rows of ``results.json``; what two exhibits show alike stands once.

    Raises
    ------
    RunError
        If two exhibits give different numbers under one key.
    """
    rows: dict[str, Row] = {}
    for each in shown:
        for row in each.results:
            first = rows.setdefault(row["key"], row)
            if differing := [name for name in COMPARED if first[name] != row[name]]:
                raise RunError(
                    f"{row['key']} is shown twice with different numbers ({', '.join(differing)}): in "
                    f"exhibits {first['exhibit']} and {row['exhibit']}. Give one of them another name."
                )
    return list(rows.values())


def _row(result: Mapping[str, Any], report: str, name: str, number: int) -> Row:
    own = {"key": f"{report}/{name}/{result['key']}", "report": report, "exhibit": number}
    notes = list(result["notes"])
    absent = [name for name in NUMBERS if result[name] is None]
    if absent and not notes:
        notes = [f"no finite value: {', '.join(absent)}"]
    return {name: own.get(name, result.get(name)) for name in COLUMNS} | {"notes": notes}


def results_document(study: str, wave: int, shown: Iterable[Shown]) -> dict[str, Any]:
    """Put a wave's rows into the form of ``results.json``."""
    return {"schema": SCHEMA, "study": study, "wave": wave, "results": result_rows(shown)}


def as_json(document: Mapping[str, Any]) -> str:
    """Write a document so that the same content is always the same text; refuses what JSON does not know."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write numbers at full precision, and text so that no spreadsheet takes it for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, columns))
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value
