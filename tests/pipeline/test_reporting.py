"""What checklists ask for is gathered from the study file and the results, and nothing is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qieval.pipeline.study import open_study


def opened(tiny: Any) -> Any:
    return open_study("tiny", 1, workspace=tiny.root)


def test_the_study_file_answers_what_it_says(tiny: Any) -> None:
    tiny.append(tiny.study, "ethics: {approval: REC 12, consent: opt-out}\n")
    known = opened(tiny).reporting()
    assert known.lists == ("consort", "squire", "tidier")
    assert known.reports == ()
    assert known.facts["design"] == (
        "Design: randomised; a site is the unit of allocation; scheme: stratified by region."
    )
    assert known.facts["primary"] == (
        "Primary: Pain at wave 2, cluster-average, by cluster-t. Plan dated 2024-01-01."
    )
    assert (known.facts["approval"], known.facts["consent"]) == ("Approval: REC 12.", "Consent: opt-out.")
    assert known.facts["window"] == "Data of this wave: 2024-01-01 to 2024-06-30."
    assert not {"effects", "analysed", "icc", "delivered"} & known.facts.keys()


def test_the_results_answer_what_they_hold(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"report": "20_effect--pain", "exhibit": 1, "term": "coached - usual care", "method": "cluster-t"}
    row |= {"se": 0.5, "df": 2, "statistic": 1, "p_value": None, "level": 0.95, "unit": "points", "notes": []}
    row |= {"n": 5, "n_clusters": 4, "primary": False, "status": "final", "estimate": -1.5}
    rows = [
        row | {"key": "20_effect--pain/effect/cluster-t", "ci_low": -2.5, "ci_high": -0.5, "primary": True},
        row | {"key": "20_effect--pain/icc/anova", "estimate": 0.0672, "ci_low": None, "ci_high": None},
    ]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"schema": 1, "study": "tiny", "wave": 1, "results": rows}), encoding="utf-8")
    monkeypatch.setenv("QIEVAL_RESULTS", str(path))
    known = opened(tiny).reporting()
    assert known.reports == ("20_effect--pain",)
    assert known.facts["effects"] == "pain: \u22121.5 points (95\u00a0% interval \u22122.5 to \u22120.5)."
    assert known.facts["analysed"] == "5 participants in 4 clusters in the primary analysis."
    assert known.facts["icc"] == "Intracluster correlation 0.067."
