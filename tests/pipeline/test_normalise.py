from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from qieval.pipeline.normalise import normalised, write_notebook

ROOT = Path("/somewhere/work")


def run(
    *, start: str = "12:00", cell_id: str = "abcdef01", streams: tuple[str, str] = ("stdout", "stderr")
) -> Any:
    """A notebook as papermill leaves it: with clocks, random ids, places on this machine."""
    packages = sysconfig.get_path("purelib")
    texts = {"stdout": "hello", "stderr": f"{packages}/pandas/x.py:1: careful\n{ROOT}/notebooks/a.py: too"}
    outputs = [new_output("stream", name=name, text=texts[name]) for name in streams]
    injected = new_code_cell("wave = 2", id=cell_id, metadata={"tags": ["injected-parameters"]})
    shown = new_output("display_data", data={"text/plain": "shown"})
    code = new_code_cell("print('hello')", id="code", outputs=[*outputs, shown], execution_count=2)
    marker = new_markdown_cell(
        "An Exception", id=cell_id + "m", metadata={"tags": ["papermill-error-cell-tag"]}
    )
    for cell in (injected, code):
        cell.metadata |= {"papermill": {"start_time": start}, "execution": {"iopub.status.busy": start}}
    about = {"parameters": {"wave": 2}, "start_time": start, "output_path": f"/somewhere/{start}.ipynb"}
    return new_notebook(cells=[marker, injected, code], metadata={"papermill": about})


def test_two_runs_of_the_same_inputs_become_the_same_notebook(tmp_path: Path) -> None:
    write_notebook(normalised(run(), root=ROOT), tmp_path / "new" / "a.ipynb")
    other = run(start="23:59", cell_id="99999999", streams=("stderr", "stdout"))
    write_notebook(normalised(other, root=ROOT), tmp_path / "b.ipynb")
    assert (tmp_path / "new" / "a.ipynb").read_bytes() == (tmp_path / "b.ipynb").read_bytes()
    nbformat.validate(nbformat.read(tmp_path / "b.ipynb", as_version=4))


def test_only_parameters_are_kept_of_papermill_s_notes() -> None:
    made = normalised(run(), root=ROOT)
    assert made.metadata.papermill == {"parameters": {"wave": 2}}
    assert [cell.id for cell in made.cells] == ["injected-parameters", "code"]
    assert all(set(cell.metadata) <= {"tags"} for cell in made.cells)


def test_places_on_this_machine_are_cut_from_messages() -> None:
    outputs = normalised(run(), root=ROOT).cells[1].outputs
    assert [output.output_type for output in outputs] == ["stream", "stream", "display_data"]
    assert outputs[1].text == "pandas/x.py:1: careful\nnotebooks/a.py: too"


def test_places_are_cut_from_errors_too() -> None:
    error = new_output("error", ename="E", evalue=f"no {ROOT}/a", traceback=[f"{ROOT}/a.py"])
    made = normalised(new_notebook(cells=[new_code_cell("x", outputs=[error])]), root=ROOT)
    assert (made.cells[0].outputs[0].evalue, made.cells[0].outputs[0].traceback) == ("no a", ["a.py"])


def test_the_unused_parsers_are_not_built_and_notebooks_are_still_validated() -> None:
    code = (
        "import sys, json\n"
        "from qieval.pipeline.normalise import nbformat\n"
        "bad = nbformat.v4.new_notebook(); bad['metadata'] = 3\n"
        "try: nbformat.validate(bad)\n"
        "except nbformat.ValidationError: print(json.dumps(['lark' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False]


def test_streams_become_one_each_and_a_long_line_costs_nothing() -> None:
    import time

    outputs = [
        nbformat.v4.new_output("stream", name=name, text=text)
        for name, text in (("stdout", "1 %\r50 %\r"), ("stderr", "e"), ("stdout", "99 %\n" + "x" * 3_000_000))
    ]
    cell = nbformat.v4.new_code_cell("", outputs=outputs)
    began = time.monotonic()
    [cell] = normalised(nbformat.v4.new_notebook(cells=[cell]), root=Path("/nowhere")).cells
    assert time.monotonic() - began < 5
    assert [(each.name, each.text[:5]) for each in cell.outputs] == [("stdout", "99 %\n"), ("stderr", "e")]
