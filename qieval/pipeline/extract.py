"""One wave's extract: which files it is made of, read and checked when they are first asked for."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qieval.errors import Fault, InputError, refuse
from qieval.pipeline.declared import read_study_file, read_wave_file
from qieval.pipeline.faults import suggestion
from qieval.pipeline.fetch import fetched, is_address
from qieval.pipeline.model import StudyFile, WaveFile
from qieval.pipeline.tables import TableSpec, Unite
from qieval.pipeline.waves import wave_files
from qieval.pipeline.workspace import PLAN, Workspace, stage

if TYPE_CHECKING:  # what reads tables is loaded when one is read: a wave may have nothing to do
    from qieval.capability import Instrument
    from qieval.pipeline.checks import CheckedTables
    from qieval.pipeline.readers import RawTable

WAVED = ("outcomes", "capability", "sources", "consensus")
CHECKED_WITH = {"segments": ("sources", "codebook"), "sources": (), "codebook": (), "sites": ()}
CHECKED_WITH |= {"consensus": ("codebook",), "substitutions": (), "approvals": ("segments",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """The files of one wave of a study.

    Attributes
    ----------
    workspace : Workspace
        Where everything is.
    name : str
        The study's name: that of its folder under ``params/``.
    spec : StudyFile
        What the study file says.
    wave : WaveFile
        What the wave file says.
    """

    workspace: Workspace
    name: str
    spec: StudyFile
    wave: WaveFile
    _raw: dict[str, RawTable] = field(default_factory=dict, repr=False, compare=False)

    @property
    def study_path(self) -> Path:
        """The study file."""
        return self.workspace.study_folder(self.name) / "study.yaml"

    @property
    def text_path(self) -> Path:
        """The authors' own words on the wave, if there are any."""
        return self.wave_path.with_suffix(".text.md")

    @property
    def wave_path(self) -> Path:
        """The wave file."""
        return self.workspace.wave_file(self.name, self.wave.wave)

    @property
    def data(self) -> Path:
        """Folder of the wave's tables, or of their copy; raises InputError if it is missing or outside."""
        if is_address(self.wave.data):
            return fetched(self.workspace, self.name, stage(self.wave.wave))
        base, shown = self.workspace.study_folder(self.name), self.workspace.shown(self.wave_path)
        data = self.workspace.inside(
            self.wave.data, base=base, asked_by=shown, key="data", also=self._folders()
        )
        if not data.is_dir():
            problem = f"there is no folder {self._shown(data)}"
            refuse(shown, problem, column="data", remedy="make it, and put the extract there")
        return data

    @property
    def window(self) -> tuple[dt.date, dt.date]:
        """First and last day of the wave; raises InputError if its file does not say."""
        if self.wave.window is None:
            shown = self.workspace.shown(self.wave_path)
            refuse(shown, "the wave has no window", column="window", expected="[first day, last day]")
        return self.wave.window

    @property
    def roles(self) -> tuple[str, ...]:
        """Tables that the study declares, its codebook included; before a wave the roster if there is one."""
        if self.wave.wave == PLAN:
            return ("sites",) if "sites" in self.spec.tables and self.wave.data != "." else ()
        return (*self.spec.tables, *(["codebook"] if self.spec.codebook else []))

    @property
    def table_files(self) -> tuple[str, ...]:
        """The tables' files as the study and the wave name them."""
        return tuple(dict.fromkeys(self._table_spec(role).file for role in self.roles))

    @property
    def unite(self) -> Unite:
        """Spellings to be united: the study's, and what the wave says anew."""
        return {**self.spec.unite, **self.wave.unite}

    def raw(self, role: str) -> RawTable:
        """Read one table, once; raises InputError if that cannot be done."""
        from qieval.pipeline.readers import read_table

        if role not in self._raw:
            path, spec = self.table(role)
            read = read_table(path, spec, role=role, file=self._shown(path), unite=self.unite)
            self._raw[role] = _of_this_wave(read, self.wave.wave)
        return self._raw[role]

    def file(self, role: str) -> str:
        """Name a table's file as messages do."""
        return self._shown(self.table(role)[0])

    def table(self, role: str) -> tuple[Path, TableSpec]:
        """Say where a table is and how it is to be read."""
        spec = self._table_spec(role)
        asked_by, key = self.workspace.shown(self.study_path), f"tables.{role}.file"
        path = self.workspace.inside(
            spec.file, base=self.data, asked_by=asked_by, key=key, also=self._folders()
        )
        return path, spec

    def instrument(self, name: str) -> Instrument:
        """Read one of the instruments that the study declares."""
        from qieval.capability import Instrument

        if name not in self.spec.instruments:
            hint = suggestion(name, self.spec.instruments)
            expected = "one of " + ", ".join(self.spec.instruments) if self.spec.instruments else None
            problem = f"the study declares no instrument {name!r}{hint}"
            shown = self.workspace.shown(self.study_path)
            refuse(shown, problem, column="instruments", expected=expected)
        return Instrument.read(self.instrument_path(name))

    def instrument_path(self, name: str) -> Path:
        """Where an instrument's file is; refuses one that is not there."""
        path, asked_by = self.workspace.instruments / f"{name}.yaml", self.workspace.shown(self.study_path)
        path = self.workspace.inside(
            str(path), base=self.workspace.root, asked_by=asked_by, key="instruments"
        )
        if not path.is_file():
            problem = f"the instrument {name!r} has no file {self.workspace.shown(path)}"
            refuse(asked_by, problem, column="instruments")
        return path

    def others_with_withdrawals(self) -> Iterator[Extract]:
        """Give the study's other waves that hold a table of withdrawals; they count for every wave."""
        for number in wave_files(self.workspace, self.name) if "withdrawals" in self.roles else ():
            if number != self.wave.wave:
                other = open_extract(self.workspace, self.name, number)
                with suppress(InputError):  # its folder is not there yet; its own check tells that
                    if other.table("withdrawals")[0].is_file():
                        yield other

    def withdrawn(self) -> frozenset[str]:
        """Participants who have withdrawn, by the withdrawals of every wave of the study."""
        from qieval.pipeline.convert import texts

        own = [self] if "withdrawals" in self.roles else []
        frames = [each.raw("withdrawals").frame for each in (*own, *self.others_with_withdrawals())]
        return frozenset(name for frame in frames for name in texts(frame["participant"]).dropna())

    def check(self, roles: Iterable[str] | None = None) -> CheckedTables:
        """Read and check tables, each with those that it must agree with.

        Parameters
        ----------
        roles : iterable of str, optional
            Tables to check; all that the study declares by default.

        Returns
        -------
        CheckedTables
            With all faults, those of reading first; none are raised.
        """
        from qieval.pipeline.checks import CheckedTables, check_tables
        from qieval.pipeline.roles import Scope

        wanted = self.roles if roles is None else tuple(roles)
        partners = [partner for role in wanted for partner in CHECKED_WITH.get(role, ("sites",))]
        faults: list[Fault] = []
        raw: dict[str, RawTable] = {}
        for role in dict.fromkeys([*wanted, *(partner for partner in partners if partner in self.roles)]):
            try:
                raw[role] = self.raw(role)
            except InputError as error:
                faults += error.faults
        instruments: dict[str, Instrument] = {}
        for name in self.spec.instruments if "capability" in raw or roles is None else ():
            try:
                instruments[name] = self.instrument(name)
            except InputError as error:
                faults += error.faults
        cut = self.wave.window[1] if self.wave.window else None
        scope = Scope(spec=self.spec, wave=self.wave.wave, instruments=instruments, cut=cut)
        checked = check_tables(raw, scope)
        return CheckedTables(
            frames=checked.frames,
            faults=tuple(dict.fromkeys([*faults, *checked.faults])),
            remarks=checked.remarks,
        )

    def _table_spec(self, role: str) -> TableSpec:
        if role == "codebook" and self.spec.codebook:
            return TableSpec(file=self.spec.codebook)
        if role not in self.spec.tables:
            shown = self.workspace.shown(self.study_path)
            problem = f"the study has no table {role!r}{suggestion(role, self.roles)}"
            refuse(shown, problem, column="tables", expected="one of " + ", ".join(self.roles))
        return self.spec.tables[role].overridden(self.wave.tables.get(role))

    def _shown(self, path: Path) -> str:
        """Name a path; outside the workspace by the way there, so that no page tells a machine's folders."""
        root = self.workspace.root
        return self.workspace.shown(path if path.is_relative_to(root) else Path(os.path.relpath(path, root)))

    def _folders(self) -> tuple[Path, ...]:
        return (self.workspace.study_folder(self.name) / self.spec.data,) if self.spec.data else ()


