"""Paper and pictures by Chromium: every drawing as large as it is drawn, a page that fits A4 and Letter."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from qieval.errors import RunError
from qieval.pipeline.chromium import NAMES, pictures, print_pdf
from qieval.pipeline.templating import render

FOUND = pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no Chromium on this machine")
DRAWING = '<svg viewBox="0 0 {} {}" fill="var(--a, {})"><rect width="100%" height="100%"/></svg>'


@FOUND
@pytest.mark.browser
def test_drawings_come_back_in_their_order_size_and_colour() -> None:
    asked = [(320, 90, "#ff0000"), (100, 200, "#0000ff")]
    found = [
        Image.open(io.BytesIO(png)).convert("RGB") for png in pictures([DRAWING.format(*x) for x in asked])
    ]
    assert [image.size for image in found] == [(960, 270), (300, 600)], "288 to the inch"
    assert [image.getpixel((50, 50)) for image in found] == [(255, 0, 0), (0, 0, 255)]


@FOUND
@pytest.mark.browser
def test_a_page_is_printed_as_wide_as_a4_and_as_high_as_letter(tmp_path: Path) -> None:
    page, target = tmp_path / "diff.html", tmp_path / "diff.pdf"
    words = {"study_title": "x", "before": "a", "after": "b", "said": "No.", "sources": [], "changes": []}
    page.write_text(render("diff.html.j2", words | {"synthetic": True}), encoding="utf-8")
    print_pdf(page, target)
    [box] = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", target.read_bytes())
    assert [round(float(side) / 72 * 25.4) for side in box] == [210, 279]


def test_without_chromium_one_clear_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QIEVAL_CHROMIUM", raising=False)
    with pytest.raises(RunError, match="install one, or set QIEVAL_CHROMIUM"):
        pictures([DRAWING.format(1, 1, "red")])
