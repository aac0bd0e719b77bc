"""Which codes there are, what each means, and which stands under which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import Fault, InputError

FIRST_ROW = 2  # a spreadsheet's header is row 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codebook:
    """The codes of a study in reading order: each theme is followed by the codes under it.

    Attributes
    ----------
    frame : DataFrame
        One row a code: `code` (id, unique), `parent` (id; empty for a top code), `name`, `definition`,
        `depth` (0 for a top code), then the columns the owner added. Codes are told apart by id, never by
        name: "Time" may stand under two themes.
    """

    frame: pd.DataFrame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, file: str = "codebook") -> Self:
        """Check a table of codes and put it in reading order.

        Parameters
        ----------
        frame : DataFrame
            `code`; optionally `parent`, `name`, `definition`, `replaces` (ids of earlier codes that it took
            over, joined by ";") and any further columns.
        file : str
            What to call the table in messages.

        Raises
        ------
        InputError
            For a missing or repeated id, an unknown parent, a code that stands under itself; all faults at
            once.
        """
        if "code" not in frame:
            raise InputError([Fault(file=file, column="code", problem="the column is missing")])
        codes = _texts(frame)
        faults = list(_faults(codes, file))
        if faults:
            raise InputError(faults)
        parents = pd.Index(codes["code"]).get_indexer(pd.Index(codes["parent"]))
        order, depth = _reading_order(parents)
        ordered = codes.iloc[order].reset_index(drop=True)
        return cls(frame=ordered.assign(depth=depth[order]))

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def codes(self) -> pd.Index:
        """Ids in reading order."""
        codes: pd.Index = pd.Index(self.frame["code"], name="code")
        return codes

    @property
    def parents(self) -> NDArray[np.intp]:
        """Position of each code's parent in `codes`; −1 for a top code."""
        places: NDArray[np.intp] = self.codes.get_indexer(pd.Index(self.frame["parent"]))
        return places

    @property
    def names(self) -> dict[str, str]:
        """Names by id."""
        return dict(zip(self.frame["code"], self.frame["name"], strict=True))

    @property
    def replaced(self) -> dict[str, str]:
        """Ids of earlier codes -> the code that replaced them, from the column `replaces` (joined by ";")."""
        if "replaces" not in self.frame:
            return {}
        lists = zip(self.frame["code"], _text(self.frame["replaces"]).str.split(";"), strict=True)
        return {old.strip(): code for code, olds in lists for old in olds if old.strip()}

    def path(self, code: str) -> str:
        """Names from the top to a code: ``Barriers > Time``."""
        parents = self.parents
        trail = [self.codes.tolist().index(code)]
        while parents[trail[-1]] >= 0:
            trail.append(int(parents[trail[-1]]))
        return " > ".join(self.frame["name"].iloc[trail[::-1]])

    def families(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which codes count towards which: positions ``(code, ancestor)``, each code its own ancestor too.

        Returns
        -------
        (array, array)
            Both of shape (pairs,), sorted by code; what is coded with `code` belongs to the roll-up of
            `ancestor`.
        """
        parents = self.parents
        here, above = np.arange(len(self)), np.arange(len(self))
        found = [(here, above)]
        while here.size:
            upward = parents[above]
            here, above = here[upward >= 0], upward[upward >= 0]
            found.append((here, above))
        code = np.concatenate([pair[0] for pair in found])
        ancestor = np.concatenate([pair[1] for pair in found])
        order = np.argsort(code, kind="stable")
        return code[order], ancestor[order]


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Bring ids and words to text; what is missing becomes empty, a nameless code is called by its id."""
    codes = frame.reset_index(drop=True)
    wanted = ("code", "parent", "name", "definition")
    words = {
        column: _text(codes[column]) if column in codes else pd.Series("", index=codes.index, dtype="str")
        for column in wanted
    }
    words["name"] = words["name"].where(words["name"] != "", words["code"])
    rest = codes.drop(columns=[column for column in (*wanted, "depth") if column in codes])
    return pd.concat([pd.DataFrame(words), rest], axis=1)


def _text(values: pd.Series) -> pd.Series:
    return values.astype("str").where(values.notna(), "").str.strip()


def _faults(codes: pd.DataFrame, file: str) -> Iterator[Fault]:
    ids = codes["code"]
    yield from _fault(ids == "", codes, file, "code", "the code has no id", "an id on every row")
    repeated = ids.duplicated(keep=False) & (ids != "")
    yield from _fault(repeated, codes, file, "code", "ids occur more than once", "one row a code")
    unknown = ~codes["parent"].isin(ids) & (codes["parent"] != "")
    yield from _fault(
        unknown,
        codes,
        file,
        "parent",
        "the parent is no code of this codebook",
        "the id of a code, or nothing",
    )
    yield from _twice_replaced(codes, file)
    if not (repeated.any() or unknown.any() or (ids == "").any()):
        parents = pd.Index(ids).get_indexer(pd.Index(codes["parent"]))
        cyclic = pd.Series(_cyclic(parents), index=codes.index)
        yield from _fault(
            cyclic, codes, file, "parent", "codes stand under themselves", "a hierarchy without circles"
        )


def _twice_replaced(codes: pd.DataFrame, file: str) -> Iterator[Fault]:
    """Refuse an earlier code that two codes took over, or that is still in use: its segments fit nowhere."""
    if "replaces" in codes:
        old = _text(codes["replaces"]).str.split(";").explode().str.strip()
        old = old[old != ""]
        wrong = (old.duplicated(keep=False) | old.isin(codes["code"])).groupby(level=0).any()
        at_fault = wrong.reindex(codes.index, fill_value=False)
        said = "an earlier code is replaced twice, or still a code of its own"
        yield from _fault(at_fault, codes, file, "replaces", said, "each earlier code once")


def _fault(
    at_fault: pd.Series, codes: pd.DataFrame, file: str, column: str, problem: str, expected: str
) -> Iterator[Fault]:
    if at_fault.any():
        rows = tuple((np.flatnonzero(at_fault) + FIRST_ROW).tolist())
        named = ", ".join(f"{value!r}" for value in dict.fromkeys(codes.loc[at_fault, column]) if value)
        said = f"{problem} ({named})" if named else problem
        yield Fault(file=file, problem=said, column=column, rows=rows, expected=expected)


def _cyclic(parents: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell which codes never reach the top, however far one climbs."""
    padded = np.append(parents, -1)  # position −1 is the top, and stays there
    above = padded
    for _ in range(max(1, len(parents).bit_length())):
        above = above[above]  # doubles the climb each time
    return above[:-1] >= 0


def _reading_order(parents: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Order codes depth first, siblings as they came; also give each code's depth."""
    children: dict[int, list[int]] = {}
    for position, parent in enumerate(parents.tolist()):
        children.setdefault(parent, []).append(position)
    depth = np.zeros(len(parents), dtype=np.intp)
    order: list[int] = []
    waiting = children.get(-1, [])[::-1]
    while waiting:
        position = waiting.pop()
        order.append(position)
        below = children.get(position, [])
        depth[below] = depth[position] + 1
        waiting.extend(below[::-1])
    return np.asarray(order, dtype=np.intp), depth
