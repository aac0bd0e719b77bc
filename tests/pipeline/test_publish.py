from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from qieval.errors import InputError
from qieval.pipeline.planning import WavePlan, plan_waves
from qieval.pipeline.publish import claimed, keep_failed, listed, place, publish, write_site_index


@pytest.fixture
def plan(tiny: Any) -> WavePlan:
    return plan_waves([tiny.wave], tiny.workspace)[0]


def record(wave: int, *, study: str = "tiny", said: str = "It fell.") -> dict[str, Any]:
    report = {"report": "10_look", "question": "What?", "headline": said, "page": "10_look.html"}
    report |= {"executed": "notebooks/10_look.ipynb", "notebook": "notebooks/10_look.ipynb", "sha256": "0"}
    report |= {"parameters": {}, "reads": {}, "exhibits": []}
    about = {"title": "A <tiny> study", "label": f"month {wave}", "synthetic": True, "data_cut": "2024-06-30"}
    clock = {"started": "2031-01-01T00:00:00+00:00", "ended": "2031-01-01T00:00:01+00:00"}
    about |= {"authors": [], "licence": "", "versions": {"qieval": "0"}, "inputs": []}
    return {"study": study, "wave": wave, "reports": [report], **about, **clock}


def stage(tiny: Any, wave: int, **more: Any) -> None:
    spot = place(tiny.workspace, more.get("study", "tiny"), wave)
    spot.staged.mkdir(parents=True)
    publish(spot, record(wave, **more))


def test_a_published_wave_has_its_index_and_its_record_and_the_index_no_clock(tiny: Any) -> None:
    stage(tiny, 1)
    folder = tiny.workspace.published("tiny", 1)
    assert sorted(path.name for path in folder.iterdir()) == [
        "index.html",
        "ro-crate-metadata.json",
        "run.json",
    ]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "It fell." in page
    assert "A &lt;tiny&gt; study" in page
    assert "2031" not in page
    names = ("index.html", "ro-crate-metadata.json")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    written = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert written == record(1) | {"outputs": digests}
    assert "2031" not in (folder / "ro-crate-metadata.json").read_text(encoding="utf-8")


def test_publishing_takes_away_what_an_earlier_failure_left(tiny: Any) -> None:
    spot = place(tiny.workspace, "tiny", 1)
    for said in ("one", "two"):
        spot.staged.mkdir(parents=True)
        (spot.staged / "a.html").write_text(said, encoding="utf-8")
        keep_failed(spot, record(1))
        assert (spot.failed / "a.html").read_text(encoding="utf-8") == said
    stage(tiny, 1)
    assert not spot.failed.exists()


def test_the_site_s_index_lists_every_published_wave_and_no_other(tiny: Any) -> None:
    for wave, study in ((1, "tiny"), (2, "tiny"), (1, "other")):
        stage(tiny, wave, study=study, said=f"{study} {wave} said so.")
    reports = tiny.workspace.reports
    damaged = reports / "tiny" / "wave-3" / "run.json"
    damaged.parent.mkdir()
    damaged.write_text("{", encoding="utf-8")
    (reports / ".failed" / "tiny" / "wave-9").mkdir(parents=True)
    (reports / ".failed" / "tiny" / "wave-9" / "run.json").write_text(json.dumps(record(9)), encoding="utf-8")
    path = write_site_index(tiny.workspace)
    assert path == reports / "index.html"
    page = path.read_text(encoding="utf-8")
    for said in ("tiny 1 said so.", "tiny 2 said so.", "other 1 said so.", 'href="tiny/wave-2/index.html"'):
        assert said in page
    assert "wave-9" not in page
    assert "2031" not in page


def test_the_index_takes_only_what_it_shows() -> None:
    kept = {"study", "title", "wave", "label", "synthetic", "data_cut", "reports", "life", "superseded"}
    assert set(listed(record(1))) == kept


def test_a_wave_is_claimed_by_one_run_at_a_time(tiny: Any, plan: WavePlan) -> None:
    told = pytest.raises(InputError, match="another run is making this wave")
    with claimed(tiny.workspace, [plan]), told, claimed(tiny.workspace, [plan]):
        pytest.fail("claimed twice")
    with claimed(tiny.workspace, [plan]):
        pass


def test_claiming_tidies_what_a_killed_run_left(tiny: Any, plan: WavePlan) -> None:
    spot = place(tiny.workspace, "tiny", 1)
    for folder in (spot.staged, spot.staged.with_name("wave-1.old")):
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(folder.name, encoding="utf-8")
    with claimed(tiny.workspace, [plan]):
        assert (spot.published / "index.html").read_text(encoding="utf-8") == "wave-1.old"
        assert not spot.staged.exists()


@pytest.mark.parametrize("where", ["reports", "reports/tiny", "reports/tiny/wave-1"])
def test_a_file_where_a_folder_is_needed_is_told_and_left(tiny: Any, plan: WavePlan, where: str) -> None:
    path: Path = tiny.root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=f"{where}: is a file"), claimed(tiny.workspace, [plan]):
        pytest.fail("claimed all the same")
    assert path.read_text(encoding="utf-8") == "mine"
