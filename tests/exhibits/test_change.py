"""What is said about a change follows from its numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.capability import compare, compare_arms
from qieval.exhibits.change import by_arm, cautions, headline, readings
from qieval.exhibits.core import Statement, Table
from qieval.results import Quantity

DAYS = Quantity(name="los", label="Length of stay", unit="days", better="lower")
POINTS = Quantity(name="m", label="MUSIQ score", unit="points", span=(24.0, 168.0))


def two_times(
    change: list[float], *, quantity: Quantity = POINTS, teams: int = 0, start: float = 60.0
) -> Any:
    n = len(change)
    first = pd.DataFrame({"id": range(n), "x": start + 3.0 * (np.arange(n) % 4)})
    team = None
    if teams:
        first["team"], team = [f"S{place % teams:02d}" for place in range(n)], "team"
    return compare(first, first.assign(x=first["x"] + change), by="id", team=team, quantity=quantity)


def test_a_rise_is_said_with_its_size_interval_and_scale() -> None:
    said = headline(two_times([4.0, 6, 5, 7, 4, 6]), labels=("wave 0", "wave 2")).say
    assert said.startswith(
        "The MUSIQ score rose by **5.33 points** from wave 0 to wave 2 (95\N{NO-BREAK SPACE}%"
    )
    assert said.endswith("on a 24–168 scale).")


def test_a_fall_is_said_in_words_and_its_interval_without_signs() -> None:
    said = headline(two_times([-4.0, -6, -5, -7, -4, -6], quantity=DAYS)).say
    assert "The length of stay fell by" in said
    assert "−" not in said


def test_an_interval_over_zero_is_no_rise() -> None:
    said = headline(two_times([-4.0, 6, -5, 7, -4, 6])).say
    assert "changed by **+1" in said
    assert "do not show whether it rose or fell" in said


def test_without_values_nothing_is_claimed() -> None:
    found = headline(two_times([math.nan] * 3, quantity=DAYS))
    assert "**cannot be said**" in found.say


def test_with_nobody_linked_the_forms_are_held_against_each_other() -> None:
    first = pd.DataFrame({"id": [1, 2, 3], "x": [4.0, 5, 7]})
    change = compare(first, first.assign(id=[4, 5, 6]), by="id", quantity=DAYS)
    found = headline(change)
    assert "do not show whether it rose or fell" in found.say
    assert found.more[0].startswith("Nobody is linked over time: 6 forms")


def test_without_arms_no_effect_is_suggested() -> None:
    assert "nothing tells what a change over time comes from" in headline(two_times([4.0, 6, 5])).more[-1]


def test_with_arms_the_difference_is_told() -> None:
    change = two_times(list(np.tile([9.0, 1, 8, 2], 6)), teams=4)
    roster = pd.DataFrame({"team": ["S00", "S01", "S02", "S03"], "arm": [1, 0, 1, 0]})
    arms = compare_arms(change, roster, team="team")
    said = headline(change, arms=arms)
    assert "was **7.00 points** higher in 1 teams than in 0 teams, but" not in said.say
    assert "was **7.0" in said.say
    assert "higher in 1 teams than in 0 teams" in said.say
    assert said.more[0].startswith("Over all teams, the MUSIQ score")
    table = by_arm(arms)
    assert [record.key for record in table.records] == ["difference", "control", "intervention"]
    held = by_arm(arms, interim="Before the primary wave.")
    assert {record.status for record in held.records} == {"interim"}
    assert all(math.isnan(record.estimate.p_value) for record in held.records)
    assert "p_value" not in held.payload()["columns"]
    assert table.frame["term"].tolist() == ["0", "1", "1 - 0"]


def test_no_arms_is_a_sentence() -> None:
    change = two_times([4.0, 6, 5, 7], teams=2)
    found = by_arm(compare_arms(change, pd.DataFrame({"team": ["S00", "S01"]}), team="team"))
    assert isinstance(found, Statement)
    assert "no arms" in found.say


def test_a_short_table_is_cautioned_for_its_floor() -> None:
    said = cautions(two_times([4.0, 6, 5, 7, 8])).plain()
    assert "cannot give a p below 0.0625" in said


def test_few_teams_and_leavers_are_cautioned() -> None:
    rng = np.random.default_rng(2)
    before = pd.DataFrame(
        {"id": range(60), "team": [f"S{i % 5}" for i in range(60)], "x": rng.normal(size=60)}
    )
    after = before.head(40).assign(x=rng.normal(size=40))
    said = cautions(compare(before, after, by="id", team="team", quantity=DAYS)).plain()
    assert "Only 5 teams" in said
    assert "33\N{NO-BREAK SPACE}% of those who answered first did not answer again" in said


def test_regression_to_the_mean_is_cautioned() -> None:
    before = pd.DataFrame({"id": range(8), "x": [1.0, 2, 3, 4, 5, 6, 7, 8]})
    said = cautions(compare(before, before.assign(x=4.0 + before["id"] % 2), by="id", quantity=DAYS)).plain()
    assert "regression to the mean" in said
    assert "r = −0.98" in said


def test_without_a_rule_that_applies_it_says_so() -> None:
    rng = np.random.default_rng(4)
    found = cautions(two_times(list(rng.normal(2, 1, 48)), teams=12))
    assert found.role == "note"


def test_the_table_of_readings_carries_every_estimate_under_its_key() -> None:
    change = two_times([4.0, 6, 5, 7, 8, 3], teams=3)
    table = readings(change)
    assert isinstance(table, Table)
    assert table.name == "change"
    keys = ["team-t", "paired-t", "wilcoxon", "sign", "dz", "gz", "dav", "gav"]
    assert [record.key for record in table.records] == keys
    published = {row["key"]: row["estimate"] for row in table.payload()["results"]}
    assert published == {each.method: each.estimate for each in change.estimates}
    assert list(table.emphasis) == [0]


def test_an_exact_p_is_never_shown_below_its_floor() -> None:
    html = readings(two_times([-0.8, -1.7, -11.0, -4.8, -3.5], quantity=DAYS)).html()
    assert "0.063" in html
    assert "the smallest p that 5 changed pairs can give is 0.0625" in html
    assert "unbounded" in html


@pytest.mark.parametrize("word", ["caused", "led to", "reduced", "improved", "effective"])
def test_no_causal_verbs(word: str) -> None:
    change = two_times([-0.8, -1.7, -11.0, -4.8, -3.5], quantity=DAYS)
    assert word not in headline(change).plain() + cautions(change).plain()


def test_where_all_rose_alike_no_doubt_is_invented() -> None:
    said = headline(two_times([5.0] * 8, teams=4)).say
    assert "changed by **+5.00 points**" in said
    assert said.endswith("how sure that is cannot be told.")


def test_a_sure_difference_between_arms_leads() -> None:
    change = two_times(list(np.tile([9.0, 1, 8, 2, 9.5, 1.5], 6)), teams=6)
    roster = pd.DataFrame({"team": [f"S{place:02d}" for place in range(6)], "arm": [1, 0] * 3})
    said = headline(change, arms=compare_arms(change, roster, team="team"), labels=("May", "June"))
    assert said.say.startswith("The change in MUSIQ score from May to June was **7.3")
    assert "either direction" not in said.say
    assert "randomised" not in said.plain(), "a study may have arms and no randomisation"


def test_a_level_is_written_as_it_is() -> None:
    n = 6
    first = pd.DataFrame({"id": range(n), "x": np.arange(n) * 2.0})
    change = compare(first, first.assign(x=[3.0, 1, 9, 4, 13, 8]), by="id", level=0.975, quantity=POINTS)
    assert "97.5\N{NO-BREAK SPACE}% interval" in headline(change).say
    assert "97.5\N{NO-BREAK SPACE}% interval" in readings(change).html()


def test_nothing_is_said_about_tests_that_were_not_made() -> None:
    notes = readings(two_times([0.0] * 6)).notes
    assert not any("test is exact" in note or "inverts" in note for note in notes)
    assert any("nothing to standardise by" in note for note in notes)
