from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.simulate import DEMO, DEMO_SEED, sites
from qieval.simulate.teams import ITEMS, capability, coaching

BIG = replace(DEMO, sites_per_region=30)


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return capability(DEMO_SEED)


def test_four_to_eight_people_answer_a_team_and_wave(answers: pd.DataFrame) -> None:
    for seed in range(5):
        size = capability(seed).groupby(["site", "wave"]).size()
        assert size.between(4, 8).all()
        assert len(size) == 72
    assert not answers.duplicated(["respondent", "wave", "instrument"]).any()


def test_most_people_are_linked_over_waves_and_some_are_not(answers: pd.DataFrame) -> None:
    waves = answers.groupby("respondent")["wave"].agg(set)
    assert (waves.map(len) == 3).mean() > 0.5
    assert {0} in waves.tolist()
    assert {1, 2} in waves.tolist()


def test_answers_are_one_to_seven_and_one_in_fifty_is_blank(answers: pd.DataFrame) -> None:
    items = answers[list(ITEMS)]
    assert (items.isna() | ((items >= 1) & (items <= 7))).all(axis=None)
    assert items.isna().mean(axis=None) == pytest.approx(0.02, abs=0.005)


def alpha(frame: pd.DataFrame) -> float:
    items = frame[list(ITEMS)].astype(float).dropna()
    k = len(ITEMS)
    return float(k / (k - 1) * (1 - items.var().sum() / items.sum(axis=1).var()))


def test_items_hang_together_at_each_wave() -> None:
    frame = capability(4, BIG)
    frame["arm"] = frame["site"].map(sites(4, BIG).set_index("site")["arm"])
    for _, rows in frame.groupby(["wave", "arm"]):
        assert 0.84 < alpha(rows) < 0.91


def test_teams_grow_as_declared_less_what_rounding_and_ends_take() -> None:
    frame = capability(4, BIG).merge(sites(4, BIG)[["site", "arm"]], on="site")
    frame["mean"] = frame[list(ITEMS)].astype(float).mean(axis=1)
    linked = frame.pivot_table(index=["arm", "respondent"], columns="wave", values="mean").dropna()
    for wave in (1, 2):
        change = (linked[wave] - linked[0]).groupby("arm").agg(["mean", "sem"])
        for arm in ("coached", "usual care"):
            expected = DEMO.capability.growth(arm)[wave]
            found, se = change.loc[arm]
            assert found == pytest.approx(expected, abs=3.5 * se + 0.05)


def test_only_coached_sites_have_a_log_and_it_starts_before_the_first_cut() -> None:
    log, roster = coaching(DEMO_SEED), sites(DEMO_SEED)
    assert set(log["site"]) == set(roster.loc[roster["arm"] == "coached", "site"])
    contacts = log[log["kind"] == "contact"]
    assert contacts.groupby("site").size().eq(25).all()
    assert (contacts["date"] <= "2024-06-30").sum() == 12
    assert contacts["date"].str[:7].between("2024-06", "2025-06").all()


def test_a_contact_that_was_not_held_lasts_no_minutes() -> None:
    log = coaching(DEMO_SEED)
    contacts = log[log["kind"] == "contact"]
    assert contacts["held"].eq(contacts["minutes"] > 0).all()
    assert contacts["held"].mean() == pytest.approx(0.9, abs=0.06)


def test_steps_are_reached_in_order_and_not_after_the_last_cut() -> None:
    log = coaching(DEMO_SEED)
    steps = log[log["kind"] == "step"].sort_values("date", kind="stable")
    for _, reached in steps.groupby("site"):
        assert reached["step"].tolist() == list(range(1, len(reached) + 1))
        assert len(reached) <= 12
    assert steps["date"].max() <= "2025-06-30"
    assert steps["step"].max() == 12


def test_a_changed_growth_moves_coached_teams_only() -> None:
    truth = replace(DEMO, capability=replace(DEMO.capability, coached=(0.0, 1.0, 2.0)))
    arm = sites(2).set_index("site")["arm"]
    before, after = capability(2), capability(2, truth)
    same = (before[list(ITEMS)].fillna(0) == after[list(ITEMS)].fillna(0)).all(axis=1)
    unmoved = before["site"].map(arm).eq("usual care") | before["wave"].eq(0)
    assert same[unmoved].all()
    assert not same[~unmoved].any()
    assert coaching(2).equals(coaching(2, truth))
    assert np.array_equal(before[["respondent", "wave"]], after[["respondent", "wave"]])
