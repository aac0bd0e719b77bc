"""Kenward–Roger beside its textbook form on the full covariance matrix (R's values: test_linear_mixed)."""

from __future__ import annotations

import numpy as np
import pytest

from qieval.stats.likelihood import fit
from qieval.stats.mixed import Pooled, pool
from qieval.stats.moments import Moments
from qieval.stats.smallsample import coefficients

SIZES = [3, 8, 5, 2, 12, 4, 6, 9, 1, 7, 5, 2]
OWNERS = [2, 0, 0, 1, 3, 1, 2, 2, 4, 4, 4, 5]


@pytest.fixture(scope="module")
def trial() -> tuple[Moments, np.ndarray, np.ndarray]:
    """Sub-clusters of unequal size in six clusters, those of one cluster not side by side."""
    rng = np.random.default_rng(8)
    codes = np.repeat(np.arange(len(SIZES)), SIZES)
    owners = np.array(OWNERS)
    arm = owners % 2.0
    x = rng.normal(5, 2, len(codes))
    y = arm[codes] + 0.4 * x
    y += (
        rng.normal(0, 1, len(SIZES))[codes]
        + rng.normal(0, 1, 6)[owners][codes]
        + rng.normal(0, 1.5, len(codes))
    )
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


def pooled_of(moments: Moments, levels: int) -> Pooled:
    return pool(moments, within=OWNERS if levels == 2 else None)


def dense_kenward_roger(design, groupings, variances):
    """Kenward & Roger 1997, equations (3) to (8), written with n x n matrices."""
    parts = [np.eye(len(design))] + [(codes[:, None] == codes[None, :]).astype(float) for codes in groupings]
    inverse = np.linalg.inv(sum(variance * part for variance, part in zip(variances, parts, strict=True)))
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
    inner = sum(
        weight[i, j] * (second[i][j] - first[i] @ phi @ first[j])
        for i in range(len(parts))
        for j in range(len(parts))
    )
    adjusted = phi + 2 * phi @ inner @ phi
    freedom = []
    for place in range(design.shape[1]):
        gradient = np.array([(phi @ part @ phi)[place, place] for part in first])
        freedom.append(2 * phi[place, place] ** 2 / (gradient @ weight @ gradient))
    return np.sqrt(np.diag(adjusted)), np.array(freedom)


@pytest.mark.parametrize("levels", [1, 2])
def test_kenward_roger_is_the_textbook_formula(trial, levels) -> None:
    moments, design, codes = trial
    pooled = pooled_of(moments, levels)
    found = fit(pooled)
    assert (found.theta > 0).all()
    ours = coefficients(pooled, found, df="kenward-roger")
    groupings = [codes, np.array(OWNERS)[codes]][:levels]
    se, df = dense_kenward_roger(design, groupings, found.variances * pooled.outcome_scale**2)
    np.testing.assert_allclose(ours.se, se, rtol=1e-9)
    np.testing.assert_allclose(ours.df, df, rtol=1e-8)


def test_between_counts_what_varies_at_the_level_of_a_term(trial) -> None:
    moments, *_ = trial
    rows = sum(SIZES) - 12 - 1
    one, two = pooled_of(moments, 1), pooled_of(moments, 2)
    assert coefficients(one, fit(one), df="between").df.tolist() == [10, 10, rows]
    contrasts = np.array([[0, 1, 1], [0, 0, 2]])
    assert coefficients(two, fit(two), df="between", rows=contrasts).df.tolist() == [4, rows]


@pytest.mark.parametrize("levels", [1, 2])
def test_kenward_roger_never_understates_the_standard_error(trial, levels) -> None:
    pooled = pooled_of(trial[0], levels)
    found = fit(pooled)
    adjusted = coefficients(pooled, found, df="kenward-roger")
    plain = coefficients(pooled, found, df="satterthwaite")
    assert (adjusted.se >= plain.se).all()
