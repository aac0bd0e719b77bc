"""One wave on its way: its reports made or taken from an earlier run, then published, or kept aside."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from qieval.errors import InputError, QievalError
from qieval.pipeline import collect, provenance
from qieval.pipeline.planning import Job, WavePlan
from qieval.pipeline.pool import Event
from qieval.pipeline.publish import (
    EXECUTED,
    Place,
    alone,
    keep_failed,
    place,
    publish,
    reuse_made,
    write_exhibits,
    write_results,
    write_site_index,
    write_words,
)
from qieval.pipeline.reuse import Digests, Made, always_read, earlier, made_from, source, stale
from qieval.pipeline.workspace import Workspace, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a report, or a wave as a whole, could not be made.

    Attributes
    ----------
    report : str
        The report; empty where the wave as a whole failed.
    source : str
        The cell that failed; empty where no cell did.
    error : str
        What was wrong, in one line: the error's name and what it says.
    traceback : str
        Where it came from.
    page : Path, optional
        The report's page, with the error in it.
    """

    report: str
    error: str
    source: str = ""
    traceback: str = ""
    page: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one wave.

    Attributes
    ----------
    plan : WavePlan
        What was asked for.
    published : Path, optional
        Its folder; None if a report failed.
    failures : tuple of Failure
        What failed.
    skipped : tuple of str
        Reports that were not tried, because they read the results of one that failed.
    """

    plan: WavePlan
    published: Path | None
    failures: tuple[Failure, ...] = ()
    skipped: tuple[str, ...] = ()


class Listener(Protocol):
    """Hears how a run goes."""

    def starts(self, wave: WavePlan, job: Job, why: str) -> None:
        """A report is started, for a reason; without one it is taken from an earlier run."""

    def cell(self, wave: WavePlan, job: Job, done: int, of: int) -> None:
        """A cell of a report has ended."""

    def report(self, wave: WavePlan, job: Job, seconds: float, failed: bool) -> None:
        """A report has ended."""


class WaveRun:
    """One wave on its way: which jobs are left, what the ended ones showed, what it came to."""

    def __init__(self, plan: WavePlan, workspace: Workspace, listener: Listener, *, force: bool) -> None:
        self.plan = plan
        self.outcome: Outcome | None = None
        self.free = [job for job in plan.jobs if not job.needs_results]
        self.reading = [job for job in plan.jobs if job.needs_results]
        self.running: dict[str, dt.datetime] = {}
        self._workspace, self._listener = workspace, listener
        self._place: Place = place(workspace, plan.study_name, plan.wave)
        self._shown: dict[str, list[collect.Shown]] = {}
        self._failures: list[Failure] = []
        self._digests = Digests(workspace.root)
        self._alone = sorted(alone(workspace).glob(f"*/{plan.study_name}/{stage(plan.wave)}"))
        places = [self._place.published, self._place.failed, *self._alone]
        self._earlier = {} if force else earlier(places)
        self._also = always_read(plan, workspace.root)
        self._made_from: dict[str, dict[str, str]] = {}
        self._reads: dict[str, Mapping[str, str | None]] = {}
        self._started = _now()
        if not plan.jobs:
            self._close()

    @property
    def ready_to_read(self) -> bool:
        """Whether a job that reads the wave's results could start."""
        return bool(self.reading) and not (self.running or self._failures)

    def reused(self, job: Job) -> bool:
        """Take a report from an earlier run, if it would come out the same; tell the listener why if not."""
        results = self._results_so_far() if job.needs_results else None
        parts = made_from(self.plan, job, self._workspace, results=results)
        self._made_from[job.report] = parts
        why = stale(parts, None, self._digests)
        for made in self._earlier.get(job.report, ()):
            why = stale(parts, made, self._digests, self._also)
            if not why and self._reuse(job, made):
                return True
        self._listener.starts(self.plan, job, why or "it cannot be read")
        return False

    def _reuse(self, job: Job, made: Made) -> bool:
        reuse_made(self._place, made)
        if self._take_in(job) is not None:
            return False
        self._reads[job.report] = made.record["reads"]
        self._listener.starts(self.plan, job, "")
        self._close_if_done()
        return True

    def _results_so_far(self) -> Path:
        self._place.staged.mkdir(parents=True, exist_ok=True)
        write_results(self._place, self.plan, self._in_order())
        return self._place.results()

    def order(self, job: Job) -> dict[str, Any]:
        """Write a job as a worker takes it."""
        self.running[job.report] = _now()
        about = provenance.page_metadata(self.plan, job, self._workspace)
        return {
            "report": job.report,
            "notebook": str(job.notebook),
            "parameters": job.parameters,
            "root": str(self._workspace.root),
            "executed": str(self._place.notebook(job.report)),
            "page": str(self._place.page(job.report)),
            "metadata": about,
            "data": provenance.data_words(self.plan.inputs),
            "folder": str(self.plan.data_dir),
            "environment": {
                "QIEVAL_RESULTS": str(self._place.results()) if job.needs_results else "",
                "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH") or _epoch(self.plan),
            },
        }

    def hear(self, job: Job, event: Event) -> None:
        """Take in what a worker said about a job."""
        if event["event"] == "cell":
            self._listener.cell(self.plan, job, event["done"], event["of"])
            return
        seconds = (_now() - self.running.pop(job.report)).total_seconds()
        failure = self._failure(job, event) if event["event"] == "failed" else self._take_in(job)
        if failure is None:
            self._reads[job.report] = self._digests.of_all([*event["reads"], *self._also])
        self._failures += [failure] if failure else []
        self._listener.report(self.plan, job, seconds, failure is not None)
        self._close_if_done()

    def _take_in(self, job: Job) -> Failure | None:
        """Read what a report showed; an exhibit that cannot be published is the report's failure."""
        try:
            notebook = json.loads(self._place.notebook(job.report).read_text(encoding="utf-8"))
            shown = collect.exhibits(notebook, job.report)
            collect.result_rows(shown)
            write_exhibits(self._place, shown)
        except QievalError as error:
            return Failure(report=job.report, error=str(error), page=self._kept_page(job))
        except OSError as error:
            return Failure(report=job.report, error=self._told(error))
        self._shown[job.report] = shown
        return None

    def _failure(self, job: Job, event: Event) -> Failure:
        return Failure(
            report=job.report,
            error=f"{event['ename']}: {event['evalue']}",
            source=event.get("source", ""),
            traceback=event.get("traceback", ""),
            page=self._kept_page(job) if event.get("page") else None,
        )

    def _kept_page(self, job: Job) -> Path:
        return self._place.failed / self._place.page(job.report).name

    def _close_if_done(self) -> None:
        left = self.running or self.free or (self.reading and not self._failures)
        if not left:
            self._close()

    def _close(self) -> None:
        changed = provenance.changed_inputs(self.plan.inputs, self._workspace.root)
        if changed:
            said = "changed while the wave was run, so its reports may not agree; run it again"
            self._failures.append(Failure(report="", error=f"{', '.join(changed)}: {said}"))
        try:
            self._place.staged.mkdir(parents=True, exist_ok=True)
            write_results(self._place, self.plan, self._in_order())
            self._failures += [] if self._failures else self._put_words()
            if self._failures:
                keep_failed(self._place, self._record())
            else:
                publish(self._place, self._record())
                for folder in self._alone:
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            self._failures.append(Failure(report="", error=self._told(error)))
        self.outcome = Outcome(
            plan=self.plan,
            published=None if self._failures else self._place.published,
            failures=tuple(self._failures),
            skipped=tuple(job.report for job in self.reading),
        )
        if self.outcome.published:
            write_site_index(self._workspace)

    def _put_words(self) -> list[Failure]:
        file = self._workspace.shown(self.plan.wave_file.with_suffix(".text.md"))
        try:
            write_words(self._place, self.plan, self._in_order(), file)
        except InputError as error:
            return [Failure(report="", error="; ".join(map(str, error.faults)))]
        return []

    def _told(self, error: OSError) -> str:
        place = f"{self._workspace.shown(Path(error.filename))}: " if error.filename else ""
        return f"{place}{error.strerror or error}"

    def _in_order(self) -> list[collect.Shown]:
        return [shown for job in self.plan.jobs for shown in self._shown.get(job.report, [])]

    def _record(self) -> dict[str, Any]:
        return provenance.run_record(
            self.plan,
            self._workspace,
            reports=[self._report(job) for job in self.plan.jobs if job.report in self._reads],
            source=source(self._workspace.root),
            started=_stamp(self._started),
            ended=_stamp(_now()),
        )

    def _report(self, job: Job) -> Mapping[str, Any]:
        shown = self._shown[job.report]
        return {
            "report": job.report,
            "question": job.question,
            "headline": collect.headline(shown),
            "page": self._place.page(job.report).name,
            "executed": f"{EXECUTED}/{job.report}.ipynb",
            "notebook": self._workspace.shown(job.notebook),
            "sha256": self._made_from[job.report]["notebook"],
            "parameters": job.parameters,
            "exhibits": [each.file for each in shown if each.file],
            "made_from": self._made_from[job.report],
            "reads": self._reads[job.report],
        }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _stamp(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _epoch(plan: WavePlan) -> str:
    """Dates that libraries put into files are the data cut's."""
    cut = plan.window[1] if plan.window else dt.date(1980, 1, 1)
    return str(int(dt.datetime.combine(cut, dt.time(), dt.UTC).timestamp()))
