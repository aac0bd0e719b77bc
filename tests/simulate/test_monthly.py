from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.simulate import DEMO_SEED
from qieval.simulate.monthly import MEASURES, measures
from qieval.simulate.participants import GROUPS


@pytest.fixture(scope="module")
def monthly() -> pd.DataFrame:
    return measures(DEMO_SEED)


def test_each_site_measure_month_and_group_has_one_row_at_most(monthly: pd.DataFrame) -> None:
    assert not monthly.duplicated(["site", "measure", "period", "race_ethnicity"]).any()
    assert monthly["period"].nunique() == 18
    assert monthly["period"].agg(["min", "max"]).tolist() == ["2024-01", "2025-06"]
    assert set(monthly["race_ethnicity"]) == set(GROUPS)


def test_numerators_lie_within_denominators(monthly: pd.DataFrame) -> None:
    assert monthly["denominator"].ge(1).all()
    assert monthly["numerator"].between(0, monthly["denominator"]).all()


@pytest.mark.parametrize("name", list(MEASURES))
def test_groups_differ_by_the_declared_gaps(name: str) -> None:
    frame = pd.concat([measures(seed) for seed in range(6)])
    total = frame[frame["measure"] == name].groupby("race_ethnicity")[["numerator", "denominator"]].sum()
    rate = total["numerator"] / total["denominator"]
    gaps = rate[list(GROUPS)] - rate["White"]
    assert gaps.to_numpy() == pytest.approx(MEASURES[name].gaps, abs=0.025)


def test_nothing_shifts_over_time() -> None:
    frame = pd.concat([measures(seed) for seed in range(6)])
    total = frame.groupby(["period"])[["numerator", "denominator"]].sum()
    rate = total["numerator"] / total["denominator"]
    z = (rate - rate.mean()) / np.sqrt(rate.mean() * (1 - rate.mean()) / total["denominator"])
    assert (z**2).sum() < 42.3  # the 99.9th percentile of chi-squared with 18 degrees of freedom
