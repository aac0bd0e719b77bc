"""A wave's tables from elsewhere (``data: s3://bucket/wave-1``): a copy beside the others, kept up to date.

The copy is made before anything is checked; from then on it is data like any other, hashed and recorded, and
no kernel reaches beyond the machine. Credentials are those that fsspec finds for itself.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from qieval.errors import Fault, InputError, RunError
from qieval.pipeline.swap import write_atomically

if TYPE_CHECKING:
    from qieval.pipeline.extract import Extract
    from qieval.pipeline.workspace import Workspace

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://\S+")
PROTOCOLS = ("s3", "gs", "gcs", "az", "abfs", "abfss", "http", "https", "sftp", "hdfs", "webhdfs", "memory")
MISSING = "data at an address need fsspec: pip install 'qieval[cluster]'"
MARKS = ("size", "ETag", "etag", "LastModified", "last_modified", "mtime", "created", "version_id")
FOLDER, RECORD = "fetched", ".fetched.json"


def is_address(data: str) -> bool:
    """Whether a wave's ``data`` is an address and no path."""
    return ADDRESS.fullmatch(data) is not None


def fetched(workspace: Workspace, study: str, stage: str) -> Path:
    """Where the copy of a wave's tables is."""
    return workspace.data / FOLDER / study / stage


def fetch(extract: Extract) -> None:
    """Bring the copy of a wave's tables up to date, if its data are at an address.

    A file whose size and mark (ETag, time of change) are those of the last time is not transferred again; one
    that is not there is left to the check, which says so of the table.

    Raises
    ------
    InputError
        If the address cannot be reached or is of no known kind; every file that failed is named.
    RunError
        If fsspec, or what it needs for this kind of address, is not installed.
    """
    address = extract.wave.data
    if not is_address(address):
        return
    shown = extract.workspace.shown(extract.wave_path)
    protocol = address.partition("://")[0]
    if protocol not in PROTOCOLS:
        expected = f"a folder, or an address that begins with one of {', '.join(PROTOCOLS)}"
        raise InputError([Fault(file=shown, column="data", problem=f"is {protocol}://…", expected=expected)])
    system = _system(protocol)
    folder = extract.data
    folder.mkdir(parents=True, exist_ok=True)
    faults = list(_copied(system, address.rstrip("/"), extract.table_files, folder, shown))
    if faults:
        raise InputError(faults)


def _system(protocol: str) -> Any:
    try:
        return importlib.import_module("fsspec").filesystem(protocol, skip_instance_cache=True)
    except ImportError as error:
        raise RunError(f"{MISSING} ({error})") from None


def _copied(system: Any, address: str, names: Sequence[str], folder: Path, shown: str) -> Iterator[Fault]:
    known = _known(folder, address)
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            continue
        try:
            known[name] = _copy(system, f"{address}/{name}", folder / name, known.get(name))
        except Exception as error:  # every kind of file system has errors of its own
            if _missing(error):
                (folder / name).unlink(missing_ok=True)
                continue
            problem = f"{address}/{name} cannot be fetched ({type(error).__name__}: {error})"
            remedy = "check the address, the connection and the credentials"
            yield Fault(file=shown, column="data", problem=problem, remedy=remedy)
    write_atomically(folder / RECORD, json.dumps({"address": address, "files": known}, sort_keys=True))


def _missing(error: Exception) -> bool:
    """Whether a file is not there; HTTP says the same when nobody answered, with the reason behind it."""
    cause = error.__cause__
    return isinstance(error, FileNotFoundError) and (cause is None or getattr(cause, "status", 0) == 404)


def _known(folder: Path, address: str) -> dict[str, Any]:
    """What was fetched the last time, if it was from the same address."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return dict(record["files"]) if record["address"] == address else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _copy(system: Any, source: str, target: Path, known: Mapping[str, str] | None) -> dict[str, str]:
    about = system.info(source)
    marks = {name: str(about[name]) for name in MARKS if about.get(name) is not None}
    if target.is_file() and marks == known and len(marks) > 1:
        return marks
    content = system.cat_file(source)
    if not target.is_file() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
    return marks
