from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qieval.pipeline import worker
from qieval.pipeline.pool import Pool, environment, pool


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Pool]:
    with pool(2, root=tmp_path) as opened:
        yield opened


def job(tmp_path: Path, notebook: str) -> dict[str, Any]:
    place = {
        "root": str(tmp_path),
        "executed": str(tmp_path / "out" / "a.ipynb"),
        "page": str(tmp_path / "a.html"),
    }
    return {"report": "a", "notebook": notebook, "parameters": {}, "metadata": {}, "environment": {}} | place


def test_a_worker_tells_what_went_wrong_and_takes_the_next_job(workers: Pool, tmp_path: Path) -> None:
    for name in ("one", "two"):
        workers.send(name, job(tmp_path, str(tmp_path / "missing.ipynb")))
        assert workers.busy == 1
        task, event = workers.receive()
        assert (task, event["event"], event["ename"]) == (name, "failed", "FileNotFoundError")
    assert (workers.started, workers.busy) == (1, 0)


def test_a_process_that_ends_is_told_and_replaced(workers: Pool, tmp_path: Path) -> None:
    workers.send("one", job(tmp_path, "/dev/zero"))  # it reads on and on
    [process] = [each.process for each in workers._workers]
    process.kill()
    task, event = workers.receive()
    assert (task, event["event"]) == ("one", "failed")
    assert "was ended by SIGKILL; often the memory was full" in event["evalue"]
    workers.send("two", job(tmp_path, str(tmp_path / "missing.ipynb")))
    assert workers.receive()[0] == "two"
    assert workers.started == 2


def test_no_process_is_started_before_there_is_a_job(workers: Pool) -> None:
    assert (workers.started, workers.has_room) == (0, True)


def test_kernels_run_under_variables_that_make_runs_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIEVAL_RESULTS", "old")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("KEPT", "yes")
    found = environment(tmp_path, tmp_path / "run")
    assert (found["PYTHONHASHSEED"], found["OPENBLAS_NUM_THREADS"], found["KEPT"]) == ("0", "1", "yes")
    assert found["QIEVAL_WORKSPACE"] == str(tmp_path)
    assert found["IPYTHONDIR"].startswith(str(tmp_path / "run"))
    assert not {"QIEVAL_RESULTS", "MPLBACKEND"} & set(found)


def test_a_worker_ends_when_its_input_closes() -> None:
    with subprocess.Popen([sys.executable, "-m", "qieval.pipeline.worker"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_watch_counts_code_cells_with_the_injected_one(tmp_path: Path) -> None:
    cells = [
        {"cell_type": kind, "source": source}
        for kind, source in (("code", ["x"]), ("code", " "), ("markdown", "y"))
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    said: list[Any] = []
    watch = worker.Watch(str(path), True, said.append)
    watch.ended(None, 0, None)
    watch.ended(None, 1, None)
    assert said == [{"event": "cell", "done": done, "of": 2} for done in (1, 2)]


def test_braces_in_a_path_are_no_places_for_parameters() -> None:
    assert worker._literally("/a/{b}/c").format() == "/a/{b}/c"


@pytest.mark.skipif(os.name != "posix", reason="sockets in the file system")
@pytest.mark.parametrize(
    ("folder", "transport"), [("/run/q", "ipc"), ("/run/" + "q" * 100, "tcp"), ("", "tcp")]
)
def test_kernels_talk_through_private_sockets_where_the_path_is_short(
    monkeypatch: pytest.MonkeyPatch, folder: str, transport: str
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", folder)
    manager = worker._kernel_manager()
    assert ("Socket" in manager.__name__) == (transport == "ipc")
