"""Nothing that runs, loads, dresses up or leaves the page survives; what a report needs does."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qieval.exhibits.svg import A, canvas, to_svg
from qieval.pipeline.cells import markdown
from qieval.pipeline.sanitise import plain_text, sanitise

PAYLOADS = [
    "<script>x()</script>",
    "<img src=x onerror=x()>",
    "<svg onload=x()><title><script>x()</script></title></svg>",
    "<svg><script>x()</script><style>*{fill:url(https://a.example/x)}</style></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>x()</script>'></iframe></foreignObject></svg>",
    "<svg><a href='javascript:x()'><text>x</text></a><animate attributeName=href to='javascript:x()'/></svg>",
    "<svg><use href='https://a.example/x.svg#a'/><image href='https://a.example/x.png'/></svg>",
    "<svg><path fill='url(https://a.example/#a)' style='background:url(https://a.example)'/></svg>",
    "<a href='javascript:x()'>x</a><a href='java\nscript:x()'>x</a><a href=' javascript:x()'>x</a>",
    "<a href='data:text/html,<script>x()</script>'>x</a><a href='vbscript:x'>x</a>",
    "<a href='//a.example'>x</a>",
    "<iframe src=https://a.example></iframe><object data=x></object><embed src=x>",
    "<form action=https://a.example><input name=q><button formaction=javascript:x()>b</button></form>",
    "<style>@import 'https://a.example/x.css'</style><link rel=stylesheet href=https://a.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://a.example'><base href=https://a.example/>",
    "<div style='position:fixed;inset:0;background:url(https://a.example)' onclick=x()>x</div>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x()&gt;'>",
    "<svg></p><style><a id='</style><img src=1 onerror=x()>'>",
    "<noscript><p title='</noscript><img src=x onerror=x()>'>",
    "<img src='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+'>",
    "<video><source onerror=x()></video><audio src=x onerror=x()>",
    "<details open ontoggle=x()><summary>x</summary></details>",
    "<template><script>x()</script></template><xmp><script>x()</script></xmp>",
]

TAGS = set(
    re.findall(
        r"\w+",
        """a abbr b bdi blockquote br caption cite code col colgroup dd del details dfn div dl dt em
        figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small
        span strong sub summary sup table tbody td tfoot th thead time tr u ul var svg g defs path rect
        circle ellipse line polyline polygon text tspan use clippath pattern marker""",
    )
)


class Inspector(HTMLParser):
    """Collects what could be dangerous in HTML that should hold nothing of the kind."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            said = value or ""
            if name.startswith("on") or name in {"style", "srcdoc", "xlink:href", "action", "formaction"}:
                self.faults.append(f"{tag} {name}")
            if name == "href" and not re.match(r"https?://|mailto:|#|[\w][\w./#-]*$", said):
                self.faults.append(f"{tag} href={said}")
            if name == "src" and not said.startswith("data:image/"):
                self.faults.append(f"{tag} src={said}")
            if tag == "use" and name == "href" and not said.startswith("#"):
                self.faults.append(f"use {said}")
            if "url(" in said and "url(#" not in said:
                self.faults.append(f"{tag} {name}={said}")


def faults(html: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.faults


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_survives(payload: str) -> None:
    assert faults(sanitise(payload)) == []
    assert faults(sanitise(f"<table><caption>{payload}</caption><tr><td>{payload}</td></tr></table>")) == []
    assert (
        faults(markdown(f"# {payload}\n\ntext {payload}\n\n- {payload}\n\n[x](javascript:x()) ![y](x.png)"))
        == []
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_cleaning_twice_changes_nothing(payload: str) -> None:
    once = sanitise(payload)
    assert sanitise(once) == once


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *PAYLOADS,
                "<p>",
                "</p>",
                "<table>",
                "<svg>",
                "</svg>",
                "<math>",
                "<td",
                '"',
                "'",
                "<!--",
                "-->",
                "<title>",
                "&lt;",
                ">",
            ]
        ),
        max_size=8,
    )
)
def test_no_mixture_survives(pieces: list[str]) -> None:
    once = sanitise("".join(pieces))
    assert faults(once) == []
    assert not re.search(r"<[^<>]*<|>[^<>]*>", once), "brackets stand in tags only"


