"""What was read and who coded it: sources by kind, coders and their work, segments set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.coding.project import Project

ALL = "All sources"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corpus:
    """The material of a project in numbers.

    Attributes
    ----------
    kinds : DataFrame
        One row a kind of source, then all: `kind`, `sources`, `cases` (missing where none are named),
        `sites` (missing where none are), `characters` (NaN where a length is unknown), `coded` (sources
        with a segment), `double_coded` (sources assigned to two coders or more; missing where assignment
        was not recorded), `segments`, `languages` ("English 12, Swedish 4": sources in each; missing where
        none is recorded), `translated` (sources read in translation; missing where that is not recorded).
    coders : DataFrame
        One row a coder, unnamed ("Coder 1", in the order of the names): `coder`, `assigned` (sources;
        missing where not recorded), `coded` (sources), `segments`, `codes` (distinct codes used).
    excluded : mapping of str to int
        Segments set aside, by reason.
    repeated : int
        Segments that repeat an earlier one of the same coder.
    notes : tuple of str
        What the reader of the project found worth knowing.
    """

    kinds: pd.DataFrame
    coders: pd.DataFrame
    excluded: Mapping[str, int]
    repeated: int
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> dict[str, int | float | None]:
        """The row for all sources; missing values as None."""
        last = self.kinds.iloc[-1].drop("kind")
        return {str(name): None if pd.isna(value) else value for name, value in last.items()}

    def tidy(self) -> pd.DataFrame:
        """The kinds of source with their counts, a row each: there is nothing estimated."""
        return self.kinds.copy()


def corpus(project: Project) -> Corpus:
    """Count sources, segments and coders of a project."""
    return Corpus(
        kinds=_kinds(project),
        coders=_coders(project),
        excluded=project.excluded_by_reason(),
        repeated=project.repeated,
        notes=project.notes,
    )


def _kinds(project: Project) -> pd.DataFrame:
    sources, n = project.sources, len(project.sources)
    kind = (
        sources["source_kind"].astype("str")
        if "source_kind" in sources
        else pd.Series("source", index=sources.index)
    )
    segments = np.bincount(project.segments["source"].cat.codes, minlength=n)
    asked = project.assigned.to_numpy().sum(axis=1)
    counted = pd.DataFrame(
        {
            "kind": kind,
            "source": sources["source"],
            "site": sources.get("site"),
            "characters": sources["characters"],
            "coded": segments > 0,
            "double_coded": asked >= 2,
            "segments": segments,
            "language": sources.get("language"),
            "translated": sources.get("translated_from"),
        }
    )
    whole = counted.assign(kind=ALL)
    parts = [part for _, part in counted.groupby("kind", sort=True)]
    rows = [_row(project, part) for part in ((*parts, whole) if len(parts) > 1 else (whole,))]
    counts = ["sources", "cases", "sites", "coded", "double_coded", "segments", "translated"]
    return pd.DataFrame(rows).astype(dict.fromkeys(counts, "Int64"))


def _row(project: Project, part: pd.DataFrame) -> dict[str, object]:
    cases = project.cases.loc[project.cases["source"].isin(part["source"]), "case"]
    sites, spoken = part["site"].dropna(), part["language"].dropna().value_counts()
    languages = ", ".join(f"{name} {number}" for name, number in spoken.items())
    recorded = "translated_from" in project.sources
    return {
        "kind": part["kind"].iloc[0],
        "sources": len(part),
        "cases": cases.nunique() if len(project.cases) else pd.NA,
        "sites": sites.nunique() if len(sites) else pd.NA,
        "characters": part["characters"].sum(skipna=False),
        "coded": int(part["coded"].sum()),
        "double_coded": int(part["double_coded"].sum()) if project.assigned.shape[1] else pd.NA,
        "segments": int(part["segments"].sum()),
        "languages": languages or None,
        "translated": int(part["translated"].notna().sum()) if recorded else pd.NA,
    }


def _coders(project: Project) -> pd.DataFrame:
    rows = []
    for place, coder in enumerate(project.coders, start=1):
        theirs = project.segments[project.segments["coder"] == coder]
        recorded = coder in project.assigned
        rows.append(
            {
                "coder": f"Coder {place}",
                "assigned": int(project.assigned[coder].sum()) if recorded else pd.NA,
                "coded": theirs["source"].nunique(),
                "segments": len(theirs),
                "codes": theirs["code"].nunique(),
            }
        )
    frame = pd.DataFrame(rows, columns=["coder", "assigned", "coded", "segments", "codes"])
    return frame.astype(dict.fromkeys(["assigned", "coded", "segments", "codes"], "Int64"))
