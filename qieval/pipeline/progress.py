"""How a run goes, told while it goes: bars on a terminal, one line a report elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from qieval.pipeline.terminal import say
from qieval.pipeline.workspace import stage_words

if TYPE_CHECKING:
    from qieval.pipeline.planning import Job, WavePlan
    from qieval.pipeline.wave_run import Listener


@contextmanager
def progress(
    plans: Sequence[WavePlan], *, reasons: bool = False, as_json: bool = False
) -> Iterator[Listener]:
    """Give a listener for a run of some waves: bars where somebody watches, else lines; or JSON events."""
    if as_json:
        yield Events()
        return
    console = Console(soft_wrap=True, highlight=False)
    total = sum(len(plan.jobs) for plan in plans)
    if not console.is_terminal:
        yield Lines(console, total, reasons=reasons)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        yield Bars(console, total, shown, reasons=reasons)


def quiet() -> Lines:
    """Give a listener that says nothing."""
    return Lines(Console(quiet=True), 0, reasons=False)


class Lines:
    """Says a line for each report that has ended.

    Parameters
    ----------
    console : Console
        Where to.
    total : int
        Reports of the run.
    reasons : bool
        Say why each report is made.
    """

    def __init__(self, console: Console, total: int, *, reasons: bool) -> None:
        self._console, self._total, self._ended, self._reasons = console, total, 0, reasons

    def starts(self, wave: WavePlan, job: Job, why: str) -> None:
        """Say that a report is up to date, or if asked to, why it is made anew."""
        if not why:
            self._ended += 1
            words = f"{name(wave, job)} is up to date"
            self._console.print(f"[{self._ended}/{self._total}] {words}", markup=False)
        elif self._reasons:
            self._console.print(f"{name(wave, job)}: {why}", markup=False)

    def cell(self, wave: WavePlan, job: Job, done: int, of: int) -> None:
        """Say nothing of single cells."""

    def report(self, wave: WavePlan, job: Job, seconds: float, failed: bool) -> None:
        """Say that a report has ended."""
        self._ended += 1
        how = "FAILED after" if failed else "made in"
        words = f"{name(wave, job)} {how} {seconds:.1f} s"
        self._console.print(f"[{self._ended}/{self._total}] {words}", markup=False)


class Events:
    """Prints an event as a JSON line: ``starts``, ``up to date``, ``cell``, ``made`` or ``failed``."""

    def starts(self, wave: WavePlan, job: Job, why: str) -> None:
        """Print that a report starts, and why, or that it is up to date."""
        print_event(
            "starts" if why else "up to date", wave, report=job.report, **({"why": why} if why else {})
        )

    def cell(self, wave: WavePlan, job: Job, done: int, of: int) -> None:
        """Print that a cell has ended."""
        print_event("cell", wave, report=job.report, done=done, of=of)

    def report(self, wave: WavePlan, job: Job, seconds: float, failed: bool) -> None:
        """Print that a report has ended."""
        print_event("failed" if failed else "made", wave, report=job.report, seconds=round(seconds, 3))


def print_event(event: str, wave: WavePlan, **more: Any) -> None:
    """Print one event on a wave as a line of JSON, at once."""
    told = {"event": event, "study": wave.study_name, "wave": wave.wave, **more}
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def tell(event: str, wave: WavePlan, words: str, *, as_json: bool, **more: Any) -> None:
    """Say what became of a wave, in words or as an event."""
    if as_json:
        print_event(event, wave, **more)
    else:
        say(words)


class Bars(Lines):
    """Shows a bar for all reports and one for the cells of each report that is running.

    Parameters
    ----------
    console, total, reasons
        As for `Lines`.
    shown : Progress
        The display.
    """

    def __init__(self, console: Console, total: int, shown: Progress, *, reasons: bool) -> None:
        super().__init__(console, total, reasons=reasons)
        self._shown = shown
        self._all = shown.add_task("reports", total=total)
        self._cells: dict[str, TaskID] = {}

    def starts(self, wave: WavePlan, job: Job, why: str) -> None:
        """Say it, and move the bar of all reports on if one is up to date."""
        super().starts(wave, job, why)
        if not why:
            self._shown.advance(self._all)

    def cell(self, wave: WavePlan, job: Job, done: int, of: int) -> None:
        """Move the bar of a report."""
        label = name(wave, job)
        if label not in self._cells:
            self._cells[label] = self._shown.add_task(f"  {escape(label)}", total=of)
        self._shown.update(self._cells[label], completed=done)

    def report(self, wave: WavePlan, job: Job, seconds: float, failed: bool) -> None:
        """Say that a report has ended, and take its bar away."""
        super().report(wave, job, seconds, failed)
        self._shown.advance(self._all)
        if bar := self._cells.pop(name(wave, job), None):
            self._shown.remove_task(bar)


def name(wave: WavePlan, job: Job) -> str:
    """Name a report among those of several waves."""
    return f"{wave.study_name} {stage_words(wave.wave)}: {job.report}"
