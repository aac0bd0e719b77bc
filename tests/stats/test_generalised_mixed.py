"""Profile limits of the variance between clusters, beside a likelihood by fixed nodes, many of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats

from qieval.stats.generalised_mixed import maximise, on_log_odds


def plain(outcome, design, codes, sd: float, *, logit: bool) -> float:
    """The highest log-likelihood for this standard deviation, clusters integrated out on 401 even nodes."""
    nodes = np.linspace(-8, 8, 401)
    weights = stats.norm.pdf(nodes) / stats.norm.pdf(nodes).sum()

    def loss(beta: np.ndarray) -> float:
        linear = (design @ beta)[:, None] + sd * nodes
        if logit:
            rows = outcome[:, None] * linear - np.log1p(np.exp(linear))
        else:
            rows = outcome[:, None] * linear - np.exp(linear)
        clusters = np.array([rows[codes == each].sum(axis=0) for each in np.unique(codes)])
        return -float(special.logsumexp(clusters + np.log(weights), axis=1).sum())

    return -float(optimize.minimize(loss, np.zeros(design.shape[1]), options={"gtol": 1e-7}).fun)


@pytest.mark.parametrize("logit", [True, False])
def test_the_limits_are_where_the_profile_has_fallen(logit) -> None:
    rng = np.random.default_rng(6)
    codes = np.repeat(np.arange(9), rng.integers(20, 40, 9))
    x = rng.normal(size=len(codes))
    linear = 0.3 * x + (codes % 2) * 0.5 + rng.normal(0, 1.3, 9)[codes]
    drawn = rng.random(len(codes)) < special.expit(linear) if logit else rng.poisson(np.exp(linear))
    outcome, columns = drawn.astype(float), np.column_stack([codes % 2, x])
    found = maximise(
        outcome,
        columns,
        titles=["arm", "x"],
        codes=codes,
        exposure=np.ones(len(x)),
        logit=logit,
        points=25,
    )
    design = np.column_stack([np.ones(len(x)), columns])
    best = plain(outcome, design, codes, found.between**0.5, logit=logit)
    low, high = found.limits(level=0.9)
    assert 0 < low < found.between < high
    for limit in (low, high):
        fall = 2 * (best - plain(outcome, design, codes, limit**0.5, logit=logit))
        assert fall == pytest.approx(stats.chi2.ppf(0.9, 1), rel=1e-4)


def test_no_variance_is_no_correlation() -> None:
    assert on_log_odds(0.0) == 0
    assert on_log_odds(np.pi**2 / 3) == pytest.approx(0.5)
