"""Reliable change, error's moves and sensitivity, as they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qieval.capability import (
    Instrument,
    answers_at,
    compare,
    reliable_change,
    score,
    sensitivity,
)
from qieval.exhibits import reliable as show
from qieval.exhibits.core import Statement, Table


@pytest.fixture(scope="module")
def scores(repo: Path, reference: Path) -> Any:
    musiq = Instrument.read(repo / "params" / "instruments" / "musiq.yaml")
    return score(pd.read_csv(reference / "qi" / "capability_sim.csv"), musiq)


@pytest.fixture(scope="module")
def sides(scores: Any, reference: Path) -> list[Any]:
    answers = pd.read_csv(reference / "qi" / "capability_sim.csv")
    return [score(answers_at(answers, wave=wave), scores.instrument) for wave in (0, 2)]


@pytest.fixture(scope="module")
def change(sides: list[Any]) -> Any:
    return compare(*sides, by="respondent", team="team")


def test_people_beyond_error_are_counted(change: Any) -> None:
    found = reliable_change(change)
    table = show.reliable(found, change)
    assert isinstance(table, Table)
    assert table.frame["people"].tolist() == [28, 11, 0]
    assert "13.9 points" in table.caption
    hidden = show.reliable(found, change, suppress_below=12)
    assert hidden.frame["people"].isna().tolist() == [True, True, False]  # type: ignore[union-attr]


def test_without_reliability_or_bands_it_is_said() -> None:
    plain = pd.DataFrame({"id": range(4), "x": [1.0, 2, 3, 5]})
    change = compare(plain, plain.assign(x=plain["x"] + 1), by="id")
    found = reliable_change(change)
    assert isinstance(show.reliable(found, change), Statement)
    assert show.error_moves(found, change).say == "The instrument declares no bands."  # type: ignore[union-attr]


def test_moves_stand_beside_those_of_error(change: Any) -> None:
    table = show.error_moves(reliable_change(change), change)
    assert isinstance(table, Table)
    assert table.frame["people"].tolist() == [21, 18, 0]
    assert table.frame["expected"].sum() == pytest.approx(39)
    assert "exact p = <" in table.notes[0]


def test_models_stand_beside_the_headline(scores: Any, change: Any) -> None:
    found = sensitivity(scores, before=0, after=2, team="team")
    table = show.sensitivity(found, change)
    assert isinstance(table, Table)
    assert [record.key for record in table.records] == ["mixed-model-kr", "ordinal-mixed"]
    assert table.frame["estimate"].iloc[0] == change.headline.estimate
    early = show.sensitivity(found, change, interim="Before the planned wave.")
    assert all(record.estimate.p_value != record.estimate.p_value for record in early.records)
