"""Staggered starts against a table worked by hand, pyfixest's did2s, and their edges."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.trial import staggered_start

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "crt"
ROLES = {"value": "value", "cluster": "site", "start": "start", "period": "period"}


def table(values: dict[str, list[float]], starts: dict[str, float]) -> pd.DataFrame:
    rows = [
        (site, period, value, starts[site])
        for site, course in values.items()
        for period, value in enumerate(course, start=1)
    ]
    return pd.DataFrame(rows, columns=["site", "period", "value", "start"])


BY_HAND = table(
    {"A": [10, 12, 17, 20], "B": [20, 22, 24, 30], "C": [30, 32, 34, 37]}, {"A": 3, "B": 4, "C": math.nan}
)


def test_a_table_worked_by_hand() -> None:
    # Before any start all sites gain 2 a period (A 10 12; B 20 22 24; C 30 32 34 37, of which the last is a
    # gain of 3). So A is expected at 14 and 17 and B at 27: effects 3, 3 and 3.
    found = staggered_start(BY_HAND, **ROLES)
    assert found.estimate.estimate == pytest.approx(3.0, abs=1e-12)
    assert found.sites["estimate"].tolist() == pytest.approx([3.0, 3.0], abs=1e-12)
    assert found.profile["estimate"].tolist() == pytest.approx([3.0, 3.0], abs=1e-12)
    assert found.profile["sites"].tolist() == [2, 1]


def test_effects_are_those_of_did2s_and_the_two_way_coefficient_that_of_feols() -> None:
    expected = json.loads((REFERENCE / "staggered.json").read_text())
    found = staggered_start(pd.read_csv(REFERENCE / "staggered.csv"), **ROLES)
    sites = found.sites.set_index("cluster")
    for site, effect in expected["sites"].items():
        assert sites.loc[int(site), "estimate"] == pytest.approx(effect, rel=1e-9)
    for time, effect in expected["profile"].items():
        at = found.profile.set_index("exposure_time").loc[float(time)]
        assert at["estimate"] == pytest.approx(effect, rel=1e-9)
    weighted = np.average(sites["estimate"], weights=sites["periods"])
    assert weighted == pytest.approx(expected["cells"], rel=1e-9)
    assert found.estimate.estimate == pytest.approx(sites["estimate"].mean(), rel=1e-12)
    assert found.two_way == pytest.approx(expected["two_way"], rel=1e-9)


def test_an_effect_that_grows_gives_the_two_way_regression_negative_weights() -> None:
    periods = np.arange(1, 13)
    starts = {"early": 3.0, "late": 10.0}
    values = {name: np.maximum(periods - first + 1, 0) * 1.0 for name, first in starts.items()}
    rng = np.random.default_rng(1)
    rows = table({name: list(each + rng.normal(0, 0.01, 12)) for name, each in values.items()}, starts)
    never = table({"never": list(rng.normal(0, 0.01, 12))}, {"never": math.nan})
    found = staggered_start(pd.concat([rows, never]), **ROLES)
    true = np.mean([values["early"][2:].mean(), values["late"][9:].mean()])
    assert found.estimate.estimate == pytest.approx(true, abs=0.05)
    assert found.negative_share > 0 or found.two_way < true - 0.3


def test_order_of_rows_labels_and_a_common_shift_change_nothing() -> None:
    rows = pd.read_csv(REFERENCE / "staggered.csv")
    one = staggered_start(rows, **ROLES)
    other = rows.assign(value=rows["value"] + 1e6, site=rows["site"].map("s{}".format))
    two = staggered_start(other.sample(frac=1, random_state=2), **ROLES)
    assert two.estimate.estimate == pytest.approx(one.estimate.estimate, abs=1e-8)
    assert two.estimate.se == pytest.approx(one.estimate.se, abs=1e-8)
    assert two.permutation.estimate.p_value == one.permutation.estimate.p_value


def test_what_lies_after_the_last_start_is_left_out_and_counted() -> None:
    rows = table(
        {"A": [1, 2, 5, 6, 9], "B": [3, 4, 5, 9, 7], "C": [2, 4, 5, 6, 8.0]}, {"A": 3, "B": 4, "C": 5}
    )
    found = staggered_start(rows, **ROLES)
    assert found.left_out == 3
    assert found.sites["cluster"].tolist() == ["A", "B"]


def test_one_site_that_carries_everything_has_no_error_and_says_why() -> None:
    rows = BY_HAND[BY_HAND["site"] != "C"]
    found = staggered_start(rows, **ROLES)
    assert math.isnan(found.estimate.se)
    assert "hangs on one site" in found.estimate.notes[-1]
    assert found.permutation.smallest_p == 1.0


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ({"A": math.nan, "B": math.nan, "C": math.nan}, "none is to start"),
        ({"A": 3, "B": 3, "C": 3}, "nothing to compare"),
        ({"A": 1, "B": math.nan, "C": math.nan}, "before its start"),
    ],
)
def test_nothing_to_compare_is_refused_by_name(starts: dict[str, float], words: str) -> None:
    rows = BY_HAND.assign(start=BY_HAND["site"].map(starts))
    with pytest.raises(DesignError, match=words):
        staggered_start(rows, **ROLES)
