"""Which waves a workspace has and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qieval.errors import InputError
from qieval.pipeline.declared import read_wave_file
from qieval.pipeline.workspace import PLAN, STUDY_NAME, WAVE_FILE, Workspace

State = Literal["published", "not run yet", "at fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveState:
    """One wave of one study.

    Attributes
    ----------
    study : str
        Its study.
    wave : int
        Its number.
    label : str
        The wave in words; empty where its file is at fault.
    file : Path
        Its wave file.
    state : {"published", "not run yet", "at fault"}
        Where it stands; at fault means that its file cannot be read.
    """

    study: str
    wave: int
    label: str
    file: Path
    state: State


def wave_files(workspace: Workspace, study: str) -> dict[int, Path]:
    """Wave files of one study by number, in order."""
    found = {}
    for path in workspace.study_folder(study).glob("wave-*.yaml"):
        if match := WAVE_FILE.fullmatch(path.name):
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def list_waves(workspace: Workspace) -> tuple[WaveState, ...]:
    """List every wave of every study of the workspace, with its state."""
    names = sorted(path.parent.name for path in workspace.params.glob("*/study.yaml"))
    studies = filter(STUDY_NAME.fullmatch, names)
    return tuple(
        _state(workspace, study, number, path)
        for study in studies
        for number, path in _files(workspace, study)
    )


def _files(workspace: Workspace, study: str) -> list[tuple[int, Path]]:
    """The plan's file, if there is one, and the wave files."""
    plan = workspace.wave_file(study, PLAN)
    return [(PLAN, plan)] * plan.is_file() + list(wave_files(workspace, study).items())


def _state(workspace: Workspace, study: str, number: int, path: Path) -> WaveState:
    published = (workspace.published(study, number) / "run.json").is_file()
    try:
        label = read_wave_file(path, shown=workspace.shown(path)).label
    except InputError:
        return WaveState(study=study, wave=number, label="", file=path, state="at fault")
    state: State = "published" if published else "not run yet"
    return WaveState(study=study, wave=number, label=label, file=path, state=state)
