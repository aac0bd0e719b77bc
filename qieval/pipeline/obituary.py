"""What is said of waves: how one is named, which reports it has, why it could not be published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from qieval.pipeline.workspace import stage_words

if TYPE_CHECKING:
    from qieval.pipeline.planning import WavePlan
    from qieval.pipeline.wave_run import Failure, Outcome
    from qieval.pipeline.workspace import Workspace


def named(plan: WavePlan) -> str:
    """Name a wave among those of several studies."""
    label = f" ({plan.label})" if plan.label else ""
    return f"{plan.study_name} {stage_words(plan.wave)}{label}"


def job_list(plans: Iterable[WavePlan], place: Workspace, *, as_json: bool) -> str:
    """List the reports of waves, a line each; as JSON with the command that makes each alone."""
    jobs = [(plan, job) for plan in plans for job in plan.jobs]
    if not as_json:
        return "\n".join(f"{named(plan)}: {job.report}" for plan, job in jobs)
    listed = [
        {
            "study": plan.study_name,
            "wave": plan.wave,
            "report": job.report,
            "parameters": job.parameters,
            "after_the_others": job.needs_results,
            "command": ["qieval", "run", place.shown(plan.wave_file)]
            + ([] if job.needs_results else ["--only", job.report]),
        }
        for plan, job in jobs
    ]
    return json.dumps(listed, indent=1, ensure_ascii=False)


def obituary(outcome: Outcome, place: Workspace) -> Iterator[str]:
    """Say why a wave was not published, report by report."""
    published = place.published(outcome.plan.study_name, outcome.plan.wave)
    state = "is as it was" if published.exists() else "is not there yet"
    yield f"\nNot published: {named(outcome.plan)}; {place.shown(published)} {state}."
    for failure in outcome.failures:
        yield from _failure(failure, place)
    if outcome.skipped:
        yield f"Not tried, because they read the others' results: {', '.join(outcome.skipped)}."


def _failure(failure: Failure, place: Workspace) -> Iterator[str]:
    if failure.source:
        yield f"{failure.report} failed in this cell:"
        yield from (f"    {line}" for line in failure.source.splitlines())
    elif failure.report:
        yield f"{failure.report} failed."
    yield failure.error
    if failure.traceback and not failure.page:
        yield failure.traceback
    if failure.page:
        yield f"Its page, with the whole traceback: {place.shown(failure.page)}"
