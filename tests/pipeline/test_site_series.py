"""Measures and outcomes laid out by site and period."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import qieval as qi
from qieval.errors import DesignError


def test_a_measure_adds_up_its_strata_and_knows_who_joined() -> None:
    opened = qi.open_study("demo-collab", 2)
    found = opened.series("screening")
    rows = opened.table("measures").query("measure == 'screening'")
    site, month = rows["site"].iloc[0], rows["period"].iloc[0]
    of_cell = rows[(rows["site"] == site) & (rows["period"] == month)]
    cell = found.data[(found.data["site"] == site) & (found.data["period"] == found.at(month))]
    assert cell["value"].item() == pytest.approx(of_cell["numerator"].sum() / of_cell["denominator"].sum())
    assert found.arms == ("usual care", "coached")
    assert found.label(found.at("2024-07")) == "2024-07"
    assert len(found.joined()) == found.data["period"].nunique()
    assert not found.joined()["value"].equals(found.compared()["value"])


def test_an_outcome_is_averaged_by_period_or_by_wave() -> None:
    waves = qi.open_study("demo-collab", 2).series("fatigue")
    assert sorted(waves.data["period"].unique()) == [0, 1, 2]
    assert not waves.long(1)
    quarters = qi.open_study("demo-ms", 3).series("fatigue")
    assert quarters.start == "start_period"
    assert quarters.arms == ()
    people = qi.open_study("demo-ms", 3).table("outcomes").dropna(subset=["fatigue"])
    expected = people[(people["site"] == "C1") & (people["period"] == 5)]["fatigue"].mean()
    cell = quarters.data[(quarters.data["site"] == "C1") & (quarters.data["period"] == 5)]
    assert cell["value"].item() == pytest.approx(expected)


def test_a_rate_is_events_per_exposure() -> None:
    opened = qi.open_study("demo-ms", 3)
    found = opened.series("visits")
    people = opened.table("outcomes").dropna(subset=["visits", "person_years"])
    cell = people[(people["site"] == "C2") & (people["period"] == 3)]
    value = found.data[(found.data["site"] == "C2") & (found.data["period"] == 3)]["value"].item()
    assert value == pytest.approx(cell["visits"].sum() / cell["person_years"].sum())


def test_outside_events_have_their_periods_and_can_be_left_out() -> None:
    found = qi.open_study("demo-ms", 3).series("screening")
    [(first, last)] = found.shocks.values()
    assert (found.label(first), found.label(last)) == ("2023-04", "2023-09")
    left = found.without_shocks()["period"]
    assert not left.between(first, last).any()
    assert isinstance(left, pd.Series)


def test_other_names_and_periods_are_refused() -> None:
    opened = qi.open_study("demo-collab", 2)
    with pytest.raises(DesignError, match="no measure or outcome 'nothing'; it has screening"):
        opened.series("nothing")
    with pytest.raises(DesignError, match="'7' is not a period of this series; write one as '2024-01'"):
        opened.series("screening").at("7")


def test_a_chart_of_the_mean_takes_its_limits_from_before_the_start() -> None:
    found = qi.open_study("demo-collab", 2).series("screening")
    chart = qi.measures.control_chart(**found.charting(found.at("2024-07")))
    assert str(chart.plan.freeze) == "2024-06"
    assert chart.points["value"].to_numpy() == pytest.approx(found.joined()["value"].to_numpy())
    assert len(found.marks) == len(found.shocks)


def test_a_change_that_tells_of_few_people_is_hidden_with_others_of_its_group() -> None:
    found = qi.open_study("demo-collab", 2).series("fatigue")
    assert found.below == 5
    people = found.data.groupby("site")["n"].sum()
    assert found.hidden(1) == frozenset()
    thin = found.data.assign(n=found.data["n"].where(found.data["site"] != "S01", 2.0))
    hidden = replace(found, data=thin).hidden(1)
    arm = thin.set_index("site").loc["S01", "arm"].iloc[0]
    assert "S01" in hidden
    assert len(hidden) >= 3, "a mean and its standard error are told: three are hidden or none"
    assert {thin.set_index("site").loc[site, "arm"].iloc[0] for site in hidden} == {arm}
    assert len(people) > len(hidden)
    assert replace(found, data=thin, below=0).hidden(1) == frozenset()