def open_extract(workspace: Workspace, study: str, wave: int) -> Extract:
    """Read the study and wave files and say where the tables are; no table is read yet.

    Raises
    ------
    InputError
        With the faults of both files.
    """
    folder, path = workspace.study_folder(study), workspace.wave_file(study, wave)
    if not folder.is_dir():
        known = (each.parent.name for each in workspace.params.glob("*/study.yaml"))
        refuse(workspace.shown(workspace.params), f"there is no study {study!r}{suggestion(study, known)}")
    faults: list[Fault] = []
    try:
        spec = read_study_file(folder / "study.yaml", shown=workspace.shown(folder / "study.yaml"))
    except InputError as error:
        faults += error.faults
    try:
        asked = read_wave_file(path, shown=workspace.shown(path))
        faults += _misplaced(asked, study, wave, workspace.shown(path))
    except InputError as error:
        faults += error.faults
    if not faults:
        faults += _unknown_tables(asked, spec, workspace.shown(path))
    if faults:
        raise InputError(faults)
    return Extract(workspace=workspace, name=study, spec=spec, wave=asked)


def _of_this_wave(table: RawTable, wave: int) -> RawTable:
    """Take the rows of a table that has no column for the wave as this wave's."""
    if table.role not in WAVED or "wave" in table.frame:
        return table
    remark = f"{table.role}: has no column {'wave'!r}; every row is taken as wave {wave}'s"
    return replace(table, frame=table.frame.assign(wave=wave), remarks=(*table.remarks, remark))


def _misplaced(asked: WaveFile, study: str, wave: int, shown: str) -> Iterator[Fault]:
    if asked.study != study:
        expected = f"{study!r}, as its folder"
        yield Fault(file=shown, column="study", problem=f"is {asked.study!r}", expected=expected)
    if asked.wave != wave:
        expected = f"{wave}, as its file's name"
        yield Fault(file=shown, column="wave", problem=f"is {asked.wave}", expected=expected)


def _unknown_tables(asked: WaveFile, spec: StudyFile, shown: str) -> Iterator[Fault]:
    for role in asked.tables:
        if role not in spec.tables:
            problem = f"the study has no table {role!r}{suggestion(role, spec.tables)}"
            expected = "one of " + ", ".join(spec.tables)
            yield Fault(file=shown, column=f"tables.{role}", problem=problem, expected=expected)
