from __future__ import annotations

import math

import pytest
from scipy import stats

from qieval.errors import ArgumentError
from qieval.stats.inference import check_level, holm, t_estimate, t_power, t_quantile, two_sided_p


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


@pytest.mark.parametrize(
    ("df", "level", "shift", "power"),
    [
        (1, 0.95, 0.5, 0.056096256831644396),
        (1, 0.95, 14.0, 0.7279820706360701),
        (1, 0.95, 40.0, 0.9983010614669934),
        (1, 0.999, 3.0, 0.0037608848693118854),
        (2, 0.95, 2.5, 0.2995139266298847),
        (5, 0.9, -3.0, 0.8216107662225721),
        (9, 0.95, 8.0, 0.999999763032423),
    ],
)
def test_power_of_t_is_the_noncentral_ts_to_the_last_digits(df, level, shift, power) -> None:
    """Values of mpmath's adaptive quadrature at 22 digits."""
    assert t_power(shift, df, level) == pytest.approx(power, rel=1e-13)


def test_power_of_t_at_its_ends() -> None:
    for df in (1, 2, 8, 300, 1e7, math.inf):
        assert t_power(0.0, df, 0.95) == pytest.approx(0.05, rel=1e-12)
        assert t_power(math.inf, df, 0.95) == 1
    assert t_power(2.0, 1e9, 0.95) == pytest.approx(t_power(2.0, math.inf, 0.95), rel=1e-8)


def test_holm_is_that_of_statsmodels_and_leaves_what_is_missing() -> None:
    from statsmodels.stats.multitest import multipletests

    values = [0.04, 0.001, 0.2, 0.02, 0.021, 0.9]
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1], rel=1e-12)
    assert holm([0.03, math.nan, 0.01]) == pytest.approx([0.03, math.nan, 0.02], nan_ok=True)
    assert holm([]) == []
