"""Each kind of output becomes the richest thing that a page without scripts can show."""

from __future__ import annotations

from typing import Any

import pytest

from qieval.exhibits import MIME
from qieval.pipeline.cells import code_fold, is_exhibit, markdown, shown, text


def out(data: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": metadata}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text/html": "<p>h</p>", "text/markdown": "m", "text/plain": "p"}, "<p>h</p>"),
        ({"text/html": ["<p>", "h</p>"]}, "<p>h</p>"),
        ({"text/markdown": "*m*", "image/png": "AAAA"}, "<p><em>m</em></p>\n"),
        ({"image/png": "not base64!", "text/plain": "p"}, "<pre>p</pre>"),
        ({"image/png": "AAAA", "text/plain": "p"}, None),
        ({"text/plain": "a < b"}, "<pre>a &lt; b</pre>"),
    ],
)
def test_the_richest_form_is_shown(data: dict[str, Any], expected: str | None) -> None:
    given = shown(out(data), scope="")
    assert given is not None
    if expected is None:
        assert given.html.startswith('<figure><img class="qi-picture"')
    else:
        assert given.html == expected


@pytest.mark.parametrize(
    "output",
    [out({}), out({"text/plain": " \n"}), {"output_type": "stream", "name": "stdout", "text": "\n"}],
    ids=["nothing", "blank text", "blank stream"],
)
def test_an_output_that_says_nothing_shows_nothing(output: dict[str, Any]) -> None:
    assert shown(output, scope="") is None


def test_an_exhibit_is_known_by_its_numbers() -> None:
    output = out({"text/html": "x", MIME: {"name": "effect", "role": "headline"}})
    assert is_exhibit(output)
    given = shown(output, scope="", number=3)
    assert given is not None
    assert (given.number, given.role) == (3, "headline")


@pytest.mark.parametrize("numbers", ["text", None, [], {"name": 3, "role": {}}])
def test_numbers_that_are_not_ours_give_no_role(numbers: object) -> None:
    given = shown(out({"text/html": "x", MIME: numbers}), scope="")
    assert given is not None
    assert given.role is None


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"image/png": {"alt": "It rises"}}, "It rises"),
        ({"alt": "It falls"}, "It falls"),
        ({}, "Figure without description"),
    ],
)
def test_a_picture_has_an_alternative_text(metadata: dict[str, Any], expected: str) -> None:
    given = shown(out({"image/png": "AAAA"}, **metadata), scope="")
    assert given is not None
    assert f'alt="{expected}"' in given.html


def test_an_error_without_a_traceback_is_told_by_name() -> None:
    given = shown({"output_type": "error", "ename": "ValueError", "evalue": "odd"}, scope="")
    assert given is not None
    assert given.error == "ValueError: odd"


def test_markdown_keeps_tables_and_formulas() -> None:
    html = markdown("| a | b |\n|---|---|\n| 1 | $x_1 < 2$ |\n\n$$\\beta_1$$")
    assert "<th>a</th>" in html
    assert "$x_1 &lt; 2$" in html
    assert "$$\\beta_1$$" in html


def test_long_text_is_cut() -> None:
    assert text("y" * 20_003).endswith("… (3 more characters)</pre>")


def test_no_code_no_fold() -> None:
    assert code_fold([]) == ""
