"""What a wave asks for, made certain before anything runs: parameters bound, tables without fault."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qieval.errors import Fault, InputError, refuse
from qieval.pipeline import inputs
from qieval.pipeline.binding import Setting, bind, question, report_name
from qieval.pipeline.faults import suggestion
from qieval.pipeline.fetch import fetch
from qieval.pipeline.inputs import InputFile
from qieval.pipeline.instruments import changed_instruments
from qieval.pipeline.life import Life, late, read_life
from qieval.pipeline.model import Audience, StudyFile
from qieval.pipeline.parameters import NotebookCard, read_card
from qieval.pipeline.workspace import PLAN, Workspace, wave_of

if TYPE_CHECKING:
    from qieval.pipeline.extract import Extract
    from qieval.pipeline.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One report to make.

    Attributes
    ----------
    report : str
        Its name, unique within the wave and safe as a file's name.
    notebook : Path
        The notebook to run.
    question : str
        What it answers.
    parameters : dict
        Every parameter of the notebook with its value.
    needs_results : bool
        Whether it reads the results of the wave's other reports, and so runs after them.
    audience : {"team", "committee", "sites", "public"}
        The widest circle that may see it, as the study file says; the team where it says nothing.
    """

    report: str
    notebook: Path
    question: str
    parameters: dict[str, Any]
    needs_results: bool
    audience: Audience = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class WavePlan:
    """A wave that can be run: its files are in order and its jobs are bound.

    Attributes
    ----------
    study_name : str
        Folder of the study under ``params/``.
    spec : StudyFile
        What the study file says.
    wave : int
        Number of the wave.
    label : str
        The wave in words.
    window : tuple of date, optional
        First and last day of the wave.
    wave_file, data_dir : Path
        Its wave file and its data folder, absolute.
    jobs : tuple of Job
        In the order of the wave file.
    warnings : tuple of str
        What the checks found worth knowing.
    inputs : tuple of InputFile
        Every file read (`qieval.pipeline.inputs`).
    withdrawn : str
        Hash of who has withdrawn.
    instruments : mapping of str to str
        Content of each instrument of the study, as JSON.
    life : Life
        Whether it is frozen, signed, corrected.
    slots : tuple of Slot
        The authors' own words.
    data_report : str
        The report that explains the columns of the tables; empty for none.
    """

    study_name: str
    spec: StudyFile
    wave: int
    label: str
    window: tuple[dt.date, dt.date] | None
    wave_file: Path
    data_dir: Path
    jobs: tuple[Job, ...]
    warnings: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    withdrawn: str
    instruments: Mapping[str, str]
    life: Life
    slots: tuple[Slot, ...]
    data_report: str = ""


def plan_waves(
    paths: Iterable[Path], workspace: Workspace, *, check_again: bool = True
) -> tuple[WavePlan, ...]:
    """Read wave files, bind the parameters of their reports and check all tables of their studies.

    Parameters
    ----------
    paths : iterable of Path
        Wave files of this workspace; one named twice counts once.
    workspace : Workspace
        Where they are.
    check_again : bool
        Whether to check tables that passed when their wave was published, and have not changed since.

    Returns
    -------
    tuple of WavePlan
        In the order of `paths`.

    Raises
    ------
    InputError
        One, with every fault of every file.
    """
    plans: list[WavePlan] = []
    faults: list[Fault] = []
    asked: dict[tuple[str, int], None] = {}
    for path in paths:
        try:
            asked[study_and_wave(path, workspace)] = None
        except InputError as error:
            faults += error.faults
    for study, wave in asked:
        try:
            made_now = [number for name, number in asked if name == study]
            plans.append(_plan(study, wave, workspace, check_again=check_again, made_now=made_now))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tuple(plans)


def _plan(
    study: str, wave: int, workspace: Workspace, *, check_again: bool, made_now: Sequence[int]
) -> WavePlan:
    from qieval.pipeline.extract import open_extract  # pandas is loaded only when tables are read

    extract = open_extract(workspace, study, wave)
    fetch(extract)
    faults: list[Fault] = []
    jobs: tuple[Job, ...] = ()
    slots: tuple[Slot, ...] = ()
    try:
        jobs = _jobs(extract)
        slots = _slots(extract, jobs) if jobs else ()
    except InputError as error:
        faults += error.faults
    life = read_life(workspace, study, wave)
    faults += late(extract, life)
    found = None if check_again or faults else inputs.passed(extract)
    if found is None:
        checked = extract.check()
        faults += checked.faults
        revised, remarks = changed_instruments(extract, made_now=made_now) if not faults else ((), ())
        if faults := [*faults, *revised]:
            raise InputError(faults)
        found = inputs.read(extract, (*checked.remarks, *remarks))
    asked = extract.wave
    return WavePlan(
        study_name=study,
        spec=extract.spec,
        wave=wave,
        label=asked.label,
        window=asked.window,
        wave_file=extract.wave_path,
        data_dir=extract.data,
        jobs=jobs,
        warnings=found.remarks,
        inputs=found.files,
        withdrawn=found.withdrawn,
        instruments=found.instruments,
        life=life,
        slots=slots,
        data_report=next((job.report for job in jobs if job.notebook.stem == "10_data"), ""),
    )