def test_brackets_stand_in_tags_only_attributes_included() -> None:
    cleaned = sanitise('<abbr title="a<b>c">x < y > z</abbr>')
    assert cleaned == '<abbr title="a&lt;b&gt;c">x &lt; y &gt; z</abbr>'


@pytest.mark.parametrize(
    "kept",
    [
        "<h2>Effect</h2><p>A <b>b</b> <em>c</em> <code>d</code><br>e</p>",
        '<table><caption>c</caption><thead><tr><th scope="col">a</th></tr></thead></table>',
        '<table><tbody><tr><th scope="row">b</th></tr></tbody></table>',
        '<td colspan="2">x</td>',
        "<figure><figcaption>c</figcaption></figure>",
        "<details><summary>s</summary><p>more</p></details>",
        '<ol start="3"><li>a</li></ol>',
        '<a href="https://doi.org/10.1000/182?a=b#c">doi</a><a href="mailto:a@b.example">m</a>',
        '<a href="#effect">e</a>',
        '<a href="10_data.html#flow">d</a><a href="exhibits/20_effect--1-forest.csv">csv</a>',
        '<div class="qi-exhibit wrap" tabindex="0" role="region" aria-label="Table: x">t</div>',
        '<img alt="a" src="data:image/png;base64,iVBORw0KGgo=">',
    ],
)
def test_what_a_report_needs_stays(kept: str) -> None:
    wrapped = f"<table><tbody><tr>{kept}</tr></tbody></table>" if kept.startswith("<td") else kept
    assert sorted(re.findall(r"[\w\"=#/:;.-]+", sanitise(wrapped))) == sorted(
        re.findall(r"[\w\"=#/:;.-]+", wrapped)
    )


def test_our_drawings_stay_whole_and_their_ids_get_a_scope() -> None:
    fig, ax = canvas()
    ax.plot([1, 2], [1, 2], "o-", color=A)
    drawing = to_svg(fig, name="trend")
    cleaned = sanitise(drawing, scope="c3-0-")
    assert 'viewBox="0 0 640 240"' in cleaned
    assert cleaned.count("<path") == drawing.count("<path")
    assert cleaned.count("<use") == drawing.count("<use")
    defined = set(re.findall(r' id="([^"]+)"', cleaned))
    assert {name.startswith("c3-0-trend-") for name in defined} == {True}
    assert (
        set(re.findall(r"url\(#([^)]+)\)", cleaned)) | set(re.findall(r'href="#([^"]+)"', cleaned)) == defined
    )
    assert f"var(--a, {A})" in cleaned


def test_a_page_s_own_classes_and_ids_cannot_be_borrowed() -> None:
    assert (
        sanitise('<div class="banner skip failed qi-note" id="main">x</div>')
        == '<div class="qi-note">x</div>'
    )


def test_a_styler_loses_its_script_and_its_style() -> None:
    pytest.importorskip("jinja2")
    evil = "<img src=x onerror=x()>"
    frame = pd.DataFrame({evil: [evil]}, index=pd.Index([evil], name=evil))
    cleaned = sanitise(frame.style.set_caption(evil).to_html())
    assert faults(cleaned) == []
    assert "onerror" not in cleaned


def test_text_loses_terminal_codes_and_reversing_marks() -> None:
    assert (
        plain_text("\x1b[1;31mError\x1b[0m\ta\nb\x07\u202ec \x1b]8;;https://x\x07link") == "Error\ta\nbc link"
    )


def test_html_loses_reversing_marks() -> None:
    assert sanitise("a\u202e\u2066b") == "ab"
