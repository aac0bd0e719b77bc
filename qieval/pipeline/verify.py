"""Whether a published wave comes out the same when it is made again from its own record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qieval.errors import RunError, refuse
from qieval.pipeline.compare import changes, read_results
from qieval.pipeline.planning import WavePlan, plan_waves
from qieval.pipeline.reuse import altered, outputs, read_record, source
from qieval.pipeline.run import run_waves
from qieval.pipeline.wave_run import Listener
from qieval.pipeline.workspace import Workspace

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found.

    Attributes
    ----------
    first : tuple of str
        What differs from the record before anything is made again: inputs, package, libraries, files.
    numbers : tuple of str
        Results that come out otherwise (beyond 1e-9, relative).
    files : tuple of str
        Pages, notebooks and tables that come out otherwise.
    """

    first: tuple[str, ...]
    numbers: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs that the record vouches for."""
        return not (self.first or self.numbers or self.files)


def verify(folder: Path, workspace: Workspace, listener: Listener) -> Verification:
    """Make a published wave again in a scratch folder and compare; what is published is not touched.

    Parameters
    ----------
    folder : Path
        ``reports/<study>/wave-N``, or a copy of it.
    workspace : Workspace
        With the wave's parameters, data and notebooks.
    listener : Listener
        Hears how the run goes.

    Raises
    ------
    InputError
        If the folder has no record, or the wave's inputs are at fault now.
    RunError
        If a report can no longer be made.
    """
    record = read_record(folder)
    if record is None:
        refuse(str(folder / "run.json"), "there is no record that can be read", remedy="run the wave again")
    path = workspace.root / record["wave_file"]
    [plan] = plan_waves([path], workspace)
    first = tuple(_before(folder, record, plan, workspace))
    with tempfile.TemporaryDirectory(prefix="qieval-verify-") as scratch:
        aside = Workspace(workspace.root, Path(scratch))
        [outcome] = run_waves([plan], aside, listener, force=True)
        if outcome.published is None:
            raise RunError("\n".join(f"{each.report}: {each.error}" for each in outcome.failures))
        numbers = changes(read_results(folder), read_results(outcome.published), rel=TOLERANCE)
        return Verification(
            first=first,
            numbers=tuple(str(change) for change in numbers),
            files=tuple(_files(outputs(folder), outputs(outcome.published))),
        )


def _before(folder: Path, record: dict[str, Any], plan: WavePlan, workspace: Workspace) -> Iterator[str]:
    """Say what is no longer as the record has it."""
    recorded = {each["file"]: each["sha256"] for each in record["inputs"]}
    now = {each.path: each.sha256 for each in plan.inputs}
    for name in dict.fromkeys([*recorded, *now]):
        if recorded.get(name) != now.get(name):
            yield f"{name} is not the file that was read"
    if record.get("source") != source(workspace.root):
        yield "qieval or a library is not the version that made it"
    for name in altered(folder, record["outputs"]):
        yield f"{name} is not as it was published"


def _files(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after} - {"results.json"}):
        if before.get(name) != after.get(name):
            where = "" if name in before and name in after else " (on one side only)"
            yield f"{name}{where}"
