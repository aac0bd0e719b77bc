"""How often the comparisons over repeated waves reject where nothing happened and sites drift apart.

Every method here moves with a constant added to the intervention arm's later waves, so the share of intervals
that miss a true difference is the share of true nulls rejected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from scipy import special

from qieval.stats.columns import Floats
from qieval.trial.divergence import FEWEST_CLUSTERS, NO_SIGN, slopes
from qieval.trial.replicates import parallel_contrasts, weighted_p

CLUSTERS, ICCS, DRIFTS = ((2, 2), (3, 1), (3, 3), (6, 6), (12, 12)), (0.01, 0.05, 0.2), (0.0, 0.06, 0.12)
WAVES, SIZE = 4, 30
PASSING = 0.2  # share of the variance between clusters that is new at each wave
KEYS = ["clusters", "icc", "drift", "method"]
THETAS = np.concatenate([[0.0], np.logspace(-5, 6, 45)])
HALVINGS = 60


def wave_characteristics(*, replicates: int = 5_000, seed: int = 0) -> pd.DataFrame:
    """Count rejections at 5 % over trials with four waves in which nothing happened.

    Parameters
    ----------
    replicates : int
        Trials a cell.
    seed : int
        Each cell has a stream of its own under it.

    Returns
    -------
    DataFrame
        One row a cell and method: `clusters`, `icc` (at the first wave, a fifth of it new at each wave),
        `drift` (standard deviation of clusters' own slopes a wave, beside 1 for people), `method`,
        `replicates`, `rejected`. Methods: ``"site-changes"`` and ``"site-changes-permutation"`` of the last
        less the first wave, ``"waves-mixed-kr"`` (`qieval.trial.repeated_waves` on 30 new people for each
        cluster and wave), and ``"by-check"``: the mixed model where the check of divergence allows it, else
        t on changes.
    """
    rows = [
        (f"{clusters[0]}+{clusters[1]}", icc, drift, method, len(p), int((p <= 0.05 * (1 + 1e-9)).sum()))
        for place, (clusters, icc, drift) in enumerate(product(CLUSTERS, ICCS, DRIFTS))
        for method, p in _cell(clusters, icc, drift, replicates, np.random.default_rng([seed, place]))
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "replicates", "rejected"])


def _cell(
    clusters: tuple[int, int], icc: float, drift: float, replicates: int, rng: np.random.Generator
) -> Iterator[tuple[str, Floats]]:
    arm, time = np.repeat([0.0, 1.0], clusters), np.arange(WAVES, dtype=np.float64)
    values = _values(len(arm), icc, drift, replicates, rng)
    change = values[:, :, -1] - values[:, :, 0]
    by_t = weighted_p(change, arm, np.ones_like(change), np.zeros(len(arm), dtype=np.intp))
    yield "site-changes", by_t
    contrasts, _ = parallel_contrasts(len(arm), clusters[1])
    reach = np.abs((change - change.mean(axis=1, keepdims=True)) @ contrasts)
    yield "site-changes-permutation", (reach >= reach[:, :1] * (1 - 1e-9)).mean(axis=1)
    by_model = constrained_p(values, arm)
    yield "waves-mixed-kr", by_model
    f, df, spare, _ = slopes(values, np.column_stack([np.ones_like(arm), arm]), time)
    allowed = (special.fdtrc(df, spare, f) >= NO_SIGN) & (min(clusters) >= FEWEST_CLUSTERS)
    yield "by-check", np.where(allowed, by_model, by_t)


def _values(count: int, icc: float, drift: float, replicates: int, rng: np.random.Generator) -> Floats:
    """Means of clusters at each wave (R, K, T)."""
    lasting = math.sqrt((1 - PASSING) * icc) * rng.standard_normal((replicates, count, 1))
    slope = drift * rng.standard_normal((replicates, count, 1)) * np.arange(WAVES)
    passing = math.sqrt(PASSING * icc + (1 - icc) / SIZE) * rng.standard_normal((replicates, count, WAVES))
    values: Floats = lasting + slope + passing
    return values


def constrained_p(values: Floats, arm: Floats) -> Floats:
    """P of the last wave's effect in each trial (R,), arms alike at the first wave: REML, Kenward–Roger.

    For means (R, K, T) of cells of one size, with a random intercept for each cluster. As ``V = s I + u J``
    has the eigenvalues ``s`` and ``s + T u``, everything rests on the arms' difference at the first wave, and
    on what clusters differ from their arm in their mean over waves and about it.
    """
    counts, waves = np.array([(arm == 0).sum(), (arm == 1).sum()]), values.shape[2]
    means = np.stack([values[:, arm == side].mean(axis=1) for side in (0, 1)], axis=1)
    own = values - means[:, arm.astype(np.intp)]
    level = waves * (own.mean(axis=2) ** 2).sum(axis=1)
    across = (own**2).sum(axis=(1, 2)) - level
    apart, share = means[:, 1] - means[:, 0], float((1 / counts).sum())
    theta = _ratio(across, level, apart[:, 0] ** 2 / share, int(counts.sum()) - 2, waves)
    rest = counts.sum() * waves - (2 * waves - 1)
    rss = across + level / (1 + waves * theta) + apart[:, 0] ** 2 / share / (1 + theta)
    variance, df = _kenward_roger(rss / rest, theta, counts, waves)
    effect = apart[:, -1] - theta / (1 + theta) * apart[:, 0]
    return np.asarray(2 * special.stdtr(df, -np.abs(effect) / np.sqrt(variance)))


def _ratio(across: Floats, level: Floats, first: Floats, count: int, waves: int) -> Floats:
    """Variance between clusters over the other (R,), by REML: a grid finds the basin, halving the rest."""
    rest = count * waves + 1

    def at(theta: Floats) -> tuple[Floats, Floats]:
        grown, one = 1 + waves * theta, 1 + theta
        rss = across + level / grown + first / one
        criterion = rest * np.log(rss) + count * np.log(grown) + np.log(one)
        slope = -rest * (waves * level / grown**2 + first / one**2) / rss + count * waves / grown + 1 / one
        return criterion, slope

    best = np.array([at(np.full_like(level, point))[0] for point in THETAS]).argmin(axis=0)
    low, high = THETAS[np.maximum(best - 1, 0)], THETAS[np.minimum(best + 1, len(THETAS) - 1)]
    none = (best == 0) & (at(np.zeros_like(level))[1] >= 0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rising = at(middle)[1] > 0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    return np.where(none, 0.0, (low + high) / 2)


def _kenward_roger(sigma2: Floats, theta: Floats, counts: Floats, waves: int) -> tuple[Floats, Floats]:
    """Adjusted variance of the last wave's effect and its degrees of freedom (R,)."""
    flat, along = np.eye(waves), np.full((waves, waves), 1 / waves)
    effects = flat[:, 1:]
    designs = [np.hstack([flat, side * effects]) for side in (0, 1)]
    squares = np.array([
        sum(n * x.T @ part @ x for n, x in zip(counts, designs, strict=True))
        for part in (flat - along, along)
    ])  # fmt: skip
    roots = np.stack([sigma2, sigma2 * (1 + waves * theta)], axis=1)  # eigenvalues of V
    moves = np.array([[1.0, 1.0], [0.0, waves]])  # of its derivatives in s and u
    sizes = counts.sum() * np.array([waves - 1.0, 1.0])
    phi = np.linalg.inv(np.einsum("re,eab->rab", 1 / roots, squares))
    first = -np.einsum("ie,re,eab->riab", moves, roots**-2, squares)
    second = np.einsum("ie,je,re,eab->rijab", moves, moves, roots**-3, squares)
    crossed = np.einsum("riab,rbc,rjcd->rijad", first, phi, first)
    trace = np.einsum("ie,je,re,e->rij", moves, moves, roots**-2, sizes)
    expected = trace + np.einsum("rijab,rba->rij", crossed - 2 * second, phi)
    spread = 2 * np.linalg.inv(expected)
    last = phi[:, :, -1]
    change = np.einsum("ra,rij,rijab,rb->r", last, spread, second - crossed, last)
    slope = np.einsum("ra,riab,rb->ri", last, first, last)
    df = 2 * last[:, -1] ** 2 / np.einsum("ri,rij,rj->r", slope, spread, slope)
    return last[:, -1] + 2 * change, df
