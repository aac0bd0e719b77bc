"""What is made of a published wave to hand on, and to whom: one function a form in `EXPORTS`."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from qieval.errors import Fault, InputError, refuse
from qieval.pipeline.crate import UNDATED
from qieval.pipeline.model import Audience
from qieval.pipeline.planning import WavePlan
from qieval.pipeline.reuse import changed_waves
from qieval.pipeline.workspace import Workspace

AUDIENCES: tuple[str, ...] = get_args(Audience)  # from the narrowest to the widest


def refuse_wider(plan: WavePlan, to: str, workspace: Workspace) -> None:
    """Refuse to hand a wave on to more people than its reports are for.

    Raises
    ------
    InputError
        With each report whose audience (``audiences`` in the study file; the team where it says nothing) is
        narrower, and if the wave is not signed, for others than the team.
    """
    study = workspace.shown(workspace.study_folder(plan.study_name) / "study.yaml")
    faults = [
        Fault(
            file=study,
            column=f"audiences.{job.notebook.stem}",
            problem=f"{job.report} is for the {job.audience}, not for the {to}",
            remedy="change the audience there once that is decided, or leave the report out of the wave",
        )
        for job in plan.jobs
        if AUDIENCES.index(job.audience) < AUDIENCES.index(to)
    ]
    if to != AUDIENCES[0] and not plan.life.signed:
        wave, said = workspace.shown(plan.wave_file), "is not signed, so it is for the team alone"
        faults.append(Fault(file=wave, problem=said, remedy="qieval freeze …, then qieval sign …"))
    if faults:
        raise InputError(faults)


def handed_on(plan: WavePlan, to: str, workspace: Workspace) -> Path:
    """Give the folder of a wave that may be handed on to an audience.

    Raises
    ------
    InputError
        If the audience is unknown or too wide, or what is published is not up to date.
    """
    if to not in AUDIENCES:
        refuse("--to", f"is {to!r}", expected="one of " + ", ".join(AUDIENCES))
    refuse_wider(plan, to, workspace)
    if changed_waves([plan], workspace):
        wave = workspace.shown(plan.wave_file)
        refuse(wave, "is not published, or something has changed since", remedy=f"qieval run {wave}")
    return workspace.published(plan.study_name, plan.wave)


def write_zip(folder: Path) -> Path:
    """Put a published wave into one archive beside its folder; its dates are the data cut's."""
    cut = json.loads((folder / "run.json").read_text(encoding="utf-8"))["data_cut"] or UNDATED
    day = dt.date.fromisoformat(cut)
    target = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = (Path(folder.name) / path.relative_to(folder)).as_posix()
            entry = zipfile.ZipInfo(name, date_time=(day.year, day.month, day.day, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return target


EXPORTS: dict[str, Callable[[Path], Path]] = {"zip": write_zip}
