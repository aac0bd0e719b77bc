"""Which codes meet: on overlapping passages, the same passage, nearby, or in the same source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.coding.project import Project
from qieval.coding.spans import Ints, merged, numbered, packed, run_starts, sorted_rows
from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy

Definition = Literal["overlap", "same-segment", "inclusion", "near", "same-source"]
Coders = Literal["within", "any"]
Floats = NDArray[np.float64]
KEYS = ("source", "code", "coder")
CHUNK = 131_072
"""Most pairs of segments held at once."""
BLOCK = 65_536
"""Segments counted at once, so that they stay in the processor's own memory."""
UNPLACED = "The project does not say where its passages stand in the text: only {} can be told."
UNDEFINED = "c is not defined: neither code was used, or more pairs met than there are references."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cooccurrence:
    """How often each two codes meet, by one definition.

    Attributes
    ----------
    frame : DataFrame
        One row a pair of codes in reading order, zeros included: `code_a`, `code_b`; `pairs` (applications
        that meet), `both` (distinct pairs of references), `meeting_a` and `meeting_b` (references of the one
        that meet the other), `references_a` and `references_b` (all of them), `sources` (in which they
        meet), `c` = both / (references_a + references_b − both), which may exceed 1 when one reference
        meets several and is NaN where the denominator is not positive. Whatever the definition and whoever
        coded: `sources_with_both`, `characters` (marked with both) and `jaccard` = characters over those
        marked with either. By "same-source" a source counts as one reference.
    definition : {"overlap", "same-segment", "inclusion", "near", "same-source"}
        What counts as meeting.
    coders : {"within", "any"}
        Whether both codes must be of one coder.
    within : int
        For "near", the largest distance in characters.
    """

    frame: pd.DataFrame
    definition: Definition
    coders: Coders
    within: int

    def matrix(self, column: str = "both") -> pd.DataFrame:
        """One column as a symmetric table of codes × codes; missing on the diagonal."""
        half = self.frame.set_index(["code_a", "code_b"])[column].unstack()  # noqa: PD010 (no aggregate)
        codes = pd.unique(self.frame[["code_a", "code_b"]].to_numpy().ravel())
        return half.combine_first(half.T).reindex(index=codes, columns=codes)

    def estimates(self) -> list[Estimate]:
        """Coefficient c of each pair, with the distinct pairs of references as its `n`."""
        names = self.frame["code_a"] + " & " + self.frame["code_b"]
        return [
            Estimate(
                term=name,
                method=self.definition,
                estimate=c,
                n=both,
                unit="coefficient",
                notes=(UNDEFINED,) if math.isnan(c) else (),
            )
            for name, c, both in zip(
                names, self.frame["c"].tolist(), self.frame["both"].tolist(), strict=True
            )
        ]

    def tidy(self) -> pd.DataFrame:
        """Coefficient c of each pair in the vocabulary of `TIDY`."""
        return tidy(self.estimates())


def cooccurrence(
    project: Project, *, definition: Definition = "overlap", coders: Coders = "within", within: int = 0
) -> Cooccurrence:
    """Count how often codes meet, each code by itself (not rolled up).

    Parameters
    ----------
    project : Project
        The material.
    definition : {"overlap", "same-segment", "inclusion", "near", "same-source"}
        Two applications meet if their passages share a character; are the same; one holds the other and
        more; are at most `within` characters apart (0: they touch or overlap); or stand in one source.
    coders : {"within", "any"}
        By default two codes meet only in the work of one coder: different codes of two coders on one passage
        are a disagreement.
    within : int
        Distance for "near".

    Returns
    -------
    Cooccurrence

    Raises
    ------
    ArgumentError
        For an unknown definition or a negative distance.
    DesignError
        If passages have no known place in the text and the definition needs it.

    Notes
    -----
    Segments are sorted once; those that can meet one lie next to it, so that the work grows with the number
    of segments and of pairs that meet, not with the square. The coefficient c treats references as if they
    did not overlap; read it as a rank, not as a probability.
    """
    check_choice(definition, Definition, name="definition", owner="cooccurrence")
    check_choice(coders, Coders, name="coders", owner="cooccurrence")
    if within < 0:
        raise ArgumentError(f"The `within` parameter of `cooccurrence` is 0 or more; not {within!r}.")
    if not project.placed and definition not in {"same-segment", "same-source"}:
        raise DesignError(UNPLACED.format("'same-segment' and 'same-source'"))
    total: dict[str, Floats] = {}
    for block in _blocks(project):
        rows = _applications(block, coders, whole=definition == "same-source")
        found = (
            _met(rows, len(project.codes), definition, within if definition == "near" else -1),
            _used(rows, len(project.codes)),
            _characters(block, len(project.codes)),
        )
        for name, each in (item for part in found for item in part.items()):
            total[name] = each.astype(float) + total.get(name, 0.0)
    frame = _frame(project, total)
    if not project.placed:
        frame = frame.assign(characters=np.nan, jaccard=np.nan)
    return Cooccurrence(frame=frame, definition=definition, coders=coders, within=within)


