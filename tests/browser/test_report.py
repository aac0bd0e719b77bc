"""A report in a real browser: accessible in light and dark, quiet, fit for phone, keyboard and paper."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from nbformat import v4

from qieval.exhibits import Column, Figure, Statement, Table
from qieval.exhibits.format import fixed
from qieval.exhibits.svg import INK, PAPER, SOFT, A, B, canvas, tints, to_svg
from qieval.pipeline.page import render_page
from qieval.pipeline.site import site_index, wave_index

pytestmark = pytest.mark.browser

FRAME = pd.DataFrame(
    {
        "method": ["Cluster means, t", "Mixed model"],
        "estimate": [-3.1, -3.1],
        "low": [-5.6, -5.4],
        "high": [-0.6, -0.8],
    }
)


def forest() -> Figure:
    fig, ax = canvas(640, 160)
    for place, row in enumerate(FRAME.itertuples()):
        ax.plot([row.low, row.high], [place, place], color=A if place == 0 else SOFT)
        ax.plot(row.estimate, place, "o", color=A if place == 0 else SOFT)
    ax.set_yticks([0, 1], FRAME["method"])
    ax.set_xlabel("Difference, points")
    return Figure(
        name="forest",
        caption="All methods.",
        alt="Both lie below zero.",
        svg=to_svg(fig, name="forest"),
        frame=FRAME,
    )


def codes() -> Figure:
    fig, ax = canvas(440, 240)
    grid = pd.DataFrame(
        np.arange(6).reshape(3, 2), index=["trust", "time", "data"], columns=["nurses", "leads"]
    )
    sns.heatmap(grid, cmap=tints(B), annot=True, annot_kws={"color": INK}, cbar=False, linecolor=PAPER, ax=ax)
    return Figure(
        name="codes",
        caption="By role.",
        alt="Leads speak of data.",
        svg=to_svg(fig, name="codes"),
        frame=grid,
    )


def table() -> Table:
    return Table(
        name="methods",
        caption="All methods side by side, with a caption that is longer than a phone is wide.",
        frame=FRAME,
        columns=[
            Column(source="method", label="Analysis"),
            Column(source="estimate", label="Difference", unit="points", show=fixed(1)),
            Column(source="low", upper="high", label="95 % interval", unit="points", show=fixed(1)),
        ],
        emphasis=[0],
        notes=["A note."],
    )


def cell(source: str, *outputs: Any, tags: tuple[str, ...] = ()) -> Any:
    made = v4.new_code_cell(source, metadata={"tags": list(tags)})
    made.outputs = [
        output
        if hasattr(output, "output_type")
        else v4.new_output("display_data", data=output._repr_mimebundle_())
        for output in outputs
    ]
    return made


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    headline = Statement(
        name="effect", role="headline", say="Fatigue was **3.1 points** lower.", more=["More."]
    )
    caution = Statement(name="few", role="caution", say="**Read with care.** Few sites.")
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    book = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# Is fatigue lower at coached sites?\n\nCompares the arms."),
            cell('study: str = "demo"  # folder\nlevel: float = 0.95', tags=("parameters",)),
            v4.new_markdown_cell("The study is opened."),
            cell("study = qi.open_study(study, wave)", tags=("setup",)),
            v4.new_markdown_cell("## The bottom line"),
            cell("headline(study)", headline, caution),
            v4.new_markdown_cell("## All methods\n\nWords with a [link](https://example.org) and `code`."),
            cell("forest(ladder)", forest()),
            cell("table(ladder)", table()),
            v4.new_markdown_cell("### By role"),
            cell("codes(study)", codes()),
            v4.new_markdown_cell("## Own additions"),
            cell(
                "frame",
                v4.new_output("display_data", data={"text/html": FRAME.to_html()}),
                v4.new_output("stream", name="stdout", text="said " * 200),
                v4.new_output("stream", name="stderr", text="UserWarning: odd"),
                v4.new_output("display_data", data={"image/png": pixel}),
            ),
            v4.new_markdown_cell("## How this was computed\n\nBy hand."),
            cell("methods(ladder)", table(), tags=("appendix",)),
        ]
    )
    about = {
        "study_title": "The demo",
        "wave": 2,
        "wave_label": "month 12",
        "data_cut": "2025-06-30",
        "synthetic": True,
        "provenance": [["Data", "outcomes.csv, sha256 " + "5f1c" * 16]],
        "exhibits": {"2": "exhibits/x--2-forest.csv", "3": "exhibits/x--3-methods.csv"},
    }
    path = tmp_path_factory.mktemp("pages") / "20_effect--fatigue.html"
    path.write_text(render_page(book, metadata=about), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    error = v4.new_output("error", ename="KeyError", evalue="x", traceback=["KeyError: 'x' " * 40])
    book = v4.new_notebook(cells=[v4.new_markdown_cell("# Why?"), cell("data['x']", error)])
    path = tmp_path_factory.mktemp("pages") / "failed.html"
    path.write_text(render_page(book, metadata={"wave": 1}), encoding="utf-8")
    return path


def test_a_report_leaves_nothing_to_complain_of(
    report: Path, complaints: Callable[[Path], list[str]]
) -> None:
    assert complaints(report) == []


def test_a_failed_report_leaves_nothing_to_complain_of(
    failed: Path, complaints: Callable[[Path], list[str]]
) -> None:
    assert complaints(failed) == []


def test_index_pages_leave_nothing_to_complain_of(
    tmp_path: Path, complaints: Callable[[Path], list[str]]
) -> None:
    reports = [
        {
            "name": "20_effect",
            "question": "Is it?",
            "headline": "It is.",
            "state": "final",
            "href": "20_effect.html",
        },
        {"name": "40_coding", "question": "What?", "headline": "", "state": "failed", "href": ""},
    ]
    waves = [
        {"study": "demo", "title": "The demo", "wave": wave, "label": "later", "data_cut": "2025-06-30"}
        | {"synthetic": True, "reports": reports, "href": f"demo/wave-{wave}/index.html"}
        for wave in (0, 1, 2)
    ]
    site, wave = tmp_path / "index.html", tmp_path / "wave.html"
    site.write_text(
        site_index([{"name": "demo", "title": "The demo", "synthetic": True, "waves": waves}]),
        encoding="utf-8",
    )
    wave.write_text(wave_index(waves[2]), encoding="utf-8")
    assert complaints(site) + complaints(wave) == []


def test_the_keyboard_reaches_the_report_the_contents_and_the_code(
    report: Path, visit: Callable[..., Any]
) -> None:
    page, _ = visit(report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.locator("nav a", has_text="All methods").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#all-methods")
    code = page.locator("details.code pre").first
    assert code.is_hidden(), "the reader's edition"
    page.locator("#code").focus()
    page.keyboard.press("Space")
    code.wait_for(state="visible")


def test_a_table_copied_into_a_spreadsheet_keeps_its_numbers(report: Path, visit: Callable[..., Any]) -> None:
    page, _ = visit(report)
    select = "getSelection().selectAllChildren(document.querySelector('.qi-table tbody'))"
    copied = page.evaluate(f"{select}; getSelection().toString()")
    frame = pd.read_csv(io.StringIO(copied), sep="\t", header=None)
    assert frame[1].tolist() == [-3.1, -3.1]


def test_drawings_follow_the_dark_page(report: Path, visit: Callable[..., Any]) -> None:
    read = "getComputedStyle(document.querySelector('svg.wide text')).fill"
    light, dark = (visit(report, dark=dark)[0].evaluate(read) for dark in (False, True))
    assert light == "rgb(90, 100, 112)"
    assert dark == "rgb(163, 173, 184)"


def test_wide_figures_scroll_in_their_own_frame_on_a_phone(report: Path, visit: Callable[..., Any]) -> None:
    page, _ = visit(report, phone=True)
    frame = "document.querySelector('figure .wrap')"
    assert page.evaluate(f"{frame}.scrollWidth > {frame}.clientWidth")
    size = "parseFloat(getComputedStyle(document.querySelector('svg.wide text')).fontSize)"
    drawn = "document.querySelector('svg.wide').getBoundingClientRect().width / 640"
    assert page.evaluate(f"{size} * {drawn}") >= 11


def test_print_shows_the_appendix_and_hides_what_only_works_on_a_screen(
    report: Path, visit: Callable[..., Any]
) -> None:
    page, _ = visit(report, dark=True)
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("details.code").first.is_hidden()
    assert page.locator("details.more table").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
