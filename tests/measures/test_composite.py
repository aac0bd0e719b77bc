from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.measures import all_or_none, opportunity


def test_opportunities_add_up_and_weights_are_their_shares() -> None:
    rows = pd.DataFrame(
        {
            "site": ["a", "a", "a", "b", "b"],
            "measure": ["x", "y", "z", "x", "y"],
            "numerator": [8, 1, 99, 5, 0],
            "denominator": [10, 5, 99, 20, 5],
        }
    )
    ours = opportunity(rows, measure="measure", parts=["x", "y"], by=["site"])
    assert ours.data.to_dict("list") == {"site": ["a", "b"], "numerator": [9, 5], "denominator": [15, 25]}
    assert ours.tidy()["weight"].tolist() == [0.75, 0.25]
    assert ours.parts["value"].tolist() == [13 / 30, 0.1]
    assert ours.value == 14 / 40
    assert ours.value == pytest.approx((ours.parts["weight"] * ours.parts["value"]).sum(), rel=1e-12)


def test_all_or_none_asks_for_all_that_a_patient_was_eligible_for() -> None:
    people = pd.DataFrame(
        {"site": list("aaabbb"), "x": [1, 1, 0, 1, np.nan, np.nan], "y": [1, 0, 1, np.nan, 1, np.nan]}
    )
    ours = all_or_none(people, parts=["x", "y"], by=["site"])
    assert ours.data.to_dict("list") == {"site": ["a", "b"], "numerator": [1, 2], "denominator": [3, 2]}
    assert ours.value == 3 / 5
    assert ours.parts["value"].tolist() == [3 / 4, 3 / 4]
    assert ours.parts["weight"].isna().all()


def test_what_cannot_be_joined_is_refused() -> None:
    rows = pd.DataFrame({"site": ["a"], "measure": ["x"], "numerator": [1], "denominator": [2]})
    with pytest.raises(DesignError, match="'q' has no rows"):
        opportunity(rows, measure="measure", parts=["x", "q"], by=["site"])
    with pytest.raises(DesignError, match="0, 1"):
        all_or_none(pd.DataFrame({"site": ["a"], "x": [2]}), parts=["x"], by=["site"])
