"""All tables of a wave in one workbook: numbers stay numbers, text stays text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from nbformat import v4

from qieval.exhibits import Column, Table
from qieval.pipeline import collect
from qieval.pipeline.export import write_workbook
from qieval.pipeline.page import render_page
from qieval.results import Estimate, Record

FRAME = pd.DataFrame({"site": ["=1+1", "01"], "mean": [30.123456789, float("nan")]})
LONG = "60_measures--a-very-long-name-of-a-measure"


def exhibit(name: str, caption: str) -> Table:
    columns = [Column(source="site", label="Site"), Column(source="mean", label="Mean")]
    [record] = [Record(key="x", estimate=Estimate(term="x", method="m", estimate=1.5, unit="points"))]
    return Table(name=name, caption=caption, frame=FRAME, columns=columns, records=[record])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish two reports by hand: one with two tables."""
    wave = tmp_path_factory.mktemp("study") / "wave-1"
    (wave / "notebooks").mkdir(parents=True)
    reports, shown = [], []
    for report, names in {LONG: ["a", "b"], LONG + "-2": ["c"]}.items():
        book = v4.new_notebook(cells=[v4.new_markdown_cell("# What?")])
        for name in names:
            bundle = exhibit(name, f"Table of {name}. More.")._repr_mimebundle_()
            cell = v4.new_code_cell("x", outputs=[v4.new_output("display_data", data=bundle)])
            book.cells.append(cell)
        found = collect.exhibits(book, report)
        about = {"exhibits": {each.number: each.file for each in found}}
        (wave / f"{report}.html").write_text(render_page(book, metadata=about), encoding="utf-8")
        (wave / "notebooks" / f"{report}.ipynb").write_text(json.dumps(book), encoding="utf-8")
        executed = f"notebooks/{report}.ipynb"
        reports.append(
            {"report": report, "question": "What?", "page": f"{report}.html", "executed": executed}
        )
        shown += found
    about = {"title": "Tiny", "label": "month 6", "wave": 1, "synthetic": True, "data_cut": "2025-06-30"}
    (wave / "run.json").write_text(json.dumps(about | {"reports": reports}), encoding="utf-8")
    document = collect.results_document("tiny", 1, shown)
    (wave / "results.json").write_text(json.dumps(document), encoding="utf-8")
    return wave


def values(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row if cell.value is not None] for row in sheet.iter_rows()]


def test_a_report_is_a_sheet_and_its_tables_stand_under_their_captions(folder: Path) -> None:
    book = openpyxl.load_workbook(write_workbook(folder))
    assert book.sheetnames == ["Contents", LONG[:31], f"{LONG[:27]}~2", "Estimates"]
    assert values(book[LONG[:31]]) == [
        ["Table 1. Table of a. More."],
        ["site", "mean"],
        ["=1+1", 30.123456789],
        ["01"],
        [],
        ["Table 2. Table of b. More."],
        ["site", "mean"],
        ["=1+1", 30.123456789],
        ["01"],
    ]
    assert book[LONG[:31]]["A3"].data_type == "s", "no formula"
    assert len(values(book["Estimates"])) == 1 + 3


def test_the_contents_lead_to_each_table(folder: Path) -> None:
    contents = openpyxl.load_workbook(write_workbook(folder))["Contents"]
    assert values(contents)[0] == ["Tiny, month 6"]
    assert values(contents)[3:] == [
        ["What?", "Table 1", "Table of a. More."],
        ["What?", "Table 2", "Table of b. More."],
        ["What?", "Table 1", "Table of c. More."],
    ]
    assert contents["B5"].hyperlink.location == f"'{LONG[:31]}'!A6"


def test_the_same_wave_gives_the_same_bytes(folder: Path) -> None:
    assert write_workbook(folder).read_bytes() == write_workbook(folder).read_bytes()
