"""Nothing that a notebook or its data holds runs in a reader's browser, even without the page's policy."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from nbformat import v4

from qieval.coding import Project, quotes, tally
from qieval.exhibits import Column, Figure, Statement, Table, coding
from qieval.exhibits.site_figures import caterpillar, funnel_figure
from qieval.measures import funnel, shrink
from qieval.pipeline import collect
from qieval.pipeline.page import render_page
from qieval.pipeline.site import site_index, wave_index
from qieval.results import Quantity

pytestmark = pytest.mark.browser

MARK = "window.ran = (window.ran || []).concat"
EVIL = f"</td></pre></title><script>{MARK}('script')</script><img src=x onerror=\"{MARK}('img'); alert(1)\">"
DRAWING = (
    f"<svg viewBox='0 0 1 1' onload=\"{MARK}('svg')\"><title>{EVIL}</title><script>{MARK}('s')</script></svg>"
)
LINK = f"[a link](javascript:{MARK}('link')) <a href=\"javascript:{MARK}('a')\">another</a>"
FOLD = f"<details open ontoggle=\"{MARK}('toggle')\"><summary>s</summary></details>"
SINK = "\n\n".join([EVIL, DRAWING, LINK, FOLD + f"<body onload=\"{MARK}('body')\">"])
ODD = [
    EVIL,
    f"**bold** [md](javascript:{MARK}('md')) ![x](https://example.org/x.png) $\\input{{/etc/x}}$ | a |",
    "\x1b[31mred\x1b]8;;https://example.org\x07link\x07",
    "\u202egnp.exe\u2066\u2069\u200f",
    '=HYPERLINK("https://example.org")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "{{ constructor.constructor('x') }} <%= x %> ${x}",
    "x" * 20_000,
]
"""Markup, terminal controls, marks that turn the writing round, formulas, templates, and a very long word."""


def summaries() -> list[str]:
    """What statsmodels shows of a level, and of an outcome, that is called so: three kinds of summary."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=30), "g": np.repeat([EVIL, "b", "c"], 10)})
    data["team"] = np.tile(np.arange(5), 6)
    data["y"] += rng.normal(size=5)[data["team"]]
    fit = smf.ols("y ~ C(g)", data).fit()
    mixed = smf.mixedlm("y ~ C(g)", data, groups="team").fit()
    named = fit.summary(yname=EVIL, slim=True)
    return [str(each.as_html()) for each in (named, fit.summary2(yname=EVIL))] + [mixed.summary().as_html()]


def outputs() -> list[Any]:
    frame = pd.DataFrame({EVIL: [EVIL, "x"]}, index=pd.Index([EVIL, "y"], name=EVIL))
    htmls = [
        SINK,
        frame.to_html(),
        frame.to_html(escape=False),
        frame.style.set_caption(EVIL).to_html(),
        frame[EVIL].to_frame().style.format(escape="html").set_caption(EVIL).to_html(),
        *summaries(),
    ]
    shown = [v4.new_output("display_data", data={"text/html": html, "text/plain": EVIL}) for html in htmls]
    shown += [v4.new_output("display_data", data={"text/markdown": SINK})]
    shown += [v4.new_output("display_data", data={"image/svg+xml": DRAWING})]
    shown += [v4.new_output("display_data", data={"image/png": f'"{EVIL}'})]
    shown += [
        v4.new_output("display_data", data={"image/png": "AAAA"}, metadata={"image/png": {"alt": f'"{EVIL}'}})
    ]
    shown += [v4.new_output("display_data", data={"application/javascript": MARK + "('js')"})]
    shown += [v4.new_output("display_data", data={"text/latex": EVIL, "text/plain": EVIL})]
    shown += [v4.new_output("stream", name=name, text=EVIL) for name in ("stdout", "stderr")]
    return [*shown, v4.new_output("error", ename=EVIL, evalue=EVIL, traceback=[EVIL])]


def odd_exhibits() -> list[Any]:
    """What the kit itself makes of sites, codes, quotes and roles that are called as in `ODD`."""
    n = len(ODD)
    units = pd.DataFrame({"site": ODD, "x": np.arange(20, 20 + n), "n": 60 + np.arange(n)})
    how = {"unit": "site", "numerator": "x", "denominator": "n", "kind": "proportion"}
    rate = Quantity(name="q", label=ODD[1], kind="binary", unit=ODD[4])
    codes = pd.DataFrame({"code": [f"c{k}" for k in range(n)], "name": ODD, "definition": ODD})
    sources = pd.DataFrame({"source": [f"s{k}" for k in range(12)], "characters": 40_000, "site": "S"})
    sources = sources.assign(role=[ODD[k % 2] for k in range(12)], case=[f"p{k}" for k in range(12)])
    rows = pd.DataFrame({"source": [f"s{k}" for k in range(n)], "code": codes["code"], "coder": "a"})
    rows = rows.assign(start=0, end=30_000, text=[each.ljust(30_000, ".") for each in ODD], approved=True)
    project = Project.from_frames(rows, sources, codes)
    return [
        funnel_figure(funnel(units, **how), rate, own=ODD[0], of=ODD[3]),
        caterpillar(shrink(units, **how, seed=1), rate, own=ODD[5]),
        coding.codebook_table(project),
        coding.tally_figure(tally(project)),
        coding.tally_table(tally(project)),
        coding.quotes_table(quotes(project, by="role")),
        *(Statement(name="odd", role="caution", say=each, more=[each]) for each in ODD),
    ]


