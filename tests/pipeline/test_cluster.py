"""The same jobs on a Dask cluster: the same bytes, and a lost worker's job is done by another."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from qieval.errors import RunError
from qieval.pipeline import cluster
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.progress import quiet
from qieval.pipeline.run import run_waves
from qieval.pipeline.workspace import Workspace

KILLS_ITS_WORKER_ONCE = """
import os, pathlib, psutil
mark = pathlib.Path("killed")
if not mark.exists():
    mark.touch()
    psutil.Process().parent().parent().kill()
print("made")
"""


@pytest.mark.nightly
def test_a_cluster_makes_the_same_bytes_and_a_lost_worker_s_job_is_done_by_another(
    tiny: Any, dask_address: str, tmp_path: Path
) -> None:
    notebook = tiny.add_notebook("20_lost")
    source = KILLS_ITS_WORKER_ONCE.strip().replace("\n", "\\n").replace('"', '\\"')
    words = notebook.read_text(encoding="utf-8")
    cell = (
        '{"cell_type": "code", "id": "x", "metadata": {}, "execution_count": null, "outputs": [], '
        f'"source": "{source}"}}'
    )
    notebook.write_text(words.replace('"outputs": []}]', f'"outputs": []}}, {cell}]'), encoding="utf-8")
    tiny.append(tiny.wave, "  - 20_lost\n")
    plans = plan_waves([tiny.wave], tiny.workspace)
    folders = []
    for name, how in (("there", {"scheduler": dask_address}), ("here", {"jobs": 2})):
        aside = Workspace(tiny.root, tmp_path / name)
        [outcome] = run_waves(plans, aside, quiet(), **how)
        assert outcome.published, outcome.failures
        folders.append(outcome.published)
    assert (tiny.root / "killed").exists()
    there, here = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in folders
    )
    assert {str(name) for name in here.keys() | there if here.get(name) != there.get(name)} == {"run.json"}


@pytest.mark.nightly
def test_a_simulation_s_passes_are_the_same_there_as_here(dask_address: str) -> None:
    there = list(cluster.mapped(math.sqrt, [4.0, 9.0], dask_address))
    assert there == [2.0, 3.0]


def test_without_the_package_or_a_scheduler_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(RunError, match=r"pip install 'qieval\[cluster\]'"),
        cluster.cluster("tcp://127.0.0.1:1", root=tmp_path),
    ):
        pass
