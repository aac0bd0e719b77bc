"""A wave's folder says in JSON-LD which notebook made which page from which files, with no clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qieval.pipeline.crate import PROFILE, crate

REPORT = {
    "report": "20_effect--pain",
    "question": "Did it differ?",
    "page": "20_effect--pain.html",
    "executed": "notebooks/20_effect--pain.ipynb",
    "notebook": "notebooks/20_effect.ipynb",
    "sha256": "beef",
    "parameters": {"outcome": "pain", "level": 0.95, "after": None, "groups": ["a"]},
    "exhibits": ["exhibits/20_effect--pain--1-effect.csv"],
    "reads": {"data/tiny/wave-1/sites.csv": "1a"},
}
RUN: dict[str, Any] = {
    "study": "tiny",
    "title": "A tiny collaborative",
    "wave": 1,
    "label": "month 6",
    "data_cut": "2024-06-30",
    "authors": [{"name": "A. B.", "affiliation": "", "orcid": "0000-0002-1825-0097"}],
    "licence": "CC-BY-4.0",
    "versions": {"python": "3.11.7", "qieval": "0.1.0", "numpy": "2.4.6"},
    "inputs": [
        {"file": "params/tiny/wave-1.yaml", "sha256": "0a", "rows": None},
        {"file": "data/tiny/wave-1/sites.csv", "sha256": "1a", "rows": 4},
    ],
    "reports": [REPORT],
    "started": "2026-01-01T00:00:00+00:00",
}
FILES = dict.fromkeys([REPORT["page"], REPORT["executed"], *REPORT["exhibits"], "results.json"], "d1")


@pytest.fixture
def entities() -> dict[str, Any]:
    graph = crate(RUN, FILES)["@graph"]
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph), "every entity stands once"
    return found


def named(value: Any) -> set[str]:
    """Every @id that a value points at."""
    if isinstance(value, dict):
        return {value["@id"]}
    return set().union(*map(named, value)) if isinstance(value, list) else set()


def test_what_is_pointed_at_is_described(entities: dict[str, Any]) -> None:
    outside = {"https://w3id.org/ro/crate/1.1"}
    pointed = {place for each in entities.values() for value in each.values() for place in named(value)}
    assert pointed - outside <= set(entities)


def test_the_folder_is_a_process_run_crate_with_all_its_files(entities: dict[str, Any]) -> None:
    root = entities["./"]
    assert root["conformsTo"] == {"@id": PROFILE}
    assert named(root["hasPart"]) == {*FILES, "run.json"}
    assert entities["results.json"]["sha256"] == "d1"
    assert (root["datePublished"], root["license"]["@id"]) == (
        "2024-06-30",
        "https://spdx.org/licenses/CC-BY-4.0",
    )
    assert named(root["author"]) == {"https://orcid.org/0000-0002-1825-0097"}
    assert "2026" not in json.dumps(list(entities.values()))


def test_a_report_s_making_has_its_notebook_its_files_and_its_parameters(entities: dict[str, Any]) -> None:
    action = entities["#make/20_effect--pain"]
    assert entities[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
    assert "#data/tiny/wave-1/sites.csv" in named(action["object"])
    assert "#params/tiny/wave-1.yaml" not in named(action["object"]), "it was not read"
    assert named(action["result"]) == {*FILES} - {"results.json"}
    values = {each["name"]: each["value"] for each in entities.values() if each["@type"] == "PropertyValue"}
    assert values == {"outcome": "pain", "level": 0.95, "after": "null", "groups": '["a"]'}


def test_a_licence_in_words_and_a_wave_without_dates_are_said_as_they_are() -> None:
    graph = crate({**RUN, "licence": "", "data_cut": None, "authors": []}, {})["@graph"]
    assert graph[1]["license"] == {"@id": "#licence"}
    assert graph[1]["datePublished"] == "1980-01-01"
    assert "author" not in graph[1]
