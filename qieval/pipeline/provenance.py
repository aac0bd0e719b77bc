"""Where a published wave comes from: files by hash, code by commit, libraries by version."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qieval

if TYPE_CHECKING:
    from qieval.pipeline.inputs import InputFile
    from qieval.pipeline.model import StudyFile
    from qieval.pipeline.planning import Job, WavePlan
    from qieval.pipeline.workspace import Workspace

SHORT = 12
DATA, COLUMNS = (
    "10_data",
    "#what-each-column-means",
)  # where the columns are explained
GIT_SECONDS = 20


def sha256(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plan_hash(spec: StudyFile) -> str | None:
    """Hash what was laid down before the data were seen: the plan, whatever its lay-out in the file."""
    if spec.plan is None:
        return None
    content = json.dumps(spec.plan.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def changed_inputs(inputs: Iterable[InputFile], root: Path) -> list[str]:
    """List the files that are no longer what they were when they were checked."""
    return [each.path for each in inputs if not _still(root / each.path, each.sha256)]


def _still(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest


def versions() -> dict[str, str]:
    """Versions of Python, of qieval and of every library that it names as its own."""
    found = {"python": platform.python_version(), "qieval": qieval.__version__}
    for requirement in metadata.requires("qieval") or ():
        name, _, marker = requirement.partition(";")
        if "extra" not in marker:
            stem = re.split(r"[^A-Za-z0-9._-]", name.strip(), maxsplit=1)[0]
            found[stem] = metadata.version(stem)
    return found


def commit(root: Path) -> dict[str, Any]:
    """Say which commit the workspace stands at and whether anything differs; nulls where there is none."""
    head = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain")
    return {"commit": head, "dirty": None if changes is None else bool(changes)}


def tracked(root: Path, files: Iterable[str]) -> list[str]:
    """List the files that are under version control; none where there is no repository."""
    found = _git(root, "ls-files", "--", *files)
    return found.splitlines() if found else []


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 (fixed words; no shell)
            ["git", "-C", str(root), *words],  # noqa: S607 (the user's own git)
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def page_metadata(plan: WavePlan, job: Job, workspace: Workspace) -> dict[str, Any]:
    """Say what a report's page says about its run; nothing here depends on when or where it was run."""
    primary = plan.spec.plan.primary if plan.spec.plan else None
    return {
        "study": plan.study_name,
        "question": job.question,
        "study_title": plan.spec.title,
        "wave": plan.wave,
        "wave_label": plan.label,
        "data_cut": data_cut(plan),
        "synthetic": plan.spec.synthetic,
        "interim": primary is not None and 0 <= plan.wave < primary.wave,
        "report": job.report,
        "dictionary": f"{plan.data_report}.html{COLUMNS}" if plan.data_report else "",
        "provenance": _pairs(plan, job, workspace),
    }


def data_cut(plan: WavePlan) -> str | None:
    """The wave's last day as 2025-06-30."""
    return plan.window[1].isoformat() if plan.window else None


def data_words(inputs: Iterable[InputFile]) -> dict[str, str]:
    """Name each table as a page's foot does, by its path; a page names those that its notebook read."""
    return {
        each.path: f"{each.path}, {each.rows:,} rows, sha256 {each.sha256[:SHORT]}"
        for each in inputs
        if each.rows is not None
    }


def input_records(inputs: Iterable[InputFile]) -> list[dict[str, Any]]:
    """Give the files that a wave reads as ``run.json`` holds them."""
    return [
        {"file": each.path, "sha256": each.sha256, "rows": each.rows, "role": each.role} for each in inputs
    ]


