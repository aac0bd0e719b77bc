"""Where things are: the folder with params, data, reports and notebooks, and which paths may be read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from qieval.errors import refuse

VARIABLE = "QIEVAL_WORKSPACE"
STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
WAVE_FILE = re.compile(r"wave-(0|[1-9][0-9]*)\.yaml")
PLAN, PLAN_FILE = -1, "plan.yaml"  # what stands where a wave's number and file do, before there is a wave


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with the layout ``params/ data/ notebooks/ reports/``; ``params/`` marks it.

    Attributes
    ----------
    root : Path
        The folder itself, absolute, with symbolic links resolved.
    aside : Path, optional
        Where reports go instead of ``reports/``: a run that must not touch what is published.
    """

    root: Path
    aside: Path | None = None

    @property
    def params(self) -> Path:
        """Study, wave and instrument files."""
        return self.root / "params"

    @property
    def data(self) -> Path:
        """The studies' extracts."""
        return self.root / "data"

    @property
    def reports(self) -> Path:
        """What is published."""
        return self.aside or self.root / "reports"

    @property
    def notebooks(self) -> Path:
        """The notebooks that waves ask for by name."""
        return self.root / "notebooks"

    @property
    def instruments(self) -> Path:
        """The instrument files."""
        return self.params / "instruments"

    def study_folder(self, study: str) -> Path:
        """Folder of one study's parameter files; refuses a name that could lead elsewhere."""
        if not STUDY_NAME.fullmatch(study):
            problem = f"{study!r} cannot be the name of a study"
            refuse("params", problem, expected="letters, digits, hyphens and underscores")
        return self.params / study

    def wave_file(self, study: str, wave: int) -> Path:
        """Path of one wave's file, or the plan's, whether it exists or not."""
        return self.study_folder(study) / f"{stage(wave)}.yaml"

    def published(self, study: str, wave: int) -> Path:
        """Folder in which one wave is published, whether it exists or not."""
        return self.reports / study / stage(wave)

    def shown(self, path: Path) -> str:
        """Name a path as messages do: from the workspace's root where it lies within."""
        absolute = path if path.is_absolute() else Path.cwd() / path
        for candidate in (absolute.parent.resolve() / absolute.name, absolute):
            if candidate.is_relative_to(self.root):
                return candidate.relative_to(self.root).as_posix()
        return str(path)

    def inside(  # noqa: RET503 (it refuses)
        self, path: str, *, base: Path, asked_by: str, key: str, also: Sequence[Path] = ()
    ) -> Path:
        """Resolve a path that a file names, and refuse one that leaves the workspace.

        Parameters
        ----------
        path : str
            As written; relative to `base` unless absolute.
        base : Path
            Folder that relative paths start from.
        asked_by, key : str
            File and key that name the path, for the message.
        also : sequence of Path
            Further folders that may be read: the study's declared data folder.

        Returns
        -------
        Path
            Absolute, with ``..`` and symbolic links resolved.

        Raises
        ------
        InputError
            If the path, or what it links to, lies outside.
        """
        try:
            resolved = (base / path).resolve()
            resolved.exists()  # refuses a name that is too long
        except (OSError, RuntimeError, ValueError):
            refuse(asked_by, f"{path[:60]!r} cannot be followed, or leads out of the workspace", column=key)
        if any(resolved.is_relative_to(folder.resolve()) for folder in (self.root, *also)):
            return resolved
        refuse(
            asked_by,
            f"{path!r} leads out of the workspace",
            column=key,
            expected="a path within the workspace, symbolic links included",
            remedy="keep the file under data/, or declare its folder as `data:` in study.yaml",
        )


def stage(wave: int) -> str:
    """Name a wave's folder and file: ``wave-2``, or ``plan``."""
    return "plan" if wave == PLAN else f"wave-{wave}"


def stage_words(wave: int) -> str:
    """Name a wave in words: ``wave 2``, or ``plan``."""
    return stage(wave).replace("-", " ")


def wave_of(name: str) -> int | None:
    """Read a wave's number (or the plan's) off its file's name; None for any other name."""
    match = WAVE_FILE.fullmatch(name)
    return int(match[1]) if match else PLAN if name == PLAN_FILE else None


def find_workspace(start: Path | None = None) -> Workspace:  # noqa: RET503 (it refuses)
    """Find the workspace that a folder belongs to.

    Parameters
    ----------
    start : Path, optional
        Where to start looking upward for a folder that has ``params/``. By default the folder in the
        environment variable ``QIEVAL_WORKSPACE``, else the working directory.

    Raises
    ------
    InputError
        If there is none.
    """
    named = os.environ.get(VARIABLE)
    if start is None and named:
        root = Path(named).expanduser().resolve()
        if (root / "params").is_dir():
            return Workspace(root)
        _not_found(named, f"the folder in {VARIABLE} has no params/")
    beginning = (start or Path.cwd()).resolve()
    for folder in (beginning, *beginning.parents):
        if (folder / "params").is_dir():
            return Workspace(folder)
    _not_found(str(beginning), "there is no workspace here or above")


def _not_found(where: str, problem: str) -> NoReturn:
    remedy = f"change to a workspace, pass --workspace, or set {VARIABLE}"
    refuse(where, problem, expected="a folder with params/", remedy=remedy)
