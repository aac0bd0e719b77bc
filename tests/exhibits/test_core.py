"""Exhibits show escaped, accessible HTML and carry the unrounded numbers."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import MIME, Column, Figure, Statement, Table
from qieval.exhibits.core import plain, shown_frame
from qieval.exhibits.format import fixed
from qieval.results import TIDY, Estimate, Record

EVIL = '<script>alert("1")</script>'


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "method": ["cluster-t", EVIL],
            "estimate": [-3.14159, math.nan],
            "low": [-5.6, -math.inf],
            "high": [-0.6, math.inf],
            "secret": ["patient 1", "patient 2"],
        }
    )


@pytest.fixture
def table(frame: pd.DataFrame) -> Table:
    estimate = Estimate(
        term="a - b", method="cluster-t", estimate=-3.14159, ci_low=-math.inf, n=12, unit="points"
    )
    return Table(
        name="effect",
        caption="Effect & interval",
        frame=frame,
        columns=[
            Column(source="method", label="Analysis", align="left"),
            Column(source="estimate", label="Difference", unit="points", show=fixed(1)),
            Column(source="low", upper="high", label="95 % interval", show=fixed(1)),
        ],
        records=[Record(key="cluster-t", estimate=estimate, primary=True)],
        emphasis=[0],
        notes=["A note with <b>."],
    )


def parsed(html: str) -> ET.Element:
    return ET.fromstring(f"<root>{html}</root>")


def test_a_table_has_caption_scopes_units_and_a_region_that_scrolls(table: Table) -> None:
    root = parsed(table.html())
    assert "".join(root.find(".//caption").itertext()) == "Table. Effect & interval"
    assert [th.get("scope") for th in root.iterfind(".//thead//th")] == ["col"] * 3
    assert root.find(".//thead//small").text == "points"
    assert [th.get("scope") for th in root.iterfind(".//tbody//th")] == ["row"] * 2
    region = root.find(".//div[@role='region']")
    assert region.get("tabindex") == "0"
    assert region.get("aria-label")


def test_a_table_writes_rounded_numbers_and_words_for_what_is_missing(table: Table) -> None:
    rows = [
        ["".join(cell.itertext()) for cell in row] for row in parsed(table.html()).iterfind(".//tbody/tr")
    ]
    assert rows == [["cluster-t", "-3.1", "-5.6 to -0.6"], [EVIL, "–", "unbounded"]]


def test_an_absent_interval_is_a_dash(frame: pd.DataFrame) -> None:
    column = Column(source="low", upper="high", label="x")
    assert column.cell({"low": None, "high": math.nan}) == "–"
    assert column.cell({"low": -1.0, "high": math.inf}) == "-1.0 to inf"


def test_an_emphasised_row_is_marked(table: Table) -> None:
    assert [row.get("class") for row in parsed(table.html()).iterfind(".//tbody/tr")] == ["primary", None]


def test_a_payload_holds_raw_numbers_of_the_shown_columns_only(table: Table) -> None:
    payload = table.payload()
    assert payload["columns"] == ["method", "estimate", "low", "high"]
    assert payload["rows"] == [["cluster-t", -3.14159, -5.6, -0.6], [EVIL, None, None, None]]
    assert "patient" not in json.dumps(payload)
    json.dumps(payload, allow_nan=False)


def test_a_record_is_published_in_the_tidy_vocabulary(table: Table) -> None:
    (row,) = table.payload()["results"]
    assert set(row) == {"key", *TIDY, "primary", "status", "notes"}
    assert (row["estimate"], row["ci_low"], row["n"]) == (-3.14159, None, 12)


def test_an_exhibit_offers_text_html_and_numbers(table: Table) -> None:
    assert set(table._repr_mimebundle_()) == {"text/plain", "text/html", MIME}


def test_a_figure_takes_its_alternative_text_from_the_result() -> None:
    figure = Figure(
        name="f",
        caption="A & b",
        alt='Says "down" <b>',
        svg='<svg viewBox="0 0 1 1"><g/></svg>',
        frame=pd.DataFrame({"x": [1]}),
    )
    root = parsed(figure.html())
    drawing = root.find(".//svg")
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", 'Says "down" <b>')
    assert "".join(root.find(".//figcaption").itertext()) == "Figure. A & b"
    assert figure.payload()["alt"] == 'Says "down" <b>'
    assert figure.payload()["rows"] == [[1]]


@pytest.mark.parametrize(
    ("role", "expected"), [("headline", "line"), ("caution", "caution"), ("note", "remark")]
)
def test_a_statement_is_laid_out_by_its_role(role: str, expected: str) -> None:
    said = Statement(name="s", role=role, say=f"Down by **3 points**; {EVIL}", more=["More & more."])
    root = parsed(said.html())
    assert expected in root[0].get("class").split()
    assert root.find(".//b").text == "3 points"
    assert "<script" not in said.html()
    assert said.plain() == f"Down by 3 points; {EVIL}\nMore & more."
    payload = said.payload()
    assert (payload["role"], payload["caption"]) == (role, f"Down by 3 points; {EVIL}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (math.nan, None),
        (math.inf, None),
        (np.float64("-inf"), None),
        (pd.NA, None),
        (pd.NaT, None),
        ("x", "x"),
        (pd.Timestamp("2025-06-30"), "2025-06-30 00:00:00"),
    ],
)
def test_plain_values_are_json(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_shown_frame_leaves_the_frame_as_it_was(frame: pd.DataFrame, table: Table) -> None:
    before = frame.copy(deep=True)
    shown_frame(frame, table.columns)
    table.html()
    pd.testing.assert_frame_equal(frame, before)
