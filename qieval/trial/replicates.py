"""Many trials at once: cluster-level tests worked out for all replicates together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from qieval.stats.columns import Floats
from qieval.stats.glm import Family
from qieval.trial.allocations import TIE

T_TESTS = ("cluster-t", "cluster-t-size", "cluster-t-inverse-variance")
PERMUTED = "permutation"
MOST, FEW, DRAWN = 2_000, 6, 999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """Sufficient statistics of R trials of K clusters.

    Attributes
    ----------
    arm, block : array (K,)
        0 or 1; number of the stratum. In a stepped wedge each cluster and period is one of the K.
    size, total, squares : array (R, K)
        People (or exposure), sum of the outcome, and sum of its squares around the cluster's mean.
    family : {"gaussian", "binomial", "poisson"}
        Kind of the outcome.
    contrasts : array (K, m), optional
        Weights that give the effect under each allocation, from `contrasts_of`.
    exact : bool
        Whether those are all allocations.
    """

    arm: Floats
    block: NDArray[np.intp]
    size: Floats
    total: Floats
    squares: Floats
    family: Family
    contrasts: Floats
    exact: bool

    @property
    def means(self) -> Floats:
        """Mean, proportion or rate of each cluster (R, K)."""
        return self.total / self.size

    def first(self, count: int) -> Draws:
        """Give the first trials only."""
        return self.between(0, count)

    def between(self, start: int, stop: int) -> Draws:
        """Give the trials from one place to before another."""
        return self.chosen(slice(start, stop))

    def chosen(self, places: NDArray[np.intp] | slice) -> Draws:
        """Give the trials at some places."""
        parts = {name: getattr(self, name)[places] for name in ("size", "total", "squares")}
        return replace(self, **parts)

    def rows(self, place: int) -> pd.DataFrame:
        """Give one trial as rows of people: `cluster`, `arm`, `outcome`.

        They have exactly these statistics, but for the squares of counts, which are drawn anew.
        """
        rng = np.random.default_rng(place)
        size, total = self.size[place].astype(int), self.total[place]
        cluster = np.repeat(np.arange(len(size)), size)
        if self.family == "binomial":
            within = np.concatenate([np.arange(count) for count in size])
            outcome = (within < total[cluster]).astype(float)
        elif self.family == "poisson":
            parts = [rng.multinomial(int(t), np.full(n, 1 / n)) for n, t in zip(size, total, strict=True)]
            outcome = np.concatenate(parts).astype(float)
        else:
            noise = rng.normal(size=len(cluster))
            noise -= (np.bincount(cluster, noise) / size)[cluster]
            noise *= np.sqrt(self.squares[place] / np.bincount(cluster, noise**2))[cluster]
            outcome = (total / size)[cluster] + noise
        return pd.DataFrame({"cluster": cluster, "arm": self.arm[cluster].astype(int), "outcome": outcome})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """The arm effect of each of R trials; NaN where a method refuses the data.

    Attributes
    ----------
    estimate, variance, df : array (R,)
        On the method's own scale.
    """

    estimate: Floats
    variance: Floats
    df: Floats

    def p(self, shift: float = 0.0) -> Floats:
        """Two-sided p of a difference of `shift` from zero (R,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            statistic = np.abs(self.estimate - shift) / np.sqrt(self.variance)
            return np.asarray(2 * special.stdtr(self.df, -statistic))


def scattered(rng: np.random.Generator, counts: NDArray[Any], size: NDArray[Any]) -> Floats:
    """Spread each cluster's events (R, K) over its people at random; give the squares about its mean."""
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    first = np.concatenate([[0], size.ravel().cumsum()])
    person = first[cell] + (rng.random(len(cell)) * size.ravel()[cell]).astype(np.intp)
    each = np.bincount(person, minlength=first[-1]).astype(np.float64)
    squares = np.add.reduceat(each**2, first[:-1]).reshape(counts.shape)
    return np.asarray(squares - counts**2 / size)


def t_test(draws: Draws, method: str, shift: float = 0.0) -> Floats:
    """Give the two-sided p of each trial (R,) by a t test on cluster values, after taking off a shift.

    The formulas are those of `qieval.trial.cluster_summary`; NaN where the values do not vary.
    """
    values = draws.means - shift * draws.arm
    weight = np.ones_like(values)
    if method == "cluster-t-size":
        weight = draws.size
    elif method == "cluster-t-inverse-variance":
        weight = draws.size / (1 + (draws.size - 1) * _anova_icc(draws)[:, None])
    return weighted_p(values, draws.arm, weight, draws.block)


def weighted_p(values: Floats, arm: Floats, weight: Floats, block: NDArray[np.intp]) -> Floats:
    """Give the two-sided p (R,) of the arm in a weighted regression of values (R, K) on it and the strata."""
    blocks = block == np.arange(block.max() + 1)[:, None]
    own = _centred(np.broadcast_to(arm, values.shape), weight, blocks)
    centred = _centred(values, weight, blocks)
    across = (weight * own**2).sum(axis=1)
    slope = (weight * own * centred).sum(axis=1) / across
    residual = (weight * (centred - slope[:, None] * own) ** 2).sum(axis=1)
    df = values.shape[1] - 1 - len(blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = slope / np.sqrt(residual / df / across)
    flat = residual <= 1e-24 * (weight * values**2).sum(axis=1)
    return np.where(flat, math.nan, 2 * special.stdtr(df, -np.abs(statistic)))


def _centred(values: Floats, weight: Floats, blocks: NDArray[np.bool_]) -> Floats:
    """Take each stratum's weighted mean off cluster values (R, K)."""
    inside = blocks.astype(float)
    means = (weight * values) @ inside.T / (weight @ inside.T)
    return np.asarray(values - means @ inside)


def _anova_icc(draws: Draws) -> Floats:
    """Intracluster correlation within arms by analysis of variance (R,), at least 0."""
    arms = np.array([draws.arm == 0, draws.arm == 1])
    size, rows = draws.size, draws.size.sum(axis=1)
    means = _centred(draws.means, size, arms)
    between = (size * means**2).sum(axis=1) / (size.shape[1] - 2)
    within = draws.squares.sum(axis=1) / (rows - size.shape[1])
    lean = (size**2 @ arms.T / (size @ arms.T)).sum(axis=1)
    average = (rows - lean) / (size.shape[1] - 2)
    whole = between + (average - 1) * within
    return np.asarray(np.maximum(0.0, (between - within) / np.where(whole > 0, whole, 1.0)))


def permutation_p(draws: Draws, shift: float = 0.0) -> Floats:
    """Give the p of each trial's randomisation test (R,), after taking off a shift.

    The first contrast is the observed allocation's. Where not all are listed, (b + 1) / (m + 1) holds.
    """
    values = draws.means - shift * draws.arm
    reach = np.abs((values - values.mean(axis=1, keepdims=True)) @ draws.contrasts)
    extreme = (reach >= (reach[:, 0] - TIE * reach.max(axis=1))[:, None]).sum(axis=1)
    return np.asarray(extreme / draws.contrasts.shape[1])


@cache
def parallel_contrasts(clusters: int, treated: int) -> tuple[Floats, bool]:
    """Contrasts of every choice of so many clusters, the last ones first; drawn where they are too many."""
    observed = tuple(range(clusters - treated, clusters))
    exact = math.comb(clusters, treated) <= MOST
    if exact:
        others = [chosen for chosen in combinations(range(clusters), treated) if chosen != observed]
        chosen = np.array([observed, *others])
    else:
        drawn = np.random.default_rng(0).random((DRAWN, clusters)).argsort(axis=1)[:, :treated]
        chosen = np.vstack([observed, drawn])
    listed = np.zeros((len(chosen), clusters))
    np.put_along_axis(listed, chosen, 1.0, axis=1)
    return contrasts_of(listed[:, :, None]), exact


@cache
def wedge_contrasts(clusters: int, steps: int) -> tuple[Floats, Floats, bool]:
    """Exposure of each cluster and period (K, T), its contrasts under every start order, and whether all."""
    starts = np.arange(clusters) * steps // clusters + 1
    periods = np.arange(steps + 1)
    exact = clusters <= FEW
    if exact:
        orders = np.array(list(dict.fromkeys(permutations(starts.tolist()))))
    else:
        drawn = np.random.default_rng(0).permuted(np.tile(starts, (DRAWN, 1)), axis=1)
        orders = np.vstack([starts, drawn])
    exposed = (periods >= orders[:, :, None]).astype(float)
    return exposed[0], contrasts_of(exposed), exact


def contrasts_of(allocations: Floats) -> Floats:
    """Turn allocations (m, K, T) into the weights (K x T, m) of exposed less unexposed in the same period."""
    centred = allocations - allocations.mean(axis=1, keepdims=True)
    scaled = centred / (centred**2).sum(axis=(1, 2), keepdims=True)
    return np.ascontiguousarray(scaled.reshape(len(scaled), -1).T)
