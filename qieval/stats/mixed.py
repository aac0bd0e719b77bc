"""Linear mixed model with a random cluster intercept, fitted from per-cluster moments by REML.

With one random intercept the covariance of a cluster's rows is ``sigma2 * (I + theta * J)``: it has one value
within the cluster and another in the direction of the cluster's mean. Every sum that the fit needs is
therefore the pooled within-cluster cross-product plus a weighted sum over cluster means, whatever the number
of rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from qieval.errors import DesignError
from qieval.stats.columns import Floats
from qieval.stats.moments import Moments

RANK_TOLERANCE = 1e-10
GRID = np.concatenate([[0.0], np.logspace(-4, 13, 35)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pooled:
    """Moments pooled and standardised: what the REML criterion reads.

    Columns are shifted by their grand means and scaled to unit variance, so that a covariate such as a
    calendar year costs no digits; `transform` brings coefficients back.

    Attributes
    ----------
    names : tuple of str
        The p design columns.
    size : array (K,)
        Rows per cluster.
    x : array (K, p)
        Standardised cluster means of the design columns.
    y : array (K,)
        Standardised cluster means of the outcome.
    within_xx, within_xy, within_yy : array (p, p), array (p,), float
        Within-cluster cross-products, standardised and summed over clusters.
    transform : array (p, p)
        Coefficients on the outcome's unit are ``transform @ standardised + offset``.
    offset : array (p,)
        See `transform`.
    """

    names: tuple[str, ...]
    size: Floats
    x: Floats
    y: Floats
    within_xx: Floats
    within_xy: Floats
    within_yy: float
    transform: Floats
    offset: Floats
    outcome_scale: float

    @property
    def n(self) -> int:
        """Rows."""
        return round(float(self.size.sum()))

    @property
    def spare(self) -> int:
        """Rows less coefficients."""
        return self.n - len(self.names)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """The REML criterion at one ratio of variances, with all that follows from it.

    Attributes
    ----------
    theta : float
        Between-cluster over within-cluster variance.
    criterion : float
        Minus twice the profiled restricted log-likelihood, but for a constant.
    slope : float
        Its derivative in theta.
    inverse : array (p, p)
        Covariance of the standardised coefficients over the within-cluster variance.
    coefficients : array (p,)
        Standardised.
    sigma2 : float
        Within-cluster variance, standardised.
    residual : array (K,)
        Cluster means less their fitted values, standardised.
    """

    theta: float
    criterion: float
    slope: float
    inverse: Floats
    coefficients: Floats
    sigma2: float
    residual: Floats


def pool(moments: Moments) -> Pooled:
    """Standardise moments and check that the model can be fitted to them.

    Raises
    ------
    DesignError
        If the outcome does not vary, columns are linearly dependent, or either variance cannot be told.
    """
    names = moments.constants + moments.covariates
    size = moments.size
    means = np.column_stack([moments.level, moments.mean])
    centre = size @ means / size.sum()
    centre[0] = 0.0
    means = means - centre
    within = np.zeros((means.shape[1], means.shape[1]))
    varying = len(moments.constants)
    within[varying:, varying:] = moments.scatter.sum(axis=0)
    spread = np.sqrt((np.diag(within) + size @ means**2) / size.sum())
    _refuse_constant(names, spread, centre)
    means, within = means / spread, within / np.outer(spread, spread)
    pooled = Pooled(
        names=names,
        size=size,
        x=means[:, :-1],
        y=means[:, -1],
        within_xx=within[:-1, :-1],
        within_xy=within[:-1, -1],
        within_yy=float(within[-1, -1]),
        transform=_back(centre[:-1], spread),
        offset=np.concatenate([[centre[-1]], np.zeros(len(names) - 1)]),
        outcome_scale=float(spread[-1]),
    )
    _refuse_singular(pooled, varying)
    return pooled


def _back(centre: Floats, spread: Floats) -> Floats:
    back = np.diag(spread[-1] / spread[:-1])
    back[0, 1:] = -centre[1:] * spread[-1] / spread[1:-1]
    return back


def _refuse_constant(names: Sequence[str], spread: Floats, centre: Floats) -> None:
    flat = spread <= 1e-12 * np.abs(centre)
    if flat[-1]:
        raise DesignError("The outcome has the same value in every row; there is nothing to compare.")
    if flat.any():
        listed = ", ".join(repr(name) for name, is_flat in zip(names, flat, strict=False) if is_flat)
        raise DesignError(f"No variation in {listed}: the same value in every row.")


def _refuse_singular(pooled: Pooled, constants: int) -> None:
    gram = (pooled.within_xx + pooled.x.T @ (pooled.size[:, None] * pooled.x)) / pooled.n
    lost = dependent(gram)
    if lost:
        listed = ", ".join(repr(pooled.names[place]) for place in lost)
        raise DesignError(f"The design is singular: {listed} cannot be told apart from the other columns.")
    clusters, terms = len(pooled.size), len(pooled.names)
    moving = np.linalg.matrix_rank(
        pooled.within_xx[constants:, constants:], tol=RANK_TOLERANCE * pooled.n, hermitian=True
    )
    if clusters + moving <= terms:
        raise DesignError(
            f"{clusters} clusters and {terms - moving} terms between clusters leave nothing to tell the "
            "variation between clusters from the effect."
        )
    if pooled.n <= clusters + moving:
        raise DesignError(
            "There is no repeated row in any cluster, so variation within clusters cannot be told."
        )
    beta = np.linalg.lstsq(pooled.within_xx, pooled.within_xy, rcond=RANK_TOLERANCE)[0]
    if pooled.within_yy - pooled.within_xy @ beta <= 1e-12 * pooled.n:
        raise DesignError(
            "The outcome hardly varies within clusters (zero residual variance); compare cluster means."
        )


def dependent(gram: Floats) -> list[int]:
    """Find the columns of a cross-product matrix (unit diagonal) that depend on the others."""
    triangle, order = linalg.qr(gram, mode="r", pivoting=True)
    small = np.abs(np.diag(triangle)) <= RANK_TOLERANCE * abs(triangle[0, 0])
    return sorted(int(place) for place in order[small])


def profile(pooled: Pooled, theta: float) -> Profile:
    """Evaluate the REML criterion, its slope and the coefficients at one ratio of variances.

    The coefficients and the within-cluster variance are those that are best for this `theta`.
    """
    shrink = 1 + pooled.size * theta
    weight = pooled.size / shrink
    information = pooled.within_xx + pooled.x.T @ (weight[:, None] * pooled.x)
    right = pooled.within_xy + pooled.x.T @ (weight * pooled.y)
    # numpy only: scipy brings a second BLAS, whose threads wait for numpy's at every step of the search
    root = np.linalg.inv(np.linalg.cholesky(information))
    inverse = root.T @ root
    beta = inverse @ right
    residual = pooled.y - pooled.x @ beta
    within = pooled.within_yy - 2 * beta @ pooled.within_xy + beta @ pooled.within_xx @ beta
    rss = float(within + weight @ residual**2)
    slope_information = pooled.x.T @ ((weight**2)[:, None] * pooled.x)
    return Profile(
        theta=theta,
        criterion=float(
            pooled.spare * math.log(rss) + np.log(shrink).sum() - 2 * np.log(np.diag(root)).sum()
        ),
        slope=float(
            weight.sum()
            - np.sum(inverse * slope_information)
            - pooled.spare * (weight**2 @ residual**2) / rss
        ),
        inverse=inverse,
        coefficients=beta,
        sigma2=rss / pooled.spare,
        residual=residual,
    )


def fit_reml(pooled: Pooled) -> Profile:
    """Find the ratio of variances that minimises the REML criterion, zero included.

    A grid over seventeen decades finds the basin, the root of the slope the minimum; the criterion has one
    parameter, so nothing can be trapped far from it.
    """
    grid = GRID * len(pooled.size) / pooled.n
    points = [profile(pooled, float(theta)) for theta in grid]
    best = min(range(len(points)), key=lambda place: points[place].criterion)
    if best == 0 and points[0].slope >= 0:
        return points[0]
    low, high = points[max(best - 1, 0)], points[min(best + 1, len(points) - 1)]
    if low.slope >= 0 or high.slope <= 0:
        raise DesignError(
            "The variance within clusters vanishes beside that between them; compare cluster means."
        )
    theta = optimize.brentq(
        lambda value: profile(pooled, value).slope, low.theta, high.theta, xtol=1e-300, rtol=1e-14
    )
    return profile(pooled, float(theta))


def reml_criterion(pooled: Pooled, fit: Profile) -> float:
    """Minus twice the restricted log-likelihood, on the scale that lme4 prints."""
    scale = 2 * pooled.spare * math.log(pooled.outcome_scale)
    columns = 2 * np.linalg.slogdet(pooled.transform / pooled.outcome_scale)[1]
    constant = pooled.spare * (1 + math.log(2 * math.pi / pooled.spare))
    return fit.criterion + constant + scale - float(columns)
