"""The mixed model of odds and rates over replicates, held to the public function on the same trials' rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qieval.errors import DesignError
from qieval.trial import glmm
from qieval.trial.characteristics import Scenario
from qieval.trial.replicate_odds import generalised

NAMED = {"outcome": "outcome", "arm": "arm", "cluster": "cluster"}
OUTCOMES = [("binomial", 0.3), ("binomial", 0.02), ("poisson", 1.0), ("poisson", 0.05)]


@pytest.mark.parametrize(("family", "control"), OUTCOMES)
@pytest.mark.parametrize(("clusters", "icc"), [((2, 2), 0.3), ((3, 1), 0.0), ((6, 6), 0.1)])
def test_every_trial_is_fitted_as_the_public_function_fits_its_rows(clusters, icc, family, control) -> None:
    """Estimate to 1e-6 standard errors, standard error and p to 1e-5; what one refuses, so does the other.

    The public search stops one Newton step after a gradient of 1e-6, which is the difference.
    """
    scenario = Scenario(clusters=clusters, icc=icc, sizes="unequal", family=family, control=control)
    draws = scenario.draw(6, 3)
    found = generalised(draws)
    assert np.array_equal(found.df, np.full(6, sum(clusters) - 2.0))
    for place, p in enumerate(found.p()):
        try:
            row = glmm(draws.rows(place), **NAMED, family=family).conservative
        except DesignError:
            assert math.isnan(p)
            continue
        assert found.estimate[place] == pytest.approx(row.estimate, abs=1e-6 * row.se)
        assert math.sqrt(found.variance[place]) == pytest.approx(row.se, rel=1e-5)
        assert p == pytest.approx(row.p_value, rel=1e-5, abs=1e-9)
        assert row.df == found.df[place]


def test_long_ways_up_are_gone_to_the_end() -> None:
    """Events that sit in one site only, a flat ridge towards a variance of 40: nothing is left unsettled."""
    draws = Scenario(clusters=(6, 6), icc=0.1, sizes="unequal", family="binomial", control=0.02).draw(1000, 3)
    hard = draws.chosen(np.array([222, 519]))
    rows = [glmm(hard.rows(place), **NAMED).conservative for place in range(2)]
    found = generalised(hard)
    assert found.estimate == pytest.approx([row.estimate for row in rows], rel=1e-5)
    assert np.sqrt(found.variance) == pytest.approx([row.se for row in rows], rel=1e-4)
