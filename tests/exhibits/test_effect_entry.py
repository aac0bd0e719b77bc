from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from qieval.exhibits.effect_entry import EARLY, RISK, entry


def counts(*, moved=(0, 0), after=(10, 30), undated=0, dated=True) -> SimpleNamespace:
    arms = pd.DataFrame(
        {
            "arm": ["usual", "new"],
            "people": [40 + undated, 40],
            "moved": moved,
            "before": [40 - after[0], 40 - after[1]],
            "after": after,
            "undated": [undated, 0],
        }
    )
    sites = pd.DataFrame(
        [("new", "C", 20, after[1] // 2), ("new", "D", 20, after[1] - after[1] // 2),
         ("usual", "A", 25, after[0]), ("usual", "B", 15, 0)],
        columns=["arm", "site", "n", "after"],
    )  # fmt: skip
    return SimpleNamespace(arms=arms, sites=sites, dated=dated)


def test_shares_by_arm_and_site_are_told_with_what_they_risk() -> None:
    table = entry(counts(), site="clinic")
    shares = table.frame.set_index(["arm", "site"])["share"]
    assert (shares["usual", "all"], shares["new", "all"]) == (0.25, 0.75)
    assert ("usual", "B") not in shares.index
    assert table.notes[:2] == [RISK, "Nobody changed clinic between waves."]
    assert entry(counts(after=(0, 0))).notes[0] == EARLY


def test_small_numbers_are_withheld_by_site_and_arm_and_of_those_who_moved() -> None:
    table = entry(counts(after=(3, 30), moved=(2, 7), undated=2))
    shares = table.frame.set_index(["arm", "site"])["share"]
    assert np.isnan(shares["usual", "all"])
    assert np.isnan(shares["usual", "A"])
    assert shares["new", "all"] == 0.75
    said = " ".join(table.notes)
    assert "fewer than 5 in “usual”, 7 in “new”" in said
    assert "first recorded" in said
    assert "Fewer than 5 people have no date" in said
    assert "Withheld" in said


def test_without_days_only_movers_are_spoken_of() -> None:
    assert entry(counts(dated=False)).say == "Nobody changed site between waves."
    assert "9 in “new”" in entry(counts(dated=False, moved=(0, 9))).say
