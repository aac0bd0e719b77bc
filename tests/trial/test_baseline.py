from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.trial import baseline_balance


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    arm = np.repeat([0, 1], [60, 40])
    age = rng.normal(50, 10, 100)
    age[:3] = np.nan
    sex = np.where(rng.random(100) < 0.4, "male", "female")
    return pd.DataFrame({"arm": arm, "age": age, "sex": sex, "ward": rng.choice(["a", "b", "c"], 100)})


def test_numbers_are_compared_by_means_over_the_root_of_the_mean_variance(rows) -> None:
    row = baseline_balance(rows, arm="arm", variables=["age"]).iloc[0]
    one, two = (rows.loc[rows["arm"] == arm, "age"].dropna() for arm in (0, 1))
    assert row["control"] == pytest.approx(one.mean())
    assert row["intervention_sd"] == pytest.approx(two.std())
    expected = (two.mean() - one.mean()) / math.sqrt((one.var() + two.var()) / 2)
    assert row["difference"] == pytest.approx(expected)
    assert (row["n_control"], row["n_intervention"]) == (57, 40)


def test_words_are_compared_level_by_level_and_two_levels_once(rows) -> None:
    found = baseline_balance(rows, arm="arm", variables=["sex", "ward"])
    assert list(found["level"]) == ["male", "a", "b", "c"]
    one, two = (float((rows.loc[rows["arm"] == arm, "sex"] == "male").mean()) for arm in (0, 1))
    pooled = math.sqrt((one * (1 - one) + two * (1 - two)) / 2)
    assert found["difference"].iloc[0] == pytest.approx((two - one) / pooled)
    cells = pd.crosstab(rows["sex"], rows["arm"])
    assert found["least"].iloc[0] == cells.to_numpy().min()


def test_arms_alike_or_unknown_have_no_difference(rows) -> None:
    same = baseline_balance(rows.assign(sex="male"), arm="arm", variables=["sex"])
    assert math.isnan(same["difference"].iloc[0])
    none = baseline_balance(rows.assign(age=np.nan), arm="arm", variables=["age"])
    assert none.empty
    assert baseline_balance(rows, arm="arm", variables=[]).empty
