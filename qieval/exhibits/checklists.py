"""Reporting checklists: each item with what the run knows of it, and where; the others left to the authors.

Items are named by number and in our own short words; what each asks for stands in its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd

from qieval.exhibits.columns import words
from qieval.exhibits.core import Statement, Table
from qieval.exhibits.phrases import joined

FOR = {"consort": "trials whose sites were allocated by lot", "coreq": "interviews and focus groups"}
Checklist = Literal["consort", "squire", "tidier", "coreq"]
AUTHORS = "Author to complete."
SOURCES: dict[str, tuple[str, str]] = {
    "consort": (
        "CONSORT, extension to cluster trials (2012)",
        "Campbell MK, Piaggio G, Elbourne DR, Altman DG (2012). https://doi.org/10.1136/bmj.e5661",
    ),
    "squire": (
        "SQUIRE 2.0 (2015)",
        "Ogrinc G, Davies L, Goodman D, et al. (2016). https://doi.org/10.1136/bmjqs-2015-004411",
    ),
    "tidier": (
        "TIDieR (2014)",
        "Hoffmann TC, Glasziou PP, Boutron I, et al. (2014). https://doi.org/10.1136/bmj.g1687",
    ),
    "coreq": (
        "COREQ (2007)",
        "Tong A, Sainsbury P, Craig J (2007). https://doi.org/10.1093/intqhc/mzm042",
    ),
}


def answered(name: Checklist, facts: Mapping[str, str], reports: Iterable[str]) -> pd.DataFrame:
    """Answer the items of a checklist: columns `item`, `topic`, `answer`, and `known`, whether anything is.

    Parameters
    ----------
    name : {"consort", "squire", "tidier", "coreq"}
        Which.
    facts : mapping
        Sentences by the names of ``checklists.csv``; one that is absent answers nothing.
    reports : iterable of str
        Reports of the wave, which an item may be read in.
    """
    there = list(reports)
    answers = {}
    for row in _items(name).itertuples():
        said = [facts[fact] for fact in str(row.facts).split() if facts.get(fact)]
        found = [each for each in there if each.partition("--")[0] in str(row.reports).split()]
        answers[str(row.item)] = " ".join([*said, *([f"See {joined(found)}."] if found else [])])
    return filled(name, answers)


def filled(name: Checklist, answers: Mapping[str, str]) -> pd.DataFrame:
    """Give the items of a checklist as `answered` does, from answers by their numbers."""
    frame = _items(name)
    said = [answers.get(item, "") for item in frame["item"]]
    known = [bool(answer) for answer in said]
    return frame[["item", "topic"]].assign(answer=[answer or AUTHORS for answer in said], known=known)


def table(name: Checklist, lists: Mapping[Checklist, pd.DataFrame]) -> Table | Statement:
    """List the items of a checklist as `answered` gives them; say so where the study does not call for it."""
    title, source = SOURCES[name]
    if name not in lists:
        return Statement(name=name, role="note", say=f"{title} is for {FOR[name]}; there are none here.")
    items = lists[name]
    return Table(
        name=name,
        caption=f"{title}: {_share(items)} items answered by the run.",
        frame=items,
        columns=[words("item", "Item"), words("topic", "Asks for"), words("answer", "Answer")],
        notes=[f"Names of items ours. {source}"],
    )


def headline(lists: Mapping[Checklist, pd.DataFrame]) -> Statement:
    """Say how much of each checklist the run answers."""
    parts = [f"**{_share(items)}** of {SOURCES[name][0].partition(' (')[0]}" for name, items in lists.items()]
    more = ["The others are marked for the authors: no run can know them."]
    return Statement(name="headline", role="headline", say=f"Items answered: {joined(parts)}.", more=more)


def _share(items: pd.DataFrame) -> str:
    return f"{int(items['known'].sum())} of {len(items)}"


@cache
def _items(name: Checklist) -> pd.DataFrame:
    frame = pd.read_csv(Path(__file__).with_name("checklists.csv"), dtype=str, keep_default_na=False)
    return frame[frame["list"] == name].reset_index(drop=True)
