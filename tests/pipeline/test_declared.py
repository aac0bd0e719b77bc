from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from qieval.errors import Fault, InputError
from qieval.pipeline.declared import read_study_file, read_wave_file

STUDIES = Path(__file__).resolve().parents[2] / "params"


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*/*.yaml")), ids=lambda path: "/".join(path.parts[-2:]))
def test_every_file_of_every_study_here_is_in_order_also_where_its_data_are_fetched(path: Path) -> None:
    if path.parent.name != "instruments":
        assert (read_study_file if path.stem == "study" else read_wave_file)(path)


def faults(path: Path, words: str, read: Any = read_study_file) -> dict[str | None, Fault]:
    path.write_text(words)
    with pytest.raises(InputError) as caught:
        read(path, shown="f.yaml")
    assert all(fault.file == "f.yaml" for fault in caught.value.faults)
    return {fault.column: fault for fault in caught.value.faults}


def test_every_fault_comes_at_once_with_its_key_and_a_suggestion(tmp_path: Path) -> None:
    found = faults(
        tmp_path / "f.yaml",
        "titel: x\n"
        "synthetic: NO\n"
        "design: randomized\n"
        "outcomes: {pain: {type: continous, lable: x}}\n"
        "plan: {dated: yesterday, primary: {outcome: f, wave: -1}}\n"
        "tables: {sites: {file: 012, colums: {}}}\n"
        "seed: true\n",
    )
    assert set(found) == {
        "title",
        "titel",
        "synthetic",
        "design",
        "outcomes.pain.type",
        "outcomes.pain.label",
        "outcomes.pain.lable",
        "plan.dated",
        "plan.primary.wave",
        "tables.sites.colums",
        "seed",
    }
    assert "did you mean 'title'?" in found["titel"].problem
    assert "did you mean 'label'?" in found["outcomes.pain.lable"].problem
    assert "did you mean 'columns'?" in found["tables.sites.colums"].problem
    assert found["design"].expected == "randomised, controlled or uncontrolled"
    assert str(found["synthetic"]) == "f.yaml, key synthetic: is 'NO'; expected true or false"
    assert found["seed"].problem == "is true"


def test_parts_that_disagree_are_all_told(tmp_path: Path) -> None:
    found = faults(
        tmp_path / "f.yaml",
        "title: x\n"
        "design: randomised\n"
        "outcomes: {pain: {type: continuous, label: Pain}}\n"
        "plan: {dated: 2024-01-01, primary: {outcome: pian, wave: 1}, family: [pain, falls]}\n",
    )
    assert set(found) == {"allocation", "plan.primary.outcome", "plan.family.1"}
    assert "did you mean 'pain'?" in found["plan.primary.outcome"].problem


@pytest.mark.parametrize(
    ("design", "allocation", "key"),
    [
        ("randomised", "allocation: {arms: {control: a, intervention: b}}", "allocation.scheme"),
        ("uncontrolled", "allocation: {arms: {control: a, intervention: b}}", "allocation"),
        ("controlled", "", "allocation"),
    ],
)
def test_the_design_says_whether_there_are_arms(
    tmp_path: Path, design: str, allocation: str, key: str
) -> None:
    assert set(faults(tmp_path / "f.yaml", f"title: x\ndesign: {design}\n{allocation}\n")) == {key}


def test_words_that_look_like_numbers_go_in_quotes(tmp_path: Path) -> None:
    words = "study: x\nwave: '2'\nlabel: 1.10\ndata: d\nreports: [20]\n"
    found = faults(tmp_path / "f.yaml", words, read_wave_file)
    assert set(found) == {"wave", "label", "reports.0"}
    assert re.search("quotes", found["label"].expected or "")


def test_a_method_that_counts_sites_is_not_for_the_average_participant(tiny: Any) -> None:
    old = "primary: {outcome: pain, wave: 2"
    tiny.replace(tiny.study, old, old + ", estimand: participant-average")
    assert read_study_file(tiny.study).plan.primary.method == "least-squares-cr2"
    tiny.replace(tiny.study, "participant-average", "participant-average, method: cluster-t")
    with pytest.raises(InputError, match=r"cluster-t does not give the participant-average .* leave the key"):
        read_study_file(tiny.study)
    tiny.replace(
        tiny.study, "participant-average, method: cluster-t", "cluster-average, method: least-squares-cr2"
    )
    with pytest.raises(InputError, match=r"least-squares-cr2 does not give the cluster-average"):
        read_study_file(tiny.study)
