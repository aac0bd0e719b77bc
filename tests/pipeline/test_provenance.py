from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from qieval.pipeline import provenance
from qieval.pipeline.planning import WavePlan, plan_waves


@pytest.fixture
def plan(tiny: Any) -> WavePlan:
    return plan_waves([tiny.wave], tiny.workspace)[0]


def test_a_file_s_hash_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert provenance.sha256(tmp_path / "a") == known


def test_the_plan_s_hash_follows_the_plan_and_nothing_else(plan: WavePlan) -> None:
    spec = plan.spec
    assert spec.plan is not None
    other_title = spec.model_copy(update={"title": "Another"})
    later = spec.model_copy(update={"plan": spec.plan.model_copy(update={"dated": dt.date(2024, 1, 2)})})
    assert provenance.plan_hash(spec) == provenance.plan_hash(other_title)
    assert provenance.plan_hash(spec) != provenance.plan_hash(later)
    assert provenance.plan_hash(spec.model_copy(update={"plan": None})) is None


def test_an_input_that_changed_or_went_is_named(tiny: Any, plan: WavePlan) -> None:
    assert provenance.changed_inputs(plan.inputs, tiny.root) == []
    tiny.table("sites").write_text("changed", encoding="utf-8")
    tiny.table("outcomes").unlink()
    assert provenance.changed_inputs(plan.inputs, tiny.root) == [
        "data/tiny/wave-1/sites.csv",
        "data/tiny/wave-1/outcomes.csv",
    ]


def test_versions_name_every_direct_dependency() -> None:
    found = provenance.versions()
    assert found["pandas"] == metadata.version("pandas")
    assert {"python", "qieval", "numpy", "papermill", "nbconvert"} <= set(found)
    assert "pytest" not in found


def test_the_commit_and_whether_anything_differs(tmp_path: Path) -> None:
    assert provenance.commit(tmp_path) == {"commit": None, "dirty": None}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        (tmp_path / "file").write_text("one", encoding="utf-8")
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    found = provenance.commit(tmp_path)
    assert len(found["commit"]) == 40
    assert found["dirty"] is False
    (tmp_path / "file").write_text("two", encoding="utf-8")
    assert provenance.commit(tmp_path)["dirty"] is True


def test_a_page_says_where_it_comes_from_and_nothing_of_the_clock(tiny: Any, plan: WavePlan) -> None:
    about = provenance.page_metadata(plan, plan.jobs[0], tiny.workspace)
    pairs = dict(reversed(about["provenance"]))
    digest = hashlib.sha256(tiny.table("sites").read_bytes()).hexdigest()[:12]
    table = "data/tiny/wave-1/sites.csv"
    assert provenance.data_words(plan.inputs)[table] == f"{table}, 4 rows, sha256 {digest}"
    assert pairs["Re-make"] == "qieval run params/tiny/wave-1.yaml"
    assert pairs["Made by"].endswith("notebook 10_look, seed 7")
    assert about["interim"] is True
    assert about["data_cut"] == "2024-06-30"
    assert dt.datetime.now(dt.UTC).date().isoformat() not in str(about)


def test_a_page_knows_where_its_columns_are_explained_also_when_it_is_made_alone(tiny: Any) -> None:
    def told(only: slice) -> list[str]:
        [plan] = plan_waves([tiny.wave], tiny.workspace)
        part = replace(plan, jobs=plan.jobs[only])
        return [provenance.page_metadata(part, job, tiny.workspace)["dictionary"] for job in part.jobs]

    assert told(slice(None)) == [""]
    tiny.add_notebook("10_data")
    tiny.append(tiny.wave, "  - 10_data\n")
    assert set(told(slice(None))) == set(told(slice(1))) == {"10_data.html#what-each-column-means"}


def test_a_study_without_plan_or_window_has_a_page_too(tiny: Any, plan: WavePlan) -> None:
    bare = replace(plan, spec=plan.spec.model_copy(update={"plan": None}), window=None)
    about = provenance.page_metadata(bare, bare.jobs[0], tiny.workspace)
    assert about["interim"] is False
    assert about["data_cut"] is None
    assert "Plan" not in dict(about["provenance"])


def test_the_record_holds_all_that_making_it_again_takes(tiny: Any, plan: WavePlan) -> None:
    record = provenance.run_record(
        plan, tiny.workspace, reports=[{"report": "x"}], source={"package": "p"}, started="a", ended="b"
    )
    assert {"seed", "inputs", "versions", "git", "warnings", "started", "ended", "reports"} <= set(record)
    assert record["plan"]["sha256"] == provenance.plan_hash(plan.spec)
    assert [each["rows"] for each in record["inputs"]][-2:] == [4, 6]
    assert record["wave_file"] == "params/tiny/wave-1.yaml"
