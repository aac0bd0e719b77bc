"""The characters that coders marked together or apart in each source, and the coefficients made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qieval.coding.project import Project
from qieval.coding.spans import Ints, layers, merged

Floats = NDArray[np.float64]
Measure = Literal["kappa", "alpha", "percent", "ac1", "jaccard"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlap:
    """Characters (or units) marked in the sources that at least two of the coders were asked to code.

    Attributes
    ----------
    length, asked : array, shape (sources,)
        Characters of each source, and how many of the coders were asked to code it. A source whose units
        were not all given to equally many coders stands in several rows.
    document : array of int, shape (sources,)
        Which source each row is of, for drawing whole sources.
    ones : array, shape (codes, sources)
        Characters marked, added over coders.
    split : array, shape (codes, sources)
        Pairs of coders of whom one marked a character and one did not, added over characters.
    first, second : array, shape (codes, sources)
        Characters marked by the one and the other coder; 0 unless exactly two are compared.
    """

    length: Floats
    asked: Floats
    document: Ints
    ones: Floats
    split: Floats
    first: Floats
    second: Floats

    @property
    def n_documents(self) -> int:
        """Sources that count."""
        return int(self.document.max(initial=-1)) + 1

    @property
    def both(self) -> Floats:
        """Pairs of coders who both marked a character, added over characters; shape (codes, sources)."""
        return np.asarray(((self.asked - 1) * self.ones - self.split) / 2)


def overlap(project: Project, coders: Sequence[str], *, whole: bool = False) -> Overlap:
    """Cut every text at coders' marks and add up what they marked together and apart.

    With `whole`, a source is one unit: a code is in it or not, however often and wherever.
    """
    asked, length, shared = _shared(project, coders, whole=whole)
    n_codes, n_sources, n_coders = len(project.codes), len(shared), len(coders)
    cell, coder, start, end = _marks(project, coders, shared)
    if whole:
        start, end = np.zeros_like(start), np.ones_like(end)
    key, start, end = merged(cell * n_coders + coder, start, end)
    sized = np.bincount(key, weights=end - start, minlength=n_codes * n_sources * n_coders)
    by_coder = sized.reshape(n_codes, n_sources, n_coders).astype(float)
    where, width, depth = layers(key // n_coders, start, end)
    apart = np.bincount(
        where,
        weights=width * depth * (asked[where % max(n_sources, 1)] - depth),
        minlength=n_codes * n_sources,
    )
    ones = by_coder.sum(axis=2)
    first, second = (by_coder[:, :, 0], by_coder[:, :, 1]) if n_coders == 2 else (0 * ones, 0 * ones)
    return Overlap(
        length=length,
        asked=asked,
        document=np.arange(n_sources),
        ones=ones,
        split=apart.reshape(n_codes, n_sources).astype(float),
        first=first,
        second=second,
    )


def units(cells: Ints, n_categories: int, documents: Ints) -> Overlap:
    """Add up, category against the others, what coders of units gave together and apart.

    Parameters
    ----------
    cells : array of int, shape (units, coders)
        Position of the category that a coder gave to a unit, −1 where there is none.
    n_categories : int
        Categories.
    documents : array of int, shape (units,)
        Document of each unit, counted from 0.

    Returns
    -------
    Overlap
        Of the units with at least two codings; rows are documents by number of codings.
    """
    given = cells >= 0
    paired = given.sum(axis=1) >= 2
    cells, given = cells[paired], given[paired]
    sizes = given.sum(axis=1)
    _, place = np.unique(documents[paired], return_inverse=True)
    rows, row = np.unique(place * (cells.shape[1] + 1) + sizes, return_inverse=True)
    n_rows, n_cells = rows.size, rows.size * n_categories
    unit = np.repeat(np.arange(sizes.size), sizes)
    key = unit * n_categories + cells[given]
    counts = np.bincount(key, minlength=sizes.size * n_categories)
    at, size = row[unit] * n_categories + cells[given], sizes[unit]

    def added(where: Ints, weights: Ints) -> Floats:
        summed = np.bincount(where, weights=weights, minlength=n_cells).astype(float)
        return np.asarray(summed.reshape(n_rows, n_categories).T)

    one, two = (
        (added(row * n_categories + cells[:, coder], np.ones_like(row)) for coder in (0, 1))
        if cells.shape[1] == 2
        else (np.zeros((n_categories, n_rows)), np.zeros((n_categories, n_rows)))
    )
    return Overlap(
        length=np.bincount(row, minlength=n_rows).astype(float),
        asked=(rows % (cells.shape[1] + 1)).astype(float),
        document=rows // (cells.shape[1] + 1),
        ones=added(at, np.ones_like(at)),
        split=added(at, size - counts[key]),  # Σ c (s − c), a coding at a time
        first=one,
        second=two,
    )


def _shared(
    project: Project, coders: Sequence[str], *, whole: bool
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Find the sources of known length that at least two of the coders were asked to code."""
    asked = project.assigned.reindex(columns=list(coders), fill_value=False).to_numpy().sum(axis=1)
    length = np.ones(len(project.sources)) if whole else project.sources["characters"].to_numpy()
    shared = np.flatnonzero((asked >= 2) & (length > 0))
    return asked[shared].astype(float), length[shared], shared


