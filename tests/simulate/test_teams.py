from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.simulate import DEMO, DEMO_SEED, sites
from qieval.simulate.teams import ITEMS, capability

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


def test_a_changed_growth_moves_coached_teams_only() -> None:
    truth = replace(DEMO, capability=replace(DEMO.capability, coached=(0.0, 1.0, 2.0)))
    arm = sites(2).set_index("site")["arm"]
    before, after = capability(2), capability(2, truth)
    same = (before[list(ITEMS)].fillna(0) == after[list(ITEMS)].fillna(0)).all(axis=1)
    unmoved = before["site"].map(arm).eq("usual care") | before["wave"].eq(0)
    assert same[unmoved].all()
    assert not same[~unmoved].any()
    assert np.array_equal(before[["respondent", "wave"]], after[["respondent", "wave"]])
