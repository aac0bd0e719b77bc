"""What a study's coders did, gathered from its tables or from a project file of a coding program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from qieval.coding import Codebook, Project, Triangulation, triangulation
from qieval.errors import refuse
from qieval.pipeline.extract import Extract, open_extract
from qieval.pipeline.projects import INFERRED

if TYPE_CHECKING:
    from qieval.pipeline.study import Study


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """The qualitative part of a study at one wave.

    Attributes
    ----------
    project : Project
        Segments, sources and codebook; what the reader of a project file set aside or remarked stands with
        them.
    triangulation : Triangulation, optional
        The consensus log up to this wave, in numbers; None where the study keeps none.
    codebook_before : Codebook, optional
        That of the last wave before this one; None where there is none.
    substitutions : dict of str to str
        Names in the transcripts -> what stands in their place in quotes; empty where none are listed.
    """

    project: Project
    triangulation: Triangulation | None
    codebook_before: Codebook | None
    substitutions: dict[str, str]


def coded(study: Study, extract: Extract) -> Coded:
    """Gather the qualitative part of a study; raises InputError with the faults of its tables."""
    project = Project.from_frames(study.table("segments"), study.table("sources"), study.codebook())
    read = extract.raw("segments").project
    if read is not None:
        excluded = pd.concat([project.excluded, read.excluded.assign(row=None)], ignore_index=True)
        project = replace(project, excluded=excluded, notes=(*read.notes, INFERRED), placed=read.placed)
    if "approvals" in extract.roles:
        project = _approved(project, study.table("approvals"), file=extract.file("approvals"))
    project = replace(project, segments=project.segments.drop(columns="selection", errors="ignore"))
    log = study.table("consensus") if "consensus" in extract.roles else None
    names = study.table("substitutions") if "substitutions" in extract.roles else None
    return Coded(
        project=project,
        triangulation=None if log is None else triangulation(log, project.codes),
        codebook_before=_codebook_before(extract),
        substitutions={} if names is None else dict(zip(names["name"], names["instead"], strict=True)),
    )


def _approved(project: Project, listed: pd.DataFrame, *, file: str) -> Project:
    """Mark the passages whose selections somebody approved."""
    rows = project.segments
    if "selection" not in rows:
        said = "approves selections, but the segments come from no project file"
        refuse(file, said, remedy="approve in the column approved of the segments")
    told = listed[listed["approved"].eq(True)] if "approved" in listed else listed
    return replace(project, segments=rows.assign(approved=rows["selection"].isin(told["selection"])))


def _codebook_before(extract: Extract) -> Codebook | None:
    for wave in range(extract.wave.wave - 1, -1, -1):
        if extract.workspace.wave_file(extract.name, wave).is_file():
            earlier = open_extract(extract.workspace, extract.name, wave)
            frame = earlier.check(["codebook"]).frames.get("codebook")  # extracts of old waves may be gone
            return None if frame is None else Codebook.from_frame(frame)
    return None
