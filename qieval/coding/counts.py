"""Counts of codes by group of sources, made of one sorted sweep over the segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qieval.coding.project import Project
from qieval.coding.spans import Ints, newly_covered, run_starts
from qieval.errors import ArgumentError

COUNTS = ("applications", "references", "sources", "cases", "characters")
UNRECORDED = "not recorded"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Who belongs where: `of_source` and the case links as positions, `labels` and the size of each group."""

    of_source: Ints
    labels: list[Any]
    link_source: Ints
    link_case: Ints
    n_cases: Ints | None

    @classmethod
    def of(cls, project: Project, by: str | None) -> Groups:
        """Put every source and case in its group by the attribute `by`, or all in one."""
        of_source, labels = places(project.sources, by)
        link_source = pd.Index(project.sources["source"]).get_indexer(project.cases["source"])
        link_case = pd.factorize(project.cases["case"])[0]
        order = np.argsort(link_source, kind="stable")
        link_source, link_case = link_source[order], link_case[order]
        n_cases = _distinct(of_source[link_source], link_case, len(labels)) if link_case.size else None
        return cls(
            of_source=of_source, labels=labels, link_source=link_source, link_case=link_case, n_cases=n_cases
        )


def places(sources: pd.DataFrame, by: str | None) -> tuple[Ints, list[Any]]:
    """Give each source its group's position, and the groups' labels in their own order."""
    if by is None:
        return np.zeros(len(sources), dtype=np.int64), [None]
    if by not in sources or by in {"source", "characters"}:
        listed = ", ".join(repr(name) for name in sources.columns if name not in {"source", "characters"})
        raise ArgumentError(f"The `by` parameter must be an attribute of the sources ({listed}); not {by!r}.")
    values = sources[by]
    if isinstance(values.dtype, pd.CategoricalDtype):
        known = [level for level in values.cat.categories if (values == level).any()]
    else:
        known = sorted(values.dropna().unique(), key=lambda value: (isinstance(value, str), value))
    at = pd.Index(known, dtype=object).get_indexer(pd.Index(values.astype(object)))
    labels = [*known, UNRECORDED] if (at < 0).any() else known
    return np.where(at < 0, len(known), at).astype(np.int64), labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Counts for every code and source that meet: positions and, beside them, what was found."""

    code: Ints
    source: Ints
    applications: Ints
    references: Ints
    characters: Ints


def runs(project: Project, code: Ints, ancestor: Ints) -> Runs:
    """Count applications, references and characters of each family in each source in one sorted sweep."""
    n_codes = len(project.codes)
    rows = project.segments
    source = rows["source"].cat.codes.to_numpy().astype(np.int64)
    start, end = rows["start"].to_numpy(), rows["end"].to_numpy()
    line = source * (int(start.max(initial=0)) + 1) + start
    order = np.lexsort((end, line))
    at, pair = _expand(rows["code"].cat.codes.to_numpy()[order], code, n_codes)
    family = ancestor[pair].astype(np.min_scalar_type(n_codes))
    by_family = np.argsort(family, kind="stable")  # small integers sort in linear time
    family = family[by_family].astype(np.int64)
    order = order[at[by_family]]
    source, start, end = source[order], start[order], end[order]
    key = family * len(project.sources) + source
    first = run_starts(key)
    new = np.zeros(key.size, dtype=np.int64)
    new[run_starts(key, start, end)] = 1
    return Runs(
        code=family[first],
        source=source[first],
        applications=np.diff(first, append=key.size),
        references=_sum_runs(new, first),
        characters=_sum_runs(newly_covered(key, start, end), first),
    )


def _expand(wanted: Ints, sorted_keys: Ints, n_keys: int) -> tuple[Ints, Ints]:
    """Join positions of `wanted` with every position of `sorted_keys` that holds the same key."""
    sizes = np.bincount(sorted_keys, minlength=n_keys)
    offsets = np.cumsum(sizes) - sizes
    times = sizes[wanted]
    left = np.repeat(np.arange(wanted.size), times)
    within = np.arange(left.size) - np.repeat(np.cumsum(times) - times, times)
    return left, offsets[wanted][left] + within


def _sum_runs(values: Ints, first: Ints) -> Ints:
    return np.add.reduceat(values, first) if first.size else np.zeros(0, dtype=np.int64)


def _distinct(keys: Ints, values: Ints, n_keys: int) -> Ints:
    """Count the distinct values beside each key."""
    width = int(values.max(initial=0)) + 1
    return np.bincount(np.unique(keys * width + values) // width, minlength=n_keys)


def counts(project: Project, groups: Groups, found: Runs) -> dict[str, Ints | None]:
    """Add the runs up by group and code, zeros included; groups first."""
    n_cells = len(groups.labels) * len(project.codes)
    cell = groups.of_source[found.source] * len(project.codes) + found.code

    def added(values: Ints) -> Ints:
        return np.bincount(cell, weights=values, minlength=n_cells).astype(np.int64)

    cases = None
    if groups.n_cases is not None:
        run, link = _expand(found.source, groups.link_source, len(project.sources))
        cases = _distinct(cell[run], groups.link_case[link], n_cells)
    return {
        "applications": added(found.applications),
        "references": added(found.references),
        "sources": np.bincount(cell, minlength=n_cells),
        "cases": cases,
        "characters": added(found.characters),
    }
