"""The house keeps its shape: import directions, sizes, empty facades."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "qieval"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    {"errors"},
    {"results"},
    {"stats"},
    {"trial", "capability", "coding", "measures"},
    {"exhibits"},
    {"simulate"},
    {"pipeline"},
    {"cli"},
]
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
STATISTICS = {"errors", "results", "stats", "trial", "capability", "coding", "measures", "simulate"}
NOT_FOR_STATISTICS = {
    "matplotlib",
    "seaborn",
    "papermill",
    "nbconvert",
    "nbclient",
    "nbformat",
    "typer",
    "rich",
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names += [node.module or ""]
            if node.module == "qieval":
                names += [f"qieval.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize(
    "path", [m for m in MODULES if m.parent != PACKAGE or m.name != "__init__.py"], ids=str
)
def test_a_module_imports_only_from_floors_below(path: Path) -> None:
    here = room_of(path)
    for name in imported(path):
        if not name.startswith("qieval."):
            continue
        there = name.split(".")[1]
        if there.startswith("__"):
            continue
        same_room = there == here
        below = ROOMS[there] < ROOMS[here]
        assert same_room or below, f"{path.relative_to(PACKAGE)} imports {name}"
        if here == "simulate":
            assert there in {"errors", "results", "stats", "simulate"}


@pytest.mark.parametrize("path", [m for m in MODULES if room_of(m) in STATISTICS], ids=str)
def test_statistics_import_neither_drawing_nor_running(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & NOT_FOR_STATISTICS


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_modules_and_functions_stay_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            doc = ast.get_docstring(node)
            length = (node.end_lineno or 0) - node.lineno + 1 - (doc.count("\n") + 1 if doc else 0)
            assert length <= 60, f"{node.name} has {length} lines"


@pytest.mark.parametrize(
    "path", [m for m in MODULES if m.name == "__init__.py" and m.parent != PACKAGE], ids=str
)
def test_a_folders_init_only_re_exports(path: Path) -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
    assert all(isinstance(node, allowed) for node in ast.parse(path.read_text(encoding="utf-8")).body)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_has_a_name_of_the_domain(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "common", "misc"}