def _pairs(plan: WavePlan, job: Job, workspace: Workspace) -> list[tuple[str, str]]:
    seed = job.parameters.get("seed", plan.spec.seed)
    made = f"qieval {qieval.__version__}, notebook {job.notebook.stem}, seed {seed}"
    return [
        *([("Source", plan.spec.source)] if plan.spec.source else []),
        *_plan_pairs(plan),
        ("Audience", job.audience),
        ("Made by", made),
        ("Re-make", f"qieval run {workspace.shown(plan.wave_file)}"),
        *([("Terms", plan.spec.terms)] if plan.spec.terms else []),
        *([("Licence", plan.spec.licence)] if plan.spec.licence else []),
        ("Cite", _citation(plan, job)),
    ]


def _citation(plan: WavePlan, job: Job) -> str:
    """Say how to cite a report: by its authors, its data's year, its question, study and wave."""
    authors = ", ".join(each.name for each in plan.spec.authors) or plan.spec.title
    year, label = (data_cut(plan) or "undated")[:4], plan.label or f"wave {plan.wave}"
    about = f"{job.question} {plan.spec.title}, {label}."
    return f"{authors} ({year}). {about} Made with qieval {qieval.__version__}."


def _plan_pairs(plan: WavePlan) -> list[tuple[str, str]]:
    """Give the plan's date and hash, whether it is older than the freeze, and its dated amendments."""
    laid, digest = plan.spec.plan, plan_hash(plan.spec)
    if laid is None or digest is None:
        return []
    frozen = plan.life.snapshots[0].on if plan.life.snapshots else None
    words = f"dated {laid.dated}" if laid.dated else "not dated"
    if frozen and laid.dated:
        before = laid.dated.isoformat() < frozen
        words += (
            f", before the data were frozen on {frozen}: pre-specified"
            if before
            else (f", not before the data were frozen on {frozen}")
        )
    pairs = [("Plan", f"{words}; sha256 {digest[:SHORT]}")]
    for each in laid.amendments:
        after = " (after the data were frozen)" if frozen and each.date.isoformat() >= frozen else ""
        pairs.append(("Plan amended", f"{each.date}: {each.text}{after}"))
    return pairs


def run_record(
    plan: WavePlan,
    workspace: Workspace,
    *,
    reports: Iterable[Mapping[str, Any]],
    source: Mapping[str, str],
    started: str,
    ended: str,
) -> dict[str, Any]:
    """Put together ``run.json``: all that is needed to make the wave again, and the only clock in its folder.

    Parameters
    ----------
    plan : WavePlan
        What was run.
    workspace : Workspace
        Where.
    reports : iterable of mapping
        For each report its name, question, headline, page, notebook, parameters, and what it was made from.
    source : mapping
        Hashes of the package and of the libraries.
    started, ended : str
        UTC, ISO 8601.
    """
    return {
        "schema": 2,
        "study": plan.study_name,
        "title": plan.spec.title,
        "synthetic": plan.spec.synthetic,
        "authors": [each.model_dump() for each in plan.spec.authors],
        "licence": plan.spec.licence,
        "wave": plan.wave,
        "label": plan.label,
        "data_cut": data_cut(plan),
        "wave_file": workspace.shown(plan.wave_file),
        "plan": {"sha256": plan_hash(plan.spec)} | _plan_words(plan.spec),
        "seed": plan.spec.seed,
        "reports": list(reports),
        "inputs": input_records(plan.inputs),
        "instruments": dict(plan.instruments),
        "withdrawn": plan.withdrawn,
        "life": plan.life.model_dump(mode="json"),
        "life_words": list(plan.life.words),
        "source": source,
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}, {sys.implementation.name}",
        "git": commit(workspace.root),
        "warnings": list(plan.warnings),
        "started": started,
        "ended": ended,
    }


def _plan_words(spec: StudyFile) -> dict[str, Any]:
    plan = spec.plan
    if plan is None:
        return {"dated": None, "amendments": []}
    amendments = [{"date": each.date.isoformat(), "text": each.text} for each in plan.amendments]
    return {"dated": plan.dated.isoformat() if plan.dated else None, "amendments": amendments}
