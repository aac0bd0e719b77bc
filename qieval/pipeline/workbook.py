"""All tables of a wave as one Excel workbook: a sheet a report, a list of contents, every estimate."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import lxml.html
import openpyxl
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.hyperlink import Hyperlink

from qieval.pipeline import collect

LONGEST_NAME = 31  # Excel's limit
WIDEST = 60
BOLD, LINK = Font(bold=True), Font(color="0B62A4", underline="single")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def workbook(folder: Path, run: Mapping[str, Any], *, made: datetime) -> bytes:
    """Put the numbers of every table and figure of a published wave into one workbook, at full precision.

    Parameters
    ----------
    folder : Path
        The wave's folder.
    run : mapping
        Its record.
    made : datetime
        The date that the file bears.
    """
    book = openpyxl.Workbook()
    book.properties.creator, book.properties.title = (
        "qieval",
        f"{run['title']}, {run['label'] or run['wave']}",
    )
    book.properties.created = book.properties.modified = made
    contents = book.active
    contents.title = "Contents"
    _row(contents, [book.properties.title], font=BOLD)
    cut, synthetic = run["data_cut"], "; synthetic data" if run["synthetic"] else ""
    _row(contents, [f"Data cut {cut or 'not dated'}{synthetic}. Numbers as computed, not rounded."])
    _row(contents, ["Report", "Exhibit", "What it shows"], font=BOLD)
    for report in run["reports"]:
        _report(book, folder, report)
    _results(book, json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"])
    for sheet in book.worksheets:
        _fit(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _report(book: Any, folder: Path, report: Mapping[str, Any]) -> None:
    """Write a report's tables under each other, each under its caption, and list them in the contents."""
    notebook = json.loads((folder / report["executed"]).read_text(encoding="utf-8"))
    shown = {each.file: each for each in collect.exhibits(notebook, report["report"]) if each.file}
    captions = _captions(folder / report["page"])
    if not captions:
        return
    sheet = book.create_sheet(_name(report["report"], book.sheetnames))
    at = 1
    for file, caption in captions.items():
        each = shown[file]
        label, _, words = caption.partition(". ")
        if at > 1:
            _row(sheet, [])
        _row(sheet, [caption], font=BOLD)
        _row(book["Contents"], [report["question"], label, words])
        link = book["Contents"].cell(book["Contents"].max_row, 2)
        link.hyperlink = Hyperlink(ref=link.coordinate, location=f"'{sheet.title}'!A{at}")
        link.font = LINK
        _row(sheet, each.columns, font=BOLD)
        for values in each.rows:
            _row(sheet, values)
        at = sheet.max_row + 2


def _captions(page: Path) -> dict[str, str]:
    """Read off a page how each table and figure with numbers is numbered and captioned."""
    tree = lxml.html.fromstring(page.read_text(encoding="utf-8"))
    found = {}
    for link in tree.find_class("qi-csv"):
        whole = link.getparent()
        link.drop_tree()
        found[link.get("href")] = " ".join(whole.text_content().split())
    return found


def _results(book: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    sheet = book.create_sheet("Estimates")
    _row(sheet, list(collect.COLUMNS), font=BOLD)
    for row in rows:
        _row(sheet, ["; ".join(value) if isinstance(value, list) else value for value in row.values()])
    sheet.freeze_panes = "B2"


def _row(sheet: Any, values: Sequence[Any], *, font: Font | None = None) -> None:
    """Add a row; text stays text, whatever a spreadsheet would take it for."""
    cells = [Cell(sheet, row=1, column=1, value=value) for value in values]
    for cell, value in zip(cells, values, strict=True):
        if isinstance(value, str):
            cell.data_type = "s"
        if font:
            cell.font = font
    sheet.append(cells)


def _name(report: str, taken: Sequence[str]) -> str:
    name = _FORBIDDEN.sub("_", report)[:LONGEST_NAME]
    lowered = {each.lower() for each in taken}
    again = 2
    while name.lower() in lowered:
        name, again = f"{report[: LONGEST_NAME - 4]}~{again}", again + 1
    return name


def _fit(sheet: Any) -> None:
    """Make columns as wide as what stands in them; captions run over."""
    for column in sheet.columns:
        letter = column[0].column_letter
        wide = [
            len(str(cell.value))
            for cell in column
            if cell.value is not None and not (cell.font.b and cell.column == 1)
        ]
        sheet.column_dimensions[letter].width = min(WIDEST, 2 + max(wide, default=8))
        if sheet.title == "Contents" and letter == "C":
            for cell in column:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
