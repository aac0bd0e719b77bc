"""A kernel that was forked shows what one that was started from nothing shows, and is as much its own."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from qieval.pipeline import warm
from qieval.pipeline.pool import pool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

SHOWN = """
import sys, warnings, random
import numpy as np, pandas as pd, matplotlib.pyplot as plt
print(sys.path, sorted(name for name in sys.modules if name.startswith("qieval")))
warnings.warn("careful")
pd.DataFrame([range(19)])
"""
FIGURE = "plt.plot([1, 2]); plt.title('drawn')"
OWN = (
    "import os, random, numpy as np; print(random.random(), np.random.rand(), os.getppid(), os.getpgrp(), "
    "sum('warm.py' in part for part in open(f'/proc/{os.getppid()}/cmdline').read().split(chr(0))))"
)


def job(root: Path, name: str, *sources: str) -> dict[str, Any]:
    """Write a notebook, and the job of running it."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": []}
        | {"source": source.strip()}
        for n, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path = root / f"{name}.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    places = {
        "root": str(root),
        "executed": str(root / "out" / path.name),
        "page": str(root / f"{name}.html"),
    }
    settings = {"environment": {"SOURCE_DATE_EPOCH": "0"}, "folder": str(root), "data": {}}
    about = {"metadata": {"provenance": []}, "parameters": {}}
    return {"report": name, "notebook": str(path)} | places | settings | about


def shown(root: Path, *jobs: dict[str, Any], cold: bool = False) -> list[str]:
    """Run jobs one after another, and give their executed notebooks."""
    with pool(1, root=root, cold=cold) as workers:
        for each in jobs:
            workers.send(each["report"], each)
            while (event := workers.receive()[1])["event"] == "cell":
                pass
            assert event["event"] == "ok", event
    return [Path(each["executed"]).read_text(encoding="utf-8") for each in jobs]


@pytest.fixture
def from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork the first kernel, too."""
    monkeypatch.setattr("qieval.pipeline.pool.WARM_FROM", 1)


@pytest.mark.usefixtures("from_the_first")
def test_a_forked_kernel_shows_the_same_bytes_as_a_cold_one(tmp_path: Path) -> None:
    one = job(tmp_path, "one", SHOWN, FIGURE)
    [forked], [cold] = shown(tmp_path, one), shown(tmp_path, one, cold=True)
    assert forked == cold
    assert '"image/png"' in forked
    assert "careful" in forked
    assert "qieval.pipeline.reads" in forked, "what is read is noted"
    assert "..." not in forked, "no column is left out"


@pytest.mark.usefixtures("from_the_first")
def test_every_kernel_has_its_own_numbers_and_its_own_group_and_one_parent(tmp_path: Path) -> None:
    made = shown(tmp_path, job(tmp_path, "one", OWN), job(tmp_path, "two", OWN))
    printed = [json.loads(each)["cells"][0]["outputs"][0]["text"] for each in made]
    [one, two] = ["".join(lines).split() for lines in printed]
    assert (one[0], one[1], one[3]) != (two[0], two[1], two[3])
    assert one[0] != two[0]
    assert one[1] != two[1]
    assert one[2] == two[2], "both were forked from one process"
    assert one[4] == "1", "and that process is no worker: a kernel started cold has one for a parent"
    until_gone(int(one[2]))


def until_gone(pid: int) -> None:
    end = time.monotonic() + 30
    while psutil.pid_exists(pid):
        assert time.monotonic() < end, "the warm process stayed behind"
        time.sleep(0.05)


def test_where_the_warm_process_is_gone_kernels_are_started_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["python", "-m", "ipykernel_launcher", "-f", "x"]
    monkeypatch.delenv(warm.SOCKET, raising=False)
    assert warm.forked(command, {}) is None
    monkeypatch.setenv(warm.SOCKET, str(tmp_path / "nobody"))
    assert warm.forked(command, {}) is None
    assert warm.forked(["another", "kernel"], {}) is None


def test_a_library_that_starts_a_thread_keeps_kernels_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "LIBRARIES", ())
    monkeypatch.setattr(os, "listdir", lambda _: ["1", "2"])
    monkeypatch.setattr(warm.select, "select", lambda *_: ([], [], []))
    monkeypatch.setenv("MPLBACKEND", "agg")
    with pytest.raises(SystemExit, match="thread"):
        warm._preload()
