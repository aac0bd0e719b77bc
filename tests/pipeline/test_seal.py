"""That nothing is called untouched which was touched."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qieval.pipeline.seal import seal, unbroken

NOTES, LINES = ["Note: a table has no rows"], ["Up to date: tiny wave 1"]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "late.csv").write_text("site\n")
    return folder


@pytest.fixture
def sealed(tiny: Any, outside: Path) -> Any:
    page = tiny.root / "reports" / "tiny" / "wave-1" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("page")
    keep(tiny, outside)
    assert unbroken([tiny.wave], tiny.workspace) == (NOTES, LINES)
    return tiny


def keep(tiny: Any, outside: Path, *, since: int | None = None) -> None:
    spec = SimpleNamespace(data=str(outside))
    plan: Any = SimpleNamespace(spec=spec, wave_file=tiny.wave, data_dir=tiny.table("sites").parent)
    began = time.time_ns() + 1_000_000_000 if since is None else since
    seal([tiny.wave], [plan], tiny.workspace, since=began, notes=NOTES, lines=LINES)


@pytest.mark.parametrize(
    "name",
    [
        "params/tiny/study.yaml",
        "data/tiny/wave-1/outcomes.csv",
        "data/new.csv",
        "notebooks/10_look.ipynb",
        "reports/tiny/wave-1/index.html",
        "../elsewhere/late.csv",
    ],
)
def test_a_file_that_is_written_again_changed_or_new_is_looked_at_carefully(sealed: Any, name: str) -> None:
    path = (sealed.root / name).resolve()
    was = path.stat() if path.exists() else None
    path.write_bytes(path.read_bytes() if was else b"")
    if was:
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert unbroken([sealed.wave], sealed.workspace) is None


def test_a_lost_page_and_other_waves_are_looked_at_carefully(sealed: Any) -> None:
    assert unbroken([sealed.wave, sealed.wave.with_name("wave-2.yaml")], sealed.workspace) is None
    (sealed.root / "reports" / "tiny" / "wave-1" / "index.html").unlink()
    assert unbroken([sealed.wave], sealed.workspace) is None


def test_a_damaged_seal_counts_as_none(sealed: Any) -> None:
    [file] = (sealed.root / "reports" / ".sealed").iterdir()
    file.write_text(file.read_text()[:-20])
    assert unbroken([sealed.wave], sealed.workspace) is None


def test_nothing_is_sealed_that_was_touched_since_the_run_began(tiny: Any, outside: Path) -> None:
    keep(tiny, outside, since=(outside / "late.csv").stat().st_ctime_ns)
    assert unbroken([tiny.wave], tiny.workspace) is None


def test_nothing_is_sealed_where_a_link_leads_to_a_folder(tiny: Any, outside: Path) -> None:
    (tiny.root / "data" / "linked").symlink_to(outside)
    keep(tiny, outside)
    assert unbroken([tiny.wave], tiny.workspace) is None
