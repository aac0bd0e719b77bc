from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.simulate import DEMO, DEMO_SEED
from qieval.simulate.delivery import coached_from, shifted_from
from qieval.simulate.monthly import measures
from qieval.simulate.participants import GROUPS, NOT_RECORDED

SEEDS = range(4)
COUNTS = ["numerator", "denominator"]
CARE = ["screening", "follow_up", "care_plan"]
TEAMS = ["equity_pauses", "takeaways", "data_hours"]


def drawn(seed: int) -> pd.DataFrame:
    return measures(seed, since=shifted_from(coached_from(seed))).assign(seed=seed)


@pytest.fixture(scope="module")
def monthly() -> pd.DataFrame:
    return drawn(DEMO_SEED)


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    frame = pd.concat([drawn(seed) for seed in SEEDS])
    starts = {seed: coached_from(seed) for seed in SEEDS}
    coached = [site in starts[seed] for site, seed in zip(frame["site"], frame["seed"], strict=True)]
    wave = (frame["period"] >= "2024-07").astype(int) + (frame["period"] >= "2025-01")
    return frame.assign(coached=coached, wave=wave)


def rates(rows: pd.DataFrame, *by: str) -> pd.Series:
    total = rows.groupby(list(by))[COUNTS].sum()
    return total["numerator"] / total["denominator"]


def test_each_site_measure_month_and_group_has_one_row_at_most(monthly: pd.DataFrame) -> None:
    assert not monthly.duplicated(["site", "measure", "period", "race_ethnicity", "deprivation"]).any()
    assert monthly["period"].nunique() == 18
    assert monthly["period"].agg(["min", "max"]).tolist() == ["2024-01", "2025-06"]
    assert set(monthly["race_ethnicity"]) == {*GROUPS, *NOT_RECORDED}
    assert set(monthly["measure"]) == {*CARE, *TEAMS}


def test_numerators_of_proportions_lie_within_denominators(monthly: pd.DataFrame) -> None:
    of_care = monthly[monthly["measure"].isin(CARE)]
    assert of_care["denominator"].ge(1).all()
    assert of_care["numerator"].between(0, of_care["denominator"]).all()
    hours = monthly[monthly["measure"] == "data_hours"]
    assert hours["planned"].eq(12).all()
    assert hours["numerator"].between(8, 17).all()
    assert monthly.loc[monthly["measure"] != "data_hours", "planned"].isna().all()


@pytest.mark.parametrize("name", CARE)
def test_groups_differ_by_the_declared_gaps_of_each_wave(name: str, many: pd.DataFrame) -> None:
    rows = many[(many["measure"] == name) & many["race_ethnicity"].isin(GROUPS)]
    rate = rates(rows, "wave", "race_ethnicity")
    gaps = np.array([[rate[wave, group] - rate[wave, "White"] for group in GROUPS] for wave in range(3)])
    assert gaps == pytest.approx(np.array(DEMO.measures[name].gaps), abs=0.06)


def test_screening_rises_at_coached_sites_from_october_on_and_nowhere_else(many: pd.DataFrame) -> None:
    rows = many[many["measure"] == "screening"]
    rate = rates(rows.assign(late=rows["period"] >= "2024-10"), "late", "coached")
    rise = rate[True] - rate[False]
    assert rise[True] == pytest.approx(DEMO.measures["screening"].shift, abs=0.03)
    assert rise[False] == pytest.approx(0, abs=0.03)


def test_follow_up_does_not_change(many: pd.DataFrame) -> None:
    rows = many[many["measure"] == "follow_up"]
    total = rows.groupby("period")[COUNTS].sum()
    rate = total["numerator"] / total["denominator"]
    z = (rate - rate.mean()) / np.sqrt(rate.mean() * (1 - rate.mean()) / total["denominator"])
    assert (z**2).sum() < 42.3  # the 99.9th percentile of chi-squared with 18 degrees of freedom
    fifths = rates(rows, "deprivation")
    assert np.ptp(fifths) < 0.05


def test_one_site_lies_apart_and_deprived_groups_have_fewer_care_plans(many: pd.DataFrame) -> None:
    rows = many[many["measure"] == "care_plan"]
    by_site = rates(rows, "site")
    assert by_site.idxmin() == "S03"
    others = by_site.drop("S03").mean()
    assert by_site["S03"] - others == pytest.approx(DEMO.measures["care_plan"].outlying_by, abs=0.05)
    fifths = rates(rows, "deprivation")
    assert fifths["5"] - fifths["1"] == pytest.approx(4 * 0.04, abs=0.04)


def test_fewer_patients_are_without_a_group_at_each_wave(many: pd.DataFrame) -> None:
    rows = many[many["measure"].isin(CARE)]
    lost = rows["race_ethnicity"].isin(NOT_RECORDED)
    share = rows["denominator"].where(lost, 0).groupby(rows["wave"]).sum()
    share = share / rows.groupby("wave")["denominator"].sum()
    assert share.to_numpy() == pytest.approx([0.14, 0.09, 0.06], abs=0.01)


def test_a_planted_shift_moves_only_what_it_names(monthly: pd.DataFrame) -> None:
    flat = {name: replace(truth, shift=0.0) for name, truth in DEMO.measures.items()}
    other = measures(DEMO_SEED, replace(DEMO, measures=flat), since=shifted_from(coached_from(DEMO_SEED)))
    moved = monthly["numerator"].ne(other["numerator"])
    assert set(monthly.loc[moved, "measure"]) == {"screening"}
    assert set(monthly.loc[moved, "site"]) <= set(coached_from(DEMO_SEED))
    assert monthly.loc[moved, "period"].min() == "2024-10"
