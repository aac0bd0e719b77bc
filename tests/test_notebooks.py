"""Notebooks tell and do not compute: their form."""

from __future__ import annotations

import ast
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qieval.pipeline.scaffold import new_notebook
from qieval.pipeline.workspace import Workspace

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
TAGS = {"parameters", "setup", "exhibit", "appendix"}


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def tags(cell: dict[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", []))


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `qieval new-notebook` writes."""
    root = tmp_path_factory.mktemp("workspace")
    (root / "params" / "x").mkdir(parents=True)
    for name, words in {
        "study": "title: X",
        "wave-0": "study: x\nwave: 0\ndata: ../../data/x\nreports: []",
    }.items():
        (root / "params" / "x" / f"{name}.yaml").write_text(words, encoding="utf-8")
    return new_notebook(Workspace(root), "35_new")


@pytest.fixture(params=[*NOTEBOOKS, None], ids=lambda path: path.stem if path else "new")
def notebook(request: pytest.FixtureRequest, new: Path) -> dict[str, Any]:
    return json.loads((request.param or new).read_text(encoding="utf-8"))


def test_it_is_committed_without_outputs_but_with_its_kernel(notebook: dict[str, Any]) -> None:
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code_cells(notebook))


def test_it_opens_with_its_question(notebook: dict[str, Any]) -> None:
    first = notebook["cells"][0]
    assert first["cell_type"] == "markdown"
    assert source(first).splitlines()[0].startswith("# ")
    assert source(first).splitlines()[0].endswith("?")


def test_it_has_one_parameters_cell_with_help_on_every_line(notebook: dict[str, Any]) -> None:
    [cell] = [cell for cell in code_cells(notebook) if "parameters" in tags(cell)]
    for line in filter(None, source(cell).splitlines()):
        assert isinstance(ast.parse(line).body[0], ast.AnnAssign), line
        assert "  # " in line, line


def test_its_tags_are_known(notebook: dict[str, Any]) -> None:
    assert all(tags(cell) <= TAGS for cell in notebook["cells"])


def test_headings_never_skip_a_level(notebook: dict[str, Any]) -> None:
    markdown = [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    levels = [
        len(line) - len(line.lstrip("#"))
        for text in markdown
        for line in text.splitlines()
        if line.startswith("#")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_code_cell_is_introduced_and_short(notebook: dict[str, Any]) -> None:
    cells = notebook["cells"]
    for before, cell in pairwise(cells):
        if cell["cell_type"] == "code" and not tags(cell) & {"parameters", "setup"}:
            assert before["cell_type"] == "markdown", source(cell)
    shown = [cell for cell in code_cells(notebook) if "parameters" not in tags(cell)]
    assert all(len(source(cell).splitlines()) <= 6 for cell in shown)
    assert sum(len(source(cell).splitlines()) for cell in code_cells(notebook)) <= 40


def test_it_defines_nothing_and_binds_a_name_once(notebook: dict[str, Any]) -> None:
    bound: list[str] = []
    for cell in code_cells(notebook):
        tree = ast.parse(source(cell))
        banned = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Lambda, ast.Try, ast.With)
        assert not [node for node in ast.walk(tree) if isinstance(node, banned)], source(cell)
        bound += [
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
    assert len(bound) == len(set(bound)), sorted(name for name in bound if bound.count(name) > 1)


def test_an_exhibit_cell_ends_in_an_exhibit(notebook: dict[str, Any]) -> None:
    for cell in code_cells(notebook):
        if "exhibit" in tags(cell):
            last = ast.parse(source(cell)).body[-1]
            assert isinstance(last, ast.Expr), source(cell)
            assert isinstance(last.value, (ast.Call, ast.Name)), source(cell)