def _slots(extract: Extract, jobs: Iterable[Job]) -> tuple[Slot, ...]:
    path = extract.text_path
    if not path.is_file():
        return ()
    from qieval.pipeline.slots import read_slots

    shown = extract.workspace.shown(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        refuse(shown, "is not text in UTF-8", remedy="save it as UTF-8")
    return read_slots(text, file=shown, reports=[job.report for job in jobs])


def study_and_wave(path: Path, workspace: Workspace) -> tuple[str, int]:  # noqa: RET503 (it refuses)
    """Say which wave a file is that of; refuses one that is no wave file of the workspace."""
    path = path.absolute()
    expected, shown = "params/<study>/wave-<number>.yaml or plan.yaml", workspace.shown(path)
    try:
        there, folder = path.is_file(), path.parent.resolve()
        near = sorted(each.name for each in folder.glob("wave-*.yaml") if wave_of(each.name) is not None)
    except OSError as error:
        refuse(shown, f"cannot be read ({error.strerror})", expected=expected)
    wave = wave_of(path.name)
    if wave is not None and there and folder.parent == workspace.params.resolve():
        return folder.name, wave
    problem = "is no wave file of this workspace" if there else "there is no such file"
    refuse(shown, problem, expected=expected, remedy=f"there are {', '.join(near)}" if near else None)


def _jobs(extract: Extract) -> tuple[Job, ...]:
    workspace, file = extract.workspace, extract.workspace.shown(extract.wave_path)
    setting = Setting(
        workspace=workspace,
        study=extract.name,
        spec=extract.spec,
        wave=extract.wave.wave,
        sites=lambda: _site_names(extract),
    )
    jobs: list[Job] = []
    faults: list[Fault] = []
    for place, request in enumerate(extract.wave.reports):
        key = f"reports.{place}.{request.notebook}"
        try:
            card = _card(request.notebook, workspace, file=file, key=key)
            if setting.wave == PLAN and any(each.name == "wave" for each in card.parameters):
                refuse(file, f"{card.name} reads a wave, and the plan has none", column=key)
            values = bind(card, request.parameters, setting, file=file, key=key)
        except InputError as error:
            faults += error.faults
            continue
        name = report_name(card, values)
        if any(job.report == name for job in jobs):
            problem = f"asks for the report {name} a second time"
            faults.append(
                Fault(file=file, column=key, problem=problem, remedy="keep one, or change a parameter")
            )
        jobs.append(
            Job(
                report=name,
                notebook=card.path,
                question=question(card, values, setting),
                parameters=values,
                needs_results="results" in card.needs,
                audience=extract.spec.audiences.get(card.name, "team"),
            )
        )
    if faults:
        raise InputError(faults)
    return tuple(jobs)


def _card(name: str, workspace: Workspace, *, file: str, key: str) -> NotebookCard:
    known = {path.stem: path for path in _notebook_paths(workspace)}
    if name not in known:
        problem = f"there is no notebook {name!r}{suggestion(name, known)}"
        refuse(file, problem, column=key, expected="one of " + ", ".join(known))
    return read_card(known[name], shown=workspace.shown(known[name]))


def _notebook_paths(workspace: Workspace) -> list[Path]:
    return sorted(workspace.notebooks.glob("*.ipynb"))


def _site_names(extract: Extract) -> Sequence[str] | None:
    from qieval.pipeline.convert import texts

    try:
        roster = extract.raw("sites").frame
    except InputError:
        return None  # told by the tables' check
    return texts(roster["site"]).dropna().tolist() if "site" in roster else None


def list_notebooks(workspace: Workspace) -> tuple[NotebookCard | InputError, ...]:
    """List the notebooks with their questions and parameters; one that cannot be read is its error."""
    found: list[NotebookCard | InputError] = []
    for path in _notebook_paths(workspace):
        try:
            found.append(read_card(path, shown=workspace.shown(path)))
        except InputError as error:
            found.append(error)
    return tuple(found)
