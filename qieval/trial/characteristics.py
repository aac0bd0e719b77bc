"""Operating characteristics: how often each method rejects a true null, and covers a known effect.

It stands in this room, not in `qieval.simulate`, because it calls the methods that it judges, worked out for
all replicates at once (a test holds each to the public function).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd

from qieval.stats.columns import Floats
from qieval.stats.glm import Family
from qieval.trial.allocations import TIE
from qieval.trial.replicate_models import model_p
from qieval.trial.replicates import (
    PERMUTED,
    T_TESTS,
    Draws,
    parallel_contrasts,
    permutation_p,
    scattered,
    t_test,
    wedge_contrasts,
)

Sizes = Literal["equal", "unequal"]
Course = Literal["endline", "changes", "gaps", "strata", "variances", "wedge"]
CLUSTERS = ((2, 2), (3, 1), (3, 3), (4, 4), (6, 6), (12, 12))
ICCS = (0.0, 0.02, 0.1, 0.3)
LEVEL = 0.95
KEYS = ["course", "clusters", "icc", "sizes", "family", "control"]
COUNTS = ["replicates", "refused", "rejected", "answered", "covered"]
CONTROLS: dict[Family, float] = {"gaussian": 0.0, "binomial": 0.3, "poisson": 1.0}
EFFECTS: dict[Family, float] = {"gaussian": 0.3, "binomial": 0.1, "poisson": 0.3}
MEAN_SIZE, CV, SMALLEST = 30, 0.5, 5
DIVERGING = 0.3  # standard deviation of the sites' own changes or gaps
STEPS = {4: 4, 6: 3, 12: 4}
KEPT = 0.8  # correlation of a cluster's periods over that within one


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One cell of the simulation: a trial as it might have been.

    Attributes
    ----------
    course : {"endline", "changes", "gaps", "strata", "variances", "wedge"}
        What stands for a cluster: its end value; its change since baseline, where sites diverge; its gap
        between two groups of people; its end value within two strata of the allocation; its end value where
        clusters of the intervention arm vary three times as much; its means by period in a stepped wedge of
        as many clusters in all.
    clusters : tuple of int
        In control and intervention.
    icc : float
        Intracluster correlation; of counts that of one unit of exposure.
    sizes : {"equal", "unequal"}
        30 people in each cluster, or a gamma distribution with that mean and a coefficient of variation of
        0.5, at least 5.
    family : {"gaussian", "binomial", "poisson"}
        Normal with a standard deviation of 1; beta-binomial; gamma-Poisson.
    control : float
        Mean, proportion or rate under control.
    """

    clusters: tuple[int, int]
    icc: float
    sizes: Sizes = "equal"
    family: Family = "gaussian"
    course: Course = "endline"
    control: float = 0.0

    @property
    def words(self) -> dict[str, object]:
        """Its columns in the table of counts."""
        label = f"{self.clusters[0]}+{self.clusters[1]}"
        if self.course == "wedge":
            label = f"{sum(self.clusters)} in {STEPS[sum(self.clusters)]} steps"
        return {name: getattr(self, name) for name in KEYS} | {"clusters": label}

    def draw(self, replicates: int, seed: int, *, effect: float = 0.0) -> Draws:
        """Draw the sufficient statistics of many trials; the same seed and cell give the same trials."""
        rng = np.random.default_rng([seed, zlib.crc32(repr(tuple(self.words.values())).encode())])
        contrasts, exact = parallel_contrasts(sum(self.clusters), self.clusters[1])
        arm = np.repeat([0.0, 1.0], self.clusters)
        if self.course == "wedge":
            exposed, contrasts, exact = wedge_contrasts(sum(self.clusters), STEPS[sum(self.clusters)])
            arm = exposed.ravel()
        shape = (replicates, len(arm))
        size = np.full(shape, float(MEAN_SIZE))
        if self.sizes == "unequal":
            drawn = rng.gamma(1 / CV**2, MEAN_SIZE * CV**2, shape)
            size = np.maximum(SMALLEST, np.rint(drawn))
        block = np.zeros(len(arm), dtype=np.intp)
        if self.course == "strata":
            block = np.concatenate([np.arange(count) * 2 // count for count in self.clusters])
        total, squares = self._outcomes(rng, size, arm, effect)
        return Draws(
            arm=arm,
            block=block,
            size=size,
            total=total + block * size,
            squares=squares,
            family=self.family,
            contrasts=contrasts,
            exact=exact,
        )

    def _outcomes(
        self, rng: np.random.Generator, size: Floats, arm: Floats, effect: float
    ) -> tuple[Floats, Floats]:
        mean, rho = self.control + effect * arm, self.icc
        if self.family == "binomial":
            scale = (1 - rho) / rho if rho else 0.0
            odds = rng.beta(mean * scale, (1 - mean) * scale, size.shape) if rho else mean + 0 * size
            total = rng.binomial(size.astype(int), odds).astype(float)
            return total, total * (1 - total / size)
        if self.family == "poisson":
            spread = rho / (1 - rho)  # variance of cluster rates over their mean
            rate = rng.gamma(mean / spread, spread, size.shape) if rho else mean + 0 * size
            counts = rng.poisson(rate * size)
            return counts.astype(float), scattered(rng, counts, size.astype(int))
        between = rho * np.where(arm == 1, 9.0 if self.course == "variances" else 1.0, 1.0)
        noise = (1 - rho) / size
        if self.course in ("changes", "gaps"):  # a difference of two means, and the site's own part in it
            between, noise = np.full_like(mean, DIVERGING**2), 2 * noise
        shared = np.zeros(size.shape)
        if self.course == "wedge":
            count = sum(self.clusters)
            own = rng.normal(size=(len(size), count)) * math.sqrt(KEPT * rho)
            shared, between = np.repeat(own, len(arm) // count, axis=1), (1 - KEPT) * between
        means = mean + shared + rng.normal(size=size.shape) * np.sqrt(between + noise)
        return means * size, (1 - rho) * rng.chisquare(size - 1)


def cells(clusters: Iterable[tuple[int, int]] = CLUSTERS, iccs: Iterable[float] = ICCS) -> Iterator[Scenario]:
    """Give every cell of the table: designs, correlations, sizes, families; then the other courses."""
    clusters, iccs = tuple(clusters), tuple(iccs)
    sizes: tuple[Sizes, ...] = ("equal", "unequal")
    for number, icc, size, (family, control) in product(clusters, iccs, sizes, CONTROLS.items()):
        yield Scenario(clusters=number, icc=icc, sizes=size, family=family, control=control)
    courses: tuple[Course, ...] = ("changes", "gaps", "strata", "variances")
    for number, icc, course in product(clusters, iccs, courses):
        if course != "strata" or number != (3, 1):
            yield Scenario(clusters=number, icc=icc, sizes="unequal", course=course)
    for number, icc in product(clusters, iccs):
        if number[0] == number[1] and sum(number) in STEPS:
            yield Scenario(clusters=number, icc=icc, sizes="unequal", course="wedge")
    rare: tuple[tuple[Family, float], ...] = (("binomial", 0.02), ("poisson", 0.05))
    for number, icc, (family, control) in product(clusters, iccs, rare):
        yield Scenario(clusters=number, icc=icc, sizes="unequal", family=family, control=control)


def characteristics(
    scenarios: Iterable[Scenario], *, replicates: int = 0, models: int = 0, seed: int = 0
) -> pd.DataFrame:
    """Count rejections of a true null and intervals that hold a known effect.

    Parameters
    ----------
    scenarios : iterable of Scenario
        Cells.
    replicates : int
        Trials a cell for t and permutation tests; none by default.
    models : int
        Trials a cell for mixed models, CR2, estimating equations and wild bootstrap, end values only; none by
        default.
    seed : int
        Seed.

    Returns
    -------
    DataFrame
        One row a cell and method: the scenario's columns, `method`, and counts. Of trials without an effect:
        `replicates`, `refused` (no p) and `rejected` (p of 0.05 or less). Of as many with an effect:
        `answered` (an interval is given) and `covered` (it holds the effect).
    """
    rows: list[dict[str, object]] = []
    for scenario in scenarios:
        change = min(EFFECTS[scenario.family], scenario.control) if scenario.control else EFFECTS["gaussian"]
        most = max(replicates, models)
        null = scenario.draw(most, seed)
        other = scenario.draw(most, seed + 1, effect=change)
        arms = scenario.control, scenario.control + change
        few = null.first(replicates), other.first(replicates)
        found = list(_closed(*few, change, scenario)) if replicates else []
        if models and scenario.course == "endline":
            tried, known = null.first(models), other.first(models)
            pairs = zip(model_p(tried, (arms[0], arms[0])), model_p(known, arms), strict=True)
            alpha = (1 - LEVEL) * (1 + TIE)
            found += [(method, _seen(p, there, alpha)) for (method, p), (_, there) in pairs]
        rows += [scenario.words | {"method": method} | _counted(seen) for method, seen in found]
    return pd.DataFrame(rows)


def _counted(seen: Iterable[int]) -> dict[str, int]:
    return dict(zip(COUNTS, map(int, seen), strict=True))


def _closed(null: Draws, other: Draws, change: float, scenario: Scenario) -> Iterator[tuple[str, list[int]]]:
    count, alpha = len(null.size), (1 - LEVEL) * (1 + TIE)
    for method in T_TESTS if scenario.course != "wedge" else ():
        if method == "cluster-t-inverse-variance" and scenario.family == "poisson":
            continue
        if scenario.course == "endline" or method == "cluster-t":
            p, there = t_test(null, method), t_test(other, method, change)
            yield method, _seen(p, there, alpha)
    if scenario.course != "strata":
        p, there = permutation_p(null), permutation_p(other, change)
        yield PERMUTED, [count, 0, (p <= alpha).sum(), count, (there > alpha).sum()]


def _seen(p: Floats, there: Floats, alpha: float) -> list[int]:
    """Count refused and rejected of p-values of true nulls, answered and kept of those of the truth."""
    known = np.isfinite(there)
    return [len(p), np.isnan(p).sum(), (p < alpha).sum(), known.sum(), (there >= alpha).sum()]
