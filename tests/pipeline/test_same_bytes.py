"""The demonstrations' pages: the same bytes from new kernels, from forked ones and on a cluster."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qieval.pipeline.planning import plan_waves
from qieval.pipeline.progress import quiet
from qieval.pipeline.run import run_waves
from qieval.pipeline.verify import verify
from qieval.pipeline.workspace import Workspace

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def workspace(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("demonstrations")
    for name in ("params", "data", "notebooks"):
        shutil.copytree(repo / name, root / name)
    return Workspace(root.resolve())


def made(workspace: Workspace, aside: Path, **how: object) -> dict[str, bytes]:
    """Every published file but the records, which hold the clock."""
    demos = sorted(workspace.params.glob("demo-*/*wave-*.yaml"))
    plans = plan_waves(demos, workspace)
    outcomes = run_waves(plans, Workspace(workspace.root, aside), quiet(), **how)  # type: ignore[arg-type]
    assert not [failure for outcome in outcomes for failure in outcome.failures]
    files = (path for path in aside.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(aside)): path.read_bytes() for path in files if path.name != "run.json"}


def test_forked_kernels_new_ones_and_a_cluster_make_the_same_bytes(
    workspace: Workspace, dask_address: str, tmp_path: Path
) -> None:
    forked = made(workspace, tmp_path / "forked")
    for name, how in {"new": {"cold": True}, "cluster": {"scheduler": dask_address}}.items():
        other = made(workspace, tmp_path / name, **how)
        assert {file for file in forked.keys() | other if forked.get(file) != other.get(file)} == set(), name


def test_every_wave_is_verified(workspace: Workspace) -> None:
    made(workspace, workspace.root / "reports")
    for folder in sorted(workspace.reports.glob("demo-*/wave-*")):
        found = verify(folder, workspace, quiet())
        assert found.same, found
