"""Models whose only column is the arm, for all replicates at once, in closed forms of cluster sums.

Each arm has a mean of its own, in which its clusters weigh by size and correlation, and the effect's error is
a sum over clusters. Nothing here passes over rows, or over replicates one by one. For simulations: a test
holds each form to the public function on rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from qieval.stats.columns import Floats
from qieval.stats.glm import Family
from qieval.stats.sandwich import FAY_GRAUBARD_BOUND, FULL
from qieval.trial.bootstrap import NOTHING, TIE, sign_vectors
from qieval.trial.replicate_odds import generalised
from qieval.trial.replicates import Draws, Effects

STEPS, SETTLED = 100, 1e-10
THETAS = np.concatenate([[0.0], np.logspace(-4, 5, 28)])
BISECTIONS = 60
FLAT = 1e-20
BOOTSTRAP, CHUNK = 999, 500
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Arms:
    """Cluster weights within their arms: sums over the two arms have shape (R, 2)."""

    inside: Floats  # (K, 2)
    weight: Floats  # (R, K)

    def sums(self, values: Floats) -> Floats:
        return np.asarray(values @ self.inside)

    def spread(self, values: Floats) -> Floats:
        return np.asarray(values @ self.inside.T)

    @property
    def share(self) -> Floats:
        """Each cluster's leverage (R, K)."""
        return self.weight / self.spread(self.sums(self.weight))

    @property
    def lone(self) -> Mask:
        """Whether a cluster alone settles its arm's mean (R,)."""
        return np.asarray((self.share >= 1 - FULL).any(axis=1))

    def means(self, draws: Draws) -> Floats:
        return self.sums(self.weight * draws.means) / self.sums(self.weight)


def _arms(draws: Draws, weight: Floats) -> _Arms:
    return _Arms(inside=np.column_stack([1 - draws.arm, draws.arm]), weight=weight)


def _difference(by_arm: Floats) -> Floats:
    return np.asarray(by_arm[:, 1] - by_arm[:, 0])


@np.errstate(all="ignore")
def least_squares(draws: Draws) -> Effects:
    """Least squares with CR2 and Bell–McCaffrey's df (`qieval.trial.robust_linear_model`)."""
    arms = _arms(draws, draws.size)
    means, share = arms.means(draws), arms.share
    residual = draws.total - draws.size * arms.spread(means)
    rows = arms.sums(draws.size)
    pieces = residual**2 / (1 - share) / arms.spread(rows) ** 2
    crossed = share**2 / (1 - share)
    square = (arms.sums(share**2) + arms.sums(crossed) ** 2 - arms.sums(crossed**2)) / rows**2
    variance, spare = pieces.sum(axis=1), (1 / rows).sum(axis=1)
    within = draws.squares.sum(axis=1) + (residual**2 / draws.size).sum(axis=1)
    refused = arms.lone | (variance <= FLAT * spare * within / rows.sum(axis=1))
    return Effects(
        estimate=_difference(means),
        variance=np.where(refused, math.nan, variance),
        df=spare**2 / square.sum(axis=1),
    )


@np.errstate(all="ignore")
def marginal(draws: Draws) -> dict[str, Effects]:
    """Exchangeable estimating equations with each correction and t on clusters - 2 (`qieval.trial.gee`).

    Links are the families' own. Where the correlation has no solution it is zero, as there.
    """
    means, alpha, phi = _correlation(draws)
    arms = _arms(draws, draws.size / (1 + (draws.size - 1) * alpha[:, None]))
    slope, estimate = _link(means, draws.family)
    score = arms.weight * (draws.means - arms.spread(means))
    information = arms.sums(arms.weight) * slope
    moved = score / arms.spread(information)
    # Fay and Graubard's is about the columns intercept and arm
    bounded = (1 - np.minimum(FAY_GRAUBARD_BOUND, arms.share)) ** -0.5
    ours = moved * bounded + np.where(draws.arm == 1, score * (bounded - 1), 0) / information[:, :1]
    plain, half, whole = ((moved**2 / (1 - arms.share) ** power).sum(axis=1) for power in (0, 1, 2))
    variances = {
        "gee": plain,
        "gee-kauermann-carroll": np.where(arms.lone, math.nan, half),
        "gee-mancl-derouen": np.where(arms.lone, math.nan, whole),
        "gee-fay-graubard": (ours**2).sum(axis=1),
    }
    known = (plain > FLAT * phi * (1 / information).sum(axis=1)) & np.isfinite(estimate)
    df = np.full(len(plain), float(len(draws.arm) - 2))
    return {
        name: Effects(estimate=estimate, variance=np.where(known, variance, math.nan), df=df)
        for name, variance in variances.items()
    }


