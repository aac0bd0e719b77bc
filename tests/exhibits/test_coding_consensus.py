"""Revisions and the consensus log, as a reader sees them."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.coding import Codebook, triangulation
from qieval.exhibits import coding_consensus as show

BOOK = Codebook.from_frame(pd.DataFrame({"code": ["a", "b"], "name": ["Time", "Money <x>"]}))
ENTRIES = [
    ("a", "b", "b", "Realname One;Realname Two", "read again", "discussion"),
    ("a", "b", "b", "Realname One", "she is on 555-010-2345", "discussion"),
    ("b", "b", "b", "Realname Two", "fits", "third person"),
    ("b", "a", None, "Realname Two", "", "discussion"),
]


@pytest.fixture
def found():
    names = ["first", "second", "decision", "who", "why", "rule"]
    return triangulation(pd.DataFrame(ENTRIES, columns=names), BOOK)


def test_one_coder_is_said_to_be_one_coder_with_investigators(found) -> None:
    said = show.triangulation_statement(found, coders=1)
    assert said.say.startswith("One coder, investigators triangulated: 4 passages talked over by 2 people")
    assert "**2 changed code**" in said.say
    assert "1 are still open" in said.more[0]
    assert "discussion (3) and third person (1)" in said.more[1]
    assert "no coefficient" in said.more[2]
    assert said.records[0].estimate.estimate == 0.5


def test_without_a_log_that_is_said_and_nothing_is_claimed() -> None:
    assert "no log of a second opinion" in show.triangulation_statement(None, coders=1).say
    assert show.triangulation_table(None).role == "note"
    assert show.changes_table(None).say == "No code was changed."


def test_nobody_is_named_and_telling_reasons_are_held_back(found) -> None:
    exhibits = [
        show.triangulation_statement(found, coders=2),
        show.triangulation_table(found),
        show.changes_table(found),
    ]
    page = "".join(each.html() + str(each.payload()) for each in exhibits)
    assert "Realname" not in page
    assert "555" not in page
    assert show.HELD_BACK in page
    assert "Money &lt;x&gt;" in page


def test_revisions_are_tabled_or_said_not_to_be() -> None:
    other = Codebook.from_frame(
        pd.DataFrame({"code": ["a", "c"], "name": ["Hours", "New"], "replaces": ["", "b"]})
    )
    table = show.revisions_table(BOOK, other)
    assert table.frame[["change", "name", "was"]].to_numpy().tolist() == [
        ["Took over", "New", "Money <x>"],
        ["Renamed", "Hours", "Time"],
    ]
    assert "counts for that one" in table.notes[0]
    assert "no code was added" in show.revisions_table(BOOK, BOOK).say
    assert "no codebook of an earlier wave" in show.revisions_table(None, BOOK).say
