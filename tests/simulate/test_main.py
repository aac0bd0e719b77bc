from __future__ import annotations

from pathlib import Path

import pytest

from qieval.simulate import simulate
from qieval.simulate.__main__ import main
from qieval.simulate.study import as_csv


def test_the_command_writes_the_waves_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "new"), "--study", "demo-collab", "--seed", "5"]) == 0
    sizes = [path.stat().st_size for path in (tmp_path / "new").rglob("*") if path.is_file()]
    said = f"{len(sizes)} files, {sum(sizes) / 1e6:.1f} MB, in {tmp_path / 'new'}"
    assert capsys.readouterr().out.startswith(said)
    written = (tmp_path / "new" / "wave-2" / "outcomes.csv").read_text(encoding="utf-8")
    assert written == as_csv(simulate(5).outcomes)


def test_a_seed_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "--seed", "five"])
    assert stopped.value.code == 2
    assert not list(tmp_path.iterdir())


def test_the_folder_s_name_says_which_study_and_another_name_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "demo-ms")]) == 0
    assert (tmp_path / "demo-ms" / "wave-3" / "sites.csv").exists()
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path / "other")])
    assert stopped.value.code == 2
    assert "Add --study, one of demo-collab, demo-ms" in capsys.readouterr().err