def _blocks(project: Project) -> Iterator[dict[str, Ints]]:
    """Give the segments of some sources at a time, whole sources each."""
    rows = project.segments
    source = rows["source"].cat.codes.to_numpy()
    order = np.argsort(source, kind="stable")
    columns = {name: rows[name].cat.codes.to_numpy()[order] for name in KEYS}
    columns |= {name: rows[name].to_numpy()[order] for name in ("start", "end")}
    upto, first = np.cumsum(np.bincount(source, minlength=1)), 0
    while True:
        place = int(np.searchsorted(upto, first + BLOCK, side="right"))
        whole = place > 0 and upto[place - 1] > first  # else one source is a block of its own
        last = int(upto[place - 1] if whole else upto[min(place, upto.size - 1)])
        yield {name: each[first:last].astype(np.int64) for name, each in columns.items()}
        if (first := last) >= order.size:
            return


def _applications(block: dict[str, Ints], coders: Coders, *, whole: bool) -> dict[str, Ints]:
    """Sort segments by `group` (a source, or a coder's work on it) and start.

    `reference` numbers the distinct spans of each code. With `whole`, a code counts once in a group and
    lies all over it.
    """
    source, code, coder, start, end = block.values()
    coder = coder if coders == "within" else np.zeros_like(coder)
    if whole:
        at = pd.Series(packed(source, coder, code)).drop_duplicates().index.to_numpy()
        source, coder, code = source[at], coder[at], code[at]
        start, end = np.zeros(at.size, dtype=np.int64), np.ones(at.size, dtype=np.int64)
    source, coder, start, length, code = sorted_rows(source, coder, start, end - start, code)
    return {
        "group": source * (int(coder.max(initial=0)) + 1) + coder,
        "source": source,
        "code": code,
        "start": start,
        "end": start + length,
        "reference": numbered(source, start, length, code),
    }


def _distinct(*keys: Ints) -> Ints:
    joined = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *keys]))
    return joined[run_starts(joined)]


