"""A new wave from the last one, with comments and all; a plan's file; a notebook with the right cells."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qieval.errors import refuse
from qieval.pipeline.declared import declared_folders, read_wave_file
from qieval.pipeline.parameters import NAME
from qieval.pipeline.waves import list_waves, wave_files
from qieval.pipeline.workspace import PLAN, Workspace

HOLDER = "# window: [YYYY-MM-DD, YYYY-MM-DD]   # first and last day of this wave"

PLAN_WORDS = """\
study: {study}
# data: ../../data/{study}/plan   # a folder with the sites' table before allocation, for a rehearsal of it
reports:
  # what is planned: qieval list says what each parameter means; the ICC range is from earlier studies
  - 00_plan: {{clusters: [12, 12], size: 50, iccs: [0.01, 0.05, 0.1]}}
"""

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CELLS = (  # id, words or code, tags; code where there are tags
    ("title", "# What does the roster of {title} say?\n\nWrite here what this report asks, and of whom.", ()),
    (
        "parameters",
        'study: str = "{study}"  # folder of the study under params/\n'
        "wave: int = {wave}  # number of the wave",
        ("parameters",),
    ),
    ("reading", "The study is opened; `opened.` and the tabulator show what it knows.", ()),
    (
        "setup",
        "import qieval as qi\n\nopened = qi.open_study(study, wave)\nsites = opened.table('sites')",
        ("setup",),
    ),
    ("line", "## The bottom line", ()),
    (
        "headline",
        "said = f'The roster has **{{len(sites)}} sites** at {{opened.wave_label}}.'\n"
        "qi.exhibits.Statement(name='headline', role='headline', say=said)",
        ("exhibit",),
    ),
    ("listed", "## The sites\n\nAn exhibit shows what a result holds, and computes nothing.", ()),
    (
        "table",
        "shown = [qi.exhibits.Column(source='site', label='Site', align='left')]\n"
        "qi.exhibits.Table(name='sites', caption='Sites of the roster.', frame=sites, columns=shown)",
        ("exhibit",),
    ),
)


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


def new_notebook(workspace: Workspace, name: str) -> Path:
    """Write a notebook that runs on the workspace's first study, with the cells that the kit asks for.

    Raises
    ------
    InputError
        If the name will not do or is taken, or there is no wave to run it on.
    """
    path = workspace.notebooks / f"{name}.ipynb"
    shown = workspace.shown(path)
    if not NAME.fullmatch(name):
        refuse(
            shown, f"{name!r} is no name of a notebook", expected="letters, digits, - and _, as in 35_costs"
        )
    if path.exists():
        refuse(shown, "is there already", remedy="choose another name")
    waves = [each for each in list_waves(workspace) if each.wave != PLAN]
    if not waves:
        refuse(
            workspace.shown(workspace.params), "there is no wave to run a notebook on", remedy="qieval init"
        )
    words = {"study": waves[0].study, "wave": waves[0].wave, "title": waves[0].study}
    cells = [_cell(key, source.format(**words), list(tags)) for key, source, tags in CELLS]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    return path


def _cell(key: str, source: str, tags: list[str]) -> dict[str, Any]:
    cell = {"id": key, "source": source.splitlines(keepends=True)}
    if not tags:
        return cell | {"cell_type": "markdown", "metadata": {}}
    return cell | {"cell_type": "code", "metadata": {"tags": tags}, "execution_count": None, "outputs": []}


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
