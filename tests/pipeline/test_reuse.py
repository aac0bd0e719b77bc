"""A second run makes what changed and nothing else, says why, and never trusts a record that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qieval.pipeline import provenance, reuse
from qieval.pipeline.planning import WavePlan, plan_waves
from qieval.pipeline.reuse import Digests, Made, changed_waves, earlier, made_from, read_record, stale

READ = {"params/tiny/wave-1.yaml", "data/tiny/wave-1/outcomes.csv", "qieval:errors.py"}


@pytest.fixture
def plan(tiny: Any) -> WavePlan:
    tiny.add_notebook("10_look")
    return plan_waves([tiny.wave], tiny.workspace)[0]


@pytest.fixture
def made(tiny: Any, plan: WavePlan) -> Path:
    """Publish, by hand, what a run of the plan would."""
    folder: Path = tiny.workspace.published("tiny", 1)
    (folder / "notebooks").mkdir(parents=True)
    for name in ("10_look.html", "notebooks/10_look.ipynb"):
        (folder / name).write_text("made", encoding="utf-8")
    record(tiny, plan)
    return folder


def record(tiny: Any, plan: WavePlan, **changed: Any) -> None:
    folder, job = tiny.workspace.published("tiny", 1), plan.jobs[0]
    report = {
        "report": job.report,
        "page": "10_look.html",
        "executed": "notebooks/10_look.ipynb",
        "made_from": made_from(plan, job, tiny.workspace),
        "reads": Digests(tiny.root).of_all(READ),
    }
    inputs = provenance.input_records(plan.inputs)
    document = {
        "schema": reuse.SCHEMA,
        "reports": [report],
        "inputs": inputs,
        "life": plan.life.model_dump(mode="json"),
        "outputs": reuse.outputs(folder),
    }
    (folder / "run.json").write_text(json.dumps(document | changed), encoding="utf-8")


def why(tiny: Any, folder: Path) -> str:
    plan = plan_waves([tiny.wave], tiny.workspace)[0]
    found = earlier([folder]).get(plan.jobs[0].report, [None])[0]
    return stale(made_from(plan, plan.jobs[0], tiny.workspace), found, Digests(tiny.root))


def test_what_did_not_change_is_up_to_date(tiny: Any, plan: WavePlan, made: Path) -> None:
    assert why(tiny, made) == ""
    assert changed_waves([plan], tiny.workspace) == []


WORDS = "the study's or the wave's words changed"
OUTPUT = "its page or its notebook is not as it was made"


@pytest.mark.parametrize(
    ("where", "old", "new", "expected"),
    [
        ("data/tiny/wave-1/outcomes.csv", "001,A,0,5", "001,A,0,6", "data/tiny/wave-1/outcomes.csv changed"),
        ("params/tiny/wave-1.yaml", "label: month 6", "label: month 7", WORDS),
        ("params/tiny/study.yaml", "A tiny", "A small", WORDS),
        ("notebooks/10_look.ipynb", "What is there", "What is here", "its notebook changed"),
        ("reports/tiny/wave-1/10_look.html", "made", "edited", OUTPUT),
    ],
)
def test_each_change_is_found_and_named(
    tiny: Any, made: Path, where: str, old: str, new: str, expected: str
) -> None:
    tiny.replace(tiny.root / where, old, new)
    assert why(tiny, made) == expected


def test_another_parameter_is_another_report(tiny: Any, made: Path) -> None:
    tiny.replace(tiny.wave, "{outcome: pain}", "{outcome: pain, fast: true}")
    assert why(tiny, made) == "there is no record of it"


def test_the_list_of_reports_in_a_wave_file_is_not_what_a_report_reads(tiny: Any, made: Path) -> None:
    tiny.add_notebook("20_more")
    tiny.append(tiny.wave, "  - 20_more\n")
    assert why(tiny, made) == ""
    assert changed_waves(plan_waves([tiny.wave], tiny.workspace), tiny.workspace) != []


def test_a_file_of_the_package_or_one_that_was_looked_for_counts(
    tiny: Any, plan: WavePlan, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = made_from(plan, plan.jobs[0], tiny.workspace)
    report = earlier([made])[plan.jobs[0].report][0]
    other = Made(
        folder=made, record={**report.record, "reads": {"qieval:errors.py": "x"}}, outputs=report.outputs
    )
    assert stale(parts, other, Digests(tiny.root)) == "qieval:errors.py changed"
    asked = Made(folder=made, record={**report.record, "reads": {"data/x.csv": None}}, outputs=report.outputs)
    assert stale(parts, asked, Digests(tiny.root)) == ""
    (tiny.root / "data" / "x.csv").write_text("", encoding="utf-8")
    assert stale(parts, asked, Digests(tiny.root)) == "data/x.csv changed"
    monkeypatch.setattr(reuse.provenance, "versions", lambda: {"numpy": "0"})
    reuse.libraries_hash.cache_clear()
    assert why(tiny, made) == "Python, a library or the lock changed"
    reuse.libraries_hash.cache_clear()


def test_a_file_that_libraries_open_unnoticed_counts_as_read(tiny: Any, plan: WavePlan, made: Path) -> None:
    (plan.data_dir / "rows.parquet").write_bytes(b"PAR1")
    assert reuse.always_read(plan, tiny.root) == ["data/tiny/wave-1/rows.parquet"]
    assert changed_waves([plan], tiny.workspace) == [plan]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": 2}', '{"schema": 1, "reports": []}', "null"])
def test_a_damaged_record_or_another_version_s_counts_as_none(
    tiny: Any, plan: WavePlan, made: Path, damage: str
) -> None:
    (made / "run.json").write_text(damage, encoding="utf-8")
    assert read_record(made) is None
    assert why(tiny, made) == "there is no record of it"
    assert changed_waves([plan], tiny.workspace) == [plan]


def test_an_exhibit_that_was_lost_makes_the_wave_anew(tiny: Any, plan: WavePlan, made: Path) -> None:
    (made / "results.json").write_text("{}", encoding="utf-8")
    record(tiny, plan)
    assert changed_waves([plan], tiny.workspace) == []
    (made / "results.json").unlink()
    assert changed_waves([plan], tiny.workspace) == [plan]
