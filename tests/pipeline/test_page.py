"""A report's page: the bottom line first, numbered exhibits, folded code, nothing that runs."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat import v4

from qieval.exhibits import Column, Figure, Statement, Table
from qieval.exhibits.svg import A, canvas, to_svg
from qieval.pipeline.outline import bare
from qieval.pipeline.page import render_page

EVIL = "<img src=x onerror=x()>"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FRAME = pd.DataFrame({"method": ["t", "mixed"], "estimate": [-3.1, -3.0]})
HEADLINE = Statement(name="effect", role="headline", say="Fatigue was **3.1 points** lower.")
CAUTION = Statement(name="few", role="caution", say="**Read with care.** Few sites.")
TABLE = Table(
    name="methods",
    caption="All methods.",
    frame=FRAME,
    columns=[Column(source="method", label="Method"), Column(source="estimate", label="Difference")],
)


def figure(name: str = "forest") -> Figure:
    fig, ax = canvas()
    ax.plot([1, 2], [1, 2], "o-", color=A)
    return Figure(name=name, caption="A forest.", alt="It falls.", svg=to_svg(fig, name=name), frame=FRAME)


def display(shown: Any) -> Any:
    return v4.new_output("display_data", data=shown if isinstance(shown, dict) else shown._repr_mimebundle_())


def code(source: str, *outputs: Any, tags: tuple[str, ...] = ()) -> Any:
    cell = v4.new_code_cell(source, metadata={"tags": list(tags)})
    cell.outputs = [
        output if isinstance(output, nbformat.NotebookNode) else display(output) for output in outputs
    ]
    return cell


def book(*cells: Any, **about: Any) -> Any:
    made = [v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return v4.new_notebook(cells=made, metadata={"qieval": about})


@pytest.fixture
def report() -> Any:
    return book(
        "# Is fatigue lower?\n\nCompares the arms.",
        code('study: str = "demo"  # folder under params/\nwave: int = 2', tags=("parameters",)),
        code("wave = 3", tags=("injected-parameters",)),
        "The study is opened.",
        code("study = qi.open_study(study, wave)", tags=("setup",)),
        "## First the arms",
        code("arms(study)", TABLE),
        "## In short\n\nAs the plan has it.",
        code("headline(study)", HEADLINE, CAUTION),
        "## All methods",
        code("ladder = estimate(study)"),
        code("forest(ladder)", figure()),
        code("again(ladder)", figure("again")),
        "## How it was computed\n\nA t test.",
        code("methods(ladder)", TABLE, tags=("appendix",)),
        study="demo",
        study_title="The demo",
        wave=2,
        wave_label="month 12",
        data_cut="2025-06-30",
        synthetic=True,
        report="20_effect--fatigue",
        provenance=[["Data", "outcomes.csv"], ["Made by", EVIL]],
        exhibits={"1": "exhibits/20_effect--1-methods.csv", "4": "exhibits/20_effect--4-forest.csv"},
    )


def test_the_bottom_line_comes_first_whatever_the_notebook_s_order(report: Any) -> None:
    main = render_page(report).partition('id="main"')[2]
    said = ("Fatigue was", "Few sites", "As the plan has it", "First the arms")
    places = [main.index(words) for words in said]
    assert places == sorted(places)
    assert "In short" not in main, "the card's own heading stands in its place"


def test_title_header_and_provenance_come_from_the_metadata(report: Any) -> None:
    page = render_page(report)
    assert "<title>Is fatigue lower? · The demo · wave 2 (month 12)</title>" in page
    assert "The demo · wave 2 (month 12) · data cut 30 June 2025<" in page
    assert "<h1>Is fatigue lower?</h1>" in page
    assert "<dt>Data</dt><dd>outcomes.csv</dd>" in page
    assert "&lt;img src=x onerror=x()&gt;" in page
    assert "Synthetic data" in page
    assert "Synthetic data" not in render_page(report, metadata={})


def test_metadata_given_wins_over_the_notebook_s_own(report: Any) -> None:
    page = render_page(report, metadata={"study_title": "Another", "interim": True})
    assert "Another · interim" in page
    assert "The demo" not in page


def test_figures_and_tables_are_numbered_in_the_page_s_order(report: Any) -> None:
    labels = re.findall(r'<b class="qi-label">([^<]+)</b>', render_page(report))
    assert labels == ["Table 1.", "Figure 1.", "Figure 2.", "Table 2."]


def test_captions_link_to_their_numbers_where_the_file_is_known(report: Any) -> None:
    page = render_page(report)
    links = re.findall(r'<a class="qi-csv" href="([^"]+)"', page)
    assert links == ["exhibits/20_effect--1-methods.csv", "exhibits/20_effect--4-forest.csv"]


def test_the_contents_list_the_headings_of_the_body(report: Any) -> None:
    page = render_page(report)
    contents = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', page)
    assert [words for _, words in contents] == [
        "The bottom line",
        "First the arms",
        "All methods",
        "How this was made",
    ]
    for anchor, _ in contents:
        assert page.count(f'id="{anchor}"') == 1


def test_drawings_on_one_page_share_no_id(report: Any) -> None:
    ids = re.findall(r' id="([^"]+)"', render_page(report))
    assert len(ids) == len(set(ids))


def test_code_is_folded_below_its_exhibit_and_set_up_stands_at_the_foot(report: Any) -> None:
    page = render_page(report)
    folds = re.findall(r"<summary>Code</summary><pre><code>(.*?)</code>", page, re.DOTALL)
    assert "ladder = estimate(study)\n\nforest(ladder)" in folds
    assert page.index("study = qi.open_study") > page.index("<footer")
    assert "The study is opened." in page[page.index("<footer") :]


def test_parameters_are_shown_as_they_were_run(report: Any) -> None:
    rows = re.findall(r'<tr><th scope="row"><code>(.*?)</tr>', render_page(report))
    assert [bare(row) for row in rows] == [
        "study&#39;demo&#39;folder under params/".replace("&#39;", "'"),
        "wave3",
    ]


def test_an_appendix_is_folded_under_its_heading(report: Any) -> None:
    page = render_page(report)
    fold = re.search(
        r'<details class="more"><summary>How it was computed</summary>(.*?)</details>', page, re.DOTALL
    )
    assert fold
    assert "A t test." in fold[1]


def test_the_policy_names_this_style_and_nothing_else(report: Any) -> None:
    page = render_page(report)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'" in page
    assert "<script" not in page
    assert " style=" not in page
    assert len(style) <= 7_600


def test_the_same_notebook_gives_the_same_bytes_and_stays_as_it_was(report: Any) -> None:
    before = nbformat.writes(report)
    assert render_page(report) == render_page(report)
    assert nbformat.writes(report) == before


def test_nbconvert_s_own_exporter_gives_the_same_page_by_the_installed_template(
    report: Any, tmp_path: Path
) -> None:
    path = tmp_path / "report.ipynb"
    nbformat.write(report, path)
    body, _ = HTMLExporter(template_name="qieval").from_filename(str(path))
    assert body == str(BeautifulSoup(render_page(report), "html.parser")), "nbconvert writes every page anew"


def test_the_authors_words_follow_the_bottom_line_and_are_sanitised(report: Any) -> None:
    report.metadata["qieval"]["words"] = [["Interpretation", "Fell by **3**."], ["Limits", f"Few. {EVIL}"]]
    main = render_page(report).partition('id="main"')[2]
    said = (
        "Few sites",
        '<h2 id="interpretation">Interpretation</h2>',
        "<strong>3</strong>",
        "First the arms",
    )
    assert [main.index(words) for words in said] == sorted(main.index(words) for words in said)
    assert "Few. <img></p>" in main


def test_a_failed_notebook_says_so_on_top() -> None:
    error = v4.new_output(
        "error", ename="KeyError", evalue="'x'", traceback=["\x1b[31mKeyError\x1b[0m: <b>x</b>"]
    )
    page = render_page(book("# Q", code("data['x']", error), "## Later", code("later()")))
    assert page.index("This report failed") < page.index('<h2 id="later">')
    assert "KeyError: &lt;b&gt;x&lt;/b&gt;" in page
    assert "\x1b" not in page


def test_other_outputs_are_shown_as_what_they_are() -> None:
    outputs = [
        v4.new_output("stream", name="stdout", text="\x1b[32mfine\x1b[0m <b>"),
        v4.new_output("stream", name="stderr", text="UserWarning: odd"),
        {"text/plain": "<Axes>", "image/png": PIXEL},
        v4.new_output(
            "display_data", data={"image/png": PIXEL}, metadata={"image/png": {"alt": "It <rises>"}}
        ),
        {"image/svg+xml": "<svg onload=x()><style>*{}</style></svg>", "text/plain": "y"},
        {"text/markdown": "**bold** $x_1$"},
        {"application/javascript": "x()", "text/plain": "<Javascript>"},
        {"text/plain": ""},
    ]
    page = render_page(book("# Q", code("many()", *outputs)))
    assert "<pre>fine &lt;b&gt;</pre>" in page
    assert '<pre class="aside">UserWarning: odd</pre>' in page
    assert f'alt="Figure without description" src="data:image/png;base64,{PIXEL}"' in page
    assert 'alt="It &lt;rises&gt;"' in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert "<strong>bold</strong> $x_1$" in page
    assert "<pre>&lt;Javascript&gt;</pre>" in page


def test_a_data_frame_scrolls_and_names_its_headers() -> None:
    html = FRAME.to_html()
    page = render_page(book("# Q", code("frame", {"text/html": html, "text/plain": "x"})))
    table = page[page.index('<div class="wrap" tabindex="0" role="region" aria-label="Listing 1">') :]
    assert table.count('scope="col"') == 2
    assert table.count('scope="row"') == 2
    assert "<th>" not in table.split("</table>")[0]


def test_very_long_text_is_cut_and_says_so() -> None:
    page = render_page(book("# Q", code("x", v4.new_output("stream", name="stdout", text="y" * 1_000_000))))
    assert len(page) < 40_000
    assert "(980,000 more characters)" in page


def test_markdown_that_needs_a_lost_picture_is_shown_as_text() -> None:
    page = render_page(book("# Q", "![a](attachment:gone.png)", code("x")))
    assert "attachment:gone.png" in page


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["no heading"],
        [code("x = 1")],
        ["# Q"],
        [code("wave: int = 2", tags=("parameters",))],
        [code("(", tags=("parameters",))],
    ],
    ids=["empty", "no title", "code first", "title only", "parameters only", "broken parameters"],
)
def test_unusual_notebooks_still_make_a_page(cells: list[Any]) -> None:
    page = render_page(book(*cells))
    assert page.count("<h1>") == 1
    assert page.endswith("</html>\n")


def test_words_before_parameters_are_kept() -> None:
    page = render_page(book("# Q", "Mind this.", code("wave: int = 2", tags=("parameters",))))
    assert "Mind this." in page


def test_hostile_names_of_exhibits_and_files_stay_text() -> None:
    table = Table(name=f'"{EVIL}', caption=EVIL, frame=FRAME, columns=[Column(source="method", label=EVIL)])
    page = render_page(
        book(f"# {EVIL}", code("x", table), exhibits={"1": f'exhibits/x-"{EVIL}.csv'}, study=EVIL)
    )
    assert "<img" not in page


def test_papermill_s_own_notices_are_left_out() -> None:
    notice = v4.new_markdown_cell(
        '<span style="color:red">An Exception</span>', metadata={"tags": ["papermill-error-cell-tag"]}
    )
    page = render_page(book(notice, "# Q", code("x")))
    assert "An Exception" not in page
    assert "<h1>Q</h1>" in page


def test_the_bottom_line_s_section_leads_card_then_cautions_then_words() -> None:
    page = render_page(
        book(
            "# Q",
            "## Before",
            code("x"),
            "## The bottom line\n\nA change is a mean.",
            code("change = compare()"),
            "In one sentence:",
            code("headline(change)", HEADLINE, tags=("exhibit",)),
            "What to keep in mind:",
            code("cautions(change)", CAUTION, tags=("exhibit",)),
            "## After\n\nThe same, drawn:",
            code("drawn(change)", figure(), tags=("exhibit",)),
            "And, where there is any:",
            code("nothing(change)", tags=("exhibit",)),
        )
    )
    main = page.partition('id="main"')[2]
    said = (
        "Fatigue was",
        "Few sites",
        "A change is a mean.",
        "headline(change)",
        "Before",
        "The same, drawn:",
    )
    places = [main.index(words) for words in said]
    assert places == sorted(places)
    for gone in ("In one sentence", "What to keep in mind", "where there is any"):
        assert gone not in main
    assert main.count("The bottom line") == 2, "the card's heading and the region's name"


def test_words_alone_can_be_an_appendix() -> None:
    words = v4.new_markdown_cell("## How it was computed\n\nBy hand.", metadata={"tags": ["appendix"]})
    page = render_page(book("# Q", code("x", TABLE), words))
    assert '<details class="more"><summary>How it was computed</summary>\n<p>By hand.</p>' in page
    assert "How it was computed</a>" not in page, "what is folded away is not in the contents"


def test_the_data_dictionary_is_linked_where_the_wave_has_one() -> None:
    said = "10_data.html#what-each-column-means"
    there = render_page(book("# Why?", code("x", HEADLINE), report="x", study="s", dictionary=said))
    assert f'<a href="{said}">data dictionary</a>' in there
    for about in ({"dictionary": ""}, {}):
        assert "dictionary" not in render_page(
            book("# Why?", code("x", HEADLINE), report="x", study="s", **about)
        )
