"""Which files a kernel reads: noted while a notebook runs, so that nobody has to declare them.

What a library opens below Python (a Parquet file by its path, say) raises no event and cannot be noted; such
files in the wave's data folder count as read by every notebook (`qieval.pipeline.reuse`).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "QIEVAL_READS"
STARTUP = "__import__('qieval.pipeline.reads', fromlist=['note_reads']).note_reads()\n"
PACKAGE = Path(__file__).resolve().parents[1]
OWN = "qieval:"  # how a file of the package itself is named


def install(ipython: Path) -> None:
    """Have every kernel that takes its settings from a folder note what it reads, from its first cell on."""
    startup = ipython / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "00-reads.py").write_text(STARTUP, encoding="utf-8")


def note_reads() -> None:
    """Write the path of each file that this process opens to read into the file named by ``QIEVAL_READS``.

    Libraries of the environment are left out: their versions are part of a report's key.
    """
    target = os.environ.get(VARIABLE)
    if not target:
        return
    log = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    libraries = tuple(os.path.join(each, "") for each in {sys.prefix, sys.base_prefix})  # noqa: PTH118 (text)
    package = os.path.join(PACKAGE, "")  # noqa: PTH118
    noted: set[str] = set()

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        if _writes(arguments[1], arguments[2]):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 (called for every file: fast, no object)
        if path not in noted and (path.startswith(package) or not path.startswith(libraries)):
            noted.add(path)
            os.write(log, os.fsencode(path) + b"\0")

    sys.addaudithook(hear)


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return mode[:1] in ("w", "x", "a")
    return isinstance(flags, int) and bool(flags & os.O_WRONLY)


def read_log(log: Path, *, root: Path, besides: Path) -> list[str]:
    """List what a kernel read, sorted: paths from the workspace's root, the package's files as ``qieval:…``.

    Parameters
    ----------
    log : Path
        What `note_reads` wrote; without it nothing was read.
    root : Path
        The workspace. Files outside of it and of the package (fonts, settings) are left out, but for those
        in the study's declared data folder, which lie at ``../…``.
    besides : Path
        Folder of the wave's data, wherever it is.
    """
    if not log.exists():
        return []
    paths = (Path(os.fsdecode(path)) for path in log.read_bytes().split(b"\0") if path)
    return sorted({name for path in paths for name in _names(path, root, besides)})


def _names(path: Path, root: Path, besides: Path) -> Iterator[str]:
    if path.suffix == ".pyc":
        path = Path(importlib.util.source_from_cache(str(path)))
    if path.is_relative_to(PACKAGE):
        yield OWN + path.relative_to(PACKAGE).as_posix()
        return
    path = path.resolve()
    staged = path.is_relative_to(root / "reports") and any(part.startswith(".") for part in path.parts)
    of_data = path.is_relative_to(besides) and not path.is_dir()  # also a file that was looked for in vain
    if of_data or (path.is_file() and path.is_relative_to(root) and not staged):
        yield Path(os.path.relpath(path, root)).as_posix()


def located(name: str, root: Path) -> Path:
    """Where a file of the list is."""
    return PACKAGE / name.removeprefix(OWN) if name.startswith(OWN) else root / name
