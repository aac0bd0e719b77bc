"""Forms counted by hand, kept by wave, and those that look back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Instrument, answers_at, forms, looking_back, score, score_waves


@pytest.fixture
def safety(repo: Path) -> Instrument:
    return Instrument.read(repo / "params" / "instruments" / "team-safety.yaml")


def test_forms_are_counted_by_how_they_were_filled(safety: Instrument) -> None:
    none, gap = [np.nan] * 6, [3, 3, 3, 3, 3, np.nan]
    rows = [[3] * 6, [5, 1, 5, 1, 5, 5], [1, 5, 1, 5, 1, 1], [2, 3, 4, 4, 4, 3], gap, none]
    found = forms(score(pd.DataFrame(rows, columns=safety.item_ids), safety))
    assert (found.forms, found.scored, found.lowest, found.highest) == (6, 5, 1, 1)
    assert found.alike == 1  # six answers of 3, two of them to reversed items
    assert found.blank["ts6"] == pytest.approx(2 / 6)


def test_codes_are_a_share_of_their_own(repo: Path) -> None:
    trust = Instrument.read(repo / "params" / "instruments" / "data-trust.yaml")
    found = forms(score(pd.DataFrame({"trust": ["DK", 1, 5, 5]}), trust))
    assert (found.not_applicable, found.alike, found.highest) == ({"trust": 0.25}, None, 2)


def test_waves_are_scored_apart_and_together_without_looks_back(safety: Instrument) -> None:
    rows = pd.DataFrame([[3] * 6, [4] * 6, [5] * 6, [2] * 6], columns=safety.item_ids)
    rows = rows.assign(wave=[0, 1, 1, 1], then=[False, False, False, True], id=list("aabb"))
    first, every = score_waves(rows, safety, waves=(0, None))
    assert (len(first.frame), len(every.frame)) == (1, 3)
    assert answers_at(rows, wave=1, then=True)["id"].tolist() == ["b"]
    assert answers_at(rows.drop(columns="then"), wave=1, then=True).empty


def test_a_look_back_is_set_beside_the_change(safety: Instrument) -> None:
    rng = np.random.default_rng(8)
    sides = []
    for low in (2, 1, 3):  # before, then, after
        rows = pd.DataFrame(rng.integers(low, low + 2, (7, 6)), columns=safety.item_ids)
        for item in safety.items:
            if item.reverse:
                rows[item.id] = 6 - rows[item.id]
        sides.append(score(rows.assign(id=range(7)), safety))
    before, then, after = (each.frame["total"] for each in sides)
    found = {each.term: each for each in looking_back(*sides, by="id")}
    assert found["after - before"].estimate == pytest.approx((after - before).mean())
    assert found["after - then"].estimate == pytest.approx((after - then).mean())
    assert found["then - before"].estimate == pytest.approx((then - before).mean())