def exhibits() -> list[Any]:
    frame = pd.DataFrame({EVIL: [EVIL], "more": [f'"{EVIL}']})
    columns = [Column(source=EVIL, label=EVIL, unit=EVIL), Column(source="more", label=EVIL)]
    drawing = f'<svg viewBox="0 0 1 1"><text>{EVIL}</text></svg>'
    return [
        Table(name=EVIL, caption=f'"{EVIL}', frame=frame, columns=columns, notes=[EVIL]),
        Figure(name="f", caption=EVIL, alt=f'"{EVIL}', svg=drawing, frame=frame),
        Statement(name="s", role="headline", say=f"**{EVIL}**", more=[EVIL]),
        *odd_exhibits(),
    ]


@pytest.fixture(scope="module")
def page() -> str:
    cell = v4.new_code_cell(EVIL)
    own = [v4.new_output("display_data", data=exhibit._repr_mimebundle_()) for exhibit in exhibits()]
    cell.outputs = [*outputs(), *own]
    parameters = v4.new_code_cell(f"study = {EVIL!r}  # {EVIL}", metadata={"tags": ["parameters"]})
    book = v4.new_notebook(
        cells=[v4.new_markdown_cell(f"# {EVIL}\n\n{SINK}"), parameters, v4.new_markdown_cell(SINK), cell]
    )
    about = dict.fromkeys(("study", "study_title", "wave", "wave_label", "data_cut", "report"), EVIL)
    return render_page(
        book, metadata=about | {"provenance": [[EVIL, EVIL]], "exhibits": {"1": f'"{EVIL}-f.csv'}}
    )


@pytest.fixture(scope="module")
def indexes() -> list[str]:
    report = dict.fromkeys(("name", "question", "headline", "state", "href"), f'"{EVIL}')
    wave = dict.fromkeys(("study", "title", "label", "data_cut", "href"), f'"{EVIL}') | {
        "wave": 1,
        "reports": [report],
    }
    return [wave_index(wave), site_index([{"name": EVIL, "title": EVIL, "synthetic": True, "waves": [wave]}])]


def without_policy(html: str) -> str:
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    assert bare != html
    return bare


def ran(html: str, folder: Path, visit: Callable[..., Any]) -> tuple[Any, Any]:
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    opened, heard = visit(path)
    opened.wait_for_timeout(300)
    opened.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = !fold.open })")
    for link in opened.locator("main a").all():
        assert not (link.get_attribute("href") or "").lower().startswith(("javascript", "data"))
    opened.wait_for_timeout(200)
    return opened.evaluate("window.ran || null"), heard


def test_the_payload_does_run_where_nothing_stops_it(tmp_path: Path, visit: Callable[..., Any]) -> None:
    done, heard = ran(f"<!doctype html><body><table><td>{SINK}", tmp_path, visit)
    assert {"script", "img"} <= set(done)
    assert heard.dialogs


def test_nothing_runs_in_a_report(page: str, tmp_path: Path, visit: Callable[..., Any]) -> None:
    done, heard = ran(page, tmp_path, visit)
    assert done is None
    assert heard.dialogs == heard.console == []
    assert [url for url in heard.requests if not url.startswith(("file:", "data:"))] == []


def test_nothing_runs_in_a_report_without_its_policy(
    page: str, tmp_path: Path, visit: Callable[..., Any]
) -> None:
    done, heard = ran(without_policy(page), tmp_path, visit)
    assert done is None
    assert heard.dialogs == []
    assert [url for url in heard.requests if not url.startswith("data:")] == [
        (tmp_path / "page.html").as_uri()
    ]


def test_nothing_runs_in_index_pages(indexes: list[str], tmp_path: Path, visit: Callable[..., Any]) -> None:
    for html in indexes:
        done, heard = ran(without_policy(html), tmp_path, visit)
        assert done is None
        assert heard.dialogs == []


def test_no_name_is_a_formula_in_a_csv_file_and_every_one_is_whole_in_json() -> None:
    book = {"cells": [{"outputs": [{"data": each._repr_mimebundle_()} for each in odd_exhibits()]}]}
    shown = collect.exhibits(book, "r")
    for each in shown:
        for row in csv.reader(io.StringIO(collect.as_csv(each.columns, each.rows))):
            assert not [cell for cell in row if cell.startswith(("=", "@", "\t", "\r"))]
            assert not [cell for cell in row if cell.startswith(("+", "-")) and not number(cell)]
    told = json.loads(collect.as_json({"rows": shown[2].rows}))["rows"]
    assert {each.strip() for row in told for each in row[:2]} >= {each.strip() for each in ODD}


def number(cell: str) -> bool:
    try:
        return bool(float(cell)) or True
    except ValueError:
        return False
