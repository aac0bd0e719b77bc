"""A report's page from an executed notebook: the bottom line first, how it was made last.

The page needs no script and asks for nothing outside itself. `PagePreprocessor` gives the same page to
``jupyter nbconvert --to html --template qieval``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from markupsafe import Markup, escape

from qieval.pipeline.cells import Shown, code_fold, is_exhibit, markdown, prose, shown
from qieval.pipeline.lean import skip_unused_parsers
from qieval.pipeline.outline import Outline, split_heading
from qieval.pipeline.sanitise import plain_text
from qieval.pipeline.templating import render, written_date
from qieval.pipeline.workspace import stage_words

skip_unused_parsers()

from nbconvert.preprocessors import Preprocessor  # noqa: E402 (after the parsers are set aside)

PARAMETERS = {"parameters", "injected-parameters"}
FOOT = PARAMETERS | {"setup"}
PAPERMILL_NOTICE = "papermill-error-cell-tag"
FIRST_ROLES = ("headline", "caution")
_LEAD_IN = re.compile(r"<p>(?:(?!</?p>).)*:</p>\s*$", re.DOTALL)


class PagePreprocessor(Preprocessor):
    """Make the page that the template of ``jupyter nbconvert --to html --template qieval`` prints."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Give the notebook as it is, and the page among the resources."""
        resources["qieval_page"] = render_page(nb)
        return nb, resources


@dataclass(slots=True)
class _Step:
    """A code cell with the words before it, as the author wrote them."""

    words: str
    tags: frozenset[str] = frozenset()
    code: str = ""
    outputs: list[Shown] = field(default_factory=list)

    @property
    def at_foot(self) -> bool:
        """Whether it only prepares."""
        return bool(self.tags & FOOT) and not self.outputs

    def said(self, outputs: list[Shown]) -> str:
        """Give its words; without a last paragraph that leads ("In one sentence:") to what is not there."""
        dangling = self.tags & {"exhibit"} and not outputs
        return _LEAD_IN.sub("", self.words) if dangling else self.words


def render_page(nb: Mapping[str, Any], *, metadata: Mapping[str, Any] | None = None) -> str:
    """Make the page of a report.

    Parameters
    ----------
    nb : mapping
        An executed notebook (nbformat 4).
    metadata : mapping, optional
        About the run; the notebook's own ``metadata.qieval`` where not given. Keys, all optional:
        ``question``, ``study``, ``study_title``, ``wave``, ``wave_label``, ``data_cut`` (ISO date),
        ``synthetic``, ``interim``, ``report``, ``dictionary`` (where the data's columns are explained),
        ``provenance`` (pairs of label and value), ``exhibits`` (an exhibit's place among all exhibits of the
        notebook, from 1, to the path of its numbers' CSV file), ``words`` (the authors' own: pairs of heading
        and Markdown).

    Returns
    -------
    str
        A complete HTML document.
    """
    about = metadata if metadata is not None else nb.get("metadata", {}).get("qieval", {})
    title, lead, cells = _opening(nb["cells"])
    title = str(about.get("question") or title)
    steps = list(_steps(cells))
    files = {str(number): str(path) for number, path in about.get("exhibits", {}).items()}
    body, outline = _body([step for step in steps if not step.at_foot], files, about.get("words", ()))
    where = _where(about)
    values = {
        "title": title or str(about.get("report", "Report")),
        "page_title": " · ".join([title or "Report", *where[:2]]),
        "lead": Markup(lead),  # noqa: S704 (sanitised)
        "where": where,
        "in_wave": "report" in about,
        "dictionary": about.get("dictionary"),
        "synthetic": bool(about.get("synthetic")),
        "contents": outline.contents,
        "failure": next((output.error for step in steps for output in step.outputs if output.error), ""),
        "body": Markup(body),  # noqa: S704 (sanitised)
        "provenance": [(str(label), plain_text(str(value))) for label, value in about.get("provenance", ())],
        "parameters": _parameters(cells),
        "setup": Markup("".join(_setup(step) for step in steps if step.at_foot)),  # noqa: S704 (sanitised)
    }
    return render("report.html.j2", values)


def _where(about: Mapping[str, Any]) -> list[str]:
    """Say which study, wave and data a page is about."""
    label = about.get("wave_label")
    wave = stage_words(about["wave"]) if about.get("wave") is not None else ""
    wave += f" ({label})" if label and wave else ""
    cut = f"data cut {written_date(about['data_cut'])}" if about.get("data_cut") else ""
    study = str(about.get("study_title") or about.get("study") or "")
    interim = "interim: before the plan's primary wave" if about.get("interim") else ""
    return [words for words in (study, wave, cut, interim) if words]


