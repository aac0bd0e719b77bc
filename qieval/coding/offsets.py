"""Where a selection starts and ends: the conventions of exporting programs, told apart by the file itself.

REFI-QDA counts Unicode code points from 0, but programs differ in whether the end position is the last
character or the one after it, whether a line end of two characters (CRLF) counts as one, and whether a byte
order mark counts. A wrong guess shifts every quotation. Selections that are named after their own text
settle it: each convention gets a vote for every such name that it reproduces.

Here a text is counted in the code points that are stored, without a byte order mark. Nothing else is
changed: no Unicode normalisation, no trimming, no other line ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MARK = "\ufeff"
SPACES = str.maketrans("\r\n\t", "   ")  # what XML makes of them in an attribute


class OffsetsWarning(UserWarning):
    """The file does not say how it counts positions, and it matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """One way to count positions in a text.

    Attributes
    ----------
    end_inclusive : bool
        Whether the end position is that of the last character; otherwise of the one after it.
    crlf : {1, 2}
        What a line end of two characters counts.
    mark_counted : bool
        Whether a byte order mark at the start counts.
    """

    end_inclusive: bool = False
    crlf: Literal[1, 2] = 2
    mark_counted: bool = False

    def __str__(self) -> str:
        return (
            f"end {'inclusive' if self.end_inclusive else 'exclusive'}, CRLF counted as {self.crlf}, "
            f"byte order mark {'' if self.mark_counted else 'not '}counted"
        )


TWO_OR_ONE: tuple[Literal[1, 2], ...] = (2, 1)
CONVENTIONS = tuple(
    Offsets(end_inclusive=inclusive, crlf=crlf, mark_counted=marked)
    for inclusive, crlf, marked in product((False, True), TWO_OR_ONE, (False, True))
)
"""All of them, the default first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredText:
    """A text as qieval counts it, and what other programs count differently in it.

    Attributes
    ----------
    text : str
        As stored, without byte order mark.
    marked : bool
        Whether the stored text began with a byte order mark.
    ends : array of int
        Positions of the line ends of two characters, each counted as one.
    """

    text: str
    marked: bool
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, stored: str) -> Self:
        """Take off the mark and find each CRLF."""
        text = stored.removeprefix(MARK)
        found = [match.start() for match in re.finditer("\r\n", text)]
        ends = np.asarray(found, dtype=np.intp) - np.arange(len(found))
        return cls(text=text, marked=len(text) < len(stored), ends=ends)

    def place(self, positions: Floats, offsets: Offsets) -> Floats:
        """Bring positions counted in one way to positions in `text`; those out of range stay so."""
        if offsets.mark_counted and self.marked:
            positions = np.where(positions > 0, positions - 1, positions)
        if offsets.crlf == 1 and self.ends.size:
            positions = positions + np.searchsorted(self.ends, positions)
        return positions

    def spans(self, start: Floats, end: Floats, offsets: Offsets) -> tuple[Floats, Floats]:
        """Half-open spans in `text` of selections counted in one way."""
        return self.place(start, offsets), self.place(end + offsets.end_inclusive, offsets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The selections of one text with the names that their program gave them ("" for none)."""

    text: StoredText
    start: Floats
    end: Floats
    names: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How positions were decided to be counted.

    Attributes
    ----------
    offsets : Offsets
        The convention with the most votes; the default where there are none.
    votes : dict of Offsets to int
        Selections whose name equals their text, by convention.
    named : int
        Selections that have a name.
    rival : int
        Most votes of a convention that would move a selection; −1 if none would.
    """

    offsets: Offsets
    votes: dict[Offsets, int]
    named: int
    rival: int

    @property
    def decided(self) -> bool:
        """Whether the votes leave no doubt about any selection."""
        return self.votes[self.offsets] > self.rival

    def __str__(self) -> str:
        return (
            f"Positions: {self.offsets}. The text of {self.votes[self.offsets]} of {self.named} selections "
            f"is then their name; counted otherwise, of {max(self.rival, 0)} at most."
        )


def calibrate(texts: Iterable[Named]) -> Calibration:
    """Let the selections that are named after their text vote on how positions are counted."""
    votes = dict.fromkeys(CONVENTIONS, 0)
    placed: dict[Offsets, list[int]] = {offsets: [] for offsets in CONVENTIONS}
    named = 0
    for each in texts:
        named += sum(map(bool, each.names))
        names = [_flat(name) for name in each.names]
        found: dict[bytes, int] = {}
        for offsets in CONVENTIONS:
            start, end = each.text.spans(each.start, each.end, offsets)
            key = start.tobytes() + end.tobytes()
            if key not in found:
                found[key] = _matches(each.text, names, start, end)
            votes[offsets] += found[key]
            placed[offsets].append(hash(key))
    best = max(CONVENTIONS, key=votes.__getitem__)
    others = [votes[offsets] for offsets in CONVENTIONS if placed[offsets] != placed[best]]
    return Calibration(offsets=best, votes=votes, named=named, rival=max(others, default=-1))


def _flat(text: str) -> str:
    return text.replace("\r\n", "\n").translate(SPACES)


def _matches(text: StoredText, names: Sequence[str], start: Floats, end: Floats) -> int:
    inside = np.flatnonzero((start >= 0) & (end <= len(text.text)) & (start < end))
    words = text.text if text.ends.size else text.text.translate(SPACES)
    spans = zip(start[inside].astype(int).tolist(), end[inside].astype(int).tolist(), strict=True)
    found = ((words[first:last], names[at]) for (first, last), at in zip(spans, inside.tolist(), strict=True))
    if text.ends.size:
        return sum(name != "" and _flat(under) == name for under, name in found)
    return sum(name != "" and under == name for under, name in found)
