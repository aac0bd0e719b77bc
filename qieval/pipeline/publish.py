"""A wave's folder under ``reports/``: built aside, put in place whole, listed in the indexes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qieval.errors import Fault, InputError
from qieval.pipeline import collect
from qieval.pipeline.collect import Shown
from qieval.pipeline.crate import FILE as CRATE_FILE
from qieval.pipeline.crate import crate
from qieval.pipeline.planning import WavePlan
from qieval.pipeline.reuse import Made, outputs
from qieval.pipeline.swap import Busy, locked, put_in_place, recover, write_atomically
from qieval.pipeline.workspace import Workspace, stage

if TYPE_CHECKING:
    from qieval.exhibits.marks import Mark

STAGING, FAILED, LOCKS, ALONE = ".staging", ".failed", ".locks", ".alone"
EXECUTED, INDEX = "notebooks", "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a wave is built, published, and kept if it failed.

    Attributes
    ----------
    staged : Path
        Built here; dot folders are not part of what is published.
    published : Path
        ``reports/<study>/wave-N``.
    failed : Path
        The last run's pages and notebooks if a report of it failed.
    """

    staged: Path
    published: Path
    failed: Path

    def page(self, report: str) -> Path:
        """Where a report's page is built."""
        return self.staged / f"{report}.html"

    def notebook(self, report: str) -> Path:
        """Where a report's executed notebook is built."""
        return self.staged / EXECUTED / f"{report}.ipynb"

    def results(self) -> Path:
        """Where ``results.json`` is built."""
        return self.staged / "results.json"


def place(workspace: Workspace, study: str, wave: int) -> Place:
    """Name the folders of a wave."""
    folder = Path(study) / stage(wave)
    return Place(
        staged=workspace.reports / STAGING / folder,
        published=workspace.published(study, wave),
        failed=workspace.reports / FAILED / folder,
    )


def alone(workspace: Workspace) -> Path:
    """Name the folder of reports that were made one at a time, until their wave is run."""
    return workspace.reports / ALONE


@contextmanager
def claimed(workspace: Workspace, plans: Sequence[WavePlan]) -> Iterator[None]:
    """Hold the locks of waves while they run, with the left-overs of killed runs tidied up.

    Raises
    ------
    InputError
        If another run is working on one of them; nothing was changed then.
    """
    faults = list(_blocked(workspace, plans))
    if faults:
        raise InputError(faults)
    spots = [place(workspace, plan.study_name, plan.wave) for plan in plans]
    with ExitStack() as stack:
        for plan, spot in zip(plans, spots, strict=True):
            lock = workspace.reports / LOCKS / f"{plan.study_name}--{stage(plan.wave)}.lock"
            try:
                stack.enter_context(locked(lock))
                spot.staged.parent.mkdir(parents=True, exist_ok=True)
            except Busy:
                where, problem = workspace.shown(spot.published), "another run is making this wave"
                faults.append(Fault(file=where, problem=problem, remedy="wait until it has ended"))
            except OSError as error:
                where, problem = workspace.shown(workspace.reports), f"cannot be written ({error.strerror})"
                faults.append(Fault(file=where, problem=problem, remedy="check its permissions"))
        if faults:
            raise InputError(dict.fromkeys(faults))
        try:
            _tidy(spots)
            yield
        finally:
            _tidy(spots)


def _tidy(spots: Iterable[Place]) -> None:
    for spot in spots:
        recover(spot.staged, spot.published)


def _blocked(workspace: Workspace, plans: Sequence[WavePlan]) -> Iterator[Fault]:
    """Find what stands where the run needs folders of its own, or where the index goes."""
    reports = workspace.reports
    needed = [reports, *(reports / name for name in (STAGING, FAILED, LOCKS))]
    for plan in plans:
        spot = place(workspace, plan.study_name, plan.wave)
        needed += [
            each for path in (spot.published, spot.staged, spot.failed) for each in (path.parent, path)
        ]
    for path in dict.fromkeys(needed):
        if path.is_symlink() and not (path == reports and path.is_dir()):
            yield _in_the_way(workspace, path, "is a link; a folder is needed here")
        elif path.exists() and not path.is_dir():
            yield _in_the_way(workspace, path, "is a file; a folder is needed here")
    if (reports / INDEX).is_dir():
        yield _in_the_way(workspace, reports / INDEX, "is a folder; a file is needed here")


def _in_the_way(workspace: Workspace, path: Path, problem: str) -> Fault:
    return Fault(file=workspace.shown(path), problem=problem, remedy="move it away")


def write_exhibits(spot: Place, shown: Iterable[Shown]) -> None:
    """Write the numbers of every table and figure as a CSV file."""
    for each in shown:
        if each.file is not None:
            path = spot.staged / each.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(collect.as_csv(each.columns, each.rows), encoding="utf-8", newline="\n")


def write_results(spot: Place, plan: WavePlan, shown: Iterable[Shown]) -> None:
    """Write the results that the wave has so far."""
    document = collect.results_document(plan.study_name, plan.wave, shown)
    spot.results().write_text(collect.as_json(document), encoding="utf-8", newline="\n")