def _opening(cells: list[Mapping[str, Any]]) -> tuple[str, str, list[Mapping[str, Any]]]:
    """Take the question and the words under it off the first cell."""
    own = [cell for cell in cells if PAPERMILL_NOTICE not in _tags(cell)]
    if not own or own[0]["cell_type"] != "markdown":
        return "", "", own
    title, lead = split_heading(prose(own[0]))
    return (title, lead, own[1:]) if title else ("", "", own)


def _steps(cells: list[Mapping[str, Any]]) -> Iterator[_Step]:
    """Pair each code cell with the Markdown cells before it."""
    words, marks, numbers = "", frozenset[str](), count(1)
    for position, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            words, marks = words + prose(cell), marks | _tags(cell)
        elif cell["cell_type"] == "code":
            outputs = []
            for place, output in enumerate(cell.get("outputs", [])):
                number = next(numbers) if is_exhibit(output) else None
                outputs.append(shown(output, scope=f"c{position}-{place}-", number=number))
            kept = [output for output in outputs if output is not None]
            yield _Step(words=words, tags=_tags(cell) | marks, code=str(cell["source"]), outputs=kept)
            words, marks = "", frozenset()
    if words:
        yield _Step(words=words, tags=marks)


def _tags(cell: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(map(str, cell.get("metadata", {}).get("tags", [])))


def _setup(step: _Step) -> str:
    return Outline().words(step.words) + ("" if step.tags & PARAMETERS else code_fold([step.code]))


def _body(steps: list[_Step], files: Mapping[str, str], own: Iterable[Sequence[str]]) -> tuple[str, Outline]:
    """Lay the sections out: the one with the bottom line, the authors' own words, the others."""
    outline = Outline()
    sections = list(_sections(steps))
    laid = [_first(each, outline, files) for each in sections if _leads(each)]
    for heading, words in own:
        laid.append(outline.words(f"<h2>{escape(heading)}</h2>{markdown(words)}"))
    laid += [_section(each, outline, files) for each in sections if not _leads(each)]
    return "\n".join(laid), outline


def _sections(steps: list[_Step]) -> list[list[_Step]]:
    """Part the steps where a heading of the second level begins something new."""
    sections: list[list[_Step]] = [[]]
    for step in steps:
        if "<h2" in step.words:
            sections.append([])
        sections[-1].append(step)
    return sections


def _leads(section: list[_Step]) -> bool:
    return any(output.role == "headline" for step in section for output in step.outputs)


def _first(section: list[_Step], outline: Outline, files: Mapping[str, str]) -> str:
    """Lay out the bottom line: its sentences, then the cautions, then whatever else its section says."""
    outputs = [output for step in section for output in step.outputs]
    leading = [output for role in FIRST_ROLES for output in outputs if output.role == role]
    parts = [_placed(output, outline, files) for output in leading]
    for step in section:
        others = [output for output in step.outputs if output.role not in FIRST_ROLES]
        parts.append(outline.words(split_heading(step.said(others))[1]))
        parts += [_placed(output, outline, files) for output in others]
    return "".join(parts) + code_fold([step.code for step in section if step.code.strip()])


def _section(section: list[_Step], outline: Outline, files: Mapping[str, str]) -> str:
    """Lay out a section in the author's order; code without output waits for the next output."""
    parts, waiting = [], []
    for step in section:
        waiting += [step.code] if step.code.strip() else []
        folded = "appendix" in step.tags
        heading, words = split_heading(step.words) if folded else ("", step.said(step.outputs))
        content = outline.words(words) + "".join(_placed(output, outline, files) for output in step.outputs)
        if step.outputs:
            content, waiting = content + code_fold(waiting), []
        parts.append(_appendix(heading or "More", content) if folded else content)
    return "".join(parts) + code_fold(waiting)


def _appendix(heading: str, content: str) -> str:
    return f'<details class="more"><summary>{escape(heading)}</summary>{content}</details>'


def _placed(output: Shown, outline: Outline, files: Mapping[str, str]) -> str:
    if output.number is None:
        return outline.words(output.html)
    return outline.exhibit(output.html, csv=files.get(str(output.number)))


def _parameters(cells: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    """List the parameters with the values that were run: those of the cell, then those put in their place."""
    rows: dict[str, dict[str, str]] = {}
    for cell in cells:
        if _tags(cell) & PARAMETERS:
            for name, value, said in _assignments(str(cell["source"])):
                rows[name] = {
                    "name": name,
                    "value": value,
                    "help": said or rows.get(name, {}).get("help", ""),
                }
    return list(rows.values())


def _assignments(source: str) -> Iterator[tuple[str, str, str]]:
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
        return
    lines = source.splitlines()
    for statement in statements:
        target = (
            statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        )
        value = getattr(statement, "value", None)
        if isinstance(target, ast.Name) and value is not None:
            line = lines[(statement.end_lineno or 1) - 1].encode()[statement.end_col_offset :].decode()
            yield target.id, ast.unparse(value), line.partition("#")[2].strip()
