"""Designs of cluster-randomised trials as planned: sizes, correlation, and the standard error they give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.stats.glm import Family
from qieval.stats.inference import check_level

Decay = Literal["none", "exponential"]
Arms = tuple[int, int] | Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelDesign:
    """Clusters allocated once, compared by a t test on cluster summaries.

    Attributes
    ----------
    clusters : tuple of int, or sequence of such tuples
        Clusters in control and intervention; one such pair of numbers for each stratum of the allocation
        (``[(1, 1)] * 8`` for eight matched pairs).
    size : float
        Mean participants of a cluster; for counts the mean exposure.
    icc : float
        Intracluster correlation within arms and strata; for counts that of one unit of exposure, so that
        ``icc / (1 - icc) * rate`` is the variance of cluster rates.
    cv : float
        Coefficient of variation of cluster size.
    family : {"gaussian", "binomial", "poisson"}
        Means, proportions or rates.
    sd : float
        Total standard deviation of a mean's outcome.
    control : float, optional
        Proportion or rate under control.
    correlation : float
        Of a cluster's summary at baseline and at the end, where baseline is adjusted for (ANCOVA); 0 for no
        adjustment.
    level : float
        The test is two-sided at ``1 - level``.

    Notes
    -----
    The variance of a cluster's summary is that of its participants times the design effect
    ``1 + ((1 + cv^2) size - 1) icc`` (Eldridge, Ashby & Kerry 2006, doi 10.1093/ije/dyl129) times ``1 -
    correlation^2``. Degrees of freedom are clusters - 1 - strata, less one for a baseline.
    """

    clusters: Arms
    size: float
    icc: float
    cv: float = 0.0
    family: Family = "gaussian"
    sd: float = 1.0
    control: float | None = None
    correlation: float = 0.0
    level: float = 0.95

    def __post_init__(self) -> None:
        check_choice(self.family, Family, name="family", owner="ParallelDesign")
        _check(self.size, self.icc, self.sd, self.level)
        _strata(self.clusters)
        if self.cv < 0 or not -1 < self.correlation < 1:
            raise ArgumentError("`cv` is not negative, and `correlation` lies between -1 and 1.")
        if (self.control is None) != (self.family == "gaussian"):
            raise ArgumentError(
                "`control`, the proportion or rate under control, goes with binary outcomes and counts."
            )
        if self.control is not None and not 0 <= self.control <= self.most:
            raise ArgumentError(f"`control` must be a proportion or a rate; not {self.control!r}.")
        if self.df < 1:
            raise DesignError(f"{self.total} clusters leave no degrees of freedom for a test.")

    @property
    def total(self) -> int:
        """Clusters."""
        return int(_strata(self.clusters).sum())

    @property
    def df(self) -> float:
        """Degrees of freedom of the t test."""
        return float(self.total - 1 - len(_strata(self.clusters)) - (self.correlation != 0))

    @property
    def most(self) -> float:
        """Largest value that a cluster's summary can have."""
        return 1.0 if self.family == "binomial" else math.inf

    @property
    def lone(self) -> bool:
        """Whether an arm has a single cluster."""
        return 1 in _strata(self.clusters).sum(axis=0)

    @property
    def design_effect(self) -> float:
        """How much clustering multiplies the variance of a summary."""
        return 1 + ((1 + self.cv**2) * self.size - 1) * self.icc

    @property
    def smallest_p(self) -> float:
        """Smallest p of the exact randomisation test."""
        return smallest_p(self.clusters)

    def se(self, effect: float) -> float:
        """Standard error of the effect, in the outcome's unit."""
        strata = _strata(self.clusters).astype(np.float64)
        share = strata.prod(axis=1) / strata.sum(axis=1)
        factor = self.design_effect * (1 - self.correlation**2) / self.size
        variance = factor * np.array([self._variance(0.0), self._variance(effect)])
        return math.sqrt(float(share**2 @ (variance / strata).sum(axis=1))) / float(share.sum())

    def _variance(self, effect: float) -> float:
        """Variance of one participant's outcome (of a unit of exposure) in an arm with this effect."""
        if self.control is None:
            return self.sd**2
        value = self.control + effect
        if not 0 <= value <= self.most:
            raise ArgumentError(f"An effect of {effect:g} on {self.control:g} leaves the possible values.")
        return value * (1 - value) if self.family == "binomial" else value / (1 - self.icc)


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedWedgeDesign:
    """Clusters that cross from control to intervention at successive steps, measured in every period.

    Attributes
    ----------
    clusters : sequence of int
        Clusters that cross at each step; there is one period more than steps.
    size : float
        New participants of a cluster in a period.
    icc : float
        Correlation of two participants of a cluster in the same period.
    cac : float
        Cluster autocorrelation: that between periods over that within (1: Hussey & Hughes).
    decay : {"none", "exponential"}
        Whether `cac` holds for any two periods (nested exchangeable) or for each step of time.
    sd : float
        Total standard deviation; ``sqrt(p (1 - p))`` for a proportion near p.
    level : float
        The test is two-sided at ``1 - level``.
    small_sample : bool
        Refer to t with clusters - 2 degrees of freedom; otherwise to the normal distribution.

    Notes
    -----
    Generalised least squares with fixed periods and an immediate, constant effect (Hussey & Hughes 2007, doi
    10.1016/j.cct.2006.05.007). Not for effects that grow with time since the start.
    """

    clusters: Sequence[int]
    size: float
    icc: float
    cac: float = 1.0
    decay: Decay = "none"
    sd: float = 1.0
    level: float = 0.95
    small_sample: bool = True

    def __post_init__(self) -> None:
        check_choice(self.decay, Decay, name="decay", owner="SteppedWedgeDesign")
        _check(self.size, self.icc, self.sd, self.level)
        if not 0 <= self.cac <= 1:
            raise ArgumentError(f"`cac` must lie between 0 and 1; not {self.cac!r}.")
        if len(self.clusters) < 2 or any(count < 1 or count != int(count) for count in self.clusters):
            raise ArgumentError("`clusters` needs two steps or more with a cluster or more at each.")
        if self.total < 3:
            raise DesignError(f"{self.total} clusters leave no degrees of freedom for a test.")

    @property
    def total(self) -> int:
        """Clusters."""
        return int(sum(self.clusters))

    @property
    def df(self) -> float:
        """Degrees of freedom of the test; infinite for the normal distribution."""
        return self.total - 2.0 if self.small_sample else math.inf

    @property
    def smallest_p(self) -> float:
        """Smallest p of a randomisation test over the orders in which clusters start, where no two tie."""
        return math.prod(math.factorial(count) for count in self.clusters) / math.factorial(self.total)

    def se(self, effect: float) -> float:  # noqa: ARG002
        """Standard error of the effect, in the outcome's unit; the same for any effect."""
        periods = np.arange(len(self.clusters) + 1)
        apart = np.abs(periods[:, None] - periods)
        alike = self.cac ** (apart if self.decay == "exponential" else np.minimum(apart, 1.0))
        inverse = np.linalg.inv(self.icc * alike + (1 - self.icc) / self.size * np.eye(len(periods)))
        information = np.zeros((len(periods) + 1, len(periods) + 1))
        for step, count in enumerate(self.clusters):
            design = np.column_stack([periods > step, np.eye(len(periods))])
            information += count * design.T @ inverse @ design
        return self.sd * math.sqrt(float(np.linalg.inv(information)[0, 0]))


