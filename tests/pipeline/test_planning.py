from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from qieval.errors import InputError
from qieval.pipeline.parameters import NotebookCard
from qieval.pipeline.planning import list_notebooks, plan_waves


def refused(tiny, *paths: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        plan_waves(paths or [tiny.wave], tiny.workspace)
    return [str(fault) for fault in caught.value.faults]


def test_a_wave_in_order_becomes_jobs(tiny) -> None:
    tiny.add_notebook("80_all", needs=["results"])
    tiny.append(tiny.wave, "  - 80_all\n  - 10_look: {outcome: fall, level: 0.9}\n")
    [plan] = plan_waves([tiny.wave, tiny.wave], tiny.workspace)
    assert (plan.study_name, plan.wave, plan.label) == ("tiny", 1, "month 6")
    assert plan.wave_file == tiny.wave
    assert plan.data_dir == tiny.table("sites").parent
    assert [(job.report, job.needs_results) for job in plan.jobs] == [
        ("10_look--pain", False),
        ("80_all", True),
        ("10_look--fall-0.9", False),
    ]
    questions = [job.question for job in plan.jobs]
    assert questions == ["Pain: what is there?", "Pain: what is there?", "Any fall: what is there?"]
    assert plan.jobs[0].parameters["study"] == "tiny"
    assert plan.warnings == ()


def test_every_file_read_is_listed_with_its_hash(tiny) -> None:
    [plan] = plan_waves([tiny.wave], tiny.workspace)
    listed = {each.path: (each.sha256, each.rows) for each in plan.inputs}
    assert list(listed) == [
        "params/tiny/study.yaml",
        "params/tiny/wave-1.yaml",
        "data/tiny/wave-1/sites.csv",
        "data/tiny/wave-1/outcomes.csv",
    ]
    assert listed["data/tiny/wave-1/sites.csv"] == (
        hashlib.sha256(tiny.table("sites").read_bytes()).hexdigest(),
        4,
    )
    assert listed["params/tiny/study.yaml"][1] is None


def test_everything_that_is_wrong_is_told_in_one_go(tiny) -> None:
    tiny.append(tiny.wave, "  - 10_look: {outcom: pain}\n  - 10_look: {level: high, site: Q}\n")
    tiny.append(tiny.table("sites"), "A,usual care,North\n")
    tiny.replace(tiny.table("outcomes"), "pain_0", "pain0")
    tiny.replace(tiny.table("outcomes"), "003,B,1", "002,B,1")
    tiny.replace(tiny.table("outcomes"), "1,9,7", "1,99,7")
    tiny.replace(tiny.table("outcomes"), "005,C,1", "005,X,1")
    tiny.table("capability").write_text("respondent,site,wave\n")
    tiny.replace(tiny.study, "tables:\n", "tables:\n  capability: {file: capability.csv}\n")
    other = tiny.workspace.wave_file("tiny", 2)
    other.write_text("study: [tiny\n")
    told = refused(tiny, tiny.wave, other)
    wanted = [
        "reports.1.10_look.outcom: 10_look has no such parameter (did you mean 'outcome'?)",
        "reports.2.10_look.level: is 'high'; expected a number",
        "reports.2.10_look.site: the study has no site 'Q'",
        "column arm, rows 2, 6: arm varies within site A",
        "column pain_0: there is no such column (did you mean 'pain0'?)",
        "column participant + wave, rows 3, 4: the same key stands in several rows",
        "column pain, row 7: holds '99'; expected a number from 0 to 10",
        "column site, row 6: site 'X' not in data/tiny/wave-1/sites.csv",
        "capability.csv: the table has no rows",
        "params/tiny/wave-2.yaml, line 2: is not YAML that can be read",
    ]
    for words in wanted:
        assert sum(words in fault for fault in told) == 1, words
    assert len(told) == len(wanted)
    assert not tiny.workspace.reports.exists()


def test_a_report_asked_for_twice_is_told(tiny) -> None:
    tiny.append(tiny.wave, "  - 10_look: {outcome: pain, before: 1}\n")
    assert "asks for the report 10_look--pain a second time" in refused(tiny)[0]


def test_a_notebook_that_is_not_there_is_told_with_a_near_one(tiny) -> None:
    tiny.append(tiny.wave, "  - 10_lok\n  - ../10_look\n")
    told = refused(tiny)
    assert "there is no notebook '10_lok' (did you mean '10_look'?)" in told[0]
    assert "there is no notebook '../10_look'" in told[1]


@pytest.mark.parametrize("name", ["wave-1.yml", "wave-01.yaml", "study.yaml", "absent/wave-1.yaml"])
def test_only_wave_files_of_this_workspace_are_run(tiny, name: str) -> None:
    path = tiny.study.parent / name
    if path.parent.exists() and not path.exists():
        path.write_text(tiny.wave.read_text())
    [told] = refused(tiny, path)
    assert "expected params/<study>/wave-<number>.yaml" in told


def test_faults_of_a_study_are_told_once_for_all_its_waves(tiny) -> None:
    tiny.replace(tiny.study, "seed: 7", "sed: 7")
    assert len(refused(tiny, tiny.wave, tiny.workspace.wave_file("tiny", 0))) == 1


def test_notebooks_are_listed_even_if_one_is_broken(tiny) -> None:
    tiny.add_notebook("20_bad", "a = 1")
    good, bad = list_notebooks(tiny.workspace)
    assert isinstance(good, NotebookCard)
    assert good.name == "10_look"
    assert "20_bad" in str(bad)


def test_listing_loads_no_heavy_library(tiny) -> None:
    code = (
        "import sys; from pathlib import Path; from qieval.pipeline.planning import list_notebooks;"
        "from qieval.pipeline.waves import list_waves; from qieval.pipeline.workspace import Workspace;"
        f"w = Workspace(Path({str(tiny.root)!r})); list_notebooks(w); list_waves(w);"
        "heavy = {'pandas', 'papermill', 'nbconvert', 'matplotlib', 'scipy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
