"""Published pages in a real browser: one of every kind and study, nightly all of them.

They are those of ``reports/``, or of the folder that QIEVAL_PAGES names.
"""

from __future__ import annotations

import os
import re
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

FOLDER = Path(os.environ.get("QIEVAL_PAGES") or Path(__file__).resolve().parents[2] / "reports")
PAGES = sorted(path for path in FOLDER.rglob("*.html") if not any(part[0] == "." for part in path.parts))
REPORTS = [path for path in PAGES if path.name != "index.html" and "diff" not in path.name]
USUAL = 150_000  # bytes


def kind(path: Path) -> tuple[str, str]:
    """Say which study and which notebook a page is of."""
    return path.relative_to(FOLDER).parts[0], path.stem.partition("--")[0]


LARGEST_OF_A_KIND = {kind(path): path for path in sorted(PAGES, key=lambda path: path.stat().st_size)}
LOOKED_AT = [
    pytest.param(
        path,
        id=str(path.relative_to(FOLDER)),
        marks=() if path in LARGEST_OF_A_KIND.values() else pytest.mark.nightly,
    )
    for path in PAGES
]


@pytest.mark.parametrize("path", LOOKED_AT)
def test_a_published_page_leaves_nothing_to_complain_of(
    path: Path, complaints: Callable[[Path], list[str]]
) -> None:
    assert complaints(path) == []


def test_half_of_the_published_pages_are_light() -> None:
    if not PAGES:
        pytest.skip("nothing is published here")
    assert statistics.median(path.stat().st_size for path in PAGES) <= USUAL


def test_every_link_within_what_is_published_leads_somewhere() -> None:
    words = {path: path.read_text(encoding="utf-8") for path in PAGES}
    anchors = {path: set(re.findall(r' id="([^"]+)"', text)) for path, text in words.items()}
    for path, text in words.items():
        for href in set(re.findall(r'<a[^>]* href="([^":]+)"', text)):  # with a colon it leads outside
            name, _, anchor = href.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.is_file(), f"{path}: {href}"
            assert not anchor or anchor in anchors[target], f"{path}: {href}"


def test_a_report_links_the_dictionary_of_its_wave_if_there_is_one() -> None:
    link = 'href="10_data.html#what-each-column-means"'
    linked = {path for path in REPORTS if link in path.read_text(encoding="utf-8")}
    assert linked == {path for path in REPORTS if (path.parent / "10_data.html").is_file()}
