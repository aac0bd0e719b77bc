from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.trial import cluster_summary, permutation_test
from qieval.trial.characteristics import CONTROLS, Scenario
from qieval.trial.replicates import T_TESTS, permutation_p, t_test

NAMES = {"arm": "arm", "cluster": "cluster", "outcome": "outcome"}


@pytest.mark.parametrize("clusters", [(2, 2), (3, 1), (4, 4)])
@pytest.mark.parametrize("family", CONTROLS)
def test_the_formulas_for_all_replicates_are_the_public_methods(clusters, family) -> None:
    scenario = Scenario(clusters=clusters, icc=0.1, sizes="unequal", family=family, control=CONTROLS[family])
    draws = scenario.draw(4, 3)
    for place in range(4):
        rows = draws.rows(place)
        for method in T_TESTS[: 2 if family == "poisson" else 3]:
            weights = method.removeprefix("cluster-t").lstrip("-") or "none"
            theirs = cluster_summary(rows, **NAMES, family=family, weights=weights).estimate.p_value
            assert t_test(draws, method)[place] == pytest.approx(theirs, rel=1e-9)
        test = permutation_test(rows, **NAMES, family=family)
        assert permutation_p(draws)[place] == test.estimate.p_value


def test_strata_and_stepped_wedges_too() -> None:
    draws = Scenario(clusters=(4, 4), icc=0.1, course="strata").draw(3, 5)
    for place in range(3):
        rows = draws.rows(place)
        rows["stratum"] = draws.block[rows["cluster"]]
        ours = cluster_summary(rows, **NAMES, stratum="stratum").estimate.p_value
        assert t_test(draws, "cluster-t")[place] == pytest.approx(ours, rel=1e-9)
    wedge = Scenario(clusters=(3, 3), icc=0.1, course="wedge").draw(3, 5)
    cluster, period = np.divmod(np.arange(6 * 4), 4)
    for place in range(3):
        cells = pd.DataFrame({"cluster": cluster, "period": period, "start": cluster * 3 // 6 + 1})
        cells["outcome"] = wedge.means[place]
        test = permutation_test(cells, outcome="outcome", cluster="cluster", start="start", period="period")
        assert (test.allocations, test.exact) == (90, True)
        assert permutation_p(wedge)[place] == pytest.approx(test.estimate.p_value, rel=1e-12)


def test_values_that_do_not_vary_have_no_p_as_the_public_method_refuses_them() -> None:
    draws = Scenario(clusters=(2, 2), icc=0.0, family="binomial", control=1e-9).draw(1, 1)
    assert math.isnan(t_test(draws, "cluster-t")[0])
    with pytest.raises(DesignError, match="do not vary"):
        cluster_summary(draws.rows(0), **NAMES, family="binomial")


def test_the_same_seed_gives_the_same_trials_and_rows_have_their_statistics() -> None:
    scenario = Scenario(clusters=(3, 3), icc=0.05, sizes="unequal")
    one, two = scenario.draw(5, 9), scenario.draw(5, 9)
    assert np.array_equal(one.total, two.total)
    rows = one.rows(2).groupby("cluster")["outcome"]
    assert rows.mean().to_numpy() == pytest.approx(one.means[2], rel=1e-12)
    squares = (rows.var() * (rows.size() - 1)).to_numpy()
    assert squares == pytest.approx(one.squares[2], rel=1e-10)
