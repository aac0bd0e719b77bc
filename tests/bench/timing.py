"""Seconds of a job, wall and processor, and a line of the table; peers in R by Rscript where it is found."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pandas as pd

ROUNDS = 3


class Taken(NamedTuple):
    """Median seconds by the clock and of the processor; the latter says more on a busy machine."""

    wall: float
    cpu: float


def seconds(run: Callable[[], object], rounds: int = ROUNDS) -> Taken:
    """Median of some rounds, after one that is not counted."""
    run()
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Taken(median(walls), median(cpus))


def seconds_in_r(expression: str, libraries: str, data: pd.DataFrame, rounds: int = ROUNDS) -> Taken | None:
    """The same of an R expression on data frame `d` (cluster a factor); None where R cannot run it."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    code = (
        f"suppressMessages({{{libraries}}}); d <- read.csv(commandArgs(TRUE)[1]);"
        "d$cluster <- factor(d$cluster);"
        f"for (i in 1:{rounds}) {{ t <- proc.time(); v <- {expression}; t <- proc.time() - t;"
        'cat(t[["elapsed"]], t[["user.self"]] + t[["sys.self"]], "\\n") }'
    )
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "trial.csv"
        data.to_csv(table, index=False, float_format="%.9g")
        done = subprocess.run([rscript, "-e", code, str(table)], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    lines = [line.split() for line in done.stdout.splitlines()]
    return Taken(*(median(float(line[place]) for line in lines) for place in (0, 1)))


def show(job: str, program: str, taken: Taken | None, base: Taken) -> None:
    """One line: seconds by the clock, of the processor, and the latter as a multiple of qieval's."""
    said = "not found here"
    if taken is not None:
        said = f"{taken.wall:9.3f} s  {taken.cpu:9.3f} cpu s  {taken.cpu / base.cpu:8.1f} x"
    print(f"{job:<46} {program:<46} {said}", flush=True)  # noqa: T201 (a command's output)
