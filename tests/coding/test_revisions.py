"""What became of each code between two waves."""

from __future__ import annotations

import pandas as pd

from qieval.coding import Codebook, Project, revisions, tally


def book(rows: list[tuple[str, str, str, str, str]]) -> Codebook:
    names = ["code", "parent", "name", "definition", "replaces"]
    return Codebook.from_frame(pd.DataFrame(rows, columns=names))


BEFORE = book(
    [
        ("help", "", "Helps", "d", ""),
        ("time", "help", "Time", "d", ""),
        ("hours", "help", "Hours", "d", ""),
        ("same", "", "Same", "d", ""),
        ("gone", "", "Gone", "d", ""),
    ]
)
AFTER = book(
    [
        ("help", "", "What helps", "d", ""),
        ("time", "", "Time", "clearer", "hours"),
        ("same", "", "Same", "d", ""),
        ("new", "help", "New", "d", ""),
    ]
)


def test_every_kind_of_change_is_told_once() -> None:
    assert [tuple(row) for row in revisions(BEFORE, AFTER).itertuples(index=False)] == [
        ("took over", "time", "Time", "Hours"),
        ("renamed", "help", "What helps", "Helps"),
        ("moved", "time", "Time", "Helps"),
        ("redefined", "time", "Time", "d"),
        ("added", "new", "New", ""),
        ("dropped", "gone", "Gone", ""),
    ]


def test_nothing_changed_gives_no_rows() -> None:
    assert revisions(BEFORE, BEFORE).empty


def test_segments_of_a_code_that_was_taken_over_count_for_the_new_one() -> None:
    sources = pd.DataFrame({"source": ["x", "y"], "characters": 50})
    rows = [("x", "hours", "amy", 0, 5), ("x", "time", "amy", 0, 5), ("y", "hours", "amy", 0, 5)]
    segments = pd.DataFrame(rows, columns=["source", "code", "coder", "start", "end"])
    found = tally(Project.from_frames(segments, sources, AFTER)).frame.set_index("code")
    assert found.loc["time", ["applications", "references", "sources"]].tolist() == [3, 2, 2]
