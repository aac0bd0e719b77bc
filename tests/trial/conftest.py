"""Data and reference values of cluster-randomised trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest


def endline(folder: Path, name: str) -> pd.DataFrame:
    rows = pd.read_csv(folder / f"{name}.csv")
    return rows[rows["wave"] == rows["wave"].max()].reset_index(drop=True)


@pytest.fixture(scope="session")
def crt(reference: Path) -> Path:
    return reference / "crt"


@pytest.fixture(scope="session")
def qic(crt: Path) -> pd.DataFrame:
    return endline(crt, "qic_sim")


@pytest.fixture(scope="session")
def lone(crt: Path) -> pd.DataFrame:
    """Four centres, three against one."""
    return endline(crt, "mscqi_sim_3v1")


@pytest.fixture(scope="session")
def stratified(crt: Path) -> pd.DataFrame:
    return pd.read_csv(crt / "stratified.csv")


@pytest.fixture(scope="session")
def values(crt: Path) -> dict[str, Any]:
    """Every JSON of reference values by its name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(crt.glob("*.json"))}


@pytest.fixture(scope="session")
def outside_values(outside: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((outside / "crt").glob("*.json"))}


@pytest.fixture(scope="session")
def mkv(outside: Path) -> pd.DataFrame:
    """Twenty communities in three strata, a binary outcome."""
    rows = pd.read_csv(outside / "crt" / "data" / "mkvtrial.csv")
    words = ["ethnicgp", "lifepart", "agegp"]
    return rows.astype(dict.fromkeys(words, str))


@pytest.fixture(scope="session")
def star(outside: Path) -> pd.DataFrame:
    """Kindergarten classes of 79 schools, small against regular."""
    rows = pd.read_csv(outside / "crt" / "data" / "star_k.csv", dtype={"sch": str, "tch": str})
    rows = rows[rows["cltype"].isin(["small", "reg"])]
    return rows.assign(arm=pd.Categorical(rows["cltype"], ["reg", "small"], ordered=True))


@pytest.fixture
def few() -> pd.DataFrame:
    """Six clusters of unequal size, no outcome missing."""
    rng = np.random.default_rng(7)
    size = np.array([4, 7, 3, 9, 5, 6])
    cluster = np.repeat(np.arange(6), size)
    arm = np.array([0, 1, 0, 1, 1, 0])[cluster]
    site = rng.normal(0, 2, 6)[cluster]
    return pd.DataFrame(
        {
            "cluster": cluster,
            "arm": arm,
            "y": 10 + 3 * arm + site + rng.normal(0, 1, len(cluster)),
            "x": rng.normal(0, 1, len(cluster)),
        }
    )
