"""A quick look before the careful one: whether any file was touched since a run found all up to date.

Hashing every file says for certain what has changed, but reads all of them and loads what reads tables. The
sizes and times of the files are enough to say that nothing has been touched at all. They are kept in
``reports/.sealed/``; where they differ in the least, the careful look (`qieval.pipeline.reuse`) decides.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qieval.pipeline.fetch import FOLDER as FETCHED
from qieval.pipeline.reads import PACKAGE
from qieval.pipeline.swap import write_atomically

if TYPE_CHECKING:
    from qieval.pipeline.planning import WavePlan
    from qieval.pipeline.workspace import Workspace

FOLDER = ".sealed"
State = dict[str, tuple[int, int, int, int]]


def unbroken(waves: Sequence[Path], workspace: Workspace) -> tuple[list[str], list[str]] | None:
    """Give what a run of some waves would say, notes and lines, if nothing was touched since it was said."""
    try:
        sealed = json.loads(_file(waves, workspace).read_text(encoding="utf-8"))
        folders = [Path(each) for each in sealed["folders"]]
        if sealed["touched"] != _digest(_state(folders, workspace)):
            return None
        return list(sealed["notes"]), list(sealed["lines"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def seal(
    waves: Sequence[Path],
    plans: Sequence[WavePlan],
    workspace: Workspace,
    *,
    since: int,
    notes: Sequence[str],
    lines: Sequence[str],
) -> None:
    """Keep what was said of waves that are all up to date, with the state of every file that it rests on.

    Parameters
    ----------
    waves : sequence of Path
        The wave files as they were asked for.
    plans : sequence of WavePlan
        What they ask for.
    workspace : Workspace
        Where they are.
    since : int
        When the run began, in nanoseconds: a file touched after that may have been read before, and then
        nothing is kept.
    notes, lines : sequence of str
        What is to be said when nothing was touched.
    """
    if any(plan.data_dir.is_relative_to(workspace.data / FETCHED) for plan in plans):
        return  # what is elsewhere may change without a trace here
    declared = {plan.wave_file.parent / plan.spec.data for plan in plans if plan.spec.data}
    folders = sorted(str(each) for each in declared)
    try:
        state = _state([Path(each) for each in folders], workspace)
    except OSError:
        return
    published = os.path.join(workspace.reports, "")  # noqa: PTH118 (text)
    if any(max(times) >= since for path, (_, *times, _) in state.items() if not path.startswith(published)):
        return
    kept = {"folders": folders, "touched": _digest(state), "notes": [*notes], "lines": [*lines]}
    target = _file(waves, workspace)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, json.dumps(kept, ensure_ascii=False))


def _file(waves: Sequence[Path], workspace: Workspace) -> Path:
    asked = [str(each.absolute()) for each in waves]
    return workspace.reports / FOLDER / f"{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}.json"


def _digest(state: State) -> str:
    about = [sys.version, sorted(state.items())]
    return hashlib.sha256(json.dumps(about).encode("utf-8", "surrogatepass")).hexdigest()


def _state(declared: Iterable[Path], workspace: Workspace) -> State:
    """Size, times and number of every file that goes into a run, or that came out of it."""
    trees = [workspace.params, workspace.data, workspace.notebooks, workspace.reports, PACKAGE, *declared]
    found = {path: entry for tree in trees for path, entry in _within(str(tree))}
    libraries = (Path(each) for each in sys.path if each.endswith("-packages"))
    for path in (*libraries, workspace.root / "requirements.lock"):
        if path.exists():
            found[str(path)] = path.stat()
    return {
        path: (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino) for path, stat in found.items()
    }


def _within(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Walk a tree; a folder behind a link is not looked into, so that nothing can be said of the whole."""
    if not Path(folder).is_dir():
        return
    with os.scandir(folder) as entries:
        listed = list(entries)
    for entry in listed:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if not entry.is_dir():
            yield entry.path, entry.stat()
        elif entry.is_symlink():
            raise NotADirectoryError(errno.ELOOP, "is a link", entry.path)
        else:
            yield from _within(entry.path)
