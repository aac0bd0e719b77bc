from __future__ import annotations

import math

import pandas as pd
import pytest

from qieval.results import Estimate
from qieval.stats.simulated import compared, counted, pooled


def row(estimate: float, low: float = math.nan, high: float = math.nan) -> Estimate:
    return Estimate(term="", method="m", estimate=estimate, ci_low=low, ci_high=high)


def test_errors_and_intervals_are_counted_around_the_truth() -> None:
    rows = [(row(1.0, 0.0, 2.0), 0.5), (row(0.5, 0.6, 2.0), 0.5), (row(3.0), 1.0), (row(math.nan), 1.0)]
    found = counted(rows)
    assert found.loc[0].to_dict() == {
        "method": "m", "replicates": 4, "given": 3, "answered": 2, "covered": 1, "above": 2.5, "error": 2.5,
        "squares": 4.25,
    }  # fmt: skip
    said = pooled(pd.concat([found, found]), ["method"]).loc[0]
    assert (said["coverage"], said["bias"]) == (0.5, pytest.approx(5 / 6))
    assert said["coverage_se"] == pytest.approx(math.sqrt(0.25 / 4))
    assert said["bias_se"] == pytest.approx(math.sqrt((8.5 / 6 - 25 / 36) / 6))


def test_two_simulations_are_compared_in_their_standard_errors() -> None:
    one = pd.DataFrame({"method": ["m", "n"], "answered": [1000, 0], "covered": [950, 0]})
    other = one.assign(answered=[100, 0], covered=[80, 0])
    z = compared(one, other, keys=["method"])["z"]
    share = 1030 / 1100
    assert z[0] == pytest.approx((0.8 - 0.95) / math.sqrt(share * (1 - share) * (1 / 1000 + 1 / 100)))
    assert math.isnan(z[1])
