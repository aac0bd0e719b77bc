"""One process that executes notebooks, each in a fresh kernel: ``python -m qieval.pipeline.worker``.

It reads jobs as JSON, one a line, from its standard input, and tells how they go in JSON lines on its
standard output::

    {"report": …, "notebook": …, "parameters": {…}, "root": …, "executed": …, "page": …, "metadata": {…},
     "environment": {…}, "data": {…}, "folder": …}

    {"event": "cell", "done": 3, "of": 9}
    {"event": "ok", "reads": […]}
    or {"event": "failed", "source": …, "ename": …, "evalue": …, "traceback": …, "page": …}

When its standard input closes, by plan or because whoever started it was killed, it ends its kernel and
itself.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from qieval.errors import RunError
from qieval.pipeline.collect import exhibits
from qieval.pipeline.lean import skip_unused_parsers
from qieval.pipeline.reads import VARIABLE as READS
from qieval.pipeline.reads import read_log
from qieval.pipeline.warm import LONGEST_SOCKET_PATH, forked

Event = dict[str, Any]
Say = Callable[[Mapping[str, Any]], None]

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
SCRATCH = "QIEVAL_SCRATCH"  # folder that the parent made for this run alone
START_TIMEOUT = 120  # seconds; a cold disk with many workers at once


def main() -> None:
    """Execute jobs until the standard input closes."""
    say = _speaker(_claim_stdout())
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    for name in ("papermill", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    while True:
        say(_outcome(jobs.get(), say))


def _claim_stdout() -> TextIO:
    """Keep the standard output for events; whatever else is printed goes to the standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _speaker(events: TextIO) -> Say:
    def say(event: Mapping[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    return say


def _listen(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    end_children()
    if scratch := os.environ.get(SCRATCH):
        shutil.rmtree(scratch, ignore_errors=True)  # a parent that was killed cannot
    os._exit(0)  # the main thread may be waiting for a kernel; there is nothing left to tidy


def end_children() -> None:
    """Kill this process's kernel and whatever that has started."""
    import psutil  # type: ignore[import-untyped]

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue


def _outcome(job: Mapping[str, Any], say: Say) -> Event:
    try:
        return run_job(job, say)
    except Exception as error:
        return {"event": "failed", "ename": type(error).__name__, "evalue": ANSI.sub("", str(error))}


def run_job(job: Mapping[str, Any], say: Say) -> Event:
    """Execute one notebook, write it in its normal form, and write its page, also when a cell failed.

    Parameters
    ----------
    job : mapping
        ``report`` (name), ``notebook`` (path), ``parameters``, ``root`` (workspace, the kernel's working
        directory), ``executed`` and ``page`` (paths to write), ``metadata`` (for the page), ``environment``
        (variables for the kernel), ``data`` (words for each table, for those that were read) and ``folder``
        (of the wave's data).
    say : callable
        Takes an event for each cell that ends.

    Returns
    -------
    dict
        The last event.
    """
    skip_unused_parsers()
    from qieval.pipeline.normalise import normalised, read_notebook, write_notebook
    from qieval.pipeline.page import render_page

    executed, page = Path(job["executed"]), Path(job["page"])
    os.environ.update(job["environment"])
    raw = executed.with_suffix(".raw.ipynb")
    raw.parent.mkdir(parents=True, exist_ok=True)
    log = executed.with_suffix(".reads")
    os.environ[READS] = str(log)
    failure = execute(job, raw, Watch(job["notebook"], bool(job["parameters"]), say))
    if not raw.exists():
        return failure or {"event": "failed", "ename": "RunError", "evalue": "papermill wrote no notebook"}
    notebook = normalised(read_notebook(raw), root=Path(job["root"]))
    raw.unlink()
    reads = read_log(log, root=Path(job["root"]), besides=Path(job["folder"]))
    log.unlink(missing_ok=True)
    about = job["metadata"] | {"exhibits": _files(notebook, job["report"])}
    data = [("Data", words) for path, words in job["data"].items() if path in reads]
    about["provenance"] = [*data, *about["provenance"]]
    notebook.metadata["qieval"] = about
    write_notebook(notebook, executed)
    page.write_text(render_page(notebook), encoding="utf-8", newline="\n")
    return failure | {"page": str(page)} if failure else {"event": "ok", "reads": reads}


def _files(notebook: Any, report: str) -> dict[str, str]:
    """Name the files of a report's numbers; none where an exhibit is at fault, which the parent will tell."""
    try:
        return {str(each.number): each.file for each in exhibits(notebook, report) if each.file}
    except RunError:
        return {}


class Watch:
    """Follows a notebook's cells: tells which have ended, and remembers the one that is running.

    Attributes
    ----------
    source : str
        The cell that was last started.
    """

    def __init__(self, notebook: str, injected: bool, say: Say) -> None:
        cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        self.source = ""
        self._say, self._done, self._of = say, 0, len(code) + injected

    @property
    def unfinished(self) -> bool:
        """Whether cells are left."""
        return self._done < self._of

    def started(self, cell: Any, cell_index: int) -> None:  # noqa: ARG002 (nbclient passes it)
        """Remember a cell."""
        self.source = cell.source

    def ended(self, cell: Any, cell_index: int, execute_reply: Any) -> None:  # noqa: ARG002 (nbclient passes them)
        """Report a cell."""
        self._done += 1
        self._say({"event": "cell", "done": self._done, "of": self._of})


def execute(job: Mapping[str, Any], raw: Path, watch: Watch) -> Event | None:
    """Run papermill; return what failed, if something did."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        papermill.execute_notebook(
            _literally(job["notebook"]),
            _literally(str(raw)),
            parameters=job["parameters"],
            cwd=job["root"],
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            start_timeout=START_TIMEOUT,
            record_timing=False,
            coalesce_streams=False,  # takes a minute for a long line; `normalised` does it
            kernel_manager_class=_kernel_manager(),
            on_cell_execute=watch.started,
            on_cell_executed=watch.ended,
        )
    except PapermillExecutionError as error:
        text = ANSI.sub("", "\n".join(error.traceback))
        return _failed(error.source, error.ename, error.evalue, text)
    except DeadKernelError:
        return _failed(
            watch.source,
            "DeadKernelError",
            "the kernel ended while it ran this cell; often the memory was full",
        )
    if watch.unfinished:
        return _failed(watch.source, "SystemExit", "this cell ended the report before its last cell")
    return None


def _failed(source: str, ename: str, evalue: str, traceback: str = "") -> Event:
    return {
        "event": "failed",
        "source": source,
        "ename": ename,
        "evalue": ANSI.sub("", evalue),
        "traceback": traceback,
    }


def _literally(path: str) -> str:
    """Keep papermill from reading braces in a path as places for parameters."""
    return path.replace("{", "{{").replace("}", "}}")


def _kernel_manager() -> Any:
    """Kernels that talk through sockets in a private folder, forked where the run has a warm process."""
    from jupyter_client.manager import AsyncKernelManager

    folder = os.environ.get("JUPYTER_RUNTIME_DIR", "")
    stem = str(Path(folder) / f"kernel-{os.getpid()}")
    if os.name != "posix" or not folder or len(stem) > LONGEST_SOCKET_PATH:
        return AsyncKernelManager

    class SocketKernelManager(AsyncKernelManager):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**(settings | {"transport": "ipc", "ip": stem}))

        async def _async_launch_kernel(self, kernel_cmd: list[str], **settings: Any) -> None:
            provisioner: Any = self.provisioner
            process = forked(kernel_cmd, settings["env"])
            if process is None:
                await super()._async_launch_kernel(kernel_cmd, **settings)
            else:
                provisioner.process, provisioner.pid, provisioner.pgid = process, process.pid, process.pid
                self._reconcile_connection_info(provisioner.connection_info)

        _launch_kernel = _async_launch_kernel

    return SocketKernelManager


if __name__ == "__main__":
    main()
