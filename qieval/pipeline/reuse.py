"""Which reports need not be made again: what each was made from, compared with what is there now.

A report's record in ``run.json`` holds hashes of its notebook, its parameters, the words of its page, the
package's pipeline, the libraries and every file that its kernel read; and the wave's record holds those of
every file that was published. A report whose record agrees with all of them would come out the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qieval.errors import InputError
from qieval.pipeline import provenance
from qieval.pipeline.declared import read_wave_file
from qieval.pipeline.reads import PACKAGE, located
from qieval.pipeline.workspace import Workspace, wave_of

if TYPE_CHECKING:
    from qieval.pipeline.planning import Job, WavePlan

SCHEMA = 2
OPENED_BELOW = {".parquet", ".feather", ".arrow", ".h5", ".hdf5", ".duckdb", ".db", ".sqlite", ".sqlite3"}
WORDS = {
    "notebook": "its notebook changed",
    "parameters": "its parameters changed",
    "page": "the study's or the wave's words changed",
    "package": "qieval changed",
    "libraries": "Python, a library or the lock changed",
    "results": "the wave's other results changed",
    "withdrawn": "somebody has withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report as an earlier run made it.

    Attributes
    ----------
    folder : Path
        The wave's folder, published or failed, that holds it.
    record : mapping
        The report's part of ``run.json``.
    outputs : mapping of str to str
        SHA-256 of every file of the folder, by its path there.
    """

    folder: Path
    record: Mapping[str, Any]
    outputs: Mapping[str, str]

    @property
    def intact(self) -> bool:
        """Whether its page and its notebook are as they were made."""
        return not altered(self.folder, {name: self.outputs.get(name, "") for name in self.files})

    @property
    def files(self) -> tuple[str, str]:
        """Its page and its executed notebook, from the wave's folder."""
        return str(self.record["page"]), str(self.record["executed"])


@dataclass(frozen=True, slots=True)
class Digests:
    """Hashes of what is there now, each taken once.

    Attributes
    ----------
    root : Path
        The workspace.
    """

    root: Path
    _known: dict[str, str | None] = field(default_factory=dict)

    def of(self, name: str) -> str | None:
        """Hash a file of a list of reads; None where there is none."""
        if name not in self._known:
            self._known[name] = _digest(located(name, self.root))
        return self._known[name]

    def of_all(self, names: Iterable[str]) -> dict[str, str | None]:
        """Hash several."""
        return {name: self.of(name) for name in names}


def _digest(path: Path) -> str | None:
    """Hash a file's bytes; of a wave file all but the list of its reports, which each have parameters."""
    try:
        if wave_of(path.name) is not None:
            return hashed(read_wave_file(path).model_dump(mode="json", exclude={"reports"}))
        return provenance.sha256(path)
    except InputError:
        return provenance.sha256(path)
    except OSError:
        return None


def hashed(content: Any) -> str:
    """Hash what JSON can hold."""
    words = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def made_from(
    plan: WavePlan, job: Job, workspace: Workspace, *, results: Path | None = None
) -> dict[str, str]:
    """Hash what goes into a report beside the files that it reads.

    Parameters
    ----------
    plan, job, workspace
        The report.
    results : Path, optional
        The wave's results so far, if the report reads them.
    """
    parts = {
        "notebook": provenance.sha256(job.notebook),
        "parameters": hashed(job.parameters),
        "page": hashed(provenance.page_metadata(plan, job, workspace)),
        "package": package_hash("pipeline"),
        "libraries": libraries_hash(workspace.root),
    }
    parts |= {"withdrawn": plan.withdrawn} if plan.withdrawn else {}
    return parts | ({"results": provenance.sha256(results)} if results else {})


