from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qieval.pipeline import swap
from qieval.pipeline.swap import Busy, locked, put_in_place, recover, write_atomically


def folder(path: Path, words: str) -> Path:
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "page.html").write_text(words, encoding="utf-8")
    return path


def words(path: Path) -> str:
    return (path / "deep" / "page.html").read_text(encoding="utf-8")


@pytest.fixture(params=[True, False], ids=["exchange", "two renames"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(swap, "_exchanged", lambda _first, _second: False)
    elif sys.platform != "linux":
        pytest.skip("only Linux exchanges folders in one step")


def test_the_first_time_the_folder_gets_its_name(tmp_path: Path) -> None:
    put_in_place(folder(tmp_path / "staged", "new"), tmp_path / "reports" / "wave-1")
    assert words(tmp_path / "reports" / "wave-1") == "new"
    assert not (tmp_path / "staged").exists()


@pytest.mark.usefixtures("either_way")
def test_the_new_folder_takes_the_place_and_the_old_one_is_gone(tmp_path: Path) -> None:
    published = folder(tmp_path / "wave-1", "old")
    (published / "only-old.csv").touch()
    put_in_place(folder(tmp_path / "staged", "new"), published)
    assert words(published) == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["wave-1"]
    assert [path.name for path in published.iterdir()] == ["deep"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders in one step")
def test_linux_exchanges_in_one_step(tmp_path: Path) -> None:
    first, second = folder(tmp_path / "a", "1"), folder(tmp_path / "b", "2")
    assert swap._exchanged(first, second)
    assert (words(first), words(second)) == ("2", "1")


def test_recovery_brings_back_what_a_crash_put_aside(tmp_path: Path) -> None:
    folder(tmp_path / "staging" / "wave-1.old", "old")
    folder(tmp_path / "staging" / "wave-1", "half made")
    recover(tmp_path / "staging" / "wave-1", tmp_path / "wave-1")
    assert words(tmp_path / "wave-1") == "old"
    assert list((tmp_path / "staging").iterdir()) == []


def test_recovery_leaves_what_is_published(tmp_path: Path) -> None:
    folder(tmp_path / "staging" / "wave-1.old", "older")
    folder(tmp_path / "wave-1", "published")
    recover(tmp_path / "staging" / "wave-1", tmp_path / "wave-1")
    assert words(tmp_path / "wave-1") == "published"
    assert list((tmp_path / "staging").iterdir()) == []


def test_a_lock_is_held_by_one_and_let_go_when_its_process_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "a.lock"
    code = (
        "import sys,time;from pathlib import Path;from qieval.pipeline.swap import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    words = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy), locked(lock):
            pass
        other.kill()
        other.wait()
    with locked(lock):
        pass


def test_an_atomic_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    for said in ("one\n", "two\n"):
        write_atomically(tmp_path / "new" / "index.html", said)
    assert (tmp_path / "new" / "index.html").read_bytes() == b"two\n"
    assert len(list((tmp_path / "new").iterdir())) == 1
