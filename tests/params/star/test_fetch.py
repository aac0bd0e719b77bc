"""The real trial's tables have the rows that the reference analysis had."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

Tables = Callable[[pd.DataFrame], tuple[pd.DataFrame, pd.DataFrame]]


@pytest.fixture(scope="module")
def tables(repo: Path) -> Tables:
    made: Tables = runpy.run_path(str(repo / "params" / "star" / "fetch.py"))["tables"]
    return made


def test_only_small_and_regular_kindergarten_classes_are_kept(tables: Tables) -> None:
    pupils = pd.DataFrame(
        {
            "id": [11, 12, 13, 14],
            "sch": [1, 1, 1, 1],
            "tch": [5, 5, 6, 7],
            "gr": ["K", "K", "K", "1"],
            "cltype": ["small", "small", "reg+A", "reg"],
            "read": [450.0, None, 460.0, 470.0],
            "math": [None, 500.0, 510.0, 520.0],
            "ses": ["F", None, "N", "N"],
            "sx": ["F", "M", "F", "M"],
        }
    )
    roster, kept = tables(pupils)
    assert roster.to_numpy().tolist() == [["class-0005", "small", "school-01"]]
    assert kept["participant"].tolist() == ["pupil-11", "pupil-12"]
    assert kept["read"].isna().tolist() == [False, True]
    assert kept["free_lunch"].isna().tolist() == [False, True]
    assert kept["sex"].tolist() == ["female", "male"]


def test_the_kindergarten_rows_are_those_of_the_reference(tables: Tables, outside: Path) -> None:
    pupils = pd.read_csv(outside / "crt" / "data" / "star_k.csv").assign(gr="K")
    roster, kept = tables(pupils)
    assert (len(roster), len(kept), roster["school"].nunique()) == (236, 4_094, 79)
    scored = kept.dropna(subset=["read"]).merge(roster, on="site")
    assert (len(scored), scored["site"].nunique()) == (3_745, 234)
    means = scored.groupby(["arm", "site"])["read"].mean().astype(float).groupby("arm").mean()
    # class_means_t of star_k.json, computed by R
    assert means["small"] - means["regular"] == pytest.approx(4.54791811622317, abs=1e-10)
