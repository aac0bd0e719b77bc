from __future__ import annotations

from pathlib import Path

import pandas as pd

from qieval.pipeline.entry import entry, settled
from qieval.pipeline.study import open_study
from qieval.pipeline.workspace import Workspace
from qieval.simulate import DEMO

ROSTER = pd.DataFrame(
    {"site": ["A", "B", "C"], "arm": ["usual", "new", "new"], "allocated": ["2024-03-01", "2024-03-01", None]}
)
ROWS = pd.DataFrame(
    [
        ("p1", "A", 0, "2024-01-05"),
        ("p2", "B", 0, "2024-03-01"),
        ("p3", "A", 0, "2024-02-29"),
        ("p1", "B", 1, "2024-01-05"),
        ("p2", "B", 1, "2024-03-01"),
        ("p3", "A", 1, "2024-02-29"),
        ("p4", "B", 1, None),
        ("p5", "C", 1, "2024-05-01"),
        ("p6", "B", 1, "2024-06-01"),
    ],
    columns=["participant", "site", "wave", "recruited"],
)
ARMS = ("usual", "new")


def test_who_moved_is_analysed_where_first_recorded_and_counted_there() -> None:
    rows, movers = settled(ROWS.sample(frac=1, random_state=3))
    assert movers == {"p1"}
    assert rows.loc[rows["participant"] == "p1", "site"].tolist() == ["A", "A"]
    assert (rows.sort_index()["site"] == ROWS["site"]).sum() == len(ROWS) - 1
    placed = rows.merge(ROSTER[["site", "arm"]], on="site")
    found = entry(placed[placed["wave"] == 1], ROSTER, movers=movers, arms=ARMS)
    assert found.arms.set_index("arm")["moved"].to_dict() == {"usual": 1, "new": 0}


def test_people_are_counted_before_and_from_the_day_on_which_the_arm_was_known() -> None:
    rows, movers = settled(ROWS)
    placed = rows.merge(ROSTER[["site", "arm"]], on="site")
    found = entry(placed[placed["wave"] == 1], ROSTER, movers=movers, arms=ARMS)
    counted = found.arms.set_index("arm")[["people", "before", "after", "undated"]]
    assert counted.loc["usual"].tolist() == [2, 2, 0, 0]
    assert counted.loc["new"].tolist() == [4, 0, 2, 2]  # p4 has no day, the site of p5 none
    assert found.sites.to_dict(orient="records") == [
        {"arm": "usual", "site": "A", "n": 2, "after": 0},
        {"arm": "new", "site": "B", "n": 2, "after": 2},
    ]
    assert found.dated
    without = entry(placed.drop(columns="recruited"), ROSTER, movers=movers, arms=ARMS)
    assert not without.dated
    assert without.arms["undated"].sum() == 6


def test_the_planted_recruitment_is_found_in_the_demonstration(repo: Path) -> None:
    found = open_study("demo-collab", 2, workspace=Workspace(repo)).analysis().entry
    arms = found.arms.set_index("arm")
    share = arms["after"] / (arms["before"] + arms["after"])
    for label, planted in (("usual care", DEMO.entry.control[2]), ("coached", DEMO.entry.coached[2])):
        se = (planted * (1 - planted) / arms.loc[label, "people"]) ** 0.5
        assert abs(share[label] - planted) < 3.5 * se
    assert arms[["undated", "moved"]].sum().sum() == 0
