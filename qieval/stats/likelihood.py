"""The restricted and the full likelihood of a mixed model on pooled moments, and where they are highest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from qieval.errors import DesignError
from qieval.stats.columns import Floats
from qieval.stats.mixed import Pooled

GRID = np.concatenate([[0.0], np.logspace(-4, 13, 35)])
STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """The criterion at given ratios of variances, with all that follows from them.

    Attributes
    ----------
    theta : array (L,)
        Variances between clusters over that within, the finest level first.
    criterion : float
        Minus twice the log-likelihood (restricted unless `ml`), highest in all else, but for a constant.
    slope : array (L,)
        Its derivatives in theta.
    inverse : array (p, p)
        Covariance of the standardised coefficients over the variance within.
    coefficients : array (p,)
        Standardised.
    sigma2 : float
        Variance within, standardised.
    residual : array (S,)
        Means of the finest clusters less their fitted values, standardised.
    pull : array (L,)
        ``r'V⁻¹V_lV⁻¹r`` of each level, V over the variance within.
    ml : bool
        Whether the full likelihood was asked for.
    """

    theta: Floats
    criterion: float
    slope: Floats
    inverse: Floats
    coefficients: Floats
    sigma2: float
    residual: Floats
    pull: Floats
    ml: bool

    @property
    def variances(self) -> Floats:
        """Standardised variances (L + 1,): within, then between the clusters of each level."""
        return self.sigma2 * np.concatenate([[1.0], self.theta])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """``V⁻¹`` at given ratios of variances, as it acts on means of the finest clusters.

    Attributes
    ----------
    own : array (S,)
        Weight of each mean about its cluster's; in all where there is one level.
    mass : array (G,)
        Sum of `own` over each cluster; empty with one level.
    share : array (G,)
        What is left of a cluster's mean beside the variance between clusters, ``1 / (1 + theta[1] mass)``.
    """

    pooled: Pooled
    own: Floats
    mass: Floats
    share: Floats

    @classmethod
    def of(cls, pooled: Pooled, theta: Floats) -> Weights:
        """Take them at one point."""
        own = pooled.size / (1 + pooled.size * theta[0])
        mass = pooled.nesting.total(own) if pooled.nesting else np.empty(0)
        share = 1 / (1 + theta[1] * mass) if pooled.nesting else mass
        return cls(pooled=pooled, own=own, mass=mass, share=share)

    def solve(self, means: Floats) -> Floats:
        """Sums of ``V⁻¹x`` over each finest cluster (S, c), of columns that are `means` (S, c) there."""
        nesting = self.pooled.nesting
        if nesting is None:
            return np.asarray(self.own[:, None] * means)
        middle = nesting.total(self.own[:, None] * means) / self.mass[:, None]
        # about the cluster's mean first, so that nothing is lost where clusters lie far apart
        apart = means - middle[nesting.owner]
        return np.asarray(self.own[:, None] * (apart + (self.share[:, None] * middle)[nesting.owner]))

    def upwards(self, solved: Floats) -> list[Floats]:
        """Sums of solved columns over the clusters of each level, the finest first."""
        return [solved] if self.pooled.nesting is None else [solved, self.pooled.nesting.total(solved)]

    def log_determinant(self) -> float:
        """``log |V|``."""
        return float(np.log(self.pooled.size / self.own).sum() - np.log(self.share).sum())

    def traces(self) -> Floats:
        """``tr V⁻¹V_iV⁻¹V_j`` (L + 1, L + 1) over all directions but those within the finest clusters."""
        size, nesting = self.pooled.size, self.pooled.nesting
        damp = (self.own / size) ** 2
        kinds = np.column_stack([np.ones_like(size), size])
        found = kinds.T @ (damp[:, None] * kinds)
        if nesting is None:
            return np.asarray(found)
        full = np.zeros((3, 3))
        lost = (1 - self.share) / self.mass
        squares = nesting.total((damp * size)[:, None] * kinds)
        cubes = (lost[nesting.owner] * damp * self.own)[:, None] * kinds
        full[:2, :2] = found - 2 * kinds.T @ cubes + squares.T @ ((lost**2)[:, None] * squares)
        full[2, :2] = full[:2, 2] = (self.share**2) @ squares
        full[2, 2] = float(((self.mass * self.share) ** 2).sum())
        return full

    def first_traces(self) -> Floats:
        """``tr V⁻¹V_l`` of each level (L,)."""
        nesting = self.pooled.nesting
        if nesting is None:
            return np.array([self.own.sum()])
        lost = ((1 - self.share) / self.mass)[nesting.owner]
        return np.array([(self.own * (1 - lost * self.own)).sum(), (self.mass * self.share).sum()])


def profile(pooled: Pooled, theta: Floats, *, ml: bool = False) -> Profile:
    """Evaluate the criterion, its slopes and the coefficients at given ratios of variances.

    The coefficients and the variance within are those that are best for this `theta`.
    """
    weights = Weights.of(pooled, theta)
    solved = weights.solve(pooled.table)
    gram = pooled.within + pooled.table.T @ solved
    # numpy only: scipy brings a second BLAS, whose threads wait for numpy's at every step of the search
    root = np.linalg.inv(np.linalg.cholesky(gram[:-1, :-1]))
    inverse = root.T @ root
    beta = inverse @ gram[:-1, -1]
    to_residual = np.append(-beta, 1.0)
    residual = pooled.table @ to_residual
    remains = weights.solve(residual[:, None])
    rss = float(to_residual @ pooled.within @ to_residual + residual @ remains[:, 0])
    upwards = [sums[:, :-1] for sums in weights.upwards(solved)]
    pull = np.array([float((sums**2).sum()) for sums in weights.upwards(remains)])
    spare = pooled.n if ml else pooled.spare
    slope = weights.first_traces() - spare * pull / rss
    criterion = spare * math.log(rss) + weights.log_determinant()
    if not ml:
        criterion -= 2 * float(np.log(np.diag(root)).sum())
        slope -= [float(np.sum(inverse * (sums.T @ sums))) for sums in upwards]
    return Profile(
        theta=theta,
        criterion=criterion,
        slope=slope,
        inverse=inverse,
        coefficients=beta,
        sigma2=rss / spare,
        residual=residual,
        pull=pull,
        ml=ml,
    )


def fit(pooled: Pooled, *, ml: bool = False) -> Profile:
    """Find the ratios of variances at which the criterion is lowest, zero included.

    A grid over seventeen decades finds the basin, Newton's method the minimum in it: on logarithms, with the
    ratios that press against zero held there.

    Raises
    ------
    DesignError
        If the variance within vanishes beside another.
    """
    unit = np.array(pooled.clusters) / pooled.n
    axis = GRID[:: 3 if len(unit) > 1 else 1]
    grid = (unit * np.array(point) for point in product(axis, repeat=len(unit)))
    here = min((profile(pooled, theta, ml=ml) for theta in grid), key=lambda point: point.criterion)
    floor = 1e-3 * unit
    for _ in range(STEPS):
        if (here.theta >= axis[-1] * unit).any():
            raise DesignError(
                "The variance within clusters vanishes beside that between them; compare cluster means."
            )
        step = _newton(pooled, here, floor)
        ahead = _descend(pooled, here, step, floor)
        if ahead is None:
            return here
        here = ahead
    return here


def _newton(pooled: Pooled, here: Profile, floor: Floats) -> Floats:
    """Newton's step of ``log(theta + floor)`` (L,); zero where a ratio presses against zero."""
    free = (here.theta > 0) | (here.slope < 0)
    scale = here.theta + floor
    slope = here.slope * scale
    curve = np.zeros((len(free), len(free)))
    for place in np.flatnonzero(free):
        nudge = np.zeros(len(free))
        nudge[place] = 1e-5 * scale[place]
        there = profile(pooled, here.theta + nudge, ml=here.ml)
        curve[place] = (there.slope * (scale + nudge) - slope) / 1e-5
    step = np.zeros(len(free))
    if free.any():
        chosen = np.ix_(free, free)
        values, vectors = np.linalg.eigh((curve + curve.T)[chosen] / 2)
        # where it curves the wrong way, or hardly, the step still goes downhill
        firm = np.maximum(np.abs(values), 1e-8 * pooled.n)
        step[free] = -vectors @ ((vectors.T @ slope[free]) / firm)
    return np.clip(step, -2.0, 2.0)


