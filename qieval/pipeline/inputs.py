"""What a wave reads: its declarations and tables by hash, and whether they passed their check before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qieval.pipeline.provenance import changed_inputs, sha256, tracked

if TYPE_CHECKING:
    from qieval.pipeline.extract import Extract


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that a wave reads: path from the workspace's root, SHA-256, and of a table its rows and role."""

    path: str
    sha256: str
    rows: int | None = None
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What was found when a wave's tables were last checked.

    Attributes
    ----------
    remarks : tuple of str
        What is worth knowing and stops nothing.
    files : tuple of InputFile
        Every file read: parameters, tables, codebook, instruments, and the withdrawals of the other waves.
    withdrawn : str
        Hash of who has withdrawn from the study; empty where it has no such table.
    instruments : mapping of str to str
        Content of each instrument, as JSON: a later wave is held to it.
    """

    remarks: tuple[str, ...]
    files: tuple[InputFile, ...]
    withdrawn: str
    instruments: Mapping[str, str]


def passed(extract: Extract) -> Inputs | None:
    """Give the inputs of the wave as published, if what was checked then is what is there now."""
    from qieval.pipeline.reuse import read_record, source

    workspace = extract.workspace
    record = read_record(workspace.published(extract.name, extract.wave.wave))
    if record is None or record.get("source") != source(workspace.root):
        return None
    files = tuple(
        InputFile(path=each["file"], sha256=each["sha256"], rows=each["rows"], role=each.get("role", ""))
        for each in record["inputs"]
    )
    expected = {extract.file(role) for role in extract.roles}
    expected |= {other.file("withdrawals") for other in extract.others_with_withdrawals()}
    expected |= {workspace.shown(path) for path in _declarations(extract)}
    if expected != {each.path for each in files} or changed_inputs(files, workspace.root):
        return None
    return Inputs(
        remarks=tuple(record["warnings"]),
        files=files,
        withdrawn=record.get("withdrawn", ""),
        instruments=record.get("instruments", {}),
    )


def read(extract: Extract, remarks: tuple[str, ...]) -> Inputs:
    """Hash everything that a wave reads, after its check."""
    from qieval.pipeline.reuse import hashed

    people = hashed(sorted(extract.withdrawn())) if "withdrawals" in extract.roles else ""
    names = extract.spec.instruments
    return Inputs(
        remarks=(*remarks, *_exposed(extract)),
        files=tuple(_files(extract)),
        withdrawn=people,
        instruments={name: extract.instrument(name).model_dump_json() for name in names},
    )


def _exposed(extract: Extract) -> Iterator[str]:
    """Warn of tables of people that are under version control; made-up and published data may be."""
    if extract.spec.synthetic or extract.spec.source:
        return
    for file in tracked(extract.workspace.root, map(extract.file, extract.roles)):
        yield f"{file} is under version control, where data on people should not be: git rm --cached {file}"


def _declarations(extract: Extract) -> list[Path]:
    instruments = map(extract.instrument_path, extract.spec.instruments)
    return [extract.study_path, extract.wave_path, *instruments, *filter(Path.is_file, [extract.text_path])]


def _files(extract: Extract) -> Iterator[InputFile]:
    for path in _declarations(extract):
        yield InputFile(path=extract.workspace.shown(path), sha256=sha256(path))
    tables = [(extract, role) for role in extract.roles]
    for owner, role in (*tables, *((other, "withdrawals") for other in extract.others_with_withdrawals())):
        table = owner.raw(role)
        yield InputFile(path=table.file, sha256=table.sha256, rows=len(table.frame), role=role)
