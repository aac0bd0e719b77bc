"""Kenward–Roger beside its textbook form on the full covariance matrix (R's values: tests/trial)."""

from __future__ import annotations

import numpy as np
import pytest

from qieval.stats.mixed import fit_reml, pool
from qieval.stats.moments import Moments
from qieval.stats.smallsample import coefficients

SIZES = [3, 8, 5, 2, 12, 4, 6, 9]


@pytest.fixture(scope="module")
def trial() -> tuple[Moments, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    codes = np.repeat(np.arange(len(SIZES)), SIZES)
    arm = np.arange(len(SIZES)) % 2.0
    x = rng.normal(5, 2, len(codes))
    y = arm[codes] + 0.4 * x + rng.normal(0, 1, len(SIZES))[codes] + rng.normal(0, 1.5, len(codes))
    moments = Moments.from_arrays(
        outcome=y,
        codes=codes,
        clusters=range(len(SIZES)),
        level=arm[:, None],
        constants=["arm"],
        rows=x[:, None],
        covariates=["x"],
    )
    return moments, np.column_stack([np.ones(len(codes)), arm[codes], x]), codes


def dense_kenward_roger(design, codes, within, between):
    """Kenward & Roger 1997, equations (3) to (8), written with n x n matrices."""
    same = (codes[:, None] == codes[None, :]).astype(float)
    parts = [np.eye(len(codes)), same]
    inverse = np.linalg.inv(within * parts[0] + between * parts[1])
    phi = np.linalg.inv(design.T @ inverse @ design)
    first = [-design.T @ inverse @ part @ inverse @ design for part in parts]
    second = [[design.T @ inverse @ a @ inverse @ b @ inverse @ design for b in parts] for a in parts]
    information = np.array(
        [
            [
                0.5 * np.trace(inverse @ a @ inverse @ b)
                - np.trace(phi @ second[i][j])
                + 0.5 * np.trace(phi @ first[i] @ phi @ first[j])
                for j, b in enumerate(parts)
            ]
            for i, a in enumerate(parts)
        ]
    )
    weight = np.linalg.inv(information)
    inner = sum(weight[i, j] * (second[i][j] - first[i] @ phi @ first[j]) for i in range(2) for j in range(2))
    adjusted = phi + 2 * phi @ inner @ phi
    freedom = []
    for place in range(design.shape[1]):
        gradient = np.array([(phi @ part @ phi)[place, place] for part in first])
        freedom.append(2 * phi[place, place] ** 2 / (gradient @ weight @ gradient))
    return np.sqrt(np.diag(adjusted)), np.array(freedom)


def test_kenward_roger_is_the_textbook_formula(trial) -> None:
    moments, design, codes = trial
    pooled = pool(moments)
    fit = fit_reml(pooled)
    ours = coefficients(pooled, fit, df="kenward-roger", constants=2)
    within = fit.sigma2 * pooled.outcome_scale**2
    se, df = dense_kenward_roger(design, codes, within, within * fit.theta)
    np.testing.assert_allclose(ours.se, se, rtol=1e-9)
    np.testing.assert_allclose(ours.df, df, rtol=1e-8)


def test_between_counts_clusters_for_terms_between_and_rows_for_terms_within(trial) -> None:
    moments, *_ = trial
    pooled = pool(moments)
    ours = coefficients(pooled, fit_reml(pooled), df="between", constants=2)
    assert ours.df.tolist() == [6, 6, sum(SIZES) - 8 - 1]


def test_kenward_roger_never_understates_the_standard_error(trial) -> None:
    moments, *_ = trial
    pooled = pool(moments)
    fit = fit_reml(pooled)
    adjusted = coefficients(pooled, fit, df="kenward-roger", constants=2)
    plain = coefficients(pooled, fit, df="satterthwaite", constants=2)
    assert (adjusted.se >= plain.se).all()
