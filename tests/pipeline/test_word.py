"""A Word file holds what the page says: headings, real tables, figures with their captions."""

from __future__ import annotations

import base64
import io
from datetime import datetime
from typing import Any

import docx
import pytest

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PAGE = """<!doctype html><html><head><title>Why? · demo</title></head><body>
<aside class="banner"><strong>Synthetic data.</strong> No real person.</aside>
<header><p class="where"><span class="screen"><a href="index.html">All</a> · </span>demo</p>
<h1>Why?</h1></header>
<nav>Contents</nav><main><section class="line"><h2>The bottom line</h2>
<p>It was <b>3 points</b> lower.</p></section>
<div class="wrap"><table><caption><span><b>Table 1.</b> By arm. <a class="qi-csv" href="x.csv">CSV</a>
</span></caption>
<thead><tr><th scope="col">Arm</th><th class="right">Mean <small>points</small></th></tr></thead>
<tbody><tr class="primary"><th scope="row">coached</th><td class="right">30.1</td></tr>
<tr><th scope="row">usual care</th><td class="right">33.2</td></tr></tbody></table></div>
<details class="code"><summary>Code</summary><pre>secret = 1</pre></details>
<figure><div class="wrap"><svg role="img" aria-label="Two dots." viewBox="0 0 320 90"><path/></svg></div>
<figcaption><b>Figure 1.</b> Dots.</figcaption></figure>
<ul><li>one</li></ul><footer><dl><dt>Data</dt><dd>a.csv</dd></dl></footer></main></body></html>"""


@pytest.fixture(scope="module")
def written() -> tuple[Any, list[str]]:
    from qieval.pipeline.word import word_file

    asked: list[str] = []

    def pictures(drawings: list[str]) -> list[bytes]:
        asked.extend(drawings)
        return [base64.b64decode(PIXEL)] * len(drawings)

    made = word_file(PAGE, pictures, made=datetime(2025, 6, 30))
    return docx.Document(io.BytesIO(made)), asked


def test_headings_text_and_captions_come_in_the_page_s_order(written: tuple[Any, list[str]]) -> None:
    found = [(each.style.name, each.text) for each in written[0].paragraphs if each.text]
    assert found == [
        ("Intense Quote", "Synthetic data. No real person."),
        ("Normal", "demo"),
        ("Title", "Why?"),
        ("Heading 1", "The bottom line"),
        ("Normal", "It was 3 points lower."),
        ("Caption", "Table 1. By arm.  "),
        ("Caption", "Figure 1. Dots."),
        ("List Bullet", "one"),
        ("Normal", "Data: a.csv"),
    ]


def test_a_table_is_a_table_with_a_header_that_is_repeated(written: tuple[Any, list[str]]) -> None:
    [table] = written[0].tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Arm", "Mean \npoints"],
        ["coached", "30.1"],
        ["usual care", "33.2"],
    ]
    assert "w:tblHeader" in table.rows[0]._tr.xml
    assert "w:tblHeader" not in table.rows[1]._tr.xml
    assert table.rows[1].cells[1].paragraphs[0].runs[0].bold, "the primary analysis is set off"


def test_a_figure_is_a_picture_of_its_own_size_with_its_alternative_text(
    written: tuple[Any, list[str]],
) -> None:
    document, asked = written
    [shape] = document.inline_shapes
    assert shape.width == 320 * 9525
    assert shape._inline.docPr.get("descr") == "Two dots."
    assert [each.split()[0] for each in asked] == ["<svg"]
    assert 'viewBox="0 0 320 90"' in asked[0], "as the page has it"


def test_the_file_bears_the_data_cut_and_no_clock(written: tuple[Any, list[str]]) -> None:
    about = written[0].core_properties
    assert (about.title, about.created.year, about.modified.year) == ("Why? · demo", 2025, 2025)
