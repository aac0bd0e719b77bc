"""How the work was received, two forms and a look back, as they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Instrument, looking_back, received, score, side_by_side
from qieval.exhibits import reception as show
from qieval.exhibits.core import Table


@pytest.fixture(scope="module")
def form(repo: Path) -> Instrument:
    return Instrument.read(repo / "params" / "instruments" / "aim-iam-fim.yaml")


def answers(form: Instrument, low: int, people: int = 12) -> Any:
    drawn = np.random.default_rng(low).integers(low, low + 3, (people, len(form.item_ids)))
    who = {"respondent": range(people), "team": [f"T{place % 3}" for place in range(people)]}
    return score(pd.DataFrame(drawn, columns=form.item_ids).assign(**who), form)


def test_the_highest_and_the_lowest_scale_lead(form: Instrument) -> None:
    given = answers(form, 2)
    given.frame["fim"] = [1.5, 2.0, 1.5] * 4
    found = received([given], team="team")
    said = show.headline(found).say
    assert said.startswith("**Highest: A")
    assert "lowest: Feasibility 1.7 (95\N{NO-BREAK SPACE}% interval 0.9 to 2.4)** (on scales" in said
    assert said.endswith("from 1 to 5, 3 teams).")


def test_each_scale_stands_with_its_people_and_few_are_withheld(form: Instrument) -> None:
    found = received([answers(form, 2)], team="team")
    table = show.scales(found)
    assert [record.key for record in table.records] == ["acceptability", "appropriateness", "feasibility"]
    assert table.frame["people"].tolist() == [12] * 3
    assert table.frame["above"].isna().any()
    hidden = show.scales(found, suppress_below=50)
    assert (len(hidden.frame), hidden.notes[1]) == (0, "Scales with fewer than 50 people: 3.")
    assert "Too few" in show.headline(found, suppress_below=50).say


def test_two_forms_and_a_look_back(form: Instrument) -> None:
    sides = [answers(form, 1), answers(form, 2)]
    found = side_by_side(*sides, by="respondent", team="team")
    table = show.side_by_side(found, labels=("Guide", "Passport"))
    assert len(table.records) == 3
    assert show.side_by_side(found, labels=("A", "B"), suppress_below=100).notes == [
        "Scales with fewer than 100 people: 3."
    ]
    back = show.looking_back(looking_back(*sides, sides[1], by="respondent"), unit="points")
    assert isinstance(back, Table)
    assert [record.key for record in back.records] == ["after-before", "after-then", "then-before"]
    assert "Nobody was asked" in show.looking_back((), unit="points").say  # type: ignore[union-attr]
