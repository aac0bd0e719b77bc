"""Codes that meet and saturation, as a reader sees them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from qieval.coding import Project, cooccurrence, saturation
from qieval.exhibits import coding_patterns as show

TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.fixture(scope="module")
def project() -> Project:
    codes = pd.DataFrame({"code": ["a", "b", "c"], "name": ["Time <x>", "Money", "Alone"]})
    sources = pd.DataFrame({"source": [f"secret-{n}" for n in range(8)], "characters": 100})
    rows = [(f"secret-{n}", code, "amy", at, at + 10) for n in range(6) for code, at in (("a", 0), ("b", 5))]
    rows.append(("secret-7", "c", "amy", 50, 60))
    segments = pd.DataFrame(rows, columns=["source", "code", "coder", "start", "end"])
    return Project.from_frames(segments, sources, codes)


def test_the_figure_shows_each_pair_twice_and_leaves_out_codes_that_meet_none(project: Project) -> None:
    figure = show.meetings_figure(cooccurrence(project), project)
    words = [element.text for element in ET.fromstring(figure.svg).iter(TEXT)]
    assert words.count("6") == 2
    assert "Time <x>  1" in words
    assert "Alone  3" not in words
    assert "Time <x> meets Money 6 times" in figure.alt
    assert [record.key for record in figure.records] == ["a & b"]
    assert figure.svg == show.meetings_figure(cooccurrence(project), project).svg


def test_the_table_gives_the_same_numbers_as_the_result(project: Project) -> None:
    found = cooccurrence(project)
    table = show.meetings_table(found, project)
    assert len(table.frame) == 1
    row = table.frame.iloc[0]
    assert (row["both"], row["references_a"], row["sources"]) == (6, 6, 6)
    assert row["c"] == found.frame["c"].iloc[0] == 1
    assert "Time &lt;x&gt;" in table.html()


@pytest.mark.parametrize("made", [show.meetings_figure, show.meetings_table])
def test_codes_that_never_meet_are_a_sentence(made, project: Project) -> None:
    alone = Project.from_frames(project.segments.iloc[-1:], project.sources, project.codes)
    assert made(cooccurrence(alone), alone).role == "note"


def test_saturation_is_said_with_its_rule_and_shows_no_source(project: Project) -> None:
    found = saturation(project, base=2, run=2)
    said, figure = show.saturation_statement(found), show.saturation_figure(found)
    assert "after **2 sources** (2+2): the next 2 brought no new code" in said.say
    assert "base 2, run 2, threshold 5\N{NO-BREAK SPACE}% of the 2 codes in the base" in said.say
    assert said.records[0].estimate.estimate == 2
    assert not re.search("secret", figure.svg + figure.alt + figure.frame.to_csv() + said.html())
    assert figure.frame["cumulative"].tolist() == [2, 2, 2, 2, 2, 2, 2, 3]


def test_saturation_that_cannot_be_judged_says_why(project: Project) -> None:
    said = show.saturation_statement(saturation(project, base=7, run=2))
    assert "cannot be judged" in said.say
    assert pd.isna(said.records[0].estimate.estimate)
