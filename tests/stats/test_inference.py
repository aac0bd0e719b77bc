from __future__ import annotations

import math

import pytest
from scipy import stats

from qieval.errors import ArgumentError
from qieval.stats.inference import check_level, t_estimate, t_quantile, two_sided_p


@pytest.mark.parametrize("df", [1, 2.05, 8.77, 22, 1e4])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_quantile_and_p_are_those_of_t(df, level) -> None:
    assert t_quantile(df, level) == pytest.approx(stats.t.ppf((1 + level) / 2, df), rel=1e-12)
    for statistic in (-40.0, -2.1, 0.0, 0.3, 6.0):
        assert two_sided_p(statistic, df) == pytest.approx(2 * stats.t.sf(abs(statistic), df), rel=1e-12)


def test_infinite_df_is_the_normal() -> None:
    assert t_quantile(math.inf, 0.95) == pytest.approx(stats.norm.ppf(0.975), rel=1e-14)
    assert two_sided_p(1.96, math.inf) == pytest.approx(2 * stats.norm.sf(1.96), rel=1e-14)


def test_an_estimate_is_complete() -> None:
    ours = t_estimate(term="b - a", method="m", estimate=2.0, se=0.5, df=9, level=0.9, n=40, n_clusters=11)
    assert ours.statistic == 4
    assert (ours.ci_low, ours.ci_high) == pytest.approx(stats.t.interval(0.9, 9, 2, 0.5), rel=1e-12)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1])
def test_a_level_is_a_proportion(level) -> None:
    with pytest.raises(ArgumentError, match="`level`"):
        check_level(level)
