"""A tiny study in a workspace of its own, for tests of the pipeline to break as they like."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qieval.pipeline.workspace import Workspace

CLUSTER = """
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as two:
        print(two.scheduler_address, flush=True)
        input()
"""
STUDY = """\
title: A tiny collaborative
synthetic: true
design: randomised
allocation:
  scheme: stratified
  stratum: region
  arms: {control: usual care, intervention: coached}   # control first
sampling: cross-section
outcomes:
  pain: {type: continuous, label: Pain, unit: points, range: [0, 10], better: lower,
         baseline: pain_0, covariates: [age]}
  fall: {type: binary, label: Any fall, better: lower}
  visits: {type: count, label: Visits, exposure: person_years, better: lower}
plan:
  dated: 2024-01-01
  primary: {outcome: pain, wave: 2}
  family: [pain, fall]
tables:
  sites: {file: sites.csv}
  outcomes: {file: outcomes.csv}
equity: {strata: [language]}
seed: 7
"""
WAVE = """\
study: tiny
wave: 1
label: month 6
window: [2024-01-01, 2024-06-30]
data: ../../data/tiny/wave-1   # the full extract up to this cut
reports:
  - 10_look: {outcome: pain}
"""
BASELINE = WAVE.replace("wave: 1", "wave: 0").replace("wave-1", "wave-0").replace("month 6", "baseline")
SITES = """\
site,arm,region
A,coached,North
B,usual care,North
C,coached,South
D,usual care,South
"""
OUTCOMES = """\
participant,site,wave,pain,pain_0,age,fall,visits,person_years,language
001,A,0,5,,60,1,2,0.5,English
002,A,1,4.5,6,61,0,0,1,English
003,B,1,7,5,62,1,3,1,Spanish
004,B,1,,8,63,,,,
005,C,1,2,4,64,0,1,0.5,English
006,D,1,9,7,65,1,4,,English
"""
PARAMETERS = """\
study: str = "tiny"  # study
wave: int = 1  # wave
outcome: str = ""  # outcome; empty for the primary one
level: float = 0.95  # of intervals
before: int = 0  # earlier wave
after: int | None = None  # later wave; None for this one
site: str | None = None  # only this site
groups: list[str] = []  # only these groups
fast: bool = False  # skip the slow part
"""


@dataclass(frozen=True)
class Tiny:
    """The workspace of a tiny study, and how to change its files."""

    workspace: Workspace

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def wave(self) -> Path:
        return self.workspace.wave_file("tiny", 1)

    @property
    def study(self) -> Path:
        return self.workspace.study_folder("tiny") / "study.yaml"

    def add_notebook(self, name: str, parameters: str = PARAMETERS, **metadata: Any) -> Path:
        return write(self.workspace.notebooks / f"{name}.ipynb", notebook(parameters, **metadata))

    def table(self, role: str) -> Path:
        return self.workspace.data / "tiny" / "wave-1" / f"{role}.csv"

    def replace(self, path: Path, old: str, new: str) -> None:
        words = path.read_text(encoding="utf-8")
        assert old in words
        path.write_text(words.replace(old, new), encoding="utf-8")

    def append(self, path: Path, words: str) -> None:
        path.write_text(path.read_text(encoding="utf-8") + words, encoding="utf-8")


def write(path: Path, words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words, encoding="utf-8")
    return path


def notebook(parameters: str = PARAMETERS, *, title: str = "# What is there?", **metadata: Any) -> str:
    """Write a notebook with one parameters cell and one that shows something."""
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": title},
        {
            "cell_type": "code",
            "id": "parameters",
            "metadata": {"tags": ["parameters"]},
            "source": parameters,
            "execution_count": None,
            "outputs": [],
        },
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    whole = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, **metadata},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole)


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Tiny]:
    """Give a factory of workspaces with one tiny study; texts of its files may be given."""

    def make(*, study: str = STUDY, wave: str = WAVE, **tables: str) -> Tiny:
        root = (tmp_path / "work").resolve()
        write(root / "params" / "tiny" / "study.yaml", study)
        write(root / "params" / "tiny" / "wave-0.yaml", BASELINE)
        write(root / "params" / "tiny" / "wave-1.yaml", wave)
        for role, words in {"sites": SITES, "outcomes": OUTCOMES, **tables}.items():
            write(root / "data" / "tiny" / "wave-1" / f"{role}.csv", words)
        write(root / "notebooks" / "10_look.ipynb", notebook())
        return Tiny(Workspace(root))

    return make


@pytest.fixture
def tiny(make_workspace: Callable[..., Tiny]) -> Tiny:
    """A workspace with one tiny study in order."""
    return make_workspace()


@pytest.fixture
def dask_address(tmp_path: Path) -> Iterator[str]:
    """A cluster of two worker processes."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("dask.distributed is not installed (extra: cluster)")
    script = tmp_path / "two.py"
    script.write_text(CLUSTER, encoding="utf-8")
    command = [sys.executable, str(script)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, cwd=tmp_path, **pipes) as process:  # type: ignore[call-overload]
        yield process.stdout.readline().strip()
        process.stdin.close()
