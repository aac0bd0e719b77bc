from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.measures import fidelity

PLAN = {"site": "team", "date": "date", "start": "2019-01-01", "cut": "2019-03-31", "per_month": 2}


@pytest.fixture(scope="module")
def contacts(reference) -> pd.DataFrame:
    return pd.read_csv(reference / "qi" / "coaching_log.csv")


@pytest.fixture(scope="module")
def steps(reference) -> pd.DataFrame:
    return pd.read_csv(reference / "qi" / "toolkit_steps.csv").rename(columns={"completed": "date"})


def test_dose_gaps_and_steps_counted_by_hand(contacts, steps, reference) -> None:
    expect = json.loads((reference / "qi" / "fidelity_expected.json").read_text())["expect"]
    copies = contacts.copy(), steps.copy()
    shuffled = contacts.sample(frac=1, random_state=1), steps.sample(frac=1, random_state=1)
    ours = fidelity(shuffled[0], **PLAN, minutes="minutes", held="held", steps=shuffled[1])
    pd.testing.assert_frame_equal(contacts, copies[0])
    pd.testing.assert_frame_equal(steps, copies[1])
    names = {
        "held": "held",
        "planned": "scheduled",
        "cancelled": "cancelled",
        "dose": "adherence_uncapped",
        "dose_capped": "adherence_capped_by_month",
        "months_full": "months_full",
        "minutes": "minutes",
        "dose_minutes": "dose_ratio_minutes",
        "mean_minutes": "mean_minutes",
        "longest_gap": "max_gap_days",
        "steps_done": "steps_done",
        "step_adherence": "step_adherence",
        "contiguous": "highest_contiguous_step",
    }
    for row in ours.tidy().to_dict("records"):
        hand = expect[row["site"]]
        for name, theirs in names.items():
            assert row[name] == pytest.approx(hand[theirs], rel=1e-12), name
        assert [list(pair) for pair in row["out_of_order"]] == hand["order_violations"]
        months = ours.monthly.query("site == @row['site']")
        assert dict(zip(months["month"].astype(str), months["held"], strict=True)) == hand["per_month"]


def test_minutes_add_up_month_by_month_beside_the_plan(contacts) -> None:
    months = fidelity(contacts, **PLAN, minutes="minutes", held="held").monthly.set_index("site")
    assert months.loc["A", "minutes"].tolist() == [115, 175, 340]
    assert months.loc["B", "minutes"].tolist() == [60, 60, 90]
    assert months.loc["A", "planned_minutes"].tolist() == [120, 240, 360]
    assert fidelity(contacts, **PLAN, held="held").monthly["minutes"].isna().all()


def test_time_per_step_is_censored_at_the_cut(contacts, steps) -> None:
    frame = fidelity(contacts, **PLAN, steps=steps).steps.set_index(["site", "step"])
    assert frame.loc[("A", 1), "days"] == 7
    assert frame.loc[("A", 2), "days"] == 14
    assert (frame.loc[("A", 7), "days"], frame.loc[("A", 7), "censored"]) == (5, True)
    assert np.isnan(frame.loc[("A", 8), "days"])
    assert np.isnan(frame.loc[("B", 3), "days"])


def test_steps_after_the_cut_are_not_yet_done(contacts, steps) -> None:
    early = fidelity(contacts, **{**PLAN, "cut": "2019-02-28"}, held="held", steps=steps)
    assert early.sites["steps_done"].tolist() == [3, 1]
    assert early.sites["held"].tolist() == [3, 1]


def test_late_joiners_are_planned_from_their_month_and_silent_sites_are_shown(contacts) -> None:
    enrolled = pd.DataFrame({"team": ["A", "B", "C"], "date": ["2019-02-01", None, "2019-03-10"]})
    ours = fidelity(contacts, **PLAN, held="held", enrolled=enrolled).sites.set_index("site")
    assert ours["planned"].to_dict() == {"A": 4, "B": 6, "C": 2}
    assert ours["held"].to_dict() == {"A": 4, "B": 2, "C": 0}
    assert ours.loc["A", "dose_capped"] == 0.75
    assert ours.loc["C", "dose"] == 0
    assert np.isnan(ours.loc["C", "longest_gap"])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"cut": "2018-12-31"}, ArgumentError, "start before"),
        ({"per_month": 0}, ArgumentError, "above zero"),
        ({"enrolled": pd.DataFrame({"team": ["A"]})}, DesignError, "not enrolled: B"),
        ({"steps": pd.DataFrame({"team": ["A"], "step": [13], "date": [None]})}, DesignError, "1 to 12"),
    ],
)
def test_plans_that_cannot_be_read_are_refused(contacts, change, error, words) -> None:
    with pytest.raises(error, match=words):
        fidelity(contacts, **{**PLAN, **change})


def test_a_contact_without_a_date_is_refused(contacts) -> None:
    with pytest.raises(DesignError, match="a date"):
        fidelity(contacts.assign(date=None), **PLAN)
