"""Comparisons of sites over time where nothing happened; the closed forms are the public functions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.trial import compare_changes, staggered_start
from qieval.trial.series_characteristics import PERIODS, START, _cell, _values, series_characteristics

HOLD = ["site-t-mean", "site-t-average", "site-t-level", "site-t-slope", "staggered-jackknife"]


@pytest.mark.parametrize("sites", [4, 6])
def test_the_closed_forms_are_the_public_functions(sites: int) -> None:
    fast = dict(_cell(sites, 0.3, 0.1, 2, 2, np.random.default_rng(1)))
    values = _values(sites, 0.3, 0.1, 2, np.random.default_rng(1))[:, :, 1]
    rows = pd.DataFrame(
        {
            "site": np.repeat(np.arange(sites), PERIODS),
            "t": np.tile(np.arange(PERIODS), sites),
            "y": values.ravel(),
        }
    )
    rows["arm"] = (rows["site"] < sites // 2).astype(int)
    rows["start"] = np.where(rows["arm"] == 1, 8 + rows["site"] * 24 // sites, np.nan)
    roles = {"value": "y", "period": "t", "cluster": "site"}
    for row in compare_changes(rows, start=START, arm="arm", **roles).ladder:
        assert fast[row.method][1] == pytest.approx(row.p_value, rel=1e-8)
    everyone = compare_changes(rows, start=START, by="average", **roles).primary
    assert fast["site-t-average-all"][1] == pytest.approx(everyone.p_value, rel=1e-8)
    started = staggered_start(rows, start="start", draws=1, **roles).estimate
    assert fast["staggered-jackknife"][1] == pytest.approx(started.p_value, rel=1e-8)


@pytest.mark.parametrize(
    "replicates", [400, pytest.param(5_000, marks=pytest.mark.nightly)], ids=["few", "many"]
)
def test_sites_as_units_hold_their_level_and_one_series_does_not(replicates: int) -> None:
    found = series_characteristics(replicates=replicates, slow=10, seed=20260101)
    held = found[found["method"].isin(HOLD)]
    # 120 cells: the largest of as many binomial counts lies within 4 standard errors of 5 %
    most = 0.05 + 4 * math.sqrt(0.05 * 0.95 / replicates)
    share = held["rejected"] / held["replicates"]
    assert share.max() <= most, held.assign(share=share).nlargest(3, "share")
    together = held.groupby("method")[["rejected", "replicates"]].sum()
    overall = together["rejected"] / together["replicates"]
    assert (overall <= 0.055).all(), overall
    alone = found[found["method"] == "site-t-average-all"]
    assert alone["rejected"].sum() / alone["replicates"].sum() > 0.1