@cache
def package_hash(folder: str = "") -> str:
    """Hash the package's sources, or those of one of its folders."""
    files = sorted(path for path in (PACKAGE / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
    return hashed([[path.relative_to(PACKAGE).as_posix(), provenance.sha256(path)] for path in files])


@cache
def libraries_hash(root: Path) -> str:
    """Hash the versions of Python and of the libraries, and the lock where the workspace has one."""
    lock = root / "requirements.lock"
    return hashed([provenance.versions(), provenance.sha256(lock) if lock.is_file() else None])


def source(root: Path) -> dict[str, str]:
    """Hash what checks and makes reports: the whole package, and the libraries that it stands on."""
    return {"package": package_hash(), "libraries": libraries_hash(root)}


def always_read(plan: WavePlan, root: Path) -> list[str]:
    """List the files of the wave's data that count as read by every report: they may be opened unnoticed."""
    found = (path for path in plan.data_dir.rglob("*") if path.suffix.lower() in OPENED_BELOW)
    return sorted(Path(os.path.relpath(path, root)).as_posix() for path in found)


def earlier(folders: Sequence[Path]) -> dict[str, list[Made]]:
    """Find the reports that earlier runs left in some folders of a wave; a damaged record counts as none."""
    found: dict[str, list[Made]] = {}
    for folder in folders:
        for made in _made(folder, read_record(folder)):
            found.setdefault(made.record["report"], []).append(made)
    return found


def _made(folder: Path, record: Mapping[str, Any] | None) -> list[Made]:
    if record is None:
        return []
    return [Made(folder=folder, record=report, outputs=record["outputs"]) for report in record["reports"]]


def read_record(folder: Path) -> dict[str, Any] | None:
    """Read the record of a wave's folder; None if it is missing, damaged or another version's."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        needed = ("made_from", "reads", "page", "executed", "report")
        whole = all(name in report for report in record["reports"] for name in needed)
        right = record["schema"] == SCHEMA and isinstance(record["outputs"], dict) and record["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if whole and right else None


def stale(parts: Mapping[str, str], made: Made | None, digests: Digests, also: Iterable[str] = ()) -> str:
    """Say why a report has to be made anew; empty if it is up to date.

    Parameters
    ----------
    parts : mapping
        What `made_from` gives now.
    made : Made or None
        The report as it was made.
    digests : Digests
        Hashes of what is there now.
    also : iterable of str
        Files that count as read whatever was noted.
    """
    if made is None:
        return "there is no record of it"
    for name, digest in parts.items():
        if made.record["made_from"].get(name) != digest:
            return WORDS[name]
    reads: Mapping[str, str | None] = made.record["reads"]
    changed = [name for name, digest in reads.items() if digests.of(name) != digest]
    changed += [name for name in also if name not in reads]
    if changed:
        rest = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return f"{changed[0]}{rest} changed"
    return "" if made.intact else "its page or its notebook is not as it was made"


def changed_waves(plans: Sequence[WavePlan], workspace: Workspace) -> list[WavePlan]:
    """List the waves of which anything would come out anew; after one, all later ones of its study."""
    digests = Digests(workspace.root)
    changed: list[WavePlan] = []
    for plan in sorted(plans, key=lambda plan: (plan.study_name, plan.wave)):
        after = any(earlier_one.study_name == plan.study_name for earlier_one in changed)
        if after or not _current(plan, workspace, digests):
            changed.append(plan)
    return changed


def _current(plan: WavePlan, workspace: Workspace, digests: Digests) -> bool:
    folder = workspace.published(plan.study_name, plan.wave)
    record = read_record(folder)
    if record is None or [each["report"] for each in record["reports"]] != [job.report for job in plan.jobs]:
        return False
    if record["inputs"] != provenance.input_records(plan.inputs) or altered(folder, record["outputs"]):
        return False
    if record.get("life") != plan.life.model_dump(mode="json"):
        return False
    also = always_read(plan, workspace.root)
    return all(
        not stale(made_from(plan, job, workspace), made, digests, also)
        for job, made in zip(plan.jobs, _made(folder, record), strict=True)
    )


def outputs(folder: Path) -> dict[str, str]:
    """Hash every file of a wave's folder but the record itself, by its path there."""
    return {name: provenance.sha256(folder / name) for name in _files(folder)}


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != "run.json":
            yield name


def altered(folder: Path, recorded: Mapping[str, str]) -> list[str]:
    """List the files of a wave's folder that are gone, or not as they were recorded."""
    return [
        name
        for name, digest in recorded.items()
        if not (folder / name).is_file() or provenance.sha256(folder / name) != digest
    ]
