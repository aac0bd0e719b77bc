"""A finished folder in a published one's place in one step, by one run at a time, whatever interrupts it."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

AT_FDCWD = -100
RENAME_EXCHANGE = 2
OLD = ".old"


class Busy(Exception):  # noqa: N818 (a state, told to the user as an input error)
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock file; the system lets go of it when the process ends, however it ends.

    Parameters
    ----------
    path : Path
        The lock file; made if missing, and left in place.
    wait : bool
        Wait until it is free, instead of raising `Busy`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        _lock(file, wait=wait)
        yield


def _lock(file: IO[str], *, wait: bool) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            raise Busy from None
        raise


def put_in_place(staged: Path, published: Path) -> None:
    """Make `staged` the published folder: a reader sees the old one or the new one, whole.

    On Linux that is one step. Elsewhere it takes two renames; `recover` mends a crash between the two.
    """
    sync_tree(staged)
    published.parent.mkdir(parents=True, exist_ok=True)
    if not published.exists():
        staged.rename(published)
    elif not _exchanged(staged, published):
        old = staged.with_name(staged.name + OLD)
        published.rename(old)
        staged.rename(published)
        shutil.rmtree(old, ignore_errors=True)
    _sync(published.parent)
    shutil.rmtree(staged, ignore_errors=True)  # what was published before; the wave is in place


def recover(staged: Path, published: Path) -> None:
    """Tidy up after a run that was killed: bring back a folder that was put aside, remove what was half made.

    Call this only while holding the wave's lock: whatever is found then belongs to nobody.
    """
    old = staged.with_name(staged.name + OLD)
    if old.exists() and not published.exists():
        published.parent.mkdir(parents=True, exist_ok=True)
        old.rename(published)
    for left in (old, staged):
        if left.exists():
            shutil.rmtree(left)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old or the new content, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    _sync(part)
    part.replace(path)


def sync_tree(folder: Path) -> None:
    """Have the disk hold every file of a folder before the folder gets its name."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchanged(first: Path, second: Path) -> bool:
    """Exchange two folders in one step, where the system and the file system can."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE) == 0)
