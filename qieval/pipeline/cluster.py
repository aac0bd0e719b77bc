"""The same jobs past one machine: sent to a Dask cluster by its scheduler's address.

A job on a Dask worker is what it is here: a process of its own with a kernel of its own. Workers need the
package, the workspace at the same path (a shared file system), and as many threads as reports may run side by
side there. A job whose worker is lost is given to another one.
"""

from __future__ import annotations

import importlib
import queue
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from qieval.errors import RunError
from qieval.pipeline.pool import Event, pool

MISSING = "--scheduler needs dask.distributed: pip install 'qieval[cluster]'"
SECONDS_TO_CONNECT = 30
Item = TypeVar("Item")
Made = TypeVar("Made")


@contextmanager
def cluster(address: str, *, root: Path) -> Iterator[Cluster]:
    """Connect to a cluster; on leaving, what is still running there is cancelled.

    Parameters
    ----------
    address : str
        Of the scheduler, like ``tcp://10.0.0.5:8786``.
    root : Path
        The workspace, at the same path for every worker.

    Raises
    ------
    RunError
        If `distributed` is not installed, or nobody answers at the address.
    """
    with _client(address) as client:
        workers = Cluster(client, root)
        try:
            yield workers
        finally:
            client.cancel(list(workers.futures), force=True)


def mapped(function: Callable[[Item], Made], items: Iterable[Item], address: str) -> Iterator[Made]:
    """Call a function for each of some items on a cluster, and give what comes back in their order.

    Parameters
    ----------
    function : callable
        Of an importable module of the package.
    items : iterable
        What it is called with, one by one.
    address : str
        Of the scheduler.

    Raises
    ------
    RunError
        If `distributed` is not installed, or nobody answers at the address.
    """
    with _client(address) as client:
        for future in client.map(function, list(items), pure=False):
            yield future.result()


def _client(address: str) -> Any:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise RunError(MISSING) from None
    try:
        return distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RunError(f"No Dask scheduler answers at {address} ({error}).") from None


class Cluster:
    """Workers of a Dask cluster, asked as a `qieval.pipeline.pool.Pool` is."""

    def __init__(self, client: Any, root: Path) -> None:
        self.futures: dict[Any, Any] = {}
        self._client, self._root = client, root
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

    @property
    def busy(self) -> int:
        """How many jobs are being worked on."""
        return len(self.futures)

    @property
    def has_room(self) -> bool:
        """Whether another job could start now; one always may, and waits for a worker."""
        return bool(self.busy < max(1, sum(self._client.nthreads().values())))

    def send(self, task: Any, job: Mapping[str, Any]) -> None:
        """Send a job; `task` comes back with what was said about it at its end."""
        future = self._client.submit(run_there, dict(job), str(self._root), pure=False)
        self.futures[future] = task
        future.add_done_callback(self._ended.put)

    def receive(self) -> tuple[Any, Event]:
        """Wait for a job to end: ``ok`` or ``failed``."""
        future = self._ended.get()
        task, error = self.futures.pop(future), future.exception()
        if error is None:
            return task, future.result()
        return task, {"event": "failed", "ename": type(error).__name__, "evalue": str(error)}


def run_there(job: dict[str, Any], root: str) -> Event:
    """Run one job on a Dask worker, and give its last event."""
    with pool(1, root=Path(root), cold=True) as workers:
        workers.send(job["report"], job)
        while (event := workers.receive()[1])["event"] == "cell":
            pass
        return event
