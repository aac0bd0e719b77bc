"""Running waves: every report as a job, side by side; a wave is published when all its reports are made."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from qieval.errors import refuse
from qieval.pipeline.cluster import cluster
from qieval.pipeline.planning import Job, WavePlan
from qieval.pipeline.pool import pool
from qieval.pipeline.publish import alone, claimed
from qieval.pipeline.wave_run import Listener, Outcome, WaveRun
from qieval.pipeline.workspace import Workspace

MEMORY_OF_A_REPORT = 500e6  # bytes: a worker and its kernel at their peak, measured on the demonstrations


def run_waves(
    plans: Sequence[WavePlan],
    workspace: Workspace,
    listener: Listener,
    *,
    jobs: int | None = None,
    force: bool = False,
    cold: bool = False,
    scheduler: str = "",
) -> tuple[Outcome, ...]:
    """Run waves and publish each whose reports are all made; the others' published folders stay as they were.

    Parameters
    ----------
    plans : sequence of WavePlan
        Checked waves; they are run in the order of their numbers.
    workspace : Workspace
        Where they are.
    listener : Listener
        Hears how it goes.
    jobs : int, optional
        Notebooks that run side by side; as many as cores and memory allow by default.
    force : bool
        Make every report anew, also those that are up to date.
    cold : bool
        Have every kernel import its libraries itself (`qieval.pipeline.warm`).
    scheduler : str
        Address of a Dask scheduler whose workers run the notebooks, instead of this machine.

    Returns
    -------
    tuple of Outcome
        One for each wave.

    Raises
    ------
    InputError
        If another run is making one of the waves; nothing was changed then.
    RunError
        If the scheduler cannot be reached.
    """
    ordered = sorted(plans, key=lambda plan: (plan.study_name, plan.wave))
    root = workspace.root
    hands = cluster(scheduler, root=root) if scheduler else pool(jobs or abreast(), root=root, cold=cold)
    with claimed(workspace, ordered), hands as workers:
        runs = [WaveRun(plan, workspace, listener, force=force) for plan in ordered]
        while not all(run.outcome for run in runs):
            while workers.has_room and (found := _next_job(runs)):
                run, job = found
                if not run.reused(job):
                    workers.send((run, job), run.order(job))
            if not workers.busy:
                continue
            (run, job), event = workers.receive()
            run.hear(job, event)
    return tuple(run.outcome for run in runs if run.outcome)


def run_alone(plan: WavePlan, report: str, workspace: Workspace, listener: Listener) -> Outcome:
    """Make one report of a wave, and keep it aside for the next run of the wave, which finds it made.

    Raises
    ------
    InputError
        If the wave has no such report, or one that reads the results of the others.
    """
    found = [job for job in plan.jobs if job.report == report]
    where = workspace.shown(plan.wave_file)
    if not found:
        names = ", ".join(job.report for job in plan.jobs)
        refuse(where, f"has no report {report!r}", expected=f"one of {names}")
    if found[0].needs_results:
        refuse(where, f"{report} reads the results of the wave's other reports", remedy="run the wave")
    aside = Workspace(workspace.root, alone(workspace) / report)
    [outcome] = run_waves([replace(plan, jobs=tuple(found), slots=())], aside, listener, jobs=1, cold=True)
    return outcome


def abreast() -> int:
    """How many notebooks can run side by side: one a core, and no more than the free memory holds."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(_free_memory() / MEMORY_OF_A_REPORT)))


def _free_memory() -> float:
    """Bytes that this process may still take, by the machine's count and its container's; inf if unknown."""
    free = [math.inf]
    with suppress(OSError, ValueError, KeyError):
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free.append(float(lines["MemAvailable"].split()[0]) * 1024)
    with suppress(OSError, ValueError):  # "max" where there is no limit
        used, most = (float(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("current", "max"))
        free.append(most - used)
    return min(free)


def _next_job(runs: Sequence[WaveRun]) -> tuple[WaveRun, Job] | None:
    """Find a job that can start; those that read results wait for their wave and the study's earlier ones."""
    for run in runs:
        if run.free:
            return run, run.free.pop(0)
    for position, run in enumerate(runs):
        earlier = [other for other in runs[:position] if other.plan.study_name == run.plan.study_name]
        if run.ready_to_read and all(other.outcome for other in earlier):
            return run, run.reading.pop(0)
    return None
