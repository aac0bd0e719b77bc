"""A new wave from the last one: its file copied with comments and all, its data folder made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from qieval.errors import Fault, InputError
from qieval.pipeline.declared import read_wave_file
from qieval.pipeline.waves import wave_files
from qieval.pipeline.workspace import Workspace

HOLDER = "# window: [YYYY-MM-DD, YYYY-MM-DD]   # first and last day of this wave"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWave:
    """What `new_wave` made.

    Attributes
    ----------
    wave : int
        Its number.
    file, data : Path
        Its wave file, and the folder that waits for its extract.
    copied_from : Path
        The wave file that it was copied from.
    """

    wave: int
    file: Path
    data: Path
    copied_from: Path


def new_wave(workspace: Workspace, study: str, number: int | None = None) -> NewWave:
    """Copy a study's last wave file to a new number and make the data folder.

    Parameters
    ----------
    workspace : Workspace
        Where the study is.
    study : str
        Its name.
    number : int, optional
        Number of the new wave; one after the last by default.

    Returns
    -------
    NewWave
        The files made. Label and window are left to be filled in.

    Raises
    ------
    InputError
        If the study has no wave to copy, or the new wave is there already; nothing is changed then.
    """
    waves = wave_files(workspace, study)
    if not waves:
        _refuse(
            workspace.shown(workspace.study_folder(study)),
            "the study has no wave file to copy",
            "write wave-0.yaml first",
        )
    wave = max(waves) + 1 if number is None else number
    path = workspace.wave_file(study, wave)
    shown = workspace.shown(path)
    if path.exists():
        _refuse(shown, "is there already", "choose another number")
    if wave < 0:
        _refuse(shown, f"wave {wave} is below 0", "choose a number from 0")
    last = waves[max(waves)]
    asked = read_wave_file(last, shown=workspace.shown(last))
    folder = _next_folder(asked.data, asked.wave, wave)
    data = workspace.inside(folder, base=path.parent, asked_by=shown, key="data")
    path.write_text(_renumbered(last.read_text(encoding="utf-8"), wave, folder), encoding="utf-8")
    data.mkdir(parents=True, exist_ok=True)
    return NewWave(wave=wave, file=path, data=data, copied_from=last)


def _next_folder(data: str, old: int, new: int) -> str:
    changed = re.sub(rf"(?<!\d){old}(?=/?$)", str(new), data)
    return changed if changed != data else f"{data.rstrip('/')}-{new}"


def _renumbered(words: str, wave: int, folder: str) -> str:
    """Change the keys that differ between waves, line by line, so that comments and order stay."""
    changes = {
        "wave": f"wave: {wave}",
        "label": f"label: wave {wave}",
        "window": HOLDER,
        "data": f"data: {folder}",
    }
    lines = words.splitlines()
    for key, new in changes.items():
        for place, line in enumerate(lines):
            if re.match(rf"{key}\s*:", line):
                comment = re.search(r"\s+#.*$", line) if key != "window" else None
                lines[place] = new + (comment.group() if comment else "")
    return "\n".join(lines) + "\n"


def _refuse(file: str, problem: str, remedy: str) -> None:
    raise InputError([Fault(file=file, problem=problem, remedy=remedy)])
