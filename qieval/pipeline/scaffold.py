"""A new wave from the last one: its file copied with comments and all, its data folder made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from qieval.errors import refuse
from qieval.pipeline.declared import declared_folders, read_wave_file
from qieval.pipeline.waves import wave_files
from qieval.pipeline.workspace import PLAN, Workspace

HOLDER = "# window: [YYYY-MM-DD, YYYY-MM-DD]   # first and last day of this wave"

PLAN_WORDS = """\
study: {study}
# data: ../../data/{study}/plan   # a folder with the sites' table before allocation, for a rehearsal of it
reports:
  # what is planned: qieval list says what each parameter means; the ICC range is from earlier studies
  - 00_plan: {{clusters: [12, 12], size: 50, iccs: [0.01, 0.05, 0.1]}}
"""


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
        where = workspace.shown(workspace.study_folder(study))
        refuse(where, "the study has no wave file to copy", remedy="write wave-0.yaml first")
    wave = max(waves) + 1 if number is None else number
    path = workspace.wave_file(study, wave)
    shown = workspace.shown(path)
    if path.exists():
        refuse(shown, "is there already", remedy="choose another number")
    if wave < 0:
        refuse(shown, f"wave {wave} is below 0", remedy="choose a number from 0")
    last = waves[max(waves)]
    asked = read_wave_file(last, shown=workspace.shown(last))
    folder = _next_folder(asked.data, asked.wave, wave)
    also = declared_folders(workspace, study)
    data = workspace.inside(folder, base=path.parent, asked_by=shown, key="data", also=also)
    if data.exists() and not data.is_dir():
        refuse(shown, f"{workspace.shown(data)} is not a folder", column="data", remedy="move it away")
    words = _renumbered(last.read_text(encoding="utf-8-sig"), wave, folder)
    data.mkdir(parents=True, exist_ok=True)
    path.write_text(words, encoding="utf-8")
    return NewWave(wave=wave, file=path, data=data, copied_from=last)


def new_plan(workspace: Workspace, study: str) -> Path:
    """Give a study's ``plan.yaml``, written first if there is none; refuses a study that is not there."""
    path = workspace.wave_file(study, PLAN)
    if not path.parent.is_dir():
        refuse(workspace.shown(path.parent), "there is no such study", remedy="qieval init makes one")
    if not path.exists():
        path.write_text(PLAN_WORDS.format(study=study), encoding="utf-8")
    return path


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
    lines: list[str] = []
    rest_of = None  # the changed key whose value goes on over several lines
    for line in words.splitlines():
        found = re.match(r"([\"']?)(\w+)\1\s*:", line)
        if rest_of and not found and line[:1] in (" ", "-"):
            continue
        rest_of = found[2] if found and found[2] in changes else None
        if rest_of:
            comment = re.search(r"\s+#.*$", line) if rest_of != "window" else None
            line = changes[rest_of] + (comment.group() if comment else "")
        lines.append(line)
    return "\n".join(lines) + "\n"
