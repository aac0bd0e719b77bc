"""Checklists: every item stands once, is answered from what is known, or is left to the authors."""

from __future__ import annotations

from typing import get_args

import pytest

from qieval.exhibits import Statement
from qieval.exhibits.checklists import AUTHORS, SOURCES, Checklist, answered, headline, table

FACTS = {"design": "By lot.", "primary": "Fatigue.", "arms": "Coached.", "consent": "Given."}
REPORTS = ["10_data", "20_effect--fatigue", "20_effect--relapse"]


@pytest.mark.parametrize(("name", "count"), [("squire", 18), ("tidier", 12), ("coreq", 32)])
def test_a_numbered_list_is_whole(name: Checklist, count: int) -> None:
    assert list(answered(name, {}, [])["item"]) == [str(number) for number in range(1, count + 1)]


def test_the_cluster_extension_of_consort_has_its_25_items_with_their_parts() -> None:
    items = list(answered("consort", {}, [])["item"])
    assert len(items) == len(set(items)) == 39
    assert list(dict.fromkeys(item.rstrip("abc") for item in items)) == [
        str(number) for number in range(1, 26)
    ]
    assert "10c" in items


def test_an_item_is_answered_by_facts_and_by_reports_or_left_to_the_authors() -> None:
    rows = answered("consort", FACTS, REPORTS).set_index("item")["answer"]
    assert rows["3a"] == "By lot. See 10_data."
    assert rows["12a"] == "Fatigue. See 20_effect--fatigue and 20_effect--relapse."
    assert rows["10c"] == "Given."
    assert rows["25"] == AUTHORS


@pytest.mark.parametrize("name", get_args(Checklist))
def test_a_list_says_how_much_of_it_is_answered_and_where_it_is_from(name: Checklist) -> None:
    items = answered(name, FACTS, REPORTS)
    shown = table(name, {name: items})
    assert not isinstance(shown, Statement)
    assert f": {items['known'].sum()} of {len(items)} items answered by the run." in shown.caption
    assert "https://doi.org/" in shown.notes[0]
    assert SOURCES[name][0].partition(" (")[0] in headline({name: items}).say


def test_a_list_that_the_study_does_not_call_for_says_so() -> None:
    shown = table("consort", {})
    assert isinstance(shown, Statement)
    assert shown.say.endswith("is for trials whose sites were allocated by lot; there are none here.")
