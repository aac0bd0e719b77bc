"""Effects for ordinal and skewed outcomes: by ranks, and by geometric means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.results import Estimate
from qieval.stats.columns import Floats, arm_codes, cluster_codes, numbers, require
from qieval.stats.inference import exponentiated
from qieval.trial.clusterlevel import cluster_summary


def win_probability(
    data: pd.DataFrame, *, outcome: str, arm: str, cluster: str, level: float = 0.95, **design: Any
) -> Estimate:
    """Estimate how often a participant of the intervention arm has the higher outcome than one of control.

    Parameters
    ----------
    data : DataFrame
        One row a participant; rows without outcome are left out.
    outcome, arm, cluster : str
        Columns; the outcome needs an order, no unit.
    level : float
        Coverage of the interval.
    **design
        `stratum` or `pair`, as for `cluster_summary`.

    Returns
    -------
    Estimate
        Method ``"win-probability"``: the probability, ties counted half and every cluster counted once, from
        0 to 1; one half is no effect. Test and interval are those of t on clusters' mean scores.

    Notes
    -----
    A participant's score is the mid-rank among all, as a share, with every cluster of an arm and both arms
    weighing alike. The difference of the arms' mean scores is the win probability less one half. Compare Zou
    2021, Stat Med 40:3227, doi 10.1002/sim.8918.
    """
    require(data, (outcome, arm, cluster), owner="win_probability")
    known = data[data[outcome].notna()]
    codes, labels = cluster_codes(known[cluster])
    arms = arm_codes(known[arm])[0]
    size = np.bincount(codes, minlength=len(labels))
    in_arm = np.array([len(np.unique(codes[arms == each])) for each in (0, 1)])
    if not in_arm.all():
        raise DesignError("An arm has no cluster with an outcome.")
    weight = 0.5 / (in_arm[arms.astype(int)] * size[codes])
    scored = known.assign(**{outcome: _mid_ranks(numbers(known[outcome]), weight)})
    row = cluster_summary(scored, outcome=outcome, arm=arm, cluster=cluster, level=level, **design).estimate
    return replace(
        row,
        method="win-probability",
        estimate=0.5 + row.estimate,
        ci_low=max(0.0, 0.5 + row.ci_low),
        ci_high=min(1.0, 0.5 + row.ci_high),
        unit="probability",
    )


def _mid_ranks(values: Floats, weight: Floats) -> Floats:
    """Give the weight below each value and half the weight at it."""
    _, place = np.unique(values, return_inverse=True)
    at = np.bincount(place, weights=weight)
    ranks: Floats = (np.cumsum(at) - at / 2)[place]
    return ranks


def geometric_ratio(
    data: pd.DataFrame, *, outcome: str, arm: str, cluster: str, level: float = 0.95, **design: Any
) -> Estimate:
    """Estimate the ratio of geometric means, for outcomes above zero with a long tail.

    Parameters
    ----------
    data, outcome, arm, cluster, level, **design
        As for `win_probability`.

    Returns
    -------
    Estimate
        Method ``"geometric-ratio"``: t on clusters' means of logarithms, every cluster counted once.

    Raises
    ------
    DesignError
        If a value is zero or below.
    """
    require(data, (outcome, arm, cluster), owner="geometric_ratio")
    values = numbers(data[outcome])
    if (values <= 0).any():
        raise DesignError("A ratio of geometric means needs values above zero.")
    logged = data.assign(**{outcome: np.log(values)})
    row = cluster_summary(logged, outcome=outcome, arm=arm, cluster=cluster, level=level, **design).estimate
    return exponentiated(row, method="geometric-ratio")
