"""Projects with known counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from qieval.coding import Project

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="session")
def frames(reference: Path) -> Callable[[str], Frames]:
    """Segments, sources and codes of a reference project, under the kit's column names."""

    def read(name: str) -> Frames:
        folder = reference / "qual" / "tally"
        segments = pd.read_csv(folder / f"{name}_segments.csv").rename(columns={"doc": "source"})
        sources = pd.read_csv(folder / f"{name}_docs.csv").rename(
            columns={"doc": "source", "chars": "characters"}
        )
        return segments, sources, pd.read_csv(folder / f"{name}_codes.csv")

    return read


@pytest.fixture(scope="session")
def small(frames: Callable[[str], Frames]) -> Project:
    return Project.from_frames(*frames("small"))


@pytest.fixture
def tables() -> Frames:
    """Two themes with two codes each; six interviews with six people in two roles and one focus group."""
    codes = pd.DataFrame(
        {
            "code": ["help", "help.time", "hurt", "hurt.time", "help.coach"],
            "parent": ["", "help", None, "hurt", "help"],
            "name": ["Helps", "Time", "Hinders", "Time", "Coaching"],
            "definition": [
                "What helps.",
                "Time is there.",
                "What hinders.",
                "Time is short.",
                "Somebody comes.",
            ],
        }
    )
    sources = pd.DataFrame(
        {
            "source": ["i1", "i2", "i3", "i4", "i5", "i6", "f1"],
            "source_kind": ["interview"] * 6 + ["focus group"],
            "site": ["A", "A", "B", "B", "B", "A", "A"],
            "case": ["ann", "ben", "cat", "dan", "eve", "fay", None],
            "role": ["nurse", "nurse", "nurse", "nurse", "manager", "manager", "team"],
            "wave": [0, 0, 0, 1, 1, 1, 1],
            "characters": [100] * 7,
            "coders": ["amy;bo", "amy;bo", "amy", "amy;bo", "amy", "", "bo"],
        }
    )
    rows = [
        ("i1", "help.time", "amy", 0, 10, "words one", True),
        ("i1", "help.time", "bo", 0, 10, "words one", True),
        ("i1", "hurt", "amy", 20, 40, "words two", False),
        ("i2", "help.coach", "amy", 5, 15, "words three", True),
        ("i2", "help.coach", "bo", 10, 20, "words four", False),
        ("i3", "hurt.time", "amy", 0, 50, "words five", True),
        ("i4", "help.time", "amy", 90, 100, "words six", True),
        ("i5", "help.coach", "amy", 0, 1, None, True),
        ("f1", "help", "bo", 30, 60, "words seven", True),
    ]
    names = ["source", "code", "coder", "start", "end", "text", "approved"]
    return pd.DataFrame(rows, columns=names), sources, codes


@pytest.fixture
def project(tables: Frames) -> Project:
    return Project.from_frames(*tables)
