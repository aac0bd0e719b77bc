from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.measures import dose_response, fidelity, step_times
from qieval.measures.fidelity_time import kaplan_meier_median

PLAN = {"site": "team", "date": "date", "start": "2019-01-01", "cut": "2019-03-31", "per_month": 2}


@pytest.fixture(scope="module")
def delivered(reference):
    contacts = pd.read_csv(reference / "qi" / "coaching_log.csv")
    steps = pd.read_csv(reference / "qi" / "toolkit_steps.csv").rename(columns={"completed": "date"})
    return fidelity(contacts, **PLAN, held="held", steps=steps)


@pytest.mark.parametrize(
    ("days", "done", "level", "expected"),
    [
        ([7, 14, 14, 20, 25, 25, 31, 40], [1, 1, 0, 1, 1, 1, 0, 1], 0.95, (25.0, 20.0, math.nan)),
        ([5, 10, 15, 20], [1, 1, 1, 1], 0.95, (12.5, 5.0, math.nan)),
        (
            [12, 18, 18, 25, 30, 33, 41, 41, 52, 60, 61, 75],
            [1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1],
            0.90,
            (41.0, 25.0, math.nan),
        ),
        ([3, 4, 5], [1, 0, 0], 0.95, (math.nan, 3.0, math.nan)),
        ([3, 4], [0, 0], 0.95, (math.nan, math.nan, math.nan)),
    ],
)
def test_medians_of_censored_times_are_those_of_survfit(days, done, level, expected) -> None:
    found = kaplan_meier_median(np.array(days, dtype=float), np.array(done, dtype=bool), level=level)
    assert found == pytest.approx(expected, nan_ok=True)


def test_times_of_a_step_count_those_who_wait_and_leave_out_those_out_of_order(delivered) -> None:
    frame = step_times(delivered).tidy().set_index("step")
    assert len(frame) == 12
    assert frame["started"].tolist()[:2] == [2, 2]
    assert frame.loc[7, ["done", "waiting"]].tolist() == [0, 1]
    assert frame["unordered"].sum() == 1
    assert frame["median"].isna().sum() > 0


def test_dose_and_response_go_side_by_side_for_teams_with_both(delivered) -> None:
    found = dose_response(delivered, {"A": 1.5, "B": 0.5, "C": 9.0})
    assert found.teams["site"].tolist() == ["A", "B"]
    assert found.few
    assert "fewer than three" in found.correlation.notes[0]
