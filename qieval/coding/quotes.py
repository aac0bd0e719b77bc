"""Quotes that may be shown: approved ones, under pseudonyms, without labels that would point at a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qieval.coding.counts import UNRECORDED, places
from qieval.coding.disclosure import group_sizes
from qieval.coding.project import Project
from qieval.coding.screening import flags, substituted
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
        Approved passages to choose from, with words and without flags.
    blocked : mapping of str to int
        Approved passages held back because their words may point at a person, by what was found in them.
    n_wordless : int
        Approved segments left out because their text is missing.
    min_cell : int
        Fewest cases in a group whose name may stand beside a quote.
    """

    frame: pd.DataFrame
    n_approved: int
    blocked: Mapping[str, int]
    n_wordless: int
    min_cell: int

    def tidy(self) -> pd.DataFrame:
        """The quotes themselves, a row each: there is nothing estimated."""
        return self.frame.copy()


def quotes(
    project: Project,
    *,
    by: str | Sequence[str] | None = None,
    min_cell: int = 3,
    per_code: int | None = None,
    names: Mapping[str, str] | None = None,
) -> Quotes:
    """Gather the quotes that somebody approved for publication.

    Parameters
    ----------
    project : Project
        With `text` and `approved` in its segments; without them there are no quotes.
    by : str or sequence of str, optional
        Attributes of the sources whose values stand beside a quote (``("wave", "site", "role")``);
        "participant" for all without it. Where too few cases share all of them, the first is dropped, then
        the next, down to "participant".
    min_cell : int
        Groups with fewer cases (sources, where no case is named) are not named. If the unnamed groups
        together hold fewer, the next smallest goes unnamed too, so that "participant" does not point at one
        of them.
    per_code : int, optional
        Most quotes shown for a code, spread over speakers: those quoted least so far come first. All
        without it.
    names : mapping of str to str, optional
        Name -> description that is put in its place, in brackets (`qieval.coding.substituted`).

    Raises
    ------
    ArgumentError
        If the sources have no such attribute.

    Notes
    -----
    Only `approved` equal to True counts; text such as "yes" does not. A passage in which a telephone number,
    an address, a record number, a date or a high age shows (`qieval.coding.flags`) is blocked, approved or
    not, until its words are changed. Names that `names` does not list are not found: whoever approves a quote
    answers for that. Pseudonyms number the sources by wave, then by id, so that later waves leave them as
    they are.
    """
    rows = project.segments
    if "approved" not in rows or "text" not in rows:
        rows = rows.iloc[:0].assign(text="", approved=False)
    approved = rows[rows["approved"].eq(True).fillna(False).astype(bool)]
    wordless = approved["text"].isna() | (approved["text"].astype("str").str.strip() == "")
    given = approved[~wordless].drop_duplicates(["source", "code", "start", "end"])
    words = [substituted(text, names or {}) for text in given["text"].astype("str")]
    found = [flags(text) for text in words]
    clear = np.array([not each for each in found], dtype=bool)
    frame = _frame(project, given.assign(text=words)[clear], by, min_cell)
    chosen = frame if per_code is None else frame.iloc[_spread(frame, per_code)]
    return Quotes(
        frame=chosen.drop(columns=["place", "number", "start"]).reset_index(drop=True),
        n_approved=len(frame),
        blocked=Counter(kind for each in found for kind in each),
        n_wordless=int(wordless.sum()),
        min_cell=min_cell,
    )


def _frame(
    project: Project, shown: pd.DataFrame, by: str | Sequence[str] | None, min_cell: int
) -> pd.DataFrame:
    source = shown["source"].astype("str")
    used = shown["code"].cat.remove_unused_categories().cat.categories
    named = source.map(pseudonyms(project))
    attributes = [] if by is None else [by] if isinstance(by, str) else [*by]
    return pd.DataFrame(
        {
            "place": shown["code"].cat.codes,
            "number": named.str.slice(1).astype(int),
            "start": shown["start"],
            "code": shown["code"].astype("str"),
            "path": shown["code"].astype("str").map({name: project.codes.path(name) for name in used}),
            "speaker": named,
            "label": source.map(attributions(project, attributes, min_cell)),
            "text": shown["text"].astype("str"),
        }
    ).sort_values(["place", "number", "start"], ignore_index=True)


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


def attributions(project: Project, by: Sequence[str], min_cell: int) -> pd.Series:
    """Say of each source who spoke, as closely as cells of `min_cell` cases allow; indexed by source id.

    Attributes are dropped from the first on until enough cases share those that are left.
    """
    sources = project.sources
    labels = pd.Series(PARTICIPANT, index=pd.Index(sources["source"]), dtype="str")
    for place in reversed(range(len(by))):
        kept = list(by[place:])
        for name in kept:
            places(sources, name)  # refuses an attribute that there is not
        known = sources[kept].notna().all(axis=1)
        said = sources[kept].astype("str").agg(", ".join, axis=1).where(known)
        named = replace(project, sources=pd.DataFrame({"source": sources["source"], "label": said}))
        of_source, sizes, groups = group_sizes(named, "label")
        few = (sizes < min_cell) | np.array([each == UNRECORDED for each in groups], dtype=bool)
        unnamed = too_small(sizes, below=min_cell, always=few)
        fine = ~unnamed[of_source]
        labels[fine] = said[fine].astype("str").to_numpy()
    return labels
