from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from qieval.errors import InputError
from qieval.pipeline.study import open_study
from qieval.trial import estimate


@pytest.fixture
def constrained(tiny: Any) -> Path:
    """The tiny study with a constrained allocation: four of the six that split its sites evenly."""
    old = "scheme: stratified\n  stratum: region"
    tiny.replace(tiny.study, old, "scheme: constrained\n  candidates: allocations.csv")
    rows = [[int(site in chosen) for site in "ABCD"] for chosen in combinations("ABCD", 2)][1:5]
    path = tiny.study.parent / "allocations.csv"
    path.write_text("A,B,C,D\n" + "\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def test_a_constrained_allocation_is_tested_in_its_own_space(tiny: Any, constrained: Path) -> None:
    found = open_study("tiny", 1, workspace=tiny.workspace).analysis("pain")
    assert found.design["candidates"].shape == (4, 4)
    effect = estimate(found.data, **found.design)
    assert effect.permutation.scheme == "candidates"
    assert effect.permutation.allocations == 4


def test_labels_of_arms_stand_for_numbers(tiny: Any, constrained: Path) -> None:
    words = constrained.read_text().replace("0", "usual care").replace("1", "coached")
    constrained.write_text(words)
    found = open_study("tiny", 1, workspace=tiny.workspace).analysis("pain")
    assert set(found.design["candidates"].to_numpy().ravel()) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "allocations.csv: there is no such file"),
        ("A,B,C\n0,1,0\n", "has no column for D; expected a column for every site"),
        ("A,B,C,D\n0,1,2,1\n", "holds other values in C; expected 0 or 1"),
        ("A,B,C,D\n", "holds no allocation"),
    ],
)
def test_a_file_of_candidates_at_fault_is_named(
    tiny: Any, constrained: Path, content: str | None, message: str
) -> None:
    constrained.unlink() if content is None else constrained.write_text(content)
    with pytest.raises(InputError, match=message):
        open_study("tiny", 1, workspace=tiny.workspace).analysis("pain")


def test_an_analysis_tells_every_method_what_it_needs(tiny: Any) -> None:
    found = open_study("tiny", 1, workspace=tiny.workspace).analysis("pain")
    assert found.design["primary"] == "cluster-t"
    assert found.design["candidates"] is None
    assert found.assumptions["span"] == (0, 10)
    assert list(found.roster["site"]) == list("ABCD")
    assert len(found.everyone) == len(found.data) + found.everyone["pain"].isna().sum()
    assert found.groups == ("language",)
    assert found.before is not None
    assert found.before.to_dict() == {"A": 5.0}


def test_the_family_is_that_of_the_plan(tiny: Any) -> None:
    family = open_study("tiny", 1, workspace=tiny.workspace).family()
    assert [each.outcome for each in family] == ["pain", "fall"]
