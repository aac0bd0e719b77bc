"""What a kernel reads is noted, by every road that Python knows, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qieval.pipeline.reads import PACKAGE, STARTUP, VARIABLE, install, located, read_log

READING = STARTUP + (
    "import os, pathlib, shutil, json, qieval.errors\n"
    "open('data/plain.csv').close()\n"
    "pathlib.Path('data/path.csv').read_bytes()\n"
    "os.close(os.open('data/low.csv', os.O_RDONLY))\n"
    "shutil.copyfile('data/copied.csv', 'data/written.csv')\n"
    "open('data/added.csv', 'a').close()\n"
    "open('notes.txt').close()\n"
    "os.path.exists('data/asked.csv')\n"
    "try:\n    open('data/missing.csv')\nexcept OSError:\n    pass\n"
    "open('../outside.csv').close()\n"
    "open('reports/.staging/results.json').close()\n"
    "import own\n"
)


def noted(root: Path, *, times: int = 1) -> list[str]:
    log = root.parent / "log"
    for _ in range(times):
        subprocess.run(
            [sys.executable, "-c", READING], cwd=root, check=True, env={VARIABLE: str(log), "PYTHONPATH": "."}
        )
    return read_log(log, root=root, besides=root / "data")


def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    for name in ("plain", "path", "low", "copied"):
        (root / "data").mkdir(parents=True, exist_ok=True)
        (root / "data" / f"{name}.csv").write_text("a\n", encoding="utf-8")
    (root / "reports" / ".staging").mkdir(parents=True)
    (root / "reports" / ".staging" / "results.json").write_text("{}", encoding="utf-8")
    (root / "notes.txt").write_text("", encoding="utf-8")
    (root / "own.py").write_text("", encoding="utf-8")
    (tmp_path / "outside.csv").write_text("", encoding="utf-8")
    return root


def test_files_opened_to_read_are_listed_by_their_place_in_the_workspace(tmp_path: Path) -> None:
    found = noted(workspace(tmp_path))
    data = [name for name in found if name.startswith("data/")]
    assert data == [f"data/{name}.csv" for name in ("copied", "low", "missing", "path", "plain")]
    assert "notes.txt" in found
    assert "own.py" in found
    assert "qieval:errors.py" in found
    assert not [name for name in found if "outside" in name or "results.json" in name]


def test_a_module_counts_by_its_source_also_when_its_bytecode_was_loaded(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert "own.py" in noted(root, times=2)
    assert not [name for name in noted(root) if name.endswith(".pyc")]


def test_data_outside_the_workspace_is_named_by_the_way_there(tmp_path: Path) -> None:
    log, root = tmp_path / "log", tmp_path / "work"
    log.write_bytes(bytes(tmp_path / "else" / "x.csv") + b"\0")
    assert read_log(log, root=root, besides=tmp_path / "else") == ["../else/x.csv"]
    assert read_log(log, root=root, besides=root) == []
    assert read_log(tmp_path / "none", root=root, besides=root) == []


def test_names_lead_back_to_files(tmp_path: Path) -> None:
    assert located("qieval:errors.py", tmp_path) == PACKAGE / "errors.py"
    assert located("data/x.csv", tmp_path) == tmp_path / "data" / "x.csv"


def test_without_the_variable_nothing_is_noted_and_kernels_get_the_hook(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", STARTUP], cwd=tmp_path, check=True, env={})
    assert list(tmp_path.iterdir()) == []
    install(tmp_path / "ipython")
    scripts = list((tmp_path / "ipython" / "profile_default" / "startup").iterdir())
    assert [script.read_text(encoding="utf-8") for script in scripts] == [STARTUP]
