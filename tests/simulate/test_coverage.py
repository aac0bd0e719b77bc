"""Over many seeds the intervals that reports show cover the truth as often as they say.

Each of the 200 seeds is a whole trial of the demonstration's shape at wave 2 (24 sites in 4 strata, 12:12, 20
to 400 participants); only the outcomes are drawn. The bounds are the 0.1st and 99.9th percentile of how many
intervals cover, were the coverage exactly 95 %: 179 to 198 of 200.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qieval.simulate import DEMO, outcomes, sites
from qieval.trial import estimate

SEEDS = range(1, 201)
FAMILIES = {"fatigue": "gaussian", "relapse": "binomial", "visits": "poisson"}
CASES = [
    (name, method)
    for name in FAMILIES
    for method in ("cluster-t", "mixed-model-kr", "permutation")
    if (name, method) != ("visits", "mixed-model-kr")
]
ALPHA = 0.001


def trial(seed: int) -> pd.DataFrame:
    roster = sites(seed)
    arms = pd.CategoricalDtype(["usual care", "coached"], ordered=True)
    return outcomes(seed, waves=[2]).merge(roster[["site", "arm", "region"]].astype({"arm": arms}), on="site")


@pytest.fixture(scope="module")
def intervals() -> pd.DataFrame:
    """One row a seed, outcome and method."""
    found = []
    for seed in SEEDS:
        frame = trial(seed)
        for name, family in FAMILIES.items():
            effect = estimate(
                frame,
                outcome=name,
                arm="arm",
                cluster="site",
                stratum="region",
                exposure="person_years" if name == "visits" else None,
                family=family,
                seed=seed,
            )
            found.append(effect.tidy().assign(outcome=name, seed=seed))
    return pd.concat(found, ignore_index=True)


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "method"), CASES)
def test_intervals_cover_the_truth(intervals: pd.DataFrame, name: str, method: str) -> None:
    rows = intervals[(intervals["outcome"] == name) & (intervals["method"] == method)]
    truth = DEMO.effect(name, 2)
    covered = int(((rows["ci_low"] <= truth) & (truth <= rows["ci_high"])).sum())
    low, high = stats.binom.ppf([ALPHA, 1 - ALPHA], len(SEEDS), 0.95)
    assert len(rows) == len(SEEDS)
    assert low <= covered <= high, f"{covered} of {len(SEEDS)} intervals cover {truth}"


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "method"), CASES)
def test_estimates_centre_on_the_truth(intervals: pd.DataFrame, name: str, method: str) -> None:
    rows = intervals[(intervals["outcome"] == name) & (intervals["method"] == method)]
    error = rows["estimate"].std() / np.sqrt(len(rows))
    assert rows["estimate"].mean() == pytest.approx(DEMO.effect(name, 2), abs=3.5 * error)
