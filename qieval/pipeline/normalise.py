"""An executed notebook without what differs from run to run: timings, paths, random ids."""

from __future__ import annotations

import sysconfig
from itertools import groupby
from pathlib import Path
from typing import Any

import qieval
from qieval.pipeline.lean import skip_unused_parsers

skip_unused_parsers()

import nbformat  # noqa: E402 (after the parsers are set aside)

INJECTED = "injected-parameters"
ERROR_MARK = "papermill-error-cell-tag"
STANDARD_TAGS = ("execution", "papermill")


def normalised(notebook: Any, *, root: Path) -> Any:
    """Return the notebook with all that its inputs decide, and nothing that the clock or the machine does.

    Parameters
    ----------
    notebook : NotebookNode
        As papermill leaves it; changed in place.
    root : Path
        The workspace; its path is cut from messages.
    """
    parameters = notebook.metadata.pop("papermill", {}).get("parameters", {})
    if parameters:
        notebook.metadata["papermill"] = {"parameters": parameters}
    notebook.cells = [cell for cell in notebook.cells if ERROR_MARK not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        for name in STANDARD_TAGS:
            cell.metadata.pop(name, None)
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED
        if cell.cell_type == "code":
            cell["outputs"] = _in_fixed_order(cell.outputs)
            for output in cell.outputs:
                _without_paths(output, root)
    return notebook


def read_notebook(path: Path) -> Any:
    """Read a notebook in the current form."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def write_notebook(notebook: Any, path: Path) -> None:
    """Write a notebook in the form that version control likes best: sorted keys, one final newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def _in_fixed_order(outputs: list[Any]) -> list[Any]:
    """Put neighbouring streams in one order: which one a kernel sends first is a matter of milliseconds."""
    ordered: list[Any] = []
    for is_stream, group in groupby(outputs, key=lambda output: bool(output.output_type == "stream")):
        neighbours = list(group)
        if is_stream:
            neighbours.sort(key=lambda output: str(output.name), reverse=True)  # stdout first
            neighbours = [_joined(list(same)) for _, same in groupby(neighbours, key=lambda each: each.name)]
        ordered += neighbours
    return ordered


def _joined(streams: list[Any]) -> Any:
    """Make one stream of several; of a line written over by carriage returns the last writing stays."""
    first, text = streams[0], "".join(each.text for each in streams).replace("\r\n", "\n")
    first.text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return first


def _without_paths(output: Any, root: Path) -> None:
    if output.output_type == "stream":
        output.text = _short(output.text, root)
    elif output.output_type == "error":
        output.evalue = _short(output.evalue, root)
        output.traceback = [_short(line, root) for line in output.traceback]


def _short(text: str, root: Path) -> str:
    package = Path(qieval.__file__).parents[1]  # the clone, where the workspace is another folder
    for folder in (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), root, package):
        text = text.replace(f"{folder}/", "")
    return text
