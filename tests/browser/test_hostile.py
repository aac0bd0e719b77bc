"""Nothing that a notebook or its data holds runs in a reader's browser, even without the page's policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from nbformat import v4

from qieval.exhibits import Column, Figure, Statement, Table
from qieval.pipeline.page import render_page
from qieval.pipeline.site import site_index, wave_index

pytestmark = pytest.mark.browser

MARK = "window.ran = (window.ran || []).concat"
EVIL = f"</td></pre></title><script>{MARK}('script')</script><img src=x onerror=\"{MARK}('img'); alert(1)\">"
DRAWING = (
    f"<svg viewBox='0 0 1 1' onload=\"{MARK}('svg')\"><title>{EVIL}</title><script>{MARK}('s')</script></svg>"
)
LINK = f"[a link](javascript:{MARK}('link')) <a href=\"javascript:{MARK}('a')\">another</a>"
FOLD = f"<details open ontoggle=\"{MARK}('toggle')\"><summary>s</summary></details>"
SINK = "\n\n".join([EVIL, DRAWING, LINK, FOLD + f"<body onload=\"{MARK}('body')\">"])


def summary() -> str:
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=30), "g": np.repeat([EVIL, "b", "c"], 10)})
    return str(smf.ols("y ~ C(g)", data).fit().summary(slim=True).as_html())


def outputs() -> list[Any]:
    frame = pd.DataFrame({EVIL: [EVIL, "x"]}, index=pd.Index([EVIL, "y"], name=EVIL))
    htmls = [
        SINK,
        frame.to_html(),
        frame.to_html(escape=False),
        frame.style.set_caption(EVIL).to_html(),
        summary(),
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


def exhibits() -> list[Any]:
    frame = pd.DataFrame({EVIL: [EVIL], "more": [f'"{EVIL}']})
    columns = [Column(source=EVIL, label=EVIL, unit=EVIL), Column(source="more", label=EVIL)]
    drawing = f'<svg viewBox="0 0 1 1"><text>{EVIL}</text></svg>'
    return [
        Table(name=EVIL, caption=f'"{EVIL}', frame=frame, columns=columns, notes=[EVIL]),
        Figure(name="f", caption=EVIL, alt=f'"{EVIL}', svg=drawing, frame=frame),
        Statement(name="s", role="headline", say=f"**{EVIL}**", more=[EVIL]),
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
