"""Which cells of a tally are too small to show, and which others must be hidden with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from qieval.coding.counts import COUNTS, places
from qieval.coding.project import Project
from qieval.coding.spans import Ints
from qieval.coding.tally import Tally
from qieval.stats.disclosure import too_small

FOUND = (*COUNTS, "coverage")
MEASURED = [*FOUND, *(f"own_{name}" for name in FOUND), "share", "ci_low", "ci_high"]
MOST_NAMED = 3
DENOMINATORS = ["n_sources", "n_cases", "n_characters"]


def group_sizes(project: Project, by: str) -> tuple[Ints, Ints, list[Any]]:
    """Count who stands in each group of the sources: each source's group, the sizes, the labels.

    Cases count, and sources where no case is named.
    """
    of_source, labels = places(project.sources, by)
    speakers = project.speakers()
    at = pd.Index(project.sources["source"]).get_indexer(pd.Index(speakers["source"]))
    met = pd.DataFrame({"group": of_source[at], "case": speakers["case"].to_numpy()}).drop_duplicates()
    return of_source, np.bincount(met["group"], minlength=len(labels)), labels


def small_groups_joined(project: Project, *, by: str, below: int = 3) -> Project:
    """Join the groups that hold too few cases, so that a tally by group need not hide them whole.

    Parameters
    ----------
    project : Project
        Left as it is; a copy with the joined groups comes back.
    by : str
        The attribute of the sources that groups them.
    below : int
        Fewest cases a group may have to stand alone. Where the joined ones still hold fewer, the next
        smallest joins them.

    Returns
    -------
    Project
        `by` is an ordered categorical; the joined group comes last, named after its members.
    """
    of_source, sizes, labels = group_sizes(project, by)
    small = too_small(sizes, below=below)
    joined = [str(label) for label, few in zip(labels, small, strict=True) if few]
    kept = [str(label) for label, few in zip(labels, small, strict=True) if not few]
    name = ", ".join(joined) if len(joined) <= MOST_NAMED else f"{len(joined)} smaller groups"
    named = np.where(small, name, np.array([str(label) for label in labels], dtype=object))[of_source]
    categories = [*kept, name] if joined else kept
    group = pd.Categorical(named, categories=categories, ordered=True)
    return replace(project, sources=project.sources.assign(**{by: group}))


def suppressed(tally: Tally, *, below: int = 3) -> Tally:
    """Blank the cells of a grouped tally that hold too few cases.

    Parameters
    ----------
    tally : Tally
        By group. Cases count; sources where the sources name no case.
    below : int
        Fewest cases that may be shown. Groups with fewer are blanked whole, their denominators too: even
        "0" or "100 %" tells on them.

    Returns
    -------
    Tally
        With missing values and `hidden` set where something was blanked; see `too_small` for the second
        cells that go with the first. Counts of a code and of the codes under it do not add up, so rows
        protect only themselves.
    """
    frame = tally.frame.copy()
    groups = frame["group"].nunique(dropna=False)
    counted = "cases" if frame["cases"].notna().all() else "sources"
    cells = frame[counted].to_numpy(dtype=np.int64).reshape(groups, -1)
    small = frame["n_" + counted].to_numpy(dtype=np.int64).reshape(groups, -1)[:, 0] < below
    hidden = (
        np.column_stack([too_small(row, below=below, always=small) for row in cells.T])
        if cells.size
        else cells > 0
    )
    flat = hidden.ravel()
    for columns, blank in ((MEASURED, flat), (DENOMINATORS, np.repeat(small, cells.shape[1]))):
        frame[columns] = frame[columns].apply(pd.Series.mask, cond=blank)
    note = f"Cells with fewer than {below} {counted} are hidden, with others that would give them away."
    return replace(
        tally, frame=frame.assign(hidden=flat), notes=(*tally.notes, note) if flat.any() else tally.notes
    )