@np.errstate(all="ignore")
def _link(means: Floats, family: Family) -> tuple[Floats, Floats]:
    """Slope of each arm's mean in its link (R, 2), and the effect on that scale (R,)."""
    if family == "gaussian":
        return np.ones_like(means), _difference(means)
    if family == "binomial":
        return means * (1 - means), _difference(special.logit(means))
    return means, _difference(np.log(means))


def _stepped(means: Floats, step: Floats, family: Family) -> Floats:
    """Means after a step on the scale of the link."""
    if family == "gaussian":
        return means + step
    if family == "binomial":
        return np.asarray(special.expit(special.logit(means) + step))
    return np.asarray(means * np.exp(step))


@np.errstate(all="ignore")
def _correlation(draws: Draws) -> tuple[Floats, Floats, Floats]:
    """Means of the arms (R, 2), correlation and dispersion (R,), by Fisher scoring with moments in turn."""
    size, plain = draws.size, _arms(draws, draws.size)
    pairs, spare = (size * (size - 1)).sum(axis=1) / 2 - 2, size.sum(axis=1) - 2
    means, settled = plain.means(draws), np.zeros(len(size), dtype=bool)
    kept_means, kept_alpha, kept_phi = means, np.zeros(len(size)), np.full(len(size), math.nan)
    for step in range(STEPS):
        slope = _link(means, draws.family)[0]
        variance = plain.spread(slope)
        residual = size * (draws.means - plain.spread(means))
        square = ((draws.squares + residual**2 / size) / variance).sum(axis=1)
        phi = square / spare
        alpha = ((residual**2 / variance).sum(axis=1) - square) / 2 / phi / pairs
        arms = _arms(draws, size / (1 + (size - 1) * alpha[:, None]))
        ahead = (arms.means(draws) - means) / slope
        off = np.abs((ahead**2 * arms.sums(arms.weight) * slope).sum(axis=1))
        now = ~settled & (off <= SETTLED**2 * phi)
        now &= (alpha > -1 / (size.max(axis=1) - 1)) & (alpha < 1 - SETTLED) & (pairs > 0)
        if not step:  # that of independence, for trials in which nothing settles
            kept_phi = phi
        kept_means = np.where(now[:, None], means, kept_means)
        kept_alpha, kept_phi = np.where(now, alpha, kept_alpha), np.where(now, phi, kept_phi)
        settled |= now
        if settled.all():
            break
        means = _stepped(means, ahead, draws.family)
    return kept_means, kept_alpha, kept_phi


def kenward_roger(draws: Draws) -> Effects:
    """Random intercepts by REML with Kenward & Roger's error and df (`qieval.trial.mixed_model`)."""
    size, inner, n = draws.size, draws.squares.sum(axis=1), draws.size.sum(axis=1)
    apart = (size * (draws.means - draws.means.mean(axis=1)[:, None]) ** 2).sum(axis=1)
    known = inner > 1e-12 * (inner + apart)
    arms = _arms(draws, size / (1 + size * _variance_ratio(draws, inner)[:, None]))
    weight, means = arms.weight, arms.means(draws)
    rss = inner + (weight * (draws.means - arms.spread(means)) ** 2).sum(axis=1)
    sigma2 = np.where(known, rss / (n - 2), 1.0)
    phi = sigma2[:, None] / arms.sums(weight)  # covariance of the arms' means (R, 2)
    # as in qieval.stats.smallsample: derivatives in the variances within and between, times sigma2
    squares, cubes = [weight**2 / size, weight**2], [weight**3 / size**2, weight**3 / size, weight**3]
    first = np.stack([arms.sums(part) for part in squares], axis=1) / sigma2[:, None, None] ** 2
    second = np.stack([arms.sums(cubes[place]) for place in (0, 1, 1, 2)], axis=1)
    second = second.reshape(-1, 2, 2, 2) / sigma2[:, None, None, None] ** 3
    alone = (squares[0] / size).sum(axis=1) + n - size.shape[1]
    trace = np.stack([alone, *2 * [squares[0].sum(axis=1)], squares[1].sum(axis=1)], axis=1)
    crossed = first[:, :, None] * first[:, None] * phi[:, None, None]
    expected = ((crossed - 2 * second) * phi[:, None, None]).sum(axis=3)
    expected += trace.reshape(-1, 2, 2) / sigma2[:, None, None] ** 2
    spread = 2 * np.linalg.inv(expected)
    change = np.einsum("rij,rija->ra", spread, second - crossed)
    slopes = (first * phi[:, None] ** 2).sum(axis=2)
    variance = (phi + 2 * phi**2 * change).sum(axis=1)
    return Effects(
        estimate=_difference(means),
        variance=np.where(known, variance, math.nan),
        df=2 * phi.sum(axis=1) ** 2 / np.einsum("ri,rij,rj->r", slopes, spread, slopes),
    )


