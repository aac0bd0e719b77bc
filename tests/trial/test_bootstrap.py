from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial.bootstrap import wild_bootstrap

ENDLINE = {"outcome": "score", "arm": "arm", "cluster": "site"}
SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}


def brute(rows: pd.DataFrame, names: list[str], *, null: float, points: list[float]) -> tuple[float, int]:
    """Least squares on every re-weighted outcome, row by row: observed t and the count at least as large."""
    clusters = sorted(rows["cluster"].unique())
    member = np.array([clusters.index(label) for label in rows["cluster"]])
    n, k = len(rows), len(clusters)
    others = np.column_stack([np.ones(n), *(rows[name] for name in names)])
    design = np.column_stack([others, rows["arm"]])
    bread = np.linalg.inv(design.T @ design)
    factor = k / (k - 1) * (n - 1) / (n - design.shape[1])

    def t_of(outcome: np.ndarray) -> float:
        beta = bread @ design.T @ outcome
        residual = outcome - design @ beta
        score = np.array([design[member == g].T @ residual[member == g] for g in range(k)])
        return (beta[-1] - null) / math.sqrt(factor * (bread @ score.T @ score @ bread)[-1, -1])

    shifted = rows["y"].to_numpy() - null * rows["arm"].to_numpy()
    fitted = others @ np.linalg.lstsq(others, shifted, rcond=None)[0] + null * rows["arm"].to_numpy()
    residual = rows["y"].to_numpy() - fitted
    observed = t_of(rows["y"].to_numpy())
    drawn = [
        t_of(fitted + np.array(vector)[member] * residual) for vector in itertools.product(points, repeat=k)
    ]
    return observed, int((np.abs(drawn) >= abs(observed) * (1 - 1e-9)).sum())


def test_enumerated_p_matches_r(qic, lone, values) -> None:
    for data, weights, theirs in [
        (qic, "rademacher", values["qic_sim"]["endline_wcr_rademacher"]),
        (lone, "rademacher", values["mscqi_sim_3v1"]["wcr_rademacher"]),
        (lone, "webb", values["mscqi_sim_3v1"]["wcr_webb"]),
    ]:
        ours = wild_bootstrap(data, **ENDLINE, weights=weights)
        assert ours.exact
        assert len(ours.distribution) == theirs["N"]
        assert ours.estimate.statistic == pytest.approx(theirs["t_obs"], rel=1e-12)
        assert ours.estimate.p_value == pytest.approx(theirs["p_two_sided"], rel=1e-14)
        strict = np.abs(ours.distribution) > theirs["t_obs"] * (1 + 1e-9)
        assert strict.mean() == pytest.approx(theirs["p_strict"], rel=1e-14)


def test_estimate_and_standard_error_match_clubsandwich(lone, values) -> None:
    ours = wild_bootstrap(lone, **ENDLINE).estimate
    assert ours.estimate == pytest.approx(
        values["mscqi_sim_3v1"]["gee"]["independence"]["estimate"], rel=1e-10
    )
    assert ours.se == pytest.approx(values["mscqi_sim_3v1"]["ols_CR"]["CR1S"]["se"], rel=1e-10)


@pytest.mark.parametrize("names", [[], ["x"], ["x", "level"]])
def test_cluster_sums_give_what_rows_give(few, names) -> None:
    rows = few.assign(level=np.array([0.3, 1.0, -2.0, 0.5, 0.1, 4.0])[few["cluster"]])
    ours = wild_bootstrap(rows, **SMALL, covariates=names)
    observed, count = brute(rows, names, null=0.0, points=[-1, 1])
    assert ours.estimate.statistic == pytest.approx(observed, rel=1e-10)
    assert ours.estimate.p_value == count / 2**6


def test_limits_are_where_p_falls_to_what_the_level_leaves(few) -> None:
    ours = wild_bootstrap(few, **SMALL, covariates=["x"], level=0.85).estimate
    step = 1e-6 * ours.se
    for limit, inward in [(ours.ci_low, step), (ours.ci_high, -step)]:
        inside = brute(few, ["x"], null=limit + inward, points=[-1, 1])[1]
        outside = brute(few, ["x"], null=limit - inward, points=[-1, 1])[1]
        assert inside / 2**6 > 0.15 >= outside / 2**6


def test_webb_points_are_counted_as_rows_give() -> None:
    rows = pd.DataFrame(
        {"cluster": [1, 1, 2, 3, 3, 4], "arm": [0, 0, 0, 1, 1, 1], "y": [1.0, 3, 2.2, 4, 5.5, 3.9]}
    )
    points = [side * math.sqrt(square) for side in (-1, 1) for square in (0.5, 1, 1.5)]
    observed, count = brute(rows, [], null=0.0, points=points)
    ours = wild_bootstrap(rows, **SMALL, weights="webb")
    assert ours.estimate.statistic == pytest.approx(observed, rel=1e-12)
    assert ours.estimate.p_value == count / 6**4


