"""Every notebook runs by itself on its defaults; by the plain commands, too, and nothing of the pipeline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from qieval.cli import main
from qieval.exhibits.core import MIME
from qieval.pipeline.normalise import read_notebook
from qieval.pipeline.page import render_page
from qieval.pipeline.pool import Pool, pool

REPO = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.stem for path in (REPO / "notebooks").glob("*.ipynb"))
NEW = "35_new"
KIND = {"10_data": "table", "20_effect": "figure", "30_capability": "figure", "40_coding": "figure"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the demonstrations and without any published report."""
    root = tmp_path_factory.mktemp("workspace")
    for name in (
        "params",
        "notebooks",
        "data/demo-collab",
        "data/demo-ms",
        "data/validation",
        "data/hip-fracture",
    ):
        shutil.copytree(REPO / name, root / name)
    assert main(["new-notebook", NEW, "--workspace", str(root)]) == 0
    return root


def command(name: str, *words: str, cwd: Path) -> str:
    """Run one of the environment's own commands."""
    environment = {**os.environ, "QIEVAL_WORKSPACE": str(cwd), "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [str(Path(sys.executable).parent / name), *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def check(name: str, made: Path) -> None:
    """Hold an executed notebook to what every reader may expect."""
    found = outputs(json.loads(made.read_text(encoding="utf-8")))
    assert not [each for each in found if each["output_type"] in {"error", "stream"}], name
    payloads = [each["data"][MIME] for each in found if MIME in each.get("data", {})]
    assert payloads[0]["kind"] == "statement"
    assert payloads[0]["role"] in {"headline", "note"}
    if name in KIND:
        assert KIND[name] in {payload["kind"] for payload in payloads}


@pytest.fixture(scope="module")
def workers(workspace: Path) -> Iterator[Pool]:
    """One worker; its kernels are forked from the third notebook on, as importing takes most of the time."""
    with pool(1, root=workspace) as found:
        yield found


@pytest.mark.parametrize("name", [*NOTEBOOKS, NEW])
def test_it_runs_on_its_defaults(name: str, workspace: Path, workers: Pool, tmp_path: Path) -> None:
    made = tmp_path / "made.ipynb"
    about = {"report": name, "notebook": str(workspace / "notebooks" / f"{name}.ipynb"), "parameters": {}}
    places = {"root": str(workspace), "folder": str(workspace), "executed": str(made)}
    page = {"page": str(tmp_path / "page.html"), "metadata": {"provenance": []}}
    workers.send(name, about | places | page | {"environment": {}, "data": {}})
    while (event := workers.receive()[1])["event"] == "cell":
        pass
    assert event["event"] == "ok", event
    check(name, made)


PLAIN = {NEW, "10_data"}
LONG = [pytest.param(name, marks=pytest.mark.nightly) for name in NOTEBOOKS if name not in PLAIN]


@pytest.mark.parametrize("name", [*sorted(PLAIN), *LONG])
def test_it_runs_under_the_plain_command(name: str, workspace: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.ipynb"
    command("papermill", f"notebooks/{name}.ipynb", str(made), "--no-progress-bar", cwd=workspace)
    check(name, made)


def test_parameters_given_to_papermill_are_obeyed_and_nbconvert_makes_both_pages(
    workspace: Path, tmp_path: Path
) -> None:
    made = tmp_path / "out.ipynb"
    words = ["-p", "study", "demo-collab", "-p", "wave", "1", "-p", "outcome", "relapse", "--no-progress-bar"]
    command("papermill", "notebooks/20_effect.ipynb", str(made), *words, cwd=workspace)
    found = outputs(json.loads(made.read_text(encoding="utf-8")))
    payloads = [each["data"][MIME] for each in found if MIME in each.get("data", {})]
    assert "relapse in the last year" in payloads[0]["caption"]
    [table] = [payload for payload in payloads if payload["name"] == "effect"]
    assert {row["status"] for row in table["results"]} == {"interim"}
    assert {row["p_value"] for row in table["results"]} == {None}
    pages = {}
    for name, words in {"plain": [], "kit": ["--template", "qieval"]}.items():
        asked = ["jupyter", "nbconvert", "--to", "html", *words, "--output", name, str(made)]
        command(*asked, cwd=workspace)
        pages[name] = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        assert "relapse in the last year" in pages[name]
        assert "<svg" in pages[name]
    same = str(BeautifulSoup(render_page(read_notebook(made)), "html.parser"))  # as nbconvert writes pages
    assert pages["kit"] == same, "what the pipeline makes of the same notebook"
