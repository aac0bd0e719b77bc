"""What is made of a published wave to hand on, and to whom: one function a form in `EXPORTS`."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from qieval.errors import Fault, InputError, refuse
from qieval.pipeline import bill
from qieval.pipeline.collect import as_json
from qieval.pipeline.crate import UNDATED
from qieval.pipeline.model import Audience
from qieval.pipeline.planning import WavePlan
from qieval.pipeline.reuse import changed_waves
from qieval.pipeline.workspace import Workspace

CORE = "docProps/core.xml"
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
    """Put a published wave into one archive beside its folder, with the bill of what it was made with.

    The archive's dates are the data cut's.
    """
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    named = [((Path(folder.name) / path.relative_to(folder)).as_posix(), path.read_bytes()) for path in files]
    named.append((f"{folder.name}/{bill.FILE}", as_json(bill.bill()).encode()))
    target = folder.with_name(f"{folder.name}.zip")
    target.write_bytes(_archive(named, _cut(_record(folder))))
    return target


def write_pdfs(folder: Path) -> Path:
    """Print every report of a wave, for A4 and for Letter alike, into a folder beside it."""
    from qieval.pipeline.chromium import print_pdf

    made = _beside(folder, "pdf")
    for report in _record(folder)["reports"]:
        print_pdf(folder / report["page"], made / f"{report['report']}.pdf")
    return made


def write_words(folder: Path) -> Path:
    """Write every report of a wave as a Word file, into a folder beside it."""
    from qieval.pipeline.chromium import pictures
    from qieval.pipeline.word import word_file

    record, made = _record(folder), _beside(folder, "docx")
    for report in record["reports"]:
        page = (folder / report["page"]).read_text(encoding="utf-8")
        _office(made / f"{report['report']}.docx", word_file(page, pictures, made=_cut(record)), _cut(record))
    return made


def write_workbook(folder: Path) -> Path:
    """Write all tables of a wave as one Excel workbook beside its folder."""
    from qieval.pipeline.workbook import workbook

    record = _record(folder)
    target = folder.with_name(f"{folder.name}.xlsx")
    _office(target, workbook(folder, record, made=_cut(record)), _cut(record))
    return target


def _record(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "run.json").read_text(encoding="utf-8")))


def _cut(record: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(record["data_cut"] or UNDATED)


def _beside(folder: Path, form: str) -> Path:
    """Make an empty folder for files of one form, beside the wave's."""
    made = folder.with_name(f"{folder.name}-{form}")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    return made


def _office(target: Path, content: bytes, day: dt.datetime) -> None:
    """Write an Office file, which is an archive, so that no clock is in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        parts = [(name, found.read(name)) for name in found.namelist()]
    clock = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")  # openpyxl's, whatever date it is told
    stamp = rb"\g<1>%sZ" % day.isoformat().encode()
    parts = [(name, clock.sub(stamp, part) if name == CORE else part) for name, part in parts]
    target.write_bytes(_archive(parts, day))


def _archive(parts: Iterable[tuple[str, bytes]], day: dt.datetime) -> bytes:
    """Pack files with one date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            entry = zipfile.ZipInfo(name, date_time=(day.year, day.month, day.day, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


EXPORTS: dict[str, Callable[[Path], Path]] = {
    "pdf": write_pdfs,
    "docx": write_words,
    "xlsx": write_workbook,
    "zip": write_zip,
}
