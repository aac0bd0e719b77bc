from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qieval.simulate import DEMO, DEMO_SEED, sites
from qieval.simulate.roster import known_at, sizes


@pytest.mark.parametrize("seed", range(20))
def test_half_of_each_regions_sites_are_coached(seed: int) -> None:
    table = sites(seed).groupby("region")["arm"].value_counts().unstack()
    assert (table == 3).all(axis=None)
    assert len(table) == 4


def test_every_site_is_coached_under_half_of_the_seeds() -> None:
    coached = np.mean([sites(seed)["arm"].eq("coached") for seed in range(400)], axis=0)
    assert np.abs(coached - 0.5).max() < 4 * np.sqrt(0.25 / 400)


@pytest.mark.parametrize("seed", [DEMO_SEED, 1, 2, 3])
@pytest.mark.parametrize("wave", [0, 1, 2])
def test_sites_are_unequal_and_a_wave_has_about_2600_participants(seed: int, wave: int) -> None:
    size = sizes(seed, DEMO, wave)
    assert len(size) == 24
    assert size.min() >= 20
    assert size.max() <= 400
    assert 2_350 <= size.sum() <= 2_850


def test_the_site_that_closes_half_way_through_a_wave_recruits_half() -> None:
    open_to_the_end = replace(DEMO, closed_on=DEMO.cuts[2][1])
    for seed in range(30):
        short, full = sizes(seed, DEMO, 2), sizes(seed, open_to_the_end, 2)
        place = 16
        assert np.array_equal(np.delete(short, place), np.delete(full, place))
        assert short[place] == pytest.approx(max(20, full[place] * 89 / 180), abs=1)


def test_what_happened_later_is_not_yet_known() -> None:
    roster = sites(DEMO_SEED)
    before, after = known_at(roster, "2024-12-31"), known_at(roster, "2025-06-30")
    assert before["status"].eq("active").all()
    assert before[["date", "reason"]].eq("").all(axis=None)
    assert after.loc[after["status"] == "closed", ["site", "date"]].values.tolist() == [["S17", "2025-03-31"]]
    assert roster.equals(sites(DEMO_SEED))
