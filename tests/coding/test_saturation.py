"""Saturation against set arithmetic, and where there is no answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.coding import Project, saturation
from qieval.errors import ArgumentError


def cases(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "saturation" / "cases.json").read_text())
    return found


def with_new(counts: list[int]) -> list[set[tuple[int, int]]]:
    """Sources that bring so many codes not found before."""
    return [{(place, each) for each in range(count)} for place, count in enumerate(counts)]


def check(data: Any, name: str, expected: dict[str, Any]) -> None:
    base, run, threshold = (int("".join(filter(str.isdigit, part))) for part in name.split("_"))
    found = saturation(data, base=base, run=run, threshold=threshold / 100)
    assert found.base_codes == expected["base_unique"]
    assert (found.saturated_after, found.label) == (expected["saturated_after"], expected["label"])
    for row, step in zip(found.steps.to_dict(orient="records"), expected["steps"], strict=False):
        assert [row["first"], row["last"], row["new"]] == [*step["sources"], step["new"]]
        assert row["ratio"] == pytest.approx(step["ratio"], abs=1e-12)
    assert len(found.steps) >= len(expected["steps"])


def test_every_setting_of_the_synthetic_study(reference: Path) -> None:
    case = cases(reference / "qual")["synthetic12"]
    for name, expected in case["expected"].items():
        check(case["incidence"], name, expected)
    sources = saturation(case["incidence"]).sources
    assert sources["new"].tolist() == case["new_per_source"]
    np.testing.assert_allclose(sources["expected"], case["rarefaction_mean_unique"], atol=1e-9)


def test_the_insect_study_is_not_saturated_too_early(outside: Path) -> None:
    case = cases(outside / "qual")["insect_study"]
    rows = pd.read_csv(outside / "qual" / "saturation" / "insect_study.csv")
    incidence = [
        set(part.loc[part["references"] > 0, "code"]) for _, part in rows.groupby("interview", sort=True)
    ]
    for name, expected in case["expected"].items():
        check(incidence, name, expected)
    np.testing.assert_allclose(
        saturation(incidence).sources["expected"], case["rarefaction_mean_unique"], atol=1e-9
    )


def test_the_worked_arithmetic(outside: Path) -> None:
    case = cases(outside / "qual")["guest2020_worked"]
    found = saturation(with_new([case["base_unique"], 0, 0, 0, *case["new_after_base"]]))
    assert found.label == case["expected"]["label"]
    assert [round(100 * ratio) for ratio in found.steps["ratio"]] == [19, 11, 3]


def test_too_few_sources_or_an_empty_base_give_no_answer(reference: Path) -> None:
    for name, words in (("too_few", "Fewer sources"), ("zero_base", "No code")):
        case = cases(reference / "qual")[name]
        found = saturation(with_new(case["new"]), base=case["base"], run=case["run"])
        assert (found.saturated_after, found.label, len(found.steps)) == (None, None, 0)
        assert words in found.reason
        assert found.tidy()["estimate"].isna().tolist() == [True]


def test_sources_are_taken_by_date_and_uncoded_ones_count(project: Project) -> None:
    dated = replace(project, sources=project.sources.assign(date=[7, 6, 5, 4, 3, 2, 1]))
    found = saturation(dated, order="date", base=2, run=2)
    assert found.sources["source"].tolist() == ["f1", "i6", "i5", "i4", "i3", "i2", "i1"]
    assert found.sources["new"].tolist() == [1, 0, 1, 1, 1, 0, 1]
    assert not found.notes
    assert "order" in saturation(project).notes[0]
    with pytest.raises(ArgumentError, match="no column 'when'"):
        saturation(project, order="when")
    with pytest.raises(ArgumentError, match="threshold"):
        saturation(project, threshold=5)
