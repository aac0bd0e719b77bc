"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("agg")

REPO = Path(__file__).resolve().parents[1]


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
