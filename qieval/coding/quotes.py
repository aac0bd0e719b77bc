"""Quotes that may be shown: approved ones, under pseudonyms, without labels that would point at a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.coding.counts import UNRECORDED
from qieval.coding.disclosure import group_sizes
from qieval.coding.project import Project
from qieval.stats.disclosure import too_small

PARTICIPANT = "participant"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quotes:
    """The approved quotes of a project.

    Attributes
    ----------
    frame : DataFrame
        One row a distinct approved passage and code, codes in reading order: `code`,
        `path` (names from the top), `speaker` (stable pseudonym, "P07"), `label` (group, or "participant"
        where the group is too small), `text`.
    n_approved : int
        Approved passages to choose from, with words.
    n_wordless : int
        Approved segments left out because their text is missing.
    min_cell : int
        Fewest cases in a group whose name may stand beside a quote.
    """

    frame: pd.DataFrame
    n_approved: int
    n_wordless: int
    min_cell: int

    def tidy(self) -> pd.DataFrame:
        """The quotes themselves, a row each: there is nothing estimated."""
        return self.frame.copy()


def quotes(
    project: Project, *, by: str | None = None, min_cell: int = 3, per_code: int | None = None
) -> Quotes:
    """Gather the quotes that somebody approved for publication.

    Parameters
    ----------
    project : Project
        With `text` and `approved` in its segments; without them there are no quotes.
    by : str, optional
        The attribute of the sources whose group stands beside a quote (`role`); "participant" for all
        without it.
    min_cell : int
        Groups with fewer cases (sources, where no case is named) are not named. If the unnamed groups
        together hold fewer, the next smallest goes unnamed too, so that "participant" does not point at one
        of them.
    per_code : int, optional
        Most quotes shown for a code, spread over speakers: those quoted least so far come first. All
        without it.

    Raises
    ------
    ArgumentError
        If the sources have no column `by`.

    Notes
    -----
    Only `approved` equal to True counts; text such as "yes" does not. The words themselves are not searched
    for names: whoever approves a quote answers for that. Pseudonyms number the sources by wave, then by id,
    so that later waves leave them as they are.
    """
    rows = project.segments
    if "approved" not in rows or "text" not in rows:
        rows = rows.iloc[:0].assign(text="", approved=False)
    approved = rows[rows["approved"].eq(True).fillna(False).astype(bool)]
    wordless = approved["text"].isna() | (approved["text"].astype("str").str.strip() == "")
    shown = approved[~wordless].drop_duplicates(["source", "code", "start", "end"])
    source = shown["source"].astype("str")
    used = shown["code"].cat.remove_unused_categories().cat.categories
    frame = pd.DataFrame(
        {
            "place": shown["code"].cat.codes,
            "number": source.map(pseudonyms(project)).str.slice(1).astype(int),
            "start": shown["start"],
            "code": shown["code"].astype("str"),
            "path": shown["code"].astype("str").map({name: project.codes.path(name) for name in used}),
            "speaker": source.map(pseudonyms(project)),
            "label": source.map(_labels(project, by, min_cell)),
            "text": shown["text"].astype("str"),
        }
    ).sort_values(["place", "number", "start"], ignore_index=True)
    chosen = frame if per_code is None else frame.iloc[_spread(frame, per_code)]
    return Quotes(
        frame=chosen.drop(columns=["place", "number", "start"]).reset_index(drop=True),
        n_approved=len(frame),
        n_wordless=int(wordless.sum()),
        min_cell=min_cell,
    )


def _spread(frame: pd.DataFrame, per_code: int) -> list[int]:
    """Choose rows so that many speakers are quoted: within a code first, then over all codes."""
    quoted: Counter[str] = Counter()
    chosen: list[int] = []
    for _, rows in frame.groupby("place", sort=True):
        left = dict(rows["speaker"])
        here: Counter[str] = Counter()
        for _ in range(min(per_code, len(left))):
            row = min(left, key=lambda at: (here[left[at]], quoted[left[at]], at))
            speaker = left.pop(row)
            here[speaker] += 1
            quoted[speaker] += 1
            chosen.append(row)
    return chosen


def pseudonyms(project: Project) -> pd.Series:
    """Name every source P01, P02, … by wave (where there is one), then by id; indexed by source id."""
    keys = [name for name in ("wave", "source") if name in project.sources]
    ordered = project.sources.sort_values(keys, kind="stable")["source"]
    numbers = [f"P{place:02d}" for place in range(1, len(ordered) + 1)]
    return pd.Series(numbers, index=pd.Index(ordered), name="speaker", dtype="str")


def _labels(project: Project, by: str | None, min_cell: int) -> pd.Series:
    ids = pd.Index(project.sources["source"])
    if by is None:
        return pd.Series(PARTICIPANT, index=ids, dtype="str")
    of_source, sizes, labels = group_sizes(project, by)
    unnamed = too_small(sizes, below=min_cell) | np.array(
        [label == UNRECORDED for label in labels], dtype=bool
    )
    shown = [PARTICIPANT if hide else str(label) for label, hide in zip(labels, unnamed, strict=True)]
    return pd.Series([shown[place] for place in of_source], index=ids, dtype="str")
