"""A report's page as a Word file: headings, text, real tables and figures with their captions."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import docx
import lxml.html
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.shared import Cm, Emu, Pt

Element = Any  # lxml and python-docx have no types
PIXEL = 9525  # in EMU, 96 to the inch
TEXT_WIDTH = Cm(17)
HEADINGS = {"h1": 0, "h2": 1, "h3": 2, "h4": 3, "summary": 2}
LISTS = {"ul": "List Bullet", "ol": "List Number"}
BOLD, ITALIC = {"b", "strong"}, {"em", "i"}
_DRAWING = re.compile(r"<svg .*?</svg>", re.DOTALL)
UNSEEN = {"code", "qi-csv", "screen"}  # classes of what only works on a screen


def word_file(page: str, pictures: Callable[[list[str]], list[bytes]], *, made: datetime) -> bytes:
    """Write a page of ours as a Word file.

    Parameters
    ----------
    page : str
        The page.
    pictures : callable
        Turns SVG drawings into PNG (`qieval.pipeline.chromium.pictures`).
    made : datetime
        The date that the file bears.
    """
    tree = lxml.html.fromstring(page)
    writer = _Writer(tree, iter(pictures(_DRAWING.findall(page))), made)
    for part in (*tree.iter("aside"), *tree.iter("header"), *tree.iter("main")):
        writer.write(part)
    out = io.BytesIO()
    writer.file.save(out)
    return out.getvalue()


class _Writer:
    """Goes through a page and puts down what it meets."""

    def __init__(self, tree: Element, drawn: Iterator[bytes], made: datetime) -> None:
        self.file, self._drawn = docx.Document(), drawn
        section = self.file.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(27.9)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2)
        about = self.file.core_properties
        about.title, about.author, about.comments = tree.findtext(".//title"), "qieval", ""
        about.created = about.modified = made
        self.file.styles["Normal"].font.name, self.file.styles["Normal"].font.size = "Calibri", Pt(10.5)
        self.file.styles["Caption"].paragraph_format.keep_with_next = True

    def write(self, element: Element) -> None:
        """Put an element down by its kind; of one that only holds others, those."""
        if not isinstance(element.tag, str) or UNSEEN & _classes(element):
            return
        kinds: dict[str, Callable[[Element], None]] = {
            **dict.fromkeys(HEADINGS, self._heading),
            **dict.fromkeys(LISTS, self._list),
            **dict.fromkeys(("p", "pre", "aside"), self._paragraph),
            "table": self._table,
            "figure": self._figure,
            "dl": self._pairs,
        }
        if element.tag in kinds:
            kinds[element.tag](element)
            return
        for child in element:
            self.write(child)

    def _heading(self, element: Element) -> None:
        self.file.add_heading(" ".join(element.text_content().split()), HEADINGS[element.tag])

    def _list(self, element: Element) -> None:
        for item in element.iter("li"):
            _runs(self.file.add_paragraph(style=LISTS[element.tag]), item)

    def _paragraph(self, element: Element) -> None:
        _runs(self.file.add_paragraph(style=_style(element)), element)

    def _pairs(self, element: Element) -> None:
        for name, value in zip(element.iter("dt"), element.iter("dd"), strict=False):
            paragraph = self.file.add_paragraph()
            _runs(paragraph, name, bold=True)
            paragraph.add_run(": ")
            _runs(paragraph, value)

    def _table(self, element: Element) -> None:
        caption = element.find("caption")
        if caption is not None:
            _runs(self.file.add_paragraph(style="Caption"), caption)
        rows = list(element.iter("tr"))
        table = self.file.add_table(len(rows), max(len(row) for row in rows), style="Light Shading")
        for place, (row, into) in enumerate(zip(rows, table.rows, strict=True)):
            _keep_row(into, header=place == 0 and row.getparent().tag == "thead")
            for source, cell in zip(row, into.cells, strict=False):
                self._cell(source, cell, emphasised="primary" in _classes(row))
        self.file.add_paragraph()

    def _cell(self, source: Element, cell: Element, *, emphasised: bool) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        if "right" in _classes(source):
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        heads = source.getparent().getparent().tag == "thead"
        _runs(paragraph, source, bold=heads or emphasised)
        for run in paragraph.runs:
            run.font.size, run.font.bold = Pt(9), heads or emphasised or bool(run.font.bold)

    def _figure(self, element: Element) -> None:
        drawing, image = element.find(".//svg"), element.find(".//img")
        if drawing is not None:
            alt, png = drawing.get("aria-label"), next(self._drawn)
        elif image is not None:
            alt, png = image.get("alt"), base64.b64decode(image.get("src").partition(",")[2])
        else:
            return
        paragraph = self.file.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        shape = paragraph.add_run().add_picture(io.BytesIO(png))
        own = shape.width if drawing is None else PIXEL * float(drawing.get("viewbox").split()[2])
        wide = Emu(round(min(own, TEXT_WIDTH)))
        shape.width, shape.height = wide, Emu(round(shape.height * wide / shape.width))
        shape._inline.docPr.set("descr", alt or "")  # python-docx has no word for it
        for caption in element.iter("figcaption"):
            _runs(self.file.add_paragraph(style="Caption"), caption)
            self.file.paragraphs[-1].paragraph_format.keep_with_next = False


def _style(element: Element) -> str | None:
    around = _classes(element.getparent()) | _classes(element)
    return "Intense Quote" if around & {"caution", "banner"} else None


def _classes(element: Element) -> set[str]:
    return set((element.get("class") or "").split())


def _runs(paragraph: Element, element: Element, *, bold: bool = False) -> None:
    """Put an element's text into a paragraph; what stands bold or slanted stays so."""
    for words, is_bold, is_italic in _pieces(element, bold=bold, italic=False):
        run = paragraph.add_run(words)
        run.bold, run.italic = is_bold or None, is_italic or None


def _pieces(element: Element, *, bold: bool, italic: bool) -> Iterator[tuple[str, bool, bool]]:
    if UNSEEN & _classes(element):
        return
    bold, italic = bold or element.tag in BOLD, italic or element.tag in ITALIC
    if element.tag in {"br", "small"}:
        yield "\n", bold, italic
    if element.text:
        yield _flat(element.text, element), bold, italic
    for child in element:
        yield from _pieces(child, bold=bold, italic=italic)
        if child.tail:
            yield _flat(child.tail, element), bold, italic


def _flat(words: str, element: Element) -> str:
    """Take line breaks of the mark-up out of text, but not out of what is preformatted."""
    return words if element.tag == "pre" else words.replace("\n", " ")


def _keep_row(row: Element, *, header: bool) -> None:
    """Keep a row on one page, and repeat it on each where it is the header."""
    for name in ["w:cantSplit", *(["w:tblHeader"] if header else [])]:
        row._tr.get_or_add_trPr().append(OxmlElement(name))
