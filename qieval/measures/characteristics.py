"""Operating characteristics of gaps and indices of inequality: bias, and coverage of 95 % intervals.

Four groups of patients, the most disadvantaged first and the smallest, of a measure for which higher is
better. Each reading is made by the functions behind `gap` and `inequality`, without anything hidden.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from qieval.measures.equity import Count, Index, gap_change, indices, rate_difference, rate_ratio
from qieval.results import Estimate
from qieval.stats.columns import Floats
from qieval.stats.inference import t_quantile
from qieval.stats.simulated import COUNTS, counted, tallied

SIZES = ((25, 25, 25, 25), (15, 25, 60, 200), (200, 200, 200, 200), (40, 100, 400, 2000))
RATES, SHAPES, ICCS = (0.1, 0.5), ((1.0, 1.0, 1.0, 1.0), (0.7, 0.8, 0.9, 1.0)), (0.0, 0.05)
SITES = 12
INDICES: tuple[Index, ...] = ("between-group variance", "index of disparity")
LEVEL = 0.95
RIDIT = ("ridit-wls", "ridit-wls-ratio")
KEYS = ["sizes", "rate", "unequal", "icc", "method"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Groups as they might have been.

    Attributes
    ----------
    sizes : tuple of int
        Patients of each group.
    rates : tuple of float
        True proportion of each group.
    icc : float
        Intracluster correlation of a group's patients at one of twelve sites, over which they are spread.
    """

    sizes: tuple[int, ...]
    rates: tuple[float, ...]
    icc: float

    @property
    def words(self) -> dict[str, str | float | bool]:
        """Its columns in the table of counts."""
        return {
            "sizes": ", ".join(map(str, self.sizes)),
            "rate": self.rates[-1],
            "unequal": len(set(self.rates)) > 1,
            "icc": self.icc,
        }

    def draw(self, replicates: int, seed: int) -> Floats:
        """Draw how many of each group meet the measure, (replicates, groups)."""
        rng = np.random.default_rng([seed, zlib.crc32(repr(tuple(self.words.values())).encode())])
        met = np.zeros((replicates, len(self.sizes)))
        for group, (size, rate) in enumerate(zip(self.sizes, self.rates, strict=True)):
            people = np.bincount(np.arange(size) % SITES, minlength=SITES)
            scale = (1 - self.icc) / self.icc if self.icc else 0.0
            shape = (replicates, SITES)
            odds = rng.beta(rate * scale, (1 - rate) * scale, shape) if scale else np.full(shape, rate)
            met[:, group] = rng.binomial(people, odds).sum(axis=1)
        return met

    def readings(self, met: Floats, before: Floats) -> Iterator[tuple[Estimate, float]]:
        """Give the gaps of one replicate, with their truths; `before` is a wave like it."""
        p = self.rates
        first, last = self._counts(met), self._counts(before)
        yield rate_difference("", first[0], first[-1], LEVEL), p[0] - p[-1]
        yield rate_ratio("", first[0], first[-1], LEVEL), p[0] / p[-1]
        yield gap_change("", [first[0], first[-1], last[0], last[-1]], LEVEL), 0.0
        best = int(np.argmax(met / np.array(self.sizes)))
        if best:
            row = rate_difference("", first[0], first[best], LEVEL)
            yield replace(row, method="newcombe-best"), p[0] - p[best]

    def summaries(self, met: Floats) -> pd.DataFrame:
        """Count what the indices of all replicates say."""
        sizes, true = np.array(self.sizes), np.array(self.rates)
        rates, share = met / sizes, sizes / sizes.sum()
        spread, half, rows = np.sqrt(rates * (1 - rates) / sizes), t_quantile(np.inf, LEVEL), {}
        for index in INDICES:
            truths = indices(true, share, 0 * true, index=index)[:, 0]
            found = indices(rates, share, spread, index=index)
            for method, (value, se), truth in zip(
                (*RIDIT, index.replace(" ", "-")), found, truths, strict=True
            ):
                ends = value - half * se, value + half * se
                rows[method] = tallied(method, value, *ends, np.full(len(met), truth))
        return pd.DataFrame(rows.values())

    def _counts(self, met: Floats) -> list[Count]:
        return list(zip(met.tolist(), map(float, self.sizes), strict=True))


def cells(sizes: Iterable[tuple[int, ...]] = SIZES, rates: Iterable[float] = RATES) -> Iterator[Scenario]:
    """Give every cell: sizes, rates, equal groups and unequal ones, correlations."""
    for size, rate, shape, icc in product(sizes, rates, SHAPES, ICCS):
        yield Scenario(sizes=size, rates=tuple(rate * each for each in shape), icc=icc)


def characteristics(scenarios: Iterable[Scenario], *, replicates: int, seed: int = 0) -> pd.DataFrame:
    """Count over simulated groups how far off each reading is, and how often its interval holds the truth.

    Parameters
    ----------
    scenarios : iterable of Scenario
        Cells.
    replicates : int
        Waves a cell; each stands after the one before it where a change is read.
    seed : int
        Seed.

    Returns
    -------
    DataFrame
        One row a cell and method: `sizes`, `rate` (of the last group), `unequal`, `icc`, and as
        `qieval.stats.simulated.counted`. ``"newcombe-best"`` is the gap to the group that does best.
    """
    parts = []
    for cell in scenarios:
        met = cell.draw(2 * replicates, seed)
        pairs = zip(met[:replicates], met[replicates:], strict=True)
        found = [
            counted(each for pair in pairs for each in cell.readings(*pair)),
            cell.summaries(met[:replicates]),
        ]
        parts += [each.assign(**cell.words) for each in found]
    return pd.concat(parts, ignore_index=True)[[*KEYS, *COUNTS]]
