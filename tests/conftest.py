"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

mpl.use("agg")

REPO = Path(__file__).resolve().parents[1]
PAGES = "tests/browser/test_published.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put published pages last: small pieces, of which either worker takes the next until both are done."""
    items.sort(key=lambda item: item.nodeid.startswith(PAGES))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file's tests together on one worker, but for those of published pages, which are spread."""
    from xdist.scheduler.loadfile import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith(PAGES) else super()._split_scope(nodeid)

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def repo() -> Path:
    """The clone."""
    return REPO


@pytest.fixture(scope="session")
def reference() -> Path:
    """Values from elsewhere that may be kept in the repository; their sources stand in the READMEs there."""
    return REPO / "tests" / "reference"


@pytest.fixture(scope="session")
def outside() -> Path:
    """Values from elsewhere that may not be copied, in the folder that QIEVAL_REFERENCE names."""
    folder = os.environ.get("QIEVAL_REFERENCE")
    if not folder:
        pytest.skip(
            "QIEVAL_REFERENCE is not set: values that may not be copied are compared only where they are"
        )
    return Path(folder)