def _descend(pooled: Pooled, here: Profile, step: Floats, floor: Floats) -> Profile | None:
    """Follow the step, halved until the criterion falls; None where nothing is to be gained."""
    scale = here.theta + floor
    for _ in range(40):
        theta = np.maximum(scale * np.exp(step) - floor, 0.0)
        if np.abs(theta - here.theta).max(initial=0.0) <= 0 or np.abs(step).max() < 1e-13:
            return None
        ahead = profile(pooled, theta, ml=here.ml)
        noise = 1e-14 * abs(here.criterion)
        if ahead.criterion < here.criterion - noise:
            return ahead
        if ahead.criterion <= here.criterion + noise and _steepness(ahead, floor) < _steepness(here, floor):
            return ahead
        step = step / 2
    return None


def _steepness(point: Profile, floor: Floats) -> float:
    """The largest slope along which the criterion could still fall."""
    slope = np.where((point.theta > 0) | (point.slope < 0), point.slope * (point.theta + floor), 0.0)
    return float(np.abs(slope).max())


def criterion(pooled: Pooled, point: Profile) -> float:
    """Minus twice the log-likelihood (restricted unless `ml`), on the scale that lme4 prints."""
    spare = pooled.n if point.ml else pooled.spare
    constant = spare * (1 + math.log(2 * math.pi / spare) + 2 * math.log(pooled.outcome_scale))
    if point.ml:
        return point.criterion + constant
    columns = 2 * np.linalg.slogdet(pooled.transform / pooled.outcome_scale)[1]
    return point.criterion + constant - float(columns)
