"""Kernels forked from a process that has imported the scientific libraries, instead of importing them each.

Run by its path as a script (so that none of qieval's own code is loaded in it), it imports, computes nothing,
and forks a kernel for each request on its socket. Every kernel is a process of its own with a state of its
own; its settings come with the request. It stays single-threaded, because a fork copies only one thread. When
its standard input closes it ends, with every kernel; a kernel also ends when the socket of whoever asked for
it closes.

The module's other half asks: `forked` gives what looks like the kernel's process, or None where there is no
warm process, and the kernel is then started cold. Which of the two happens, no number depends on.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

SOCKET = "QIEVAL_WARM"
LONGEST_SOCKET_PATH = 90  # Unix allows 104 to 108 characters
INLINE = "module://matplotlib_inline.backend_inline"
LIBRARIES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "pandas",
    "pandera.pandas",
    "pyarrow.parquet",
    "ruamel.yaml",
    "jinja2",
    "nh3",
    "openpyxl",
    "scipy.optimize",
    "scipy.signal",
    "scipy.special",
    "scipy.stats",
    "seaborn",
    "statsmodels.stats.proportion",
)

QUIET = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}  # Arrow's allocator would start a thread


def start(variables: Mapping[str, str]) -> subprocess.Popen[bytes] | None:
    """Start the warm process; it serves at ``QIEVAL_WARM`` until its standard input closes.

    Parameters
    ----------
    variables : mapping of str to str
        The kernels' environment, with ``QIEVAL_WARM`` and ``QIEVAL_WORKSPACE``.

    Returns
    -------
    Popen or None
        None where there can be no such process.
    """
    place = variables[SOCKET]
    if sys.platform != "linux" or len(place) > LONGEST_SOCKET_PATH:
        return None
    with socket.socket(socket.AF_UNIX) as server, Path(place).with_suffix(".log").open("wb") as log:
        server.bind(place)
        server.listen()  # requests wait from now on
        return subprocess.Popen(  # noqa: S603 (our own file)
            [sys.executable, __file__, str(server.fileno())],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=variables["QIEVAL_WORKSPACE"],
            env=dict(variables) | QUIET,
            pass_fds=[server.fileno()],
            start_new_session=True,
        )


class Forked:
    """A forked kernel, as `jupyter_client` handles a process that it has started itself."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, descriptor: int, asked: socket.socket) -> None:
        self.pid, self._descriptor, self._asked = pid, descriptor, asked

    def poll(self) -> int | None:
        """Give None while it runs."""
        return 0 if self._asked.fileno() < 0 or select.select([self._descriptor], [], [], 0)[0] else None

    def wait(self) -> int:
        """Wait for its end, and let the warm process clear it away."""
        if self._asked.fileno() >= 0:
            select.select([self._descriptor], [], [])
            os.close(self._descriptor)
            self._asked.close()
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it alone."""
        signal.pidfd_send_signal(self._descriptor, number)


def forked(command: Sequence[str], variables: Mapping[str, str]) -> Forked | None:
    """Fork a kernel; None where that cannot be done.

    Parameters
    ----------
    command : sequence of str
        What would start it cold.
    variables : mapping of str to str
        Its environment.
    """
    place = os.environ.get(SOCKET)
    if not place or "ipykernel_launcher" not in command:
        return None
    arguments = list(command[command.index("ipykernel_launcher") :])
    asked = socket.socket(socket.AF_UNIX)
    try:
        asked.connect(place)
        asked.sendall(json.dumps([arguments, dict(variables)]).encode() + b"\n")
        said, descriptors, _, _ = socket.recv_fds(asked, 64, 1)
        return Forked(int(said), descriptors[0], asked)
    except (OSError, ValueError, IndexError):
        asked.close()
        return None


def main() -> None:
    """Import, then fork until the standard input closes."""
    with socket.socket(fileno=int(sys.argv[1])) as server:
        _preload()
        _serve(server)


def _preload() -> None:
    """Import as a kernel would: pandas asks whether it is in one, matplotlib for its backend's name."""
    os.environ["MPLBACKEND"] = INLINE
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined]
    for name in LIBRARIES:
        importlib.import_module(name)
        if select.select([0], [], [], 0)[0]:
            raise SystemExit  # nobody waits any more
    del builtins.get_ipython  # type: ignore[attr-defined]
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208
        raise SystemExit("a library has started a thread; kernels are started cold")
    gc.freeze()


def _serve(server: socket.socket) -> None:
    kernels: dict[int, tuple[socket.socket, int]] = {}  # by the descriptor of whoever asked
    while True:
        ready = select.select([0, server.fileno(), *kernels], [], [])[0]
        for descriptor in kernels.keys() & set(ready) if 0 not in ready else list(kernels):
            asked, kernel = kernels.pop(descriptor)
            _end(kernel)
            asked.close()
        if 0 in ready:
            return
        if server.fileno() in ready:
            asked = server.accept()[0]
            with asked.makefile() as lines:
                request = lines.readline()
            if not request.endswith("\n"):
                continue  # whoever asked is gone
            kernel = os.fork()
            if not kernel:
                _become_kernel(request, asked, [server, *(each for each, _ in kernels.values())])
                return
            kernels[asked.fileno()] = asked, kernel


def _end(kernel: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(kernel, signal.SIGKILL)
    os.waitpid(kernel, 0)


def _become_kernel(request: str, asked: socket.socket, inherited: list[socket.socket]) -> None:
    import numpy as np
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    socket.send_fds(asked, [str(os.getpid()).encode()], [os.pidfd_open(os.getpid())])
    for each in (asked, *inherited):
        each.close()
    sys.argv, variables = json.loads(request)
    os.environ.clear()
    os.environ.update(variables | {"JPY_PARENT_PID": str(os.getppid())})
    np.random.seed()  # noqa: NPY002 (the state that all forks would share; `random` sees to its own)
    launch_new_instance()


if __name__ == "__main__":
    del sys.path[
        0
    ]  # this file's own folder; `-P` would also keep the working directory out of the kernels' path
    main()
