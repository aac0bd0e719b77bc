from __future__ import annotations

import pandas as pd
import pytest

from qieval.simulate import DEMO, DEMO_SEED, sites
from qieval.simulate.delivery import changes, coached_from, coaching, shifted_from

LAST = DEMO.cuts[-1][1]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return coaching(DEMO_SEED, coached_from(DEMO_SEED), LAST)


def of_kind(log: pd.DataFrame, kind: str) -> pd.DataFrame:
    return log[log["kind"] == kind]


def test_only_coached_sites_have_a_log_and_it_starts_before_the_first_cut(log: pd.DataFrame) -> None:
    roster, contacts = sites(DEMO_SEED), of_kind(log, "contact")
    assert set(log["site"]) == set(roster.loc[roster["arm"] == "coached", "site"])
    assert contacts.groupby("site").size().eq(25).all()
    assert (contacts["date"] <= "2024-06-30").sum() == 12
    assert contacts["date"].str[:7].between("2024-06", "2025-06").all()


def test_a_contact_that_was_not_held_lasts_no_minutes_and_nobody_comes(log: pd.DataFrame) -> None:
    contacts = of_kind(log, "contact")
    assert contacts["held"].eq(contacts["minutes"] > 0).all()
    assert contacts["held"].eq(contacts["attended"] > 0).all()
    assert contacts["attended"].le(contacts["invited"]).all()
    assert contacts["held"].mean() == pytest.approx(0.9, abs=0.06)


def test_one_site_misses_one_month_and_no_other_does(log: pd.DataFrame) -> None:
    for seed in (DEMO_SEED, 1, 2):
        contacts = of_kind(log if seed == DEMO_SEED else coaching(seed, coached_from(seed), LAST), "contact")
        coached = contacts[contacts["date"] > "2024-06-30"]
        held = coached.groupby(["site", coached["date"].str[:7]])["held"].sum()
        missed = held[held == 0].index.tolist()
        assert missed == [(list(coached_from(seed))[DEMO.fidelity.missed[0]], "2024-11")]


def test_steps_come_in_order_but_for_one_pair_and_not_after_the_last_cut(log: pd.DataFrame) -> None:
    steps = of_kind(log, "step").sort_values("date", kind="stable")
    for place, site in enumerate(coached_from(DEMO_SEED)):
        reached = steps.loc[steps["site"] == site, "step"].tolist()
        expected = list(range(1, len(reached) + 1))
        if place == DEMO.fidelity.swapped[0]:
            expected[4:6] = [6, 5]
        assert reached == expected
    assert steps["date"].max() <= LAST
    assert 8 <= steps.groupby("site")["step"].max().min() < 12  # some have not come to the end


def test_two_observers_rate_the_same_sessions_from_one_to_five(log: pd.DataFrame) -> None:
    rated = of_kind(log, "rating").pivot_table(index=["site", "date"], columns="rater", values="rating")
    assert rated.shape == (48, 2)
    assert rated.isin(range(1, 6)).all(axis=None)
    apart = (rated["observer-1"] - rated["observer-2"]).abs()
    assert apart.max() == 1
    assert (apart == 0).mean() == pytest.approx(DEMO.fidelity.same_rating, abs=0.2)


def test_every_coached_site_starts_the_change_that_shifts_its_measure() -> None:
    starts = coached_from(DEMO_SEED)
    tested = changes(DEMO_SEED, starts, LAST)
    path = tested[tested["kind"] == "pathway"].set_index("site")["start"].str[:7]
    assert path.to_dict() == shifted_from(starts) == dict.fromkeys(starts, "2024-10")
    ended = tested[tested["stop"] != ""]
    assert (ended["stop"] > ended["start"]).all()
    assert "adaptation" in set(tested["kind"])
