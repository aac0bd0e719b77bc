"""Every published page, in a real browser; of ``reports/`` or of the folder that QIEVAL_PAGES names."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

FOLDER = Path(os.environ.get("QIEVAL_PAGES") or Path(__file__).resolve().parents[2] / "reports")
PAGES = sorted(path for path in FOLDER.rglob("*.html") if not any(part[0] == "." for part in path.parts))
USUAL = 150_000  # bytes


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_published_page_leaves_nothing_to_complain_of(
    path: Path, complaints: Callable[[Path], list[str]]
) -> None:
    assert complaints(path) == []


def test_half_of_the_published_pages_are_light() -> None:
    if not PAGES:
        pytest.skip("nothing is published here")
    assert statistics.median(path.stat().st_size for path in PAGES) <= USUAL
