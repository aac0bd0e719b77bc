"""Regression of one series against nlme::gls and sandwich::NeweyWest."""

from __future__ import annotations

import numpy as np
import pytest

from qieval.errors import DesignError
from qieval.stats.serial import fit_ar1, fit_newey_west


def line(n: int) -> tuple[np.ndarray, np.ndarray]:
    time = np.arange(n, dtype=float)
    return time, np.column_stack([np.ones(n), time])


def test_independent_errors_give_a_correlation_near_zero_and_least_squares_then() -> None:
    rng = np.random.default_rng(1)
    time, design = line(400)
    value = design @ [3.0, 0.5] + rng.normal(size=400)
    fit = fit_ar1(value, design, time)
    assert abs(fit.rho) < 0.2
    least = np.linalg.lstsq(design, value, rcond=None)[0]
    assert fit.coefficients == pytest.approx(least, abs=0.02)


def test_a_gap_is_a_longer_step_and_not_a_neighbour() -> None:
    rng = np.random.default_rng(2)
    time, design = line(40)
    value = np.cumsum(rng.normal(size=40)) * 0.5 + time
    kept = np.r_[0:10, 20:40]
    gap = fit_ar1(value[kept], design[kept], time[kept])
    closed = fit_ar1(value[kept], design[kept], np.arange(30, dtype=float))
    assert gap.rho != pytest.approx(closed.rho, abs=1e-6)


@pytest.mark.parametrize(
    "fit", [lambda y, x, t: fit_ar1(y, x, t), lambda y, x, _: fit_newey_west(y, x, lag=1)]
)
def test_what_cannot_be_told_is_refused_by_name(fit) -> None:
    time, design = line(6)
    rng = np.random.default_rng(3)
    with pytest.raises(DesignError, match="does not vary"):
        fit(2 + 0 * time, design, time)
    with pytest.raises(DesignError, match="leave nothing"):
        fit(rng.normal(size=2), design[:2], time[:2])
    with pytest.raises(DesignError, match="cannot be told apart"):
        fit(rng.normal(size=6), np.column_stack([design, design[:, 1] * 2]), time)
