"""Study and wave files, read and checked: each on its own, and whether its parts agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qieval.errors import Fault, InputError
from qieval.pipeline import strict_yaml
from qieval.pipeline.faults import parse, suggestion
from qieval.pipeline.model import PlanFile, StudyFile, WaveFile
from qieval.pipeline.workspace import PLAN_FILE, Workspace


def read_study_file(path: Path, *, shown: str | None = None) -> StudyFile:
    """Read and check a study file; raises InputError with all its faults."""
    name = shown or str(path)
    study = parse(StudyFile, strict_yaml.load(path, shown=name), file=name)
    faults = [Fault(file=name, column=key, problem=problem) for key, problem in _disagreements(study)]
    if faults:
        raise InputError(faults)
    return study


def read_wave_file(path: Path, *, shown: str | None = None) -> WaveFile:
    """Read and check a wave file or the plan's; raises InputError with all its faults."""
    name = shown or str(path)
    return parse(
        PlanFile if path.name == PLAN_FILE else WaveFile, strict_yaml.load(path, shown=name), file=name
    )


def declared_folders(workspace: Workspace, study: str) -> tuple[Path, ...]:
    """Folder outside the workspace that a study declares for its data, if it does."""
    path = workspace.study_folder(study) / "study.yaml"
    data = read_study_file(path, shown=workspace.shown(path)).data
    return (path.parent / data,) if data else ()


def _disagreements(study: StudyFile) -> Iterator[tuple[str, str]]:
    """Find what each part allows but the parts together do not."""
    if study.design != "uncontrolled" and study.allocation is None:
        yield "allocation", f"is missing; a {study.design} study needs it"
    if study.design == "uncontrolled" and study.allocation is not None:
        yield "allocation", "an uncontrolled study has none; leave the key out"
    if study.design == "randomised" and study.allocation and study.allocation.scheme is None:
        yield "allocation.scheme", "is missing; a randomised study needs it"
    if study.plan is None:
        return
    primary = study.plan.primary
    by_participant = primary.method == "least-squares-cr2"
    if by_participant != (primary.estimand == "participant-average"):
        hint = "leave the key out" if not by_participant else "write estimand: participant-average"
        yield "plan.primary.method", f"{primary.method} does not give the {primary.estimand} effect; {hint}"
    named = {"plan.primary.outcome": study.plan.primary.outcome}
    named |= {f"plan.family.{place}": name for place, name in enumerate(study.plan.family)}
    for key, name in named.items():
        if name not in study.outcomes:
            yield key, f"{name!r} is not under outcomes{suggestion(name, study.outcomes)}"