def _marks(
    project: Project, coders: Sequence[str], shared: NDArray[np.intp]
) -> tuple[Ints, Ints, Ints, Ints]:
    """Take these coders' segments in these sources, sorted by code and source, coder and start."""
    rows = project.segments
    place = np.full(len(project.sources) + 1, -1)
    place[shared] = np.arange(len(shared))
    source = place[rows["source"].cat.codes.to_numpy()]
    coder = rows["coder"].cat.set_categories(list(coders)).cat.codes.to_numpy().astype(np.int64)
    kept = (source >= 0) & (coder >= 0)
    cell = rows["code"].cat.codes.to_numpy().astype(np.int64)[kept] * len(shared) + source[kept]
    start, end, coder = rows["start"].to_numpy()[kept], rows["end"].to_numpy()[kept], coder[kept]
    order = np.lexsort((start, coder, cell))
    return cell[order], coder[order], start[order], end[order]


Disagreement = Callable[[Overlap, Floats], tuple[Floats, Floats]]


def _characters(found: Overlap, weights: Floats) -> Floats:
    return (weights @ found.length)[:, None]


def _differ(found: Overlap, weights: Floats) -> Floats:
    """Give the share of characters on which a pair of coders differ; shape (draws, codes)."""
    pairs = found.asked * (found.asked - 1) / 2
    return np.asarray(weights @ (found.split / pairs).T / _characters(found, weights))


def _percent(found: Overlap, weights: Floats) -> tuple[Floats, Floats]:
    differ = _differ(found, weights)
    return differ, np.ones_like(differ)


def _kappa(found: Overlap, weights: Floats) -> tuple[Floats, Floats]:
    size = _characters(found, weights)
    one, two = weights @ found.first.T / size, weights @ found.second.T / size
    return _differ(found, weights), one * (1 - two) + two * (1 - one)


def _alpha(found: Overlap, weights: Floats) -> tuple[Floats, Floats]:
    codings = (weights @ (found.length * found.asked))[:, None]
    ones = weights @ found.ones.T
    within = weights @ (found.split / (found.asked - 1)).T
    return 2 * within / codings, 2 * ones * (codings - ones) / (codings * (codings - 1))


def _ac1(found: Overlap, weights: Floats) -> tuple[Floats, Floats]:
    share = weights @ (found.ones / found.asked).T / _characters(found, weights)
    return _differ(found, weights), 1 - 2 * share * (1 - share)


def _jaccard(found: Overlap, weights: Floats) -> tuple[Floats, Floats]:
    return weights @ found.split.T, weights @ (found.split + found.both).T


DISAGREEMENTS: dict[Measure, Disagreement] = {
    "kappa": _kappa,
    "alpha": _alpha,
    "percent": _percent,
    "ac1": _ac1,
    "jaccard": _jaccard,
}
"""Observed and expected disagreement of each code for any weights of sources, each (draws, codes)."""


def coefficients(found: Overlap, measure: Measure, used: NDArray[np.bool_], weights: Floats) -> Floats:
    """One minus observed over expected disagreement, code by code and, last, over the codes that were used.

    Parameters
    ----------
    found : Overlap
        What was marked.
    measure : Measure
        Which coefficient.
    used : array of bool, shape (codes,)
        Codes that count overall.
    weights : array, shape (draws, documents)
        How often each source counts.

    Returns
    -------
    array, shape (draws, codes + 1)
        NaN where the expected disagreement is 0.
    """
    if not found.length.size:
        return np.full((len(weights), len(used) + 1), np.nan)
    observed, expected = DISAGREEMENTS[measure](found, weights[:, found.document])
    observed = np.column_stack([observed, observed[:, used].sum(axis=1)])
    expected = np.column_stack([expected, expected[:, used].sum(axis=1)])
    some = expected > 0
    return np.where(some, 1 - observed / np.where(some, expected, 1), np.nan)
