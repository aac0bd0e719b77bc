"""Records that change between waves, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.measures import recoded

PLAN = {"person": "id", "period": "wave", "group": "race", "outcome": "well", "reference": "White"}


def rows() -> pd.DataFrame:
    """Forty people at two waves; ten who are well and not asked at first are Black by the second wave."""
    first = [("White", 1)] * 10 + [("White", 0)] * 10 + [("Black", 1)] * 5 + [("Black", 0)] * 5
    people = [(f"p{place}", *each) for place, each in enumerate([*first, *[("", 1)] * 10])]
    waves = [pd.DataFrame(people, columns=["id", "race", "well"]).assign(wave=wave) for wave in (0, 1)]
    waves[1]["race"] = waves[1]["race"].replace("", "Black")
    return pd.concat(waves, ignore_index=True)


def test_a_gap_that_only_the_records_moved_stands_still_at_the_first_known_group() -> None:
    found = recoded(rows(), **PLAN, better="higher", at_least=0.5)
    assert (found.people, found.filled, found.changed) == (40, 10, 0)
    [current], [fixed] = found.current, found.fixed
    assert current.estimate == pytest.approx((15 / 20 - 1 / 2) - (5 / 10 - 1 / 2))
    assert fixed.estimate == pytest.approx(0)
    assert found.tidy()["estimate"].tolist() == [current.estimate, fixed.estimate]


def test_another_group_on_record_is_counted_and_the_first_holds() -> None:
    data = rows().replace({"race": {"": "White"}})
    data.loc[(data["id"] == "p0") & (data["wave"] == 1), "race"] = "Black"
    found = recoded(data.assign(race=data["race"]), **PLAN, better="higher")
    assert found.changed == 11  # those ten are White, then Black
    assert found.fixed[0].estimate == pytest.approx(0)


def test_new_people_in_every_wave_change_nothing() -> None:
    data = rows()
    found = recoded(
        data.assign(id=data["id"] + data["wave"].astype(str)), **PLAN, better="higher", at_least=0.5
    )
    assert (found.people, found.filled) == (0, 0)
    assert found.current == found.fixed
