"""Worker processes that execute notebooks side by side, and one queue of what they say."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from qieval.pipeline import reads, warm
from qieval.pipeline.worker import SCRATCH

Event = dict[str, Any]

GRACE_SECONDS = 5
SHOWN_CHARACTERS = 2_000
WARM_FROM = 3  # the report from which on kernels are forked; for fewer the warm process would cost more
THREADS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@contextmanager
def pool(size: int, *, root: Path, cold: bool = False) -> Iterator[Pool]:
    """Open a pool of at most `size` workers; on leaving, every worker and every kernel ends.

    Parameters
    ----------
    size : int
        Notebooks that run side by side.
    root : Path
        The workspace.
    cold : bool
        Have every kernel import its libraries itself.
    """
    with tempfile.TemporaryDirectory(prefix="qieval-", ignore_cleanup_errors=True) as folder:
        reads.install(Path(folder) / "ipython")
        variables = environment(root, Path(folder))
        warmth = {} if cold else {warm.SOCKET: str(Path(folder) / "warm")}
        workers = Pool(size, variables | warmth, Path(folder))
        try:
            yield workers
        finally:
            workers.close()


def environment(root: Path, folder: Path) -> dict[str, str]:
    """Give the variables under which the same notebook gives the same bytes, whoever runs it.

    Parameters
    ----------
    root : Path
        The workspace.
    folder : Path
        Empty folder for the kernels' sockets and settings, so that nobody's own settings change a report.
    """
    own = {
        "QIEVAL_WORKSPACE": str(root),
        "PYTHONHASHSEED": "0",
        "IPYKERNEL_CELL_NAME": "<cell>",  # warnings would name a file that carries the kernel's process id
        SCRATCH: str(folder),
        "JUPYTER_RUNTIME_DIR": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's kernel, not one installed elsewhere
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    dropped = {"MPLBACKEND", "QIEVAL_RESULTS", "PYTHONWARNINGS"}
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    return inherited | own | dict.fromkeys(THREADS, "1")


class _Worker:
    """One process and what it is working on."""

    def __init__(self, variables: Mapping[str, str], folder: Path, number: int, events: Events) -> None:
        self.task: Any = None
        self.log: IO[str] = (folder / f"worker-{number}.log").open("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "qieval.pipeline.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            encoding="utf-8",
            env=variables,
            start_new_session=True,  # Ctrl-C is for the parent, which ends the workers in order
        )
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    def _listen(self, events: Events) -> None:
        for line in self.process.stdout or ():
            events.put((self, json.loads(line)))
        events.put((self, None))

    def give(self, task: Any, job: Mapping[str, Any]) -> None:
        """Hand over a job; if the process is gone, its listener will say so."""
        self.task = task
        with contextlib.suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.write(json.dumps(job) + "\n")
                self.process.stdin.flush()

    def obituary(self) -> Event:
        """Say that the process ended though it was not asked to."""
        code = self.process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        hint = "; often the memory was full" if code == -9 else ""
        self.log.seek(0)
        said = self.log.read()[-SHOWN_CHARACTERS:]
        evalue = f"the process that ran this report {how}{hint}"
        return {"event": "failed", "ename": "WorkerEnded", "evalue": evalue, "traceback": said}

    def close_input(self) -> None:
        """Ask the process to end its kernel and itself."""
        with contextlib.suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.close()

    def end(self) -> None:
        """Wait for the end, and force it if it does not come."""
        self.close_input()
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its kernel sees that its parent is gone, and ends within a second
            self.process.wait()
        self.log.close()
        if self.process.stdout is not None:
            self.process.stdout.close()


Events = queue.SimpleQueue[tuple[_Worker, Event | None]]


class Pool:
    """Workers, started as they are needed. Made by `pool`.

    Attributes
    ----------
    started : int
        Processes started so far.
    """

    def __init__(self, size: int, variables: Mapping[str, str], folder: Path) -> None:
        self.started = self._sent = 0
        self._warm: subprocess.Popen[bytes] | None = None
        self._size, self._variables, self._folder = size, variables, folder
        self._events: Events = queue.SimpleQueue()
        self._workers: list[_Worker] = []

    @property
    def busy(self) -> int:
        """How many jobs are being worked on."""
        return sum(worker.task is not None for worker in self._workers)

    @property
    def has_room(self) -> bool:
        """Whether another job could start now."""
        return self.busy < self._size

    def send(self, task: Any, job: Mapping[str, Any]) -> None:
        """Give a job to an idle worker, or to a new one; `task` comes back with everything said about it."""
        self._sent += 1
        if self._sent == WARM_FROM and warm.SOCKET in self._variables:
            self._warm = warm.start(self._variables)
        worker = next((worker for worker in self._workers if worker.task is None), None)
        if worker is None:
            self.started += 1
            worker = _Worker(self._variables, self._folder, self.started, self._events)
            self._workers.append(worker)
        worker.give(task, job)

    def receive(self) -> tuple[Any, Event]:
        """Wait for the next event of any job: ``cell``, and at its end ``ok`` or ``failed``."""
        while True:
            worker, event = self._events.get()
            task = worker.task
            if event is None:
                self._workers.remove(worker)
                event = worker.obituary()
                worker.end()
            if event["event"] != "cell":
                worker.task = None
            if task is not None:
                return task, event

    def close(self) -> None:
        """End every worker and its kernel, whatever they are at."""
        for worker in self._workers:
            worker.close_input()
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        if self._warm is not None:
            with self._warm:  # closes its input, at which it ends
                self._warm = None
