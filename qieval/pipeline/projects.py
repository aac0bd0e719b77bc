"""Tables out of a coding program's files: the segments, sources and codebook of one project."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:  # what reads projects is loaded when one is read
    from qieval.coding import Project

PROJECTS = (".qdpx", ".qdc", ".sqlite3", ".sqlite", ".db")
CODED = ("segments", "sources", "codebook")
INFERRED = (
    "Who was asked to code which source is not recorded in such a file: a coder counts as asked where there "
    "is a segment of theirs."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taken:
    """A table before its columns get their roles, and the project that it was taken from, if any."""

    frame: pd.DataFrame
    project: Project | None = None
    remarks: tuple[str, ...] = ()


def read_coded(path: Path, frame: pd.DataFrame | None, role: str) -> Taken:
    """Take the table of a role out of a project or a coding program's export; leave any other as it is.

    Parameters
    ----------
    path : Path
        Where it is.
    frame : DataFrame, optional
        What was read from a CSV file or a workbook; None of a project file.
    role : {"segments", "sources", "codebook"} or str
        Which of its tables is asked for. Other roles have no table in a project.
    """
    from qieval.coding import read_codebook
    from qieval.coding.taguette import HIGHLIGHTS, codebook, from_highlights

    if role not in CODED:
        return Taken(frame=pd.DataFrame() if frame is None else frame)
    if frame is None and path.suffix.lower() == ".qdc":
        return Taken(frame=_numbered(read_codebook(path).frame))
    if frame is None:
        project, said = _project(path, path.stat().st_mtime_ns)
        said = (*said, *([INFERRED] if role == "sources" else []))
        return Taken(frame=_numbered(_table(project, role, _named(project))), project=project, remarks=said)
    if role == "codebook" and "tag" in frame and "code" not in frame:
        return Taken(frame=_numbered(codebook(frame).frame))
    if set(HIGHLIGHTS) <= set(frame):
        project = from_highlights(frame.replace("", None))
        own = {code: code for code in project.codes.codes}
        return Taken(frame=_numbered(_table(project, role, own)), project=project, remarks=project.notes)
    return Taken(frame=frame)


@lru_cache(maxsize=1)
def _project(path: Path, changed: int) -> tuple[Project, tuple[str, ...]]:  # noqa: ARG001 (part of the key)
    """Read a project once for its three tables."""
    from qieval.coding import read_project

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        project = read_project(path)
    return project, (*project.notes, *(str(each.message) for each in caught))


def _table(project: Project, role: str, ids: Mapping[str, str]) -> pd.DataFrame:
    """One table of a project, without what the owner called sources and files."""
    if role == "codebook":
        book = project.codes.frame.drop(columns=["depth", "codable"], errors="ignore")
        return book.assign(code=book["code"].map(ids), parent=book["parent"].map(ids).fillna(""))
    if role == "segments":
        rows = project.segments  # a selection's id is what an approval names; `coded` drops it
        return rows.assign(code=rows["code"].astype(object).map(ids))
    coders = project.segments.groupby("source", observed=True)["coder"].unique().map(sorted).map(";".join)
    cases = project.cases.groupby("source")["case"].agg(";".join)
    source = project.sources["source"].astype(object)
    joined = {"case": source.map(cases.to_dict())} if len(cases) else {}
    sources = project.sources.drop(columns=["name", "description"], errors="ignore")
    return sources.assign(**joined, coders=source.map(coders.to_dict()))


def _named(project: Project) -> dict[str, str]:
    """Name each code by its path in lower case: ``barriers.time``; a number tells equal ones apart.

    The file's own ids are new ones in every export of some programs.
    """
    ids: dict[str, str] = {}
    for code in project.codes.codes:
        parts = (
            re.sub(r"\W+", "-", name.lower()).strip("-") for name in project.codes.path(code).split(" > ")
        )
        path, count = ".".join(parts) or "code", 2
        named = path
        while named in ids.values():
            named, count = f"{path}-{count}", count + 1
        ids[code] = named
    return ids


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Number the rows as a spreadsheet does; ids and words as plain text, nothing where there is none."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.set_axis(pd.RangeIndex(2, len(frame) + 2, name="row"))
