"""Stepped wedges: the test over start orders against a plain enumeration (models: test_exposure)."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from qieval.errors import ArgumentError, DesignError
from qieval.trial import permutation_test, stepped_wedge
from qieval.trial.stepped import MODELS

DESIGN: dict[str, Any] = {"outcome": "y", "cluster": "site", "start": "start", "period": "quarter"}
STARTS = {"C1": 5.0, "C2": 7.0, "C3": 9.0, "C4": math.nan}


def collaborative(effect: float = -2.0, *, seed: int = 3) -> pd.DataFrame:
    """Four centres over twelve quarters with unequal cells."""
    rng = np.random.default_rng(seed)
    rows = [
        (site, quarter, start, rng.normal() + effect * (quarter >= start) + 0.1 * quarter)
        for site, start in STARTS.items()
        for quarter in range(1, 13)
        for _ in range(rng.integers(3, 9))
    ]
    return pd.DataFrame(rows, columns=["site", "quarter", "start", "y"])


def by_hand(cells: pd.DataFrame, starts: tuple[float, ...]) -> float:
    """The coefficient of exposure beside period effects, by statsmodels."""
    exposed = cells["quarter"] >= cells["site"].map(dict(zip(STARTS, starts, strict=True)))
    fit = smf.ols("y ~ x + C(quarter)", cells.assign(x=exposed.astype(float))).fit()
    return float(fit.params["x"])


@pytest.mark.parametrize(("last", "patterns", "smallest"), [(12, 24, 1 / 24), (8, 12, 2 / 24)])
def test_the_test_over_start_orders_is_the_enumeration(last: int, patterns: int, smallest: float) -> None:
    data = collaborative(effect=-0.3)
    data = data[data["quarter"] <= last]
    found = stepped_wedge(data, **DESIGN)
    cells = data.groupby(["site", "quarter"], as_index=False)["y"].mean()
    starts = [99.0 if math.isnan(each) else each for each in STARTS.values()]
    effects = [by_hand(cells, order) for order in itertools.permutations(starts)]
    assert found.primary.estimate == pytest.approx(effects[0], rel=1e-9)
    extreme = np.abs(effects) >= abs(effects[0]) * (1 - 1e-9)
    assert found.primary.p_value == pytest.approx(extreme.mean(), rel=1e-12)
    assert found.permutation is not None
    np.testing.assert_allclose(np.sort(found.permutation.distribution), np.sort(effects), atol=1e-9)
    assert (found.orders, found.patterns) == (24, patterns)
    assert found.smallest_p == pytest.approx(smallest, rel=1e-12)


def test_the_interval_holds_the_shifts_that_are_not_rejected() -> None:
    data = collaborative()
    found = stepped_wedge(data, **DESIGN).primary
    exposed = data["quarter"] >= data["start"]
    for shift in (found.ci_low + 1e-6, found.ci_high - 1e-6):
        moved = data.assign(y=data["y"] - shift * exposed)
        assert permutation_test(moved, **DESIGN).estimate.p_value > 0.05
    for shift in (found.ci_low - 1e-6, found.ci_high + 1e-6):
        moved = data.assign(y=data["y"] - shift * exposed)
        assert permutation_test(moved, **DESIGN).estimate.p_value <= 0.05


def xpert(outside: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    cells = pd.read_csv(outside / "crt" / "data" / "xpert_stepped_wedge.csv")
    cells["start"] = cells["cluster"].map(cells[cells["treat"] == 1].groupby("cluster")["period"].min())
    expected = json.loads((outside / "crt" / "xpert_sw.json").read_text(encoding="utf-8"))
    return cells, expected


def test_many_orders_are_drawn_and_the_drawn_one_is_among_them(outside: Path) -> None:
    cells, expected = xpert(outside)
    found = permutation_test(
        cells, outcome="prop", cluster="cluster", start="start", period="period", draws=999, seed=1
    )
    assert found.allocations == expected["permutation_space"]
    assert (found.exact, found.smallest_p) == (False, 1 / 1000)
    assert len(found.distribution) == 999
    extreme = np.sum(np.abs(found.distribution) >= abs(found.estimate.estimate) * (1 - 1e-9))
    assert found.estimate.p_value == pytest.approx((extreme + 1) / 1000, rel=1e-12)


def test_before_anybody_starts_nothing_is_estimated_and_it_is_said() -> None:
    data = collaborative()
    early = data[data["quarter"] <= 4]
    found = stepped_wedge(early, **DESIGN)
    assert found.waiting == (
        "No cluster has started: the first starts in period 5, and the data end with period 4."
    )
    assert found.permutation is None
    assert found.tidy()["estimate"].isna().all()
    assert all(found.waiting in row.notes for row in found.ladder)
    assert not found.cells["exposed"].any()
    assert "could have started" not in " ".join(found.cautions)
    with pytest.raises(DesignError, match="No cluster has started"):
        permutation_test(early, **DESIGN)
    everybody = data[(data["site"] == "C1") & (data["quarter"] > 5)]
    assert "nothing to compare" in stepped_wedge(everybody, **DESIGN).waiting


def test_rows_in_another_order_or_under_other_names_change_nothing_and_the_frame_stays() -> None:
    data = collaborative()
    before = data.copy()
    first = stepped_wedge(data, **DESIGN)
    pd.testing.assert_frame_equal(data, before)
    shuffled = data.sample(frac=1, random_state=1).assign(site=lambda rows: rows["site"].map(
        {"C1": "z", "C2": "b", "C3": "y", "C4": "a"}))  # fmt: skip
    again = stepped_wedge(shuffled, **DESIGN)
    for one, other in zip(first.ladder, again.ladder, strict=True):
        assert one.estimate == pytest.approx(other.estimate, rel=1e-9)
        assert one.p_value == pytest.approx(other.p_value, rel=1e-6)
    assert [row.method for row in first.ladder[1:]] == list(MODELS)
    far = stepped_wedge(data.assign(y=data["y"] + 1e6), **DESIGN)
    assert far.primary.p_value == first.primary.p_value


def test_counts_rates_covariates_and_strata() -> None:
    rng = np.random.default_rng(5)
    data = collaborative().assign(years=lambda rows: rng.uniform(0.2, 1, len(rows)))
    data["y"] = rng.poisson(2.0 * data["years"])
    found = stepped_wedge(data, **DESIGN, exposure="years", family="poisson", unit="visits per year")
    assert [row.method for row in found.ladder] == ["permutation"]
    cell = found.cells.iloc[0]
    own = data[(data["site"] == cell["cluster"]) & (data["quarter"] == cell["period"])]
    assert cell["mean"] == pytest.approx(own["y"].sum() / own["years"].sum())
    assert found.primary.unit == "visits per year"
    data = collaborative().assign(age=lambda rows: rng.normal(size=len(rows)))
    data["y"] += 50 * data["age"]
    plain, adjusted = stepped_wedge(data, **DESIGN), stepped_wedge(data, **DESIGN, covariates=["age"])
    assert abs(adjusted.primary.estimate + 2) < 0.5 < abs(plain.primary.estimate + 2)
    pairs = data.assign(region=data["site"].map({"C1": 0, "C2": 0, "C3": 1, "C4": 1}))
    assert stepped_wedge(pairs, **DESIGN, stratum="region").orders == 4


def test_a_missing_cell_is_left_out_as_least_squares_leaves_it_out() -> None:
    data = collaborative()
    data = data[~((data["site"] == "C2") & data["quarter"].isin([3, 8]))]
    cells = data.groupby(["site", "quarter"], as_index=False)["y"].mean()
    starts = tuple(99.0 if math.isnan(each) else each for each in STARTS.values())
    assert stepped_wedge(data, **DESIGN).primary.estimate == pytest.approx(by_hand(cells, starts), rel=1e-9)


def test_an_interim_look_keeps_intervals_and_drops_p() -> None:
    held = stepped_wedge(collaborative(), **DESIGN).without_p("Too early.")
    assert held.tidy()["p_value"].isna().all()
    assert held.permutation is not None
    assert len(held.permutation.distribution) == 0
    assert "Too early." in held.primary.notes
    assert held.without_p("no", when=False) is held


@pytest.mark.parametrize(
    ("change", "kind", "match"),
    [
        ({"arm": "a"}, ArgumentError, "takes `arm`, or `start` and `period`"),
        ({"start": None}, ArgumentError, "takes `arm`, or `start` and `period`"),
        ({"period": None}, ArgumentError, "takes `arm`, or `start` and `period`"),
        ({"draws": 0}, ArgumentError, "draws"),
    ],
)
def test_unclear_designs_are_refused(change: dict[str, Any], kind: type, match: str) -> None:
    with pytest.raises(kind, match=match):
        permutation_test(collaborative(), **(DESIGN | change))


def test_a_start_that_varies_or_a_missing_period_is_refused() -> None:
    data = collaborative()
    varied = data.assign(start=data["start"].where(data["quarter"] > 1, 6.0))
    with pytest.raises(DesignError, match="'start' varies within"):
        stepped_wedge(varied, **DESIGN)
    with pytest.raises(DesignError, match="Period column 'quarter' is missing in 3 rows"):
        stepped_wedge(data.assign(quarter=data["quarter"].where(data.index > 2)), **DESIGN)
    with pytest.raises(DesignError, match="No row is complete"):
        stepped_wedge(data.assign(y=np.nan), **DESIGN)


@pytest.mark.nightly
@pytest.mark.parametrize("icc", [0.01, 0.2])
def test_with_four_centres_the_test_keeps_its_level(icc: float) -> None:
    """1,000 trials without an effect, centres that move apart from quarter to quarter."""
    rng = np.random.default_rng(20260101)
    data = collaborative()
    rejected = 0
    for _ in range(1_000):
        shift = rng.normal(scale=math.sqrt(icc), size=(4, 12)) + rng.normal(scale=math.sqrt(icc), size=(4, 1))
        site, quarter = data["site"].str[1].astype(int) - 1, data["quarter"] - 1
        y = shift[site, quarter] + rng.normal(size=len(data))
        rejected += permutation_test(data.assign(y=y), **DESIGN).estimate.p_value <= 0.05
    assert rejected / 1_000 <= 1 / 24 + 3 * math.sqrt(0.04 / 1_000)


def test_people_seen_again_are_not_independent_rows() -> None:
    rows = collaborative()
    rows = rows.assign(
        person=rows.groupby(["site", "quarter"]).cumcount().astype(str) + rows["site"].astype(str)
    )
    found, plain = (stepped_wedge(rows, **DESIGN, **more) for more in ({"participant": "person"}, {}))
    assert found.primary == plain.primary
    averaged, nested, alike = found.ladder[1:]
    means = rows.groupby(["site", "start", "quarter"], dropna=False)["y"].mean().reset_index()
    of_means = stepped_wedge(means, **DESIGN).ladder[1:]
    for row, expected in zip((averaged, nested), of_means, strict=False):
        assert (row.estimate, row.se, row.df) == pytest.approx((expected.estimate, expected.se, expected.df))
        assert any("not independent" in note for note in row.notes)
        assert row.n == plain.primary.n
    assert (alike.estimate, alike.se, alike.df) == (nested.estimate, nested.se, nested.df)
    assert "same model" in alike.notes[-1]
    apart = rows.assign(person=range(len(rows)))
    assert stepped_wedge(apart, **DESIGN, participant="person").ladder == plain.ladder
