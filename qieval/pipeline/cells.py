"""What a cell shows: its Markdown, its outputs and its code, as HTML that is safe in any page."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from qieval.exhibits import MIME
from qieval.pipeline.lean import skip_unused_parsers
from qieval.pipeline.sanitise import plain_text, sanitise

skip_unused_parsers()

from nbconvert.filters.markdown_mistune import (  # noqa: E402 (after the parsers are set aside)
    InvalidNotebook,
    IPythonRenderer,
    MarkdownWithMath,
)

LONGEST_TEXT = 20_000
NO_DESCRIPTION = "Figure without description"
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One output as the page shows it.

    Attributes
    ----------
    html : str
        Sanitised.
    number : int, optional
        The exhibit's place among all exhibits of the notebook, from 1, if the output is one of ours.
    role : str, optional
        ``"headline"``, ``"caution"`` or ``"note"``, if it is a statement.
    error : str, optional
        Error and traceback as text, if the cell stopped there.
    """

    html: str
    number: int | None = None
    role: str | None = None
    error: str | None = None


def prose(cell: Mapping[str, Any]) -> str:
    """Render a Markdown cell; formulas stay as they are written."""
    return markdown(str(cell["source"]), attachments=dict(cell.get("attachments", {})))


def markdown(source: str, *, attachments: dict[str, dict[str, str]] | None = None) -> str:
    """Render Markdown to sanitised HTML."""
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True, attachments=attachments)
    try:
        return sanitise(MarkdownWithMath(renderer=renderer).render(source))
    except InvalidNotebook:  # a picture was pasted and is gone
        return text(source)


def text(said: str, *, kind: str = "") -> str:
    """Show text as it stands, without terminal colours, cut where nobody reads on."""
    plain = plain_text(said)
    cut = len(plain) - LONGEST_TEXT
    shown = plain if cut <= 0 else f"{plain[:LONGEST_TEXT]}\n… ({cut:,} more characters)"
    return f'<pre class="{kind}">{escape(shown)}</pre>' if kind else f"<pre>{escape(shown)}</pre>"


def code_fold(sources: list[str]) -> str:
    """Fold code away; nothing for none."""
    if not sources:
        return ""
    shown = escape(plain_text("\n\n".join(sources)))
    return f'<details class="code"><summary>Code</summary><pre><code>{shown}</code></pre></details>'


def is_exhibit(output: Mapping[str, Any]) -> bool:
    """Whether an output is a table, figure or statement of ours, with its numbers."""
    return MIME in output.get("data", {})


def shown(output: Mapping[str, Any], *, scope: str, number: int | None = None) -> Shown | None:
    """Turn one output of a code cell into what a page shows; None for one that shows nothing.

    Parameters
    ----------
    output : mapping
        As nbformat 4 has it.
    scope : str
        Prefix of ids, different for every output of the page.
    number : int, optional
        Its place among the exhibits, if it is one.
    """
    kind = output["output_type"]
    if kind == "stream":
        said = str(output["text"])
        warned = output.get("name") == "stderr"
        return Shown(html=text(said, kind="aside" if warned else "")) if said.strip() else None
    if kind == "error":
        said = _traceback(output)
        return Shown(html=text(said, kind="aside"), error=said)
    data = output.get("data", {})
    html = _shown_data(data, output.get("metadata", {}), scope)
    if html is None:
        return None
    numbers = data.get(MIME)
    role = numbers.get("role") if isinstance(numbers, Mapping) else None
    return Shown(html=html, number=number, role=role if isinstance(role, str) else None)


def _traceback(output: Mapping[str, Any]) -> str:
    trace = "\n".join(map(str, output.get("traceback", [])))
    return plain_text(trace or f"{output.get('ename', 'Error')}: {output.get('evalue', '')}")


def _shown_data(data: Mapping[str, Any], metadata: Mapping[str, Any], scope: str) -> str | None:
    """Choose the richest form that a page without scripts can show."""
    if "text/html" in data:
        return sanitise(_joined(data["text/html"]), scope=scope)
    if "text/markdown" in data:
        return markdown(_joined(data["text/markdown"]))
    for mime in _PICTURES:
        if mime in data and (picture := _picture(mime, _joined(data[mime]), metadata)):
            return picture
    plain = _joined(data.get("text/plain", ""))
    return text(plain) if plain.strip() else None


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _picture(mime: str, content: str, metadata: Mapping[str, Any]) -> str | None:
    """Show a picture by its bytes; in an ``img`` even SVG can neither run nor load anything."""
    if mime == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode()
    if not _BASE64.fullmatch(content):
        return None
    own = metadata.get(mime)
    said = (own.get("alt") if isinstance(own, Mapping) else None) or metadata.get("alt") or NO_DESCRIPTION
    source = f"data:{mime};base64,{''.join(content.split())}"
    return f'<figure><img class="qi-picture" alt="{escape(str(said))}" src="{source}"></figure>'
