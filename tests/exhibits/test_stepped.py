"""What a stepped wedge's report says: the smallest p before any p, and nothing before anybody has started."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import stepped as show
from qieval.exhibits.core import Figure, Statement, Table
from qieval.results import Quantity
from qieval.trial import SteppedWedge, stepped_wedge

FATIGUE = Quantity(name="fatigue", label="Fatigue", unit="points", better="lower")
ARMS = ("not yet coached", "coached")
STARTS = {"C1": 5.0, "C2": 7.0, "C3": 9.0, "C4": math.nan}


def effect(last: int = 12) -> SteppedWedge:
    rng = np.random.default_rng(3)
    rows = [
        (site, quarter, start, 30 + rng.normal() - 2.0 * (quarter >= start))
        for site, start in STARTS.items()
        for quarter in range(1, last + 1)
        for _ in range(4 if (site, quarter) == ("C4", 2) else 6)
    ]
    data = pd.DataFrame(rows, columns=["site", "quarter", "start", "y"])
    return stepped_wedge(data, outcome="y", cluster="site", start="start", period="quarter", unit="points")


def test_the_smallest_p_is_said_before_any_p() -> None:
    said = show.headline(effect(), FATIGUE, arms=ARMS, site="centre").plain()
    assert "lower at centres already coached than in the same periods at those not yet coached" in said
    floor = said.index("smallest p-value that the 24 possible start orders can give is 0.0417")
    assert floor < said.index("of them would give")
    first = show.cautions(effect(), site="centre").plain()
    assert first.startswith("Read with care. The 4 centres could have started in 24 orders.")
    early = show.cautions(effect(8), site="centre").plain()
    assert "24 orders, of which 12 differ so far" in early
    assert "below 0.0833" in early


def test_before_anybody_has_started_nothing_is_estimated() -> None:
    found = effect(4)
    said = show.headline(found, FATIGUE, arms=ARMS, site="centre").plain()
    assert said.startswith(
        "Nothing can be estimated yet. No centre has started: the first starts in period 5"
    )
    table = show.methods(found, FATIGUE, arms=ARMS)
    assert isinstance(table, Statement)
    assert [row["estimate"] for row in table.payload()["results"]] == [None] * 4
    assert all(row["notes"] for row in table.payload()["results"])
    assert isinstance(show.orders(found, FATIGUE), Statement)
    assert isinstance(show.courses(found, FATIGUE, arms=ARMS), Figure)


def test_an_interim_look_shows_intervals_and_no_p() -> None:
    held = effect().without_p("This wave lies before the plan's primary one.")
    table = show.methods(held, FATIGUE, arms=ARMS)
    assert isinstance(table, Table)
    assert "p_value" not in table.payload()["columns"]
    assert {row["status"] for row in table.payload()["results"]} == {"interim"}
    assert {row["p_value"] for row in table.payload()["results"]} == {None}
    assert isinstance(show.orders(held, FATIGUE), Statement)
    assert "smallest p-value" not in show.headline(held, FATIGUE, arms=ARMS).plain()


def test_the_table_holds_what_was_estimated() -> None:
    found = effect()
    table = show.methods(found, FATIGUE, arms=ARMS, primary=True)
    assert isinstance(table, Table)
    first, *others = table.payload()["results"]
    assert first["key"] == "permutation"
    assert [row["key"] for row in others] == [
        "exposure-averaged-kr",
        "nested-exchangeable-kr",
        "hussey-hughes-kr",
    ]
    assert [row["primary"] for row in (first, *others)] == [True, False, False, False]
    assert first["estimate"] == found.primary.estimate
    orders = show.orders(found, FATIGUE)
    assert isinstance(orders, Figure)
    assert sum(row[-1] for row in orders.payload()["rows"]) == 24


def test_courses_leave_out_small_cells_and_say_so() -> None:
    figure = show.courses(effect(), FATIGUE, arms=ARMS, site="centre", suppress_below=5)
    assert len(figure.frame) == 45
    assert "Not shown: 3 with fewer than 5 participants, or needed to hide such." in figure.caption
    assert "C1, from period 5: average before" in figure.alt
    assert "C4, never: average before" in figure.alt


@pytest.mark.parametrize("site", ["centre", "site"])
def test_starts_are_listed_with_what_was_seen_before_and_since(site: str) -> None:
    table = show.starts(effect(), site=site)
    rows = table.payload()["rows"]
    assert [row[:2] for row in rows] == [["C1", 5.0], ["C2", 7.0], ["C3", 9.0], ["C4", None]]
    assert rows[0][2:] == [24, 48]
    assert "–" in table.html()
