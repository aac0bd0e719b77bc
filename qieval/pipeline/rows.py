"""What differs between two states of a table: rows that came late, were corrected, or are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from qieval.errors import InputError
from qieval.pipeline.life import snapshot_folder
from qieval.pipeline.provenance import sha256
from qieval.pipeline.readers import read_table
from qieval.pipeline.roles import SHAPES, Scope

if TYPE_CHECKING:
    from qieval.pipeline.extract import Extract


GONE = "which rows cannot be said, for one of its states is no longer there (freezing keeps a copy)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """How many rows a table gained, changed and lost.

    Attributes
    ----------
    late, corrected, gone : int
        Rows with a key that was not there; with a key that was there and another content; no longer there.
    """

    late: int
    corrected: int
    gone: int

    def __str__(self) -> str:
        counts = (self.late, "late"), (self.corrected, "corrected"), (self.gone, "gone")
        said = [f"{number:,} {word}" for number, word in counts if number]
        return f"rows {', '.join(said)}" if said else "the same rows, written otherwise"


def row_changes(before: pd.DataFrame, after: pd.DataFrame, *, key: Sequence[str]) -> RowChanges:
    """Compare two tables by the key of their rows; order does not count.

    Parameters
    ----------
    before, after : DataFrame
        As read; cells are compared as text.
    key : sequence of str
        Columns that name a row. Where they are missing or not unique, a corrected row cannot be told from
        one that went and one that came, and counts as both.
    """
    shared = [name for name in key if name in before and name in after]
    old, new = _texts(before, shared), _texts(after, shared)
    came, went = new.index.difference(old.index), old.index.difference(new.index)
    same = new.index.intersection(old.index)
    corrected = int((old.loc[same] != new.loc[same]).sum())
    return RowChanges(late=len(came), corrected=corrected, gone=len(went))


def _texts(frame: pd.DataFrame, key: list[str]) -> pd.Series[str]:
    """Give each row as one text, by its key."""
    words = frame.reindex(sorted(frame), axis=1).astype("string").fillna("")
    lines = words.agg("\x1f".join, axis=1) if len(words) else pd.Series([], dtype="string")
    named = bool(key) and bool(len(words)) and not words.duplicated(key).any()
    index = words[key].agg("\x1f".join, axis=1) if named else lines
    count = index.groupby(index).cumcount().astype("string")
    return pd.Series(lines.to_numpy(), index=(index + "\x1f" + count).to_numpy())


def since_freeze(extract: Extract, role: str, number: int) -> str:
    """Say what has changed in a table since a snapshot was taken."""
    path, _ = extract.table(role)
    kept = snapshot_folder(extract, number) / path.name
    return _between([extract, extract], role, [kept, path]) if kept.is_file() else GONE


def between(extracts: Sequence[Extract], role: str, before: str, after: str) -> str:
    """Say what differs between two states of a table, given by their hashes.

    Parameters
    ----------
    extracts : sequence of Extract
        The wave of the earlier state and that of the later one; where they are two waves, only rows of waves
        up to the earlier one are compared, if the table has a column for the wave.
    role : str
        The table.
    before, after : str
        SHA-256 of its two states.
    """
    states = [{sha256(path): path for path in _states(extract, role)} for extract in extracts]
    if before not in states[0] or after not in states[1]:
        return GONE
    return _between(extracts, role, [states[0][before], states[1][after]])


def _states(extract: Extract, role: str) -> Iterator[Path]:
    path, _ = extract.table(role)
    folders = snapshot_folder(extract, 0).parent.glob("*")
    yield from (each for each in (path, *(folder / path.name for folder in folders)) if each.is_file())


def _between(extracts: Sequence[Extract], role: str, paths: Sequence[Path]) -> str:
    first, last = (extract.wave.wave for extract in extracts)
    frames = []
    try:
        for extract, path in zip(extracts, paths, strict=True):
            spec, unite = extract.table(role)[1], extract.unite
            frame = read_table(path, spec, role=role, file=path.name, unite=unite).frame
            upto = pd.to_numeric(frame["wave"], errors="coerce") <= first if "wave" in frame else None
            frames.append(frame if first == last or upto is None else frame[upto])
    except InputError:
        return "it cannot be read"
    scope = Scope(spec=extracts[1].spec, wave=last, instruments={})
    key = SHAPES[role](scope).key if role in SHAPES else ()
    return str(row_changes(*frames, key=key))
