"""Repeated waves where nothing happens: the closed form is the public function, and which methods hold."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest

from qieval.pipeline.validation import SEED
from qieval.trial import repeated_waves
from qieval.trial.wave_characteristics import (
    CLUSTERS,
    DRIFTS,
    ICCS,
    WAVES,
    _cell,
    _values,
    wave_characteristics,
)


@pytest.mark.parametrize("clusters", [(2, 2), (3, 1), (6, 6)])
def test_the_closed_forms_are_the_public_function(clusters: tuple[int, int]) -> None:
    fast = dict(_cell(clusters, 0.05, 0.12, 3, np.random.default_rng(2)))
    values = _values(sum(clusters), 0.05, 0.12, 3, np.random.default_rng(2))
    for place in range(3):
        count = sum(clusters)
        rows = pd.DataFrame(
            {
                "site": np.repeat(np.arange(count), WAVES),
                "wave": np.tile(np.arange(WAVES), count),
                "y": values[place].ravel(),
            }
        )
        rows["arm"] = (rows["site"] >= clusters[0]).astype(int)
        found = repeated_waves(rows, outcome="y", arm="arm", cluster="site", wave="wave")
        for row in found.ladder:
            assert fast[row.method][place] == pytest.approx(row.p_value, rel=1e-6)
        checked = repeated_waves(
            rows, outcome="y", arm="arm", cluster="site", wave="wave", primary="waves-mixed-kr"
        )
        assert fast["by-check"][place] == pytest.approx(checked.primary.p_value, rel=1e-6)


@pytest.mark.parametrize(
    "replicates", [200, pytest.param(5_000, marks=pytest.mark.nightly)], ids=["few", "many"]
)
def test_changes_and_the_check_hold_their_level_and_the_model_alone_does_not(replicates: int) -> None:
    found = wave_characteristics(replicates=replicates, seed=20260101)
    found["share"] = found["rejected"] / found["replicates"]
    held = found[found["method"] != "waves-mixed-kr"]
    # 135 cells: the largest of as many binomial counts lies within 4 standard errors of 5 %
    most = 0.05 + 4 * math.sqrt(0.05 * 0.95 / replicates)
    assert held["share"].max() <= most, held.nlargest(3, "share")
    assert (held.groupby("method")["share"].mean() <= 0.055).all()
    alone = found[(found["method"] == "waves-mixed-kr") & (found["drift"] == 0.12)]
    assert alone.groupby("clusters")["share"].mean().min() > 0.1


def test_cells_of_the_record_are_made_again_to_the_trial(repo) -> None:
    recorded = pd.read_csv(repo / "data" / "validation" / "waves.csv")
    cells = list(product(CLUSTERS, ICCS, DRIFTS))
    for place in (0, 17):
        clusters, icc, drift = cells[place]
        rows = recorded[
            (recorded["clusters"] == f"{clusters[0]}+{clusters[1]}")
            & (recorded["icc"] == icc)
            & (recorded["drift"] == drift)
        ].set_index("method")
        count = int(rows["replicates"].iloc[0])
        made = dict(_cell(clusters, icc, drift, count, np.random.default_rng([SEED, place])))
        assert count == 10_000
        assert {name: int((p <= 0.05 * (1 + 1e-9)).sum()) for name, p in made.items()} == rows[
            "rejected"
        ].to_dict()
