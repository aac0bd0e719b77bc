from __future__ import annotations

import pandas as pd
import pytest

from qieval.pipeline.flow import ALL, FLOW, Participants, completeness, flow, present

ARMS = pd.CategoricalDtype(["usual care", "coached"], ordered=True)


@pytest.fixture
def people() -> Participants:
    roster = pd.DataFrame({"site": ["A", "B", "C"], "arm": ["coached", "usual care", "coached"]})
    rows = pd.DataFrame(
        {
            "participant": ["1", "2", "3", "4", "5", "6", "7"],
            "site": ["A", "A", "A", "B", "B", "B", "B"],
            "wave": [0, 1, 1, 1, 1, 1, 0],
            "visits": [1, 2, None, 3, 4, None, 5],
            "years": [1, 1, None, None, 1, 1, 1],
        }
    )
    placed = rows.merge(roster, on="site")
    return Participants(
        roster=roster.astype({"arm": ARMS}),
        rows=placed.astype({"arm": ARMS}),
        wave=1,
        withdrawn=frozenset({"2", "7"}),
        arms=("usual care", "coached"),
    )


def counts(frame: pd.DataFrame, arm: str) -> dict[str, tuple[object, object]]:
    rows = frame[frame["arm"] == arm]
    return {
        step: (sites, n) for step, sites, n in zip(rows["step"], rows["sites"], rows["rows"], strict=True)
    }


def test_every_row_is_counted_on_its_way(people: Participants) -> None:
    frame = flow(people, outcome="visits", exposure="years")
    assert tuple(frame.columns) == FLOW
    told = counts(frame, ALL)
    assert told == {
        "roster": (3, pd.NA),
        "silent": (1, pd.NA),
        "read": (2, 7),
        "other-waves": (2, 2),
        "withdrawn": (1, 1),
        "this-wave": (2, 4),
        "no-outcome": (2, 2),
        "no-exposure": (1, 1),
        "analysed": (1, 1),
    }
    assert counts(frame, "coached")["this-wave"] == (1, 1)
    assert counts(frame, "usual care")["this-wave"] == (1, 3)


def test_what_is_kept_is_what_was_kept_before_without_what_was_left_out(people: Participants) -> None:
    frame = flow(people, outcome="visits", exposure="years")
    for arm in frame["arm"].unique():
        n = {step: rows for step, (_, rows) in counts(frame, arm).items()}
        assert n["this-wave"] == n["read"] - n["other-waves"] - n["withdrawn"]
        assert n["analysed"] == n["this-wave"] - n["no-outcome"] - n["no-exposure"]
        assert (
            n["analysed"]
            == present(people.usable[(people.usable["arm"] == arm) | (arm == ALL)], "visits", "years").sum()
        )


def test_a_study_without_arms_has_one_column_of_counts(people: Participants) -> None:
    bare = Participants(
        roster=people.roster.drop(columns="arm"),
        rows=people.rows.drop(columns="arm"),
        wave=1,
        withdrawn=frozenset(),
    )
    assert flow(bare)["arm"].unique().tolist() == [ALL]


def test_completeness_counts_by_arm_and_gives_the_gap(people: Participants) -> None:
    frame = completeness(people.usable, [("visits", "Visits", "outcome")], ["usual care", "coached"])
    assert frame["n"].tolist() == [3, 1, 4]
    assert frame["present"].tolist() == [2, 0, 2]
    assert frame["missing"].tolist() == [1, 1, 2]
    assert frame["share"].tolist() == pytest.approx([2 / 3, 0, 0.5])
    assert frame["gap"].tolist() == pytest.approx([2 / 3] * 3)


def test_sites_that_are_no_longer_active_are_told_with_what_the_roster_says() -> None:
    from qieval.pipeline.flow import changed_sites

    roster = pd.DataFrame(
        {
            "site": ["A", "B", "C"],
            "status": ["active", "closed", None],
            "date": pd.to_datetime([None, "2025-03-31", None]),
        }
    )
    assert changed_sites(roster) == ["B: closed, 2025-03-31."]
    assert changed_sites(roster[["site"]]) == []