def smallest_p(clusters: Arms) -> float:
    """Give the smallest two-sided p of the exact randomisation test.

    Parameters
    ----------
    clusters : tuple of int, or sequence of such tuples
        Clusters in control and intervention, for each stratum; pairs are ``(1, 1)`` each.
    """
    strata = _strata(clusters)
    allocations = math.prod(math.comb(int(sum(pair)), int(pair[0])) for pair in strata)
    return (2 if (strata[:, 0] == strata[:, 1]).all() else 1) / allocations


def scaled(clusters: Any, multiple: int) -> Any:
    """Give so many times the smallest clusters in the same proportions; of matched pairs so many pairs."""
    given = np.asarray(clusters)
    if given.ndim == 2 and len(given) > 1 and (given == 1).all():
        return [(1, 1)] * multiple
    least = given // np.gcd.reduce(given.ravel()) * multiple
    return tuple(least.tolist()) if given.ndim == 1 else [tuple(pair) for pair in least.tolist()]


def _strata(clusters: Arms) -> NDArray[np.int64]:
    """Clusters in control and intervention of each stratum (s, 2)."""
    given = np.atleast_2d(np.asarray(clusters))
    if given.ndim != 2 or given.shape[1] != 2 or (given < 1).any() or (given != given.astype(int)).any():
        raise ArgumentError(
            "`clusters` takes whole numbers of clusters in control and intervention, 1 or more of each, once "
            f"or for each stratum; not {clusters!r}."
        )
    return given.astype(np.int64)


def _check(size: float, icc: float, sd: float, level: float) -> None:
    check_level(level)
    if not size > 0 or not sd > 0 or not 0 <= icc < 1:
        raise ArgumentError(
            f"`size` and `sd` must be above zero and `icc` from 0 to below 1; not {size!r}, {sd!r}, {icc!r}."
        )
