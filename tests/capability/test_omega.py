from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.capability import omega
from qieval.errors import ArgumentError


@pytest.mark.parametrize("scale", list("ACENO"))
def test_omega_loadings_and_uniquenesses_are_lavaan_s(outside: Path, scale: str) -> None:
    folder = outside / "qi" / "reliability"
    expected = json.loads((folder / "reliability_expected.json").read_text())[scale]
    items = pd.read_csv(folder / expected["data"])[expected["items"]]
    turned = {
        name: expected["scale_min"] + expected["scale_max"] - items[name] for name in expected["reversed"]
    }
    found, r = omega(items.assign(**turned)), expected["omega_1f_ml"]
    assert found.omega.n == expected["n_listwise"]
    assert found.omega.estimate == pytest.approx(r["omega_model_implied"], rel=1e-5)
    # lavaan divides by n, this by n - 1: loadings differ by the root of that ratio, omega does not.
    scaled = np.sqrt((found.omega.n - 1) / found.omega.n)
    np.testing.assert_allclose(scaled * found.loadings, r["loadings"], rtol=1e-4)
    np.testing.assert_allclose(scaled**2 * found.uniqueness, r["uniqueness"], rtol=1e-4)
    assert found.by_observed == pytest.approx(r["omega_observed_var"], rel=1e-5)


def test_parallel_items_give_alpha() -> None:
    common = np.full((4, 4), 0.5)
    np.fill_diagonal(common, 1.0)
    rows = np.linalg.cholesky(common) @ _orthonormal(4, 400)
    assert omega(rows.T).omega.estimate == pytest.approx(4 * 0.5 / (1 + 3 * 0.5), rel=1e-6)


def _orthonormal(k: int, n: int) -> np.ndarray:
    """Rows with mean zero and the identity as covariance."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(n, k))
    q, _ = np.linalg.qr(rows - rows.mean(axis=0))
    return q.T * math.sqrt(n - 1)


def test_scale_and_sign_change_nothing_and_missing_rows_are_counted() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(80, 1)) + rng.normal(size=(80, 4))
    first = omega(rows)
    assert omega(-3 * rows + 10).omega.estimate == pytest.approx(first.omega.estimate, rel=1e-6)
    rows[:5, 1] = np.nan
    assert (omega(rows).n_incomplete, omega(rows).omega.n) == (5, 75)


def test_what_cannot_be_fitted_says_why() -> None:
    rng = np.random.default_rng(2)
    constant = omega(np.column_stack([rng.normal(size=(20, 2)), np.ones(20)]))
    assert math.isnan(constant.omega.estimate)
    assert constant.omega.notes == ("An item does not vary.",)
    assert omega(rng.normal(size=(3, 4))).omega.notes == ("3 complete rows are too few for 4 items.",)
    with pytest.raises(ArgumentError, match="at least three items"):
        omega(rng.normal(size=(20, 2)))
    twin = rng.normal(size=50)
    same = omega(np.column_stack([twin, twin, rng.normal(size=50)]))
    assert "uniqueness is zero" in same.omega.notes[0]
