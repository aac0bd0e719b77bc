"""The stepped wedge's demonstration: its shape, its truth, and the same bytes as those in the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.simulate import DEMO_MS, SimulatedTables, registry
from qieval.simulate.registry import NEVER, start_quarters
from qieval.simulate.study import as_csv
from qieval.trial import stepped_wedge


@pytest.fixture(scope="module")
def study() -> SimulatedTables:
    return registry()


def test_the_data_in_the_repository_are_these(study: SimulatedTables, repo: Path) -> None:
    for wave in study.waves:
        for name, frame in study.at(wave).items():
            path = repo / "data" / "demo-ms" / f"wave-{wave}" / f"{name}.csv"
            assert path.read_bytes() == as_csv(frame).encode(), path


def test_three_centres_start_and_one_never_does(study: SimulatedTables) -> None:
    roster = study.at(3)["sites"]
    assert sorted(roster["start_period"].dropna()) == [5, 7, 9]
    assert roster["start_period"].isna().sum() == 1
    orders = {tuple(start_quarters(seed)) for seed in range(200)}
    assert len(orders) == 24
    assert all(sorted(order) == [5, 7, 9, NEVER] for order in orders)


def test_each_wave_is_the_full_extract_up_to_its_cut(study: SimulatedTables) -> None:
    last = {wave: study.at(wave) for wave in study.waves}
    assert [tables["outcomes"]["period"].max() for tables in last.values()] == [4, 8, 12]
    assert [len(set(tables["coaching"]["site"])) for tables in last.values()] == [
        1,
        3,
        3,
    ]  # introductions too
    assert [len(tables["withdrawals"]) for tables in last.values()] == [0, 1, 3]
    assert [len(tables["events"]) for tables in last.values()] == [0, 1, 1]
    assert set(last[1]["segments"]["source"]) <= set(last[1]["sources"]["source"])


def test_some_people_are_seen_more_than_once_and_never_twice_in_a_quarter(study: SimulatedTables) -> None:
    rows = study.at(3)["outcomes"]
    assert rows["participant"].nunique() == DEMO_MS.patients
    seen = rows["participant"].value_counts().value_counts(normalize=True)
    assert seen.loc[[1, 2, 3]].to_numpy() == pytest.approx(DEMO_MS.visits_of, abs=0.05)
    assert not rows.duplicated(["participant", "period"]).any()
    assert rows.groupby("participant")["site"].nunique().max() == 1
    assert rows["fatigue"].between(0, 63).sum() == rows["fatigue"].notna().sum()


def test_analyses_find_the_truth_on_average() -> None:
    found = []
    for seed in range(40):
        tables = registry(seed).at(3)
        data = tables["outcomes"].merge(tables["sites"], on="site")
        options = {"cluster": "site", "start": "start_period", "period": "period"}
        fatigue = stepped_wedge(data, outcome="fatigue", **options).primary.estimate
        visits = stepped_wedge(data, outcome="visits", exposure="person_years", family="poisson", **options)
        found.append((fatigue, visits.primary.estimate))
    mean = np.mean(found, axis=0)
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert np.all(np.abs(mean - [DEMO_MS.fatigue, DEMO_MS.visits]) < 4 * error)


def test_the_shock_moves_all_centres_alike(study: SimulatedTables) -> None:
    rows = pd.concat([registry(seed).at(3)["outcomes"] for seed in range(10)])
    early = rows[rows["period"].isin([3, 4, 6])]  # one centre has started by quarter 6
    never = early[early["site"].isin(registry(0).at(3)["sites"]["site"])].groupby("period")["fatigue"].mean()
    assert never[6] - never[[3, 4]].mean() > 0.2
    assert study.at(3)["events"]["start"].tolist() == ["2023-04-01"]