def _variance_ratio(draws: Draws, inner: Floats) -> Floats:
    """Variance between clusters over that within, by REML (R,): a grid finds the basin, halving the rest."""
    n = draws.size.sum(axis=1)

    def at(theta: Floats) -> tuple[Floats, Floats]:
        grown = 1 + draws.size * theta[:, None]
        arms = _arms(draws, draws.size / grown)
        total = arms.sums(arms.weight)
        square = arms.weight * (draws.means - arms.spread(arms.means(draws))) ** 2
        rss = np.maximum(inner + square.sum(axis=1), 1e-300)
        criterion = (n - 2) * np.log(rss) + np.log(grown).sum(axis=1) + np.log(total).sum(axis=1)
        lost = (arms.sums(arms.weight**2) / total).sum(axis=1)
        slope = arms.weight.sum(axis=1) - lost - (n - 2) * (arms.weight * square).sum(axis=1) / rss
        return criterion, slope

    axis = THETAS[:, None] * (draws.size.shape[1] / n)
    best = np.array([at(point)[0] for point in axis]).argmin(axis=0)
    each = np.arange(len(n))
    low, high = axis[np.maximum(best - 1, 0), each], axis[np.minimum(best + 1, len(axis) - 1), each]
    none = (best == 0) & (at(np.zeros(len(n)))[1] >= 0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        rising = at(middle)[1] > 0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    return np.where(none, 0.0, (low + high) / 2)


def wild_p(draws: Draws, shift: float = 0.0, *, most: int = BOOTSTRAP) -> Floats:
    """Give the p of the restricted wild cluster bootstrap by signs (`qieval.trial.wild_bootstrap`).

    All vectors of signs are counted where there are no more than `most`, else that many are drawn once.
    """
    vectors, exact = sign_vectors(len(draws.arm), most)
    slices = range(0, len(draws.size), CHUNK)
    parts = [_wild_extreme(draws.between(start, start + CHUNK), vectors, shift) for start in slices]
    extreme = np.concatenate(parts)
    return extreme / len(vectors) if exact else (extreme + 1) / (len(vectors) + 1)


def _wild_extreme(draws: Draws, vectors: Floats, shift: float) -> Floats:
    """Count the vectors of signs whose t is at least the observed one (R,); NaN where there is no error."""
    arms = _arms(draws, draws.size)
    rows = arms.spread(arms.sums(draws.size))
    effect = _difference(arms.means(draws)) - shift
    left = draws.total - draws.size * arms.spread(arms.means(draws))
    observed = (left**2 / rows**2).sum(axis=1)
    total = draws.total - shift * draws.size * draws.arm
    score = total - draws.size * (total.sum(axis=1) / draws.size.sum(axis=1))[:, None]
    moved, spread = 0.0, ((score / rows) ** 2).sum(axis=1)[:, None]
    for inside, sign in zip(arms.inside.T, (-1, 1), strict=True):
        count = (draws.size * inside).sum(axis=1)[:, None]
        mean = (score * inside) @ vectors.T / count
        crossed = (score * draws.size * inside) @ vectors.T
        squares = (draws.size**2 * inside).sum(axis=1)[:, None]
        moved = moved + sign * mean
        spread = spread + (mean**2 * squares - 2 * mean * crossed) / count**2
    extreme = (moved**2 * observed[:, None] >= effect[:, None] ** 2 * (1 - TIE) * spread).sum(axis=1)
    whole = (draws.squares.sum(axis=1) + (draws.total**2 / draws.size).sum(axis=1)) / rows.sum(axis=1)
    return np.where(observed <= NOTHING * whole, math.nan, extreme)


def model_p(draws: Draws, arms: tuple[float, float]) -> Iterator[tuple[str, Floats]]:
    """Give each model's name and the p of each trial (R,) of what these means of the arms are apart."""
    shift = arms[1] - arms[0]
    if draws.family != "poisson":
        yield "mixed-model-kr", kenward_roger(draws).p(shift)
    yield "cr2", least_squares(draws).p(shift)
    yield "wild-bootstrap-rademacher", wild_p(draws, shift)
    for name, effects in marginal(draws).items():
        yield name, effects.p(linked(arms, draws.family))
    if draws.family != "gaussian":
        yield "glmm-t", generalised(draws).p(linked(arms, draws.family))


def linked(arms: tuple[float, float], family: Family) -> float:
    """Difference of two means, proportions or rates on the scale of the family's own link."""
    return float(_link(np.array([arms]), family)[1][0])