def _neighbours(group: Ints, start: Ints, end: Ints, within: int) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of rows of one group that overlap (or, from 0, are at most `within` apart), some at a time.

    Rows are sorted by group and start. The partners of a row are those after it that start before it ends.
    """
    line = group * (int(end.max(initial=0)) + within + 2)
    rows = np.arange(group.size)
    times = np.searchsorted(line + start, line + end + within + 1) - rows - 1
    found = np.cumsum(times)
    first = 0
    while first < group.size:
        done = int(found[first - 1]) if first else 0
        last = max(int(np.searchsorted(found, done + CHUNK, side="right")), first + 1)
        left = np.repeat(rows[first:last], times[first:last])
        right = np.arange(left.size)
        right += np.repeat(
            rows[first:last] + 1 + done + times[first:last] - found[first:last], times[first:last]
        )
        yield left, right
        first = last


def _met(rows: dict[str, Ints], n: int, definition: Definition, within: int) -> dict[str, Ints]:
    """Count what meets, each of shape (codes, codes): the lower position first, but for `meeting`."""
    source, code, start, end, reference = (rows[key] for key in (*KEYS[:2], "start", "end", "reference"))
    size = int(reference.max(initial=0)) + 1
    pairs, once = np.zeros(n * n, dtype=np.int64), np.zeros(n * n, dtype=np.int64)
    again = np.bincount(reference, minlength=size) > 1  # only these can make a pair of references twice
    both, meeting, sources = [], [], []
    for one, two in _neighbours(rows["group"], start, end, within):
        kept = code[one] != code[two]
        if definition in {"same-segment", "inclusion"}:
            equal = (start[one] == start[two]) & (end[one] == end[two])
            holds = (start[one] == start[two]) | (end[two] <= end[one])
            kept &= equal if definition == "same-segment" else holds & ~equal
        one, two = one[kept], two[kept]
        swapped = code[one] > code[two]
        one, two = np.where(swapped, two, one), np.where(swapped, one, two)
        cell = code[one] * n + code[two]
        pairs += np.bincount(cell, minlength=n * n)
        twice = again[reference[one]] | again[reference[two]]
        once += np.bincount(cell[~twice], minlength=n * n)
        both.append(_distinct(reference[one[twice]] * size + reference[two[twice]]))
        meeting.append(_distinct(reference[one] * n + code[two], reference[two] * n + code[one]))
        sources.append(_distinct(source[one] * (n * n) + cell))
    code_of = np.zeros(size, dtype=np.int64)
    code_of[reference] = code
    pair, meets, places = _distinct(*both), _distinct(*meeting), _distinct(*sources)
    cells = {
        "both": code_of[pair // size] * n + code_of[pair % size],
        "meeting": code_of[meets // max(n, 1)] * n + meets % max(n, 1),
        "sources": places % max(n * n, 1),
    }
    counted = {name: np.bincount(cell, minlength=n * n) for name, cell in cells.items()}
    counted["both"] += once
    return {name: each.reshape(n, n) for name, each in {"pairs": pairs, **counted}.items()}


def _used(rows: dict[str, Ints], n: int) -> dict[str, Floats]:
    """Count the references of each code, and the sources with both of two."""
    source, code, reference = (rows[name] for name in ("source", "code", "reference"))
    code_of = np.zeros(int(reference.max(initial=-1)) + 1, dtype=np.int64)
    code_of[reference] = code
    first, last = source[[0, -1]] if source.size else (0, 0)
    present = np.zeros((int(last - first) + 1, n), dtype=np.float32)
    present[source - first, code] = 1
    return {
        "references": np.bincount(code_of, minlength=n).astype(float),
        "sources_with_both": (present.T @ present).astype(float),
    }


def _characters(block: dict[str, Ints], n: int) -> dict[str, Floats]:
    """Characters marked with both codes, shape (codes, codes), and with each, whoever marked them."""
    source, code, start, end = sorted_rows(*(block[name] for name in ("source", "code", "start", "end")))
    cell, start, end = merged(source * n + code, start, end)
    source, start, end, code = sorted_rows(cell // n, start, end, cell % n)
    shared = np.zeros(n * n)
    for one, two in _neighbours(source, start, end, -1):
        size = np.minimum(end[one], end[two]) - start[two]
        shared += np.bincount(code[one] * n + code[two], weights=size, minlength=n * n)
    square = shared.reshape(n, n)
    marked = np.bincount(code, weights=end - start, minlength=n)
    return {"shared": square + square.T, "marked": marked.astype(float)}


def _frame(project: Project, total: dict[str, Floats]) -> pd.DataFrame:
    codes, n = project.codes.codes.to_numpy(), len(project.codes)
    a, b = np.triu_indices(n, 1)
    whole = {name: each.astype(np.int64) for name, each in total.items()}
    references, shared, marked = whole["references"], total["shared"][a, b], total["marked"]
    frame = pd.DataFrame({"code_a": codes[a], "code_b": codes[b], "pairs": whole["pairs"][a, b]})
    frame = frame.assign(
        both=whole["both"][a, b], meeting_a=whole["meeting"][a, b], meeting_b=whole["meeting"][b, a]
    )
    frame = frame.assign(
        references_a=references[a], references_b=references[b], sources=whole["sources"][a, b]
    )
    either = frame["references_a"] + frame["references_b"] - frame["both"]
    return frame.assign(
        c=(frame["both"] / either).where(either > 0),
        sources_with_both=whole["sources_with_both"][a, b],
        characters=shared,
        jaccard=pd.Series(shared) / (marked[a] + marked[b] - shared),
    )
