from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.stats.likelihood import fit
from qieval.stats.mixed import pool
from qieval.stats.moments import Moments
from qieval.stats.smallsample import coefficients

NAMED = {"outcome": "y", "arm": "arm", "cluster": "site"}


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    site = rng.integers(0, 12, 400)
    arm = site % 2
    x = rng.normal(size=400)
    y = 2 + arm + 0.5 * x + rng.normal(0, 1, 12)[site] + rng.normal(size=400)
    return pd.DataFrame({"site": site, "arm": arm, "x": x, "y": y})


def same(one: Moments, two: Moments, *, rel: float = 1e-10) -> None:
    order = [one.clusters.index(label) for label in two.clusters]
    for field in ("size", "level", "mean", "scatter"):
        ours, theirs = getattr(one, field)[order], getattr(two, field)
        np.testing.assert_allclose(ours, theirs, rtol=rel, atol=rel * np.abs(theirs).max())


def test_moments_are_those_that_pandas_gives(rows) -> None:
    ours = Moments.from_frame(rows, **NAMED, covariates=["x"])
    grouped = rows.groupby("site")[["x", "y"]]
    np.testing.assert_allclose(ours.size, grouped.size())
    np.testing.assert_allclose(ours.mean, grouped.mean(), rtol=1e-12)
    covariance = grouped.cov().to_numpy().reshape(12, 2, 2)
    np.testing.assert_allclose(ours.scatter, covariance * (ours.size - 1)[:, None, None], rtol=1e-10)
    assert ours.constants == ("intercept", "arm")
    assert ours.covariates == ("x",)


@pytest.mark.parametrize("parts", [2, 7, 40])
def test_merged_moments_are_those_of_all_rows(rows, parts) -> None:
    rows = rows.assign(y=rows["y"] + 1e6)
    pieces = [
        Moments.from_frame(rows.iloc[start::parts], **NAMED, covariates=["x"]) for start in range(parts)
    ]
    merged = pieces[0]
    for piece in pieces[1:]:
        merged = merged + piece
    whole = Moments.from_frame(rows, **NAMED, covariates=["x"])
    same(merged, whole)
    fits = []
    for moments in (merged, whole):
        pooled = pool(moments)
        fits.append(coefficients(pooled, fit(pooled), df="kenward-roger"))
    for field in ("estimate", "se", "df"):
        np.testing.assert_allclose(getattr(fits[0], field), getattr(fits[1], field), rtol=1e-9)


def test_sites_that_hand_over_moments_only(rows) -> None:
    one, two = (
        Moments.from_frame(part, **NAMED) for part in (rows[rows["site"] < 5], rows[rows["site"] >= 5])
    )
    merged = two + one
    assert merged.size.sum() == len(rows)
    same(merged, Moments.from_frame(rows, **NAMED), rel=1e-15)


def test_a_large_common_value_costs_no_digits(rows) -> None:
    plain = Moments.from_frame(rows, **NAMED)
    rounded = rows.assign(y=(rows["y"] + 2.0**30) - 2.0**30)
    moved = Moments.from_frame(rows.assign(y=rounded["y"] + 2.0**30), **NAMED)
    np.testing.assert_allclose(moved.scatter, Moments.from_frame(rounded, **NAMED).scatter, rtol=1e-9)
    np.testing.assert_allclose(moved.scatter, plain.scatter, rtol=1e-5)


def test_incomplete_rows_are_left_out(rows) -> None:
    holed = rows.copy()
    holed.loc[holed["site"] == 3, "y"] = np.nan
    holed.loc[holed.index[:5], "x"] = np.nan
    ours = Moments.from_frame(holed, **NAMED, covariates=["x"])
    assert 3 not in ours.clusters
    same(ours, Moments.from_frame(holed.dropna(), **NAMED, covariates=["x"]))


def test_unlike_moments_are_not_added(rows) -> None:
    plain = Moments.from_frame(rows, **NAMED)
    with pytest.raises(ArgumentError, match="unlike columns"):
        plain + Moments.from_frame(rows, **NAMED, covariates=["x"])
    with pytest.raises(DesignError, match="unlike arms"):
        plain + Moments.from_frame(rows.assign(arm=1 - rows["arm"]), **NAMED)