def write_words(spot: Place, plan: WavePlan, shown: Iterable[Shown], file: str) -> None:
    """Put the authors' own words into the pages that do not hold them as they are now.

    Raises
    ------
    InputError
        If they name a result that there is not.
    """
    wanted: Mapping[str, Any] = {}
    if plan.slots:
        from qieval.pipeline.slots import filled

        wanted = filled(plan.slots, collect.result_rows(shown), file=file)
    for job in plan.jobs:
        path = spot.notebook(job.report)
        if job.report in wanted or '"words": [' in path.read_text(encoding="utf-8"):
            _rewrite(spot, job.report, wanted.get(job.report, []))


def _rewrite(spot: Place, report: str, words: Sequence[Sequence[str]]) -> None:
    from qieval.pipeline.normalise import read_notebook, write_notebook
    from qieval.pipeline.page import render_page

    notebook = read_notebook(spot.notebook(report))
    notebook.metadata["qieval"].pop("words", None)
    notebook.metadata["qieval"] |= {"words": words} if words else {}
    write_notebook(notebook, spot.notebook(report))
    spot.page(report).write_text(render_page(notebook), encoding="utf-8", newline="\n")


def publish(spot: Place, run: Mapping[str, Any]) -> None:
    """Finish the staged folder with its record and its index, and put it in the published one's place."""
    from qieval.pipeline.site import wave_index

    (spot.staged / INDEX).write_text(wave_index(listed(run)), encoding="utf-8", newline="\n")
    words = collect.as_json(crate(run, outputs(spot.staged)))
    (spot.staged / CRATE_FILE).write_text(words, encoding="utf-8", newline="\n")
    _write_record(spot, run)
    _keep_superseded(spot, run)
    put_in_place(spot.staged, spot.published)
    shutil.rmtree(spot.failed, ignore_errors=True)


def _keep_superseded(spot: Place, run: Mapping[str, Any]) -> None:
    """Keep what a correction supersedes beside the wave, under the number that it had."""
    old, new = (_snapshots(each) for each in (_record(spot.published / "run.json") or {}, run))
    if old and len(new) > len(old):
        kept = spot.published.with_name(f"{spot.published.name}-superseded-{len(old) - 1}")
        shutil.copytree(spot.published, kept, dirs_exist_ok=True)


def _snapshots(run: Mapping[str, Any]) -> list[Any]:
    return list(run.get("life", {}).get("snapshots", ()))


def _write_record(spot: Place, run: Mapping[str, Any]) -> None:
    """Write ``run.json``, with a hash of every other file of the folder."""
    document = {**run, "outputs": outputs(spot.staged)}
    (spot.staged / "run.json").write_text(collect.as_json(document), encoding="utf-8", newline="\n")


def reuse_made(spot: Place, made: Made) -> None:
    """Bring a report's page and notebook of an earlier run into the staged folder."""
    for name in made.files:
        path = spot.staged / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made.folder / name, path)


def keep_failed(spot: Place, run: Mapping[str, Any]) -> None:
    """Keep what a run made whose wave is not published, in place of what an earlier one left."""
    _write_record(spot, run)
    if spot.failed.exists():
        shutil.rmtree(spot.failed)
    spot.failed.parent.mkdir(parents=True, exist_ok=True)
    spot.staged.rename(spot.failed)


def write_site_index(workspace: Workspace) -> Path:
    """Write ``reports/index.html`` anew from what is published; runs that end together take turns."""
    from qieval.pipeline.site import site_index

    path = workspace.reports / INDEX
    with locked(workspace.reports / LOCKS / "index.lock", wait=True):
        write_atomically(path, site_index(_studies(workspace)))
    return path


def _studies(workspace: Workspace) -> list[dict[str, Any]]:
    records = [
        (_record(path), path.with_name("results.json"))
        for path in sorted(workspace.reports.glob("[!.]*/*/run.json"))
        if "-superseded-" not in path.parent.name
    ]
    waves = [listed(record) | {"marks": _marks(results)} for record, results in records if record is not None]
    studies = []
    for name, group in groupby(waves, key=lambda wave: str(wave["study"])):
        found = [wave | {"href": f"{name}/{stage(wave['wave'])}/index.html"} for wave in group]
        last = max(found, key=lambda wave: int(wave["wave"]))
        studies.append({"name": name, "title": last["title"], "synthetic": last["synthetic"], "waves": found})
    return studies


def _record(path: Path) -> dict[str, Any] | None:
    """Read a published wave's record; None if it is damaged, so that the others are still listed."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        listed(record)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(record)


def _marks(path: Path) -> dict[str, Mark]:
    """Read the key result of each report of a published wave; none if the file is damaged."""
    from qieval.exhibits.marks import key_marks

    try:
        return key_marks(json.loads(path.read_text(encoding="utf-8"))["results"])
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}


def listed(run: Mapping[str, Any]) -> dict[str, Any]:
    """Take from a wave's record what the indexes show; no clock is in it."""
    reports = [
        {
            "name": each["report"],
            "question": each["question"],
            "headline": each["headline"],
            "href": each["page"],
        }
        for each in run["reports"]
    ]
    keys = ("study", "title", "wave", "label", "synthetic", "data_cut")
    superseded = [f"{stage(run['wave'])}-superseded-{n}" for n in range(len(_snapshots(run)) - 1)]
    more = {"life": list(run.get("life_words", ())), "superseded": superseded}
    return {key: run[key] for key in keys} | {"reports": reports} | more
