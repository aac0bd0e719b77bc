from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qieval.trial import permutation_test, subgroup_gaps

NAMED = {"arm": "arm", "cluster": "site"}


def test_each_site_gives_its_own_gap_to_a_t_test(qic) -> None:
    found = subgroup_gaps(qic, group="group", outcome="score", **NAMED)
    means = qic.pivot_table(index="site", columns="group", values="score")
    sizes = qic.dropna(subset=["score"])["group"].value_counts()
    reference = int(sizes.idxmax())
    assert found.reference == str(reference)
    gaps = (means[1 - reference] - means[reference]).dropna()
    arm = qic.groupby("site")["arm"].first()[gaps.index]
    theirs = stats.ttest_ind(gaps[arm == 1], gaps[arm == 0])
    [row], [test] = found.gaps, found.tests
    assert row.estimate == pytest.approx(gaps[arm == 1].mean() - gaps[arm == 0].mean(), rel=1e-12)
    assert row.p_value == pytest.approx(theirs.pvalue, rel=1e-10)
    assert row.df == len(gaps) - 2
    frame = pd.DataFrame({"site": gaps.index, "arm": arm.to_numpy(), "gap": gaps.to_numpy()})
    alone = permutation_test(frame, outcome="gap", **NAMED).estimate
    assert test.p_value == alone.p_value
    assert list(found.averages["gap"]) == pytest.approx([gaps[arm == 0].mean(), gaps[arm == 1].mean()])


def test_gaps_of_rates_are_events_over_exposure(stratified) -> None:
    named = NAMED | {"outcome": "visits", "exposure": "years", "family": "poisson", "stratum": "region"}
    found = subgroup_gaps(stratified, group="sex", **named)
    sums = stratified.pivot_table(index="site", columns="sex", values=["visits", "years"], aggfunc="sum")
    rates = sums["visits"] / sums["years"]
    other = next(name for name in rates if str(name) != found.reference)
    gaps = (rates[other] - rates.drop(columns=other).iloc[:, 0]).dropna()
    arm = stratified.groupby("site")["arm"].first()[gaps.index]
    assert found.averages["gap"].iloc[1] == pytest.approx(gaps[arm == 1].mean())
    assert found.gaps[0].df == len(gaps) - 1 - stratified["region"].nunique()


def test_a_site_without_one_of_the_groups_has_no_gap(few) -> None:
    rows = few.assign(site=few["cluster"], who=np.where(few.index % 2, "b", "a"))
    rows.loc[rows["site"] == 2, "who"] = "a"
    rows.loc[rows.index[0], "who"] = None
    found = subgroup_gaps(rows, group="who", outcome="y", **NAMED)
    assert found.gaps[0].n_clusters == 5
    assert found.averages["clusters"].sum() == 5
    assert found.excluded == 1


def test_what_cannot_be_compared_says_why(few) -> None:
    rows = few.assign(site=few["cluster"], who=np.where(few["arm"] == 1, "b", "a"))
    found = subgroup_gaps(rows, group="who", outcome="y", **NAMED)
    assert math.isnan(found.gaps[0].estimate)
    assert found.gaps[0].notes
    assert subgroup_gaps(rows.assign(who="a"), group="who", outcome="y", **NAMED).gaps == ()
    assert found.without_p("Not yet.").tidy()["p_value"].isna().all()


def test_gaps_that_differ_between_sites_are_no_finding_more_often_than_said() -> None:
    rng, runs = np.random.default_rng(8), 2_000
    within = rng.normal(0, math.sqrt(2 / 10), (runs, 12))  # ten participants of each group at a site
    gaps = rng.normal(0, 0.3, (runs, 12)) + within
    p_values = stats.ttest_ind(gaps[:, 1::2], gaps[:, ::2], axis=1).pvalue
    assert np.mean(p_values < 0.05) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    rows = pd.DataFrame({"site": np.repeat(np.arange(12), 2), "who": ["a", "b"] * 12})
    rows["arm"], rows["y"] = rows["site"] % 2, np.where(rows["who"] == "b", gaps[0][rows["site"]], 0.0)
    found = subgroup_gaps(rows, group="who", outcome="y", **NAMED)
    assert found.gaps[0].p_value == pytest.approx(p_values[0], rel=1e-9)
