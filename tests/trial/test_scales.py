from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qieval.errors import DesignError
from qieval.trial import estimate, geometric_ratio, win_probability

SMALL = {"arm": "arm", "cluster": "cluster"}


def test_with_one_participant_a_site_it_is_the_mann_whitney_statistic() -> None:
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"cluster": range(15), "arm": [0] * 7 + [1] * 8, "y": rng.integers(0, 6, 15)})
    theirs = stats.mannwhitneyu(rows["y"][7:], rows["y"][:7]).statistic / 56
    assert win_probability(rows, outcome="y", **SMALL).estimate == pytest.approx(theirs, rel=1e-12)


def test_every_site_and_every_pair_counts_once(few) -> None:
    rows = few.assign(y=few["y"].round())
    ours = win_probability(rows, outcome="y", **SMALL)
    won = []
    for _, one in rows[rows["arm"] == 1].groupby("cluster"):
        for _, other in rows[rows["arm"] == 0].groupby("cluster"):
            ahead = one["y"].to_numpy()[:, None] - other["y"].to_numpy()
            won.append(((ahead > 0) + 0.5 * (ahead == 0)).mean())
    assert ours.estimate == pytest.approx(np.mean(won), rel=1e-12)
    assert 0 <= ours.ci_low < ours.estimate < ours.ci_high <= 1
    assert ours.df == 4
    swapped = win_probability(rows.assign(arm=1 - rows["arm"]), outcome="y", **SMALL)
    assert swapped.estimate == pytest.approx(1 - ours.estimate)
    assert swapped.p_value == pytest.approx(ours.p_value)
    monotone = win_probability(rows.assign(y=np.exp(rows["y"] / 5)), outcome="y", **SMALL)
    assert monotone.se == pytest.approx(ours.se, rel=1e-12)


def test_geometric_means_are_compared_on_the_log_scale(few) -> None:
    rows = few.assign(y=np.exp(few["y"] / 4))
    ours = geometric_ratio(rows, outcome="y", **SMALL)
    means = np.log(rows["y"]).groupby(rows["cluster"]).mean()
    arm = rows.groupby("cluster")["arm"].first()
    theirs = stats.ttest_ind(means[arm == 1], means[arm == 0])
    assert np.log(ours.estimate) == pytest.approx(means[arm == 1].mean() - means[arm == 0].mean())
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-10)
    low, high = theirs.confidence_interval(0.95)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((np.exp(low), np.exp(high)))
    with pytest.raises(DesignError, match="above zero"):
        geometric_ratio(rows.assign(y=rows["y"].where(rows.index > 0, 0.0)), outcome="y", **SMALL)


def test_means_have_both_in_their_ladder(stratified) -> None:
    named = {"arm": "arm", "cluster": "site", "stratum": "region", "outcome": "fatigue"}
    found = {row.method: row for row in estimate(stratified, **named).ratios}
    assert list(found) == ["win-probability", "geometric-ratio"]
    alone = win_probability(stratified, **named)
    assert found["win-probability"].estimate == pytest.approx(alone.estimate)
    assert found["win-probability"].p_value == pytest.approx(alone.p_value)
    assert found["win-probability"].term == alone.term
