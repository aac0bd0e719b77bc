"""Every published page, in a real browser; of ``reports/`` or of the folder that QIEVAL_PAGES names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

FOLDER = Path(os.environ.get("QIEVAL_PAGES") or Path(__file__).resolve().parents[2] / "reports")
PAGES = sorted(FOLDER.rglob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_published_page_leaves_nothing_to_complain_of(
    path: Path, complaints: Callable[[Path], list[str]]
) -> None:
    assert complaints(path) == []
