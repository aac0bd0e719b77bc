"""Canaries: ids, names, free text and dates of birth that no published byte may hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

CANARY = re.compile(r"canary|1877-0[1-9]", re.IGNORECASE)
IDS = {
    "outcomes": ["participant"],
    "capability": ["respondent"],
    "sources": ["case"],
    "coaching": ["rater"],
}
"""Columns whose values are replaced, the same one by the same canary."""


def plant(root: Path) -> int:
    """Plant canaries in every table of the demonstration below a workspace; gives how many cells hold one."""
    planted = 0
    for path in sorted((root / "data" / "demo-collab").rglob("wave-*/*.csv")):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for name in IDS.get(path.stem, []):
            filled = frame[name] != ""
            frame.loc[filled, name] = "canary-" + frame.loc[filled, name]
            planted += int(filled.sum())
        if path.stem == "segments":
            silent = frame["approved"] != "true"
            frame.loc[silent, "text"] = "Canary said: " + frame.loc[silent, "text"]
            planted += int(silent.sum())
        if path.stem != "codebook":
            number = pd.Series(range(len(frame)), index=frame.index).astype(str)
            frame["full_name"] = "Canary Okafor " + number
            frame["born"] = "1877-0" + (number.str[-1].astype(int) % 9 + 1).astype(str) + "-11"
            frame["remark"] = "rang canary ward " + number
            planted += 3 * len(frame)
        frame.to_csv(path, index=False)
    return planted


@pytest.fixture(scope="session")
def canary() -> re.Pattern[str]:
    """What no published byte may hold."""
    return CANARY


@pytest.fixture(scope="session", name="plant")
def planter() -> Callable[[Path], int]:
    """Plant canaries in a workspace's demonstration."""
    return plant
