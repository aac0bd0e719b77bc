"""Items in pictures and tables: what is told, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Instrument, compare, importance_gaps, item_changes, score, team_items
from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.items import gaps, heat_map, item_table, likert


@pytest.fixture(scope="module")
def guide(repo: Path) -> Instrument:
    return Instrument.read(repo / "params" / "instruments" / "self-assessment.yaml")


@pytest.fixture(scope="module")
def sides(guide: Instrument) -> list[Any]:
    rng = np.random.default_rng(2)
    ids = pd.DataFrame({"respondent": range(40), "site": [f"S{place % 6}" for place in range(40)]})
    ids.loc[36:, "site"] = "S9"
    drawn = [rng.integers(low, low + 4, (40, 16)) for low in (1, 2)]
    return [score(ids.join(pd.DataFrame(each, columns=guide.item_ids)), guide) for each in drawn]


@pytest.fixture(scope="module")
def change(sides: list[Any]) -> Any:
    return compare(*sides, by="respondent", team="site")


def test_small_groups_of_answers_are_not_told(sides: list[Any]) -> None:
    found = item_changes(*sides, by="respondent")
    figure = likert(found, suppress_below=5, labels=("wave 0", "wave 1"))
    counts = {(each.label, "wave 0"): each.before for each in found} | {
        (each.label, "wave 1"): each.after for each in found
    }
    for row in figure.frame.to_dict("records"):
        for share, count in zip(
            (row["below"], row["middle"], row["above"]), counts[row["item"], row["wave"]], strict=True
        ):
            assert pd.isna(share) or count == 0 or count >= 5
    assert "in grey" in figure.caption
    open_to_all = likert(found, suppress_below=0)
    assert not open_to_all.frame.isna().to_numpy().any()
    assert "in grey" not in open_to_all.caption


def test_the_map_leaves_out_small_teams(sides: list[Any], change: Any) -> None:
    means, counts = team_items(sides[1], team="site")
    figure = heat_map(means, counts, change, suppress_below=5)
    assert "S9" not in figure.frame.columns
    assert "not shown" in figure.caption
    assert figure.frame["S3"].tolist() == means["S3"].tolist()
    empty = heat_map(means, counts, change, suppress_below=50)
    assert empty.alt == "No team has enough people to be shown."


def test_the_table_of_items_holds_back_p_where_it_must(sides: list[Any], change: Any) -> None:
    found = item_changes(*sides, by="respondent")
    assert "p, BH" in item_table(found, change).html()
    html = item_table(found, change, interim="Before the planned wave no p is told.").html()
    assert "p, BH" not in html
    assert "Before the planned wave" in html


def test_importance_beside_skill_or_why_not(sides: list[Any], repo: Path) -> None:
    figure = gaps(importance_gaps(sides[0]))
    assert isinstance(figure, Figure)
    assert len(figure.records) == 8
    assert figure.alt.startswith("Dumbbell plot of 8 subjects.")
    assert isinstance(gaps(()), Statement)
    assert "Too few" in gaps(importance_gaps(sides[0]), suppress_below=50).say  # type: ignore[union-attr]