def test_smallest_p_is_reached_by_a_huge_effect(few) -> None:
    far = few.assign(y=few["y"] + 1e5 * few["arm"])
    ours = wild_bootstrap(far, **SMALL)
    assert ours.estimate.p_value == ours.smallest_p == 2 / 2**6
    assert math.isfinite(ours.estimate.ci_low)


def test_draws_come_near_to_the_enumeration(qic) -> None:
    drawn = wild_bootstrap(qic, **ENDLINE, draws=4_000, seed=3)
    assert not drawn.exact
    assert drawn.monte_carlo_se < 0.0012
    assert drawn.estimate.p_value == pytest.approx(10 / 4096, abs=4 * drawn.monte_carlo_se + 1 / 4001)
    exact = wild_bootstrap(qic, **ENDLINE).estimate
    assert drawn.estimate.ci_low == pytest.approx(exact.ci_low, abs=0.1)
    assert drawn.estimate.ci_high == pytest.approx(exact.ci_high, abs=0.1)
    again = wild_bootstrap(qic, **ENDLINE, draws=4_000, seed=3)
    np.testing.assert_array_equal(drawn.distribution, again.distribution)


def test_few_clusters_are_said(lone, few) -> None:
    alone = wild_bootstrap(lone, **ENDLINE)
    assert alone.smallest_p == 2 / 2**4
    assert (alone.estimate.ci_low, alone.estimate.ci_high) == (-math.inf, math.inf)
    assert any("lone cluster" in note for note in alone.estimate.notes)
    assert any("below 0.12" in note for note in alone.estimate.notes)
    assert any(
        "3 clusters in an arm" in n for n in wild_bootstrap(few, **SMALL, weights="webb").estimate.notes
    )
    assert wild_bootstrap(few, **SMALL).estimate.notes == ()


def test_order_labels_and_sides_do_not_matter(few) -> None:
    plain = wild_bootstrap(few, **SMALL, covariates=["x"], level=0.9).estimate
    kept = few.copy()
    relabelled = few.sample(frac=1, random_state=1).assign(
        cluster=lambda rows: "c" + (9 - rows["cluster"]).astype(str)
    )
    other = wild_bootstrap(relabelled, **SMALL, covariates=["x"], level=0.9).estimate
    for name in ("estimate", "se", "p_value", "ci_low", "ci_high"):
        assert getattr(other, name) == pytest.approx(getattr(plain, name), rel=1e-9)
    swapped = wild_bootstrap(few.assign(arm=1 - few["arm"]), **SMALL, covariates=["x"], level=0.9).estimate
    assert swapped.p_value == plain.p_value
    assert (swapped.ci_low, swapped.ci_high) == pytest.approx((-plain.ci_high, -plain.ci_low), rel=1e-9)
    moved = wild_bootstrap(few.assign(y=1e6 + 10 * few["y"]), **SMALL, covariates=["x"], level=0.9).estimate
    assert (moved.ci_low, moved.ci_high) == pytest.approx((10 * plain.ci_low, 10 * plain.ci_high), rel=1e-6)
    pd.testing.assert_frame_equal(few, kept)


def test_missing_rows_are_left_out_and_counted(few) -> None:
    holed = few.assign(y=few["y"].where(few.index != 3))
    ours = wild_bootstrap(holed, **SMALL).estimate
    assert ours.n == len(few) - 1
    assert ours.notes == ("1 row without complete data was left out.",)
    assert ours.statistic == pytest.approx(brute(few.drop(index=3), [], null=0.0, points=[1])[0], rel=1e-10)


def test_what_cannot_be_answered_is_refused_by_name(few) -> None:
    with pytest.raises(DesignError, match=r"'arm'.*determine"):
        wild_bootstrap(few.assign(z=2 * few["arm"]), **SMALL, covariates=["z"])
    with pytest.raises(DesignError, match="'y' takes a single value"):
        wild_bootstrap(few.assign(y=3.3), **SMALL)
    with pytest.raises(DesignError, match="'x' takes a single value"):
        wild_bootstrap(few.assign(x=1.0), **SMALL, covariates=["x"])
    with pytest.raises(DesignError, match="fitted exactly"):
        wild_bootstrap(few[few["cluster"] < 2], **SMALL)
    with pytest.raises(DesignError, match=r"'y'.*determine"):
        wild_bootstrap(few.assign(y=1.0 * few["arm"]), **SMALL)
    with pytest.raises(DesignError, match="no cluster with data"):
        wild_bootstrap(few[few["arm"] == 1], **SMALL)
    with pytest.raises(DesignError, match="cannot carry"):
        wild_bootstrap(few.groupby("cluster").head(1).head(2), **SMALL)
    with pytest.raises(ArgumentError, match="weights"):
        wild_bootstrap(few, **SMALL, weights="mammen")
    with pytest.raises(ArgumentError, match="draws"):
        wild_bootstrap(few, **SMALL, draws=0)
