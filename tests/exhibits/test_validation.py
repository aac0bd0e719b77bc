from __future__ import annotations

import pytest

from qieval.exhibits import validation as show
from qieval.trial import cells, characteristics, compared, verdicts

RECORD = {
    "day": "2026-01-01",
    "made_by": "python -m somewhere",
    "seeds": [1, 2],
    "versions": {"python": "3.11"},
    "source": {"stats": "a" * 64, "trial": "b" * 64},
    "replicates": 1500,
    "replicates_of_models": 1500,
}


@pytest.fixture(scope="module")
def table():
    return characteristics(cells([(3, 1), (3, 3)], [0.3]), replicates=1_500, seed=5)


def test_the_page_says_what_is_kept_and_where_not(table) -> None:
    found = verdicts(table)
    said = show.headline(found, RECORD)
    assert "t on cluster means, which plans propose" in said.say
    assert "with any number of sites: permutation test" in said.plain()
    assert len(said.records) == len(found.methods)
    assert "1,500 simulated trials a cell" in said.plain()
    care = show.cautions(found)
    assert "Intervention sites vary three times as much" in care.plain()
    assert "cannot be trusted there" in care.plain()


def test_tables_and_figure_hold_every_method_and_a_dash_where_there_is_none(table) -> None:
    found = verdicts(table)
    shown = show.table(found)
    assert list(shown.frame.columns) == ["method", "3+1", "3+3"]
    assert shown.frame["method"].tolist()[0] == "t on cluster means"
    assert "\N{PLUS-MINUS SIGN}" in shown.frame["3+3"].iloc[0]
    assert show.table(found, what="coverage").name == "coverage"
    other = show.courses(found)
    assert "Two strata" in other.frame["course"].tolist()
    assert other.frame.set_index("course").loc["Two strata", "3+1"] is None
    assert "Stepped wedges" in other.notes[0]
    assert "permutation test at most 0.0" in show.errors(found).alt


def test_agreement_is_a_note_and_disagreement_a_caution(table) -> None:
    both = compared(table, table)
    assert show.agreement(both).role == "note"
    assert show.agreement(both.assign(z=9.0)).role == "caution"
    assert "seeds 1 to 2" in show.made(RECORD).say
    assert "aaaaaaaaaaaa" in show.made(RECORD).say
