"""Headings get anchors, tables get regions and scopes, labels get numbers."""

from __future__ import annotations

import pytest

from qieval.pipeline.outline import Outline, bare, split_heading


def test_anchors_are_new_each_time_and_leave_the_page_s_own_alone() -> None:
    outline = Outline()
    html = outline.words("<h2>Main</h2><h2>Effect &amp; more</h2><h2>Effect &amp; more</h2><h2>结果</h2>")
    assert [anchor for anchor, _ in outline.contents] == ["main-2", "effect-more", "effect-more-2", "section"]
    assert outline.contents[1][1] == "Effect & more"
    assert '<h2 id="effect-more-2">' in html


def test_a_first_level_heading_is_lowered_and_an_empty_one_dropped() -> None:
    assert Outline().words("<h1>A</h1><h3>B</h3><h2></h2>") == '<h2 id="a">A</h2><h3 id="b">B</h3>'


def test_only_second_level_headings_enter_the_contents() -> None:
    outline = Outline()
    outline.words("<h2>A</h2><h3>B</h3>")
    assert outline.contents == [("a", "A")]


def test_scopes_that_are_there_stay() -> None:
    html = Outline().words('<table><tbody><tr><th scope="rowgroup">a</th></tr></tbody></table>')
    assert 'scope="rowgroup"' in html
    assert html.count("scope=") == 1


def test_a_table_in_a_table_gets_one_region() -> None:
    inner = "<table><tbody><tr><td>x</td></tr></tbody></table>"
    html = Outline().words(f"<table><tbody><tr><td>{inner}</td></tr></tbody></table>{inner}")
    assert html.count('role="region"') == 2
    assert html.count("<div") == html.count("</div>") == 2


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A <em>b</em></h1>\n<p>c</p>", ("A b", "\n<p>c</p>")),
        ("<p>c</p><h1>A</h1>", ("", "<p>c</p><h1>A</h1>")),
        ("", ("", "")),
    ],
)
def test_a_leading_heading_is_split_off(html: str, expected: tuple[str, str]) -> None:
    assert split_heading(html) == expected


def test_bare_words() -> None:
    assert bare("a <b>b</b>\n &lt;c&gt;") == "a b <c>"
