"""What a wave's run knows of what reporting checklists ask for: a sentence a fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import qieval
from qieval.errors import InputError
from qieval.exhibits.checklists import Checklist
from qieval.exhibits.format import fixed, integer, percent
from qieval.exhibits.marks import key_marks
from qieval.exhibits.phrases import joined

if TYPE_CHECKING:
    from qieval.pipeline.study import Study

CODED = {"segments", "project"}  # tables of a study that has coded passages


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """What a wave's run knows of what reporting checklists ask for.

    Attributes
    ----------
    facts : dict
        Sentences by the names of ``checklists.csv``; what is not known is left out.
    reports : tuple of str
        Reports of the wave that have results.
    lists : tuple of str
        The checklists that the study calls for.
    """

    facts: dict[str, str]
    reports: tuple[str, ...]
    lists: tuple[Checklist, ...]


def reporting(study: Study) -> Reporting:
    """Gather it from the study file and the wave's results so far."""
    frame = study.results()
    frame = frame[frame["wave"] == study.wave]
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    lists: tuple[Checklist, ...] = ("consort",) if study.spec.design == "randomised" else ()
    coded: tuple[Checklist, ...] = ("coreq",) if CODED & study.spec.tables.keys() else ()
    return Reporting(
        facts=_facts(study, rows),
        reports=tuple(dict.fromkeys(frame["report"])),
        lists=(*lists, "squire", "tidier", *coded),
    )


def _facts(study: Study, rows: list[dict[Any, Any]]) -> dict[str, str]:
    spec, ethics = study.spec, study.spec.ethics
    labels = [each.label for each in spec.outcomes.values()] + [each.label for each in spec.measures.values()]
    facts = {
        "design": _design(study),
        "arms": f"{' against '.join(reversed(study.arms)).capitalize()}." if study.arms else "",
        "window": _dates(study),
        "interim": study.interim,
        "measured": f"{joined([each for each in labels if each])}." if any(labels) else "",
        "approval": f"Approval: {ethics.approval}." if ethics.approval else "",
        "consent": f"Consent: {ethics.consent}." if ethics.consent else "",
        "software": f"qieval {qieval.__version__}.",
        **_of_plan(study),
        **_of_results(rows),
    }
    return {name: said for name, said in facts.items() if said}


def _dates(study: Study) -> str:
    try:
        start, end = study.window
    except InputError:  # the wave file names no dates
        return ""
    return f"Data of this wave: {start} to {end}."


def _design(study: Study) -> str:
    laid = study.spec.allocation
    if laid is None:
        return f"Design: {study.spec.design}."
    by = f" by {laid.stratum or laid.pair}" if laid.stratum or laid.pair else ""
    return f"Design: {study.spec.design}; a {laid.unit} is the unit of allocation; scheme: {laid.scheme}{by}."


def _of_plan(study: Study) -> dict[str, str]:
    plan = study.spec.plan
    if plan is None:
        return {}
    first, dated = plan.primary, f"Plan dated {plan.dated}." if plan.dated else ""
    label = study.quantity(first.outcome).label
    how = f"Primary: {label} at wave {first.wave}, {first.estimand}, by {first.method}."
    told = [f"{each.date}: {each.text}" for each in plan.amendments]
    return {
        "plan": dated,
        "primary": f"{how} {dated}".strip(),
        "changes": f"Amendments: {'; '.join(told)}." if told else "The plan has no amendment.",
    }


def _of_results(rows: list[dict[Any, Any]]) -> dict[str, str]:
    marks = key_marks(rows)
    first = next((row for row in rows if row["primary"]), None)
    icc = next((row for row in rows if "/icc/" in row["key"] and row["estimate"] is not None), None)
    dose = next((row for row in rows if row["key"].endswith("delivered/dose")), None)
    said = [f"{name.partition('--')[2] or name}: {mark.said}" for name, mark in marks.items()]
    return {
        "effects": f"{'; '.join(said)}." if said else "",
        "analysed": _analysed(first) if first else "",
        "icc": f"Intracluster correlation {fixed(3)(icc['estimate'])}." if icc else "",
        "delivered": f"{dose['term']}: {percent()(dose['estimate'])}." if dose else "",
    }


def _analysed(row: dict[Any, Any]) -> str:
    clusters = f" in {integer(row['n_clusters'])} clusters" if row["n_clusters"] is not None else ""
    return (
        f"{integer(row['n'])} participants{clusters} in the primary analysis." if row["n"] is not None else ""
    )
