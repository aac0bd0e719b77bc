"""Chromium, where there is one: a page printed as PDF, drawings as pictures."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from qieval.errors import RunError

VARIABLE = "QIEVAL_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = ("--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync")
SECONDS = 120
PAPER = "210mm 279mm"  # as wide as A4 and as high as Letter: whole on either, without scaling
SCALE, TALLEST = 3, 5000  # 288 to the inch; a screenshot of more than 16,384 device pixels comes out empty
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def print_pdf(page: Path, target: Path) -> None:
    """Print a page of ours as PDF.

    Raises
    ------
    RunError
        If there is no Chromium, or it does not print.
    """
    words = _POLICY.sub("", page.read_text(encoding="utf-8"), count=1)  # its hash forbids to name the paper
    words = words.replace("@page{", f"@page{{size:{PAPER};", 1)
    _chromium(words, target, "--no-pdf-header-footer", f"--print-to-pdf={target}")


def pictures(drawings: Sequence[str]) -> list[bytes]:
    """Turn SVG drawings of ours into PNG, three pixels for one, each as large as its view box.

    Raises
    ------
    RunError
        If there is no Chromium, or it does not draw.
    """
    return [png for some in _batches(drawings) for png in _drawn(some)]


def size(drawing: str) -> tuple[int, int]:
    """Give a drawing's width and height in CSS pixels."""
    found = _BOX.search(drawing)
    if found is None:
        raise RunError("A drawing has no view box.")
    return round(float(found[1])), round(float(found[2]))


def _batches(drawings: Sequence[str]) -> Iterator[list[str]]:
    some: list[str] = []
    for drawing in drawings:
        if some and sum(size(each)[1] for each in [*some, drawing]) > TALLEST:
            yield some
            some = []
        some.append(drawing)
    if some:
        yield some


def _drawn(drawings: Sequence[str]) -> Iterator[bytes]:
    """Draw some under each other in one window, and cut them apart."""
    from PIL import Image

    sizes = [size(each) for each in drawings]
    width, height = max(w for w, _ in sizes), sum(h for _, h in sizes)
    body = "".join(
        each.replace("<svg ", f'<svg width="{w}" height="{h}" ', 1)
        for each, (w, h) in zip(drawings, sizes, strict=True)
    )
    page = f"<!doctype html><meta charset=utf-8><style>body{{margin:0}}svg{{display:block}}</style>{body}"
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        window = (f"--window-size={width},{height}", f"--force-device-scale-factor={SCALE}")
        _chromium(page, shot, "--hide-scrollbars", *window, f"--screenshot={shot}")
        whole = Image.open(shot).convert("RGB")
    top = 0
    for w, h in sizes:
        part = whole.crop((0, SCALE * top, SCALE * w, SCALE * (top + h))).quantize(64)
        out = io.BytesIO()
        part.save(out, "PNG", optimize=True)
        yield out.getvalue()
        top += h


def _chromium(words: str, target: Path, *order: str) -> None:
    """Open a page in a Chromium of its own, to write a file."""
    found = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise RunError(
            f"PDF and Word need Chromium, and none was found; install one, or set {VARIABLE} to it."
        )
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # its sandbox refuses root
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(words, encoding="utf-8")
        asked = [found, *QUIET, *root, f"--user-data-dir={folder}/profile", *order, page.as_uri()]
        try:
            subprocess.run(asked, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603 (no shell)
        except (OSError, subprocess.SubprocessError) as error:
            raise RunError(f"Chromium could not write {target.name}: {error}") from None
    if not target.is_file():
        raise RunError(f"Chromium wrote no {target.name}.")
