"""Changes of teams between arms, against statsmodels' least squares on one value a team."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import statsmodels.formula.api as smf

from qieval.capability import Instrument, answers_at, compare, compare_arms
from qieval.errors import ArgumentError

EXACT = 1e-9
STRATA = ["x", "x", "y", "y", "x", "x", "y", "y"]


@pytest.fixture(scope="module")
def change(reference: Path, repo: Path) -> Any:
    answers = pd.read_csv(reference / "qi" / "capability_sim.csv")
    musiq = Instrument.read(repo / "params" / "instruments" / "musiq.yaml")
    return compare(
        *(answers_at(answers, wave=wave) for wave in (0, 2)), by="respondent", instrument=musiq, team="team"
    )


@pytest.fixture
def roster(reference: Path) -> pd.DataFrame:
    teams = pd.read_csv(reference / "qi" / "capability_sim.csv").drop_duplicates("team")[["team", "arm"]]
    arms = pd.Categorical(teams["arm"], ["control", "coached"], ordered=True)
    return teams.assign(arm=arms, stratum=STRATA).reset_index(drop=True)


@pytest.mark.parametrize("stratum", [None, "stratum"])
def test_difference_is_that_of_least_squares(change: Any, roster: pd.DataFrame, stratum: str | None) -> None:
    means = {team.team: team.change.estimate for team in change.teams}
    data = roster.assign(y=roster["team"].map(means), treated=roster["arm"].cat.codes)
    fit = smf.ols("y ~ treated" + (" + C(stratum)" if stratum else ""), data=data).fit()
    found = compare_arms(change, roster, team="team", stratum=stratum).difference
    assert found.term == "coached - control"
    assert found.df == fit.df_resid == 8 - 2 - (1 if stratum else 0)
    assert found.estimate == pytest.approx(fit.params["treated"], rel=EXACT)
    assert found.se == pytest.approx(fit.bse["treated"], rel=EXACT)
    assert found.statistic == pytest.approx(fit.tvalues["treated"], rel=EXACT)
    assert found.p_value == pytest.approx(fit.pvalues["treated"], rel=EXACT)
    assert [found.ci_low, found.ci_high] == pytest.approx(fit.conf_int().loc["treated"].tolist(), rel=EXACT)
    assert found.n_clusters == 8


def test_each_arm_has_its_mean(change: Any, roster: pd.DataFrame) -> None:
    found = compare_arms(change, roster, team="team")
    means = {team.team: team.change.estimate for team in change.teams}
    plain = roster.assign(y=roster["team"].map(means)).groupby("arm", observed=True)["y"].mean()
    assert [arm.term for arm in found.arms] == ["control", "coached"]
    assert [arm.estimate for arm in found.arms] == pytest.approx(plain.tolist(), rel=EXACT)
    assert found.tidy()["term"].tolist() == ["coached - control", "control", "coached"]


def test_relabelling_the_arms_turns_the_sign(change: Any, roster: pd.DataFrame) -> None:
    turned = roster.assign(arm=roster["arm"].cat.reorder_categories(["coached", "control"], ordered=True))
    there, back = (compare_arms(change, each, team="team").difference for each in (roster, turned))
    assert back.estimate == pytest.approx(-there.estimate, rel=1e-12)
    assert back.se == pytest.approx(there.se, rel=1e-12)


def test_without_arms_it_says_so(change: Any, roster: pd.DataFrame) -> None:
    found = compare_arms(change, roster.drop(columns="arm"), team="team")
    assert found.difference is None
    assert "no arms" in found.reason
    assert found.tidy().empty


def test_too_few_teams_give_no_difference(change: Any, roster: pd.DataFrame) -> None:
    pair = roster[roster["team"].isin(["T01", "T06"])]
    found = compare_arms(change, pair, team="team")
    assert found.difference is None
    assert "Too few" in found.reason


def test_plain_words_as_arms_are_refused(change: Any, roster: pd.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="control cannot be told"):
        compare_arms(change, roster.assign(arm=roster["arm"].astype(str)), team="team")


def test_an_arm_of_too_few_people_is_not_told(change: Any, roster: pd.DataFrame) -> None:
    found = compare_arms(change, roster, team="team", fewest=30)
    assert (found.difference, found.arms, found.members) == (None, (), {})
    assert "fewer than 30 people" in found.reason


def test_changes_that_do_not_vary_give_no_difference(roster: pd.DataFrame) -> None:
    before = pd.DataFrame({"id": range(16), "team": [f"T{1 + n % 8:02d}" for n in range(16)], "x": 3.0})
    alike = compare(before, before.assign(x=5.0), by="id", team="team")
    found = compare_arms(alike, roster, team="team")
    assert found.difference is None
    assert "do not vary" in found.reason


def test_members_and_people_are_those_who_take_part(change: Any, roster: pd.DataFrame) -> None:
    part = roster[roster["team"] != "T01"]
    found = compare_arms(change, part, team="team")
    assert found.members == dict(zip(part["team"], part["arm"].astype(str), strict=True))
    sizes = {team.team: team.answered.compared for team in change.teams}
    assert found.difference.n == sum(sizes[team] for team in part["team"])
