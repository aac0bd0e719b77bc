"""Whether further interviews still brought new codes."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.coding.project import Project
from qieval.errors import ArgumentError
from qieval.results import Estimate, tidy

TOO_FEW = "Fewer sources than base and run together: saturation cannot be judged."
NO_BASE = "No code was found in the base: there is nothing to compare new codes with."
NOT_REACHED = "No run stayed within the threshold: the codes were not saturated."
OWN_ORDER = "Sources are taken in the order given; name the column of their dates to order them by it."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saturation:
    """New codes in each run of sources, over those of the first few.

    Attributes
    ----------
    sources : DataFrame
        One row a source in order: `source`, `codes` (found in it), `new` (not found before), `cumulative`,
        and `expected`, the mean number of codes in so many sources over all their orders.
    steps : DataFrame
        One row a run: `first`, `last` (place of its sources, from 1), `new`, `ratio` (new codes over
        `base_codes`). No rows where it cannot be judged.
    base, run, threshold : int, int, float
        Sources of the base, of a run, and the largest ratio that counts as saturated.
    base_codes : int
        Codes found in the base.
    saturated_after : int, optional
        Sources before the first run within the threshold; None if there is none, or it cannot be judged.
    reason : str
        Why there is no answer, empty where there is one.
    notes : tuple of str
        Cautions.
    """

    sources: pd.DataFrame
    steps: pd.DataFrame
    base: int
    run: int
    threshold: float
    base_codes: int
    saturated_after: int | None
    reason: str
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """The way it is written: sources needed, plus the run that showed it ("6+2")."""
        return None if self.saturated_after is None else f"{self.saturated_after}+{self.run}"

    def estimates(self) -> list[Estimate]:
        """The number of sources needed (NaN with its reason for none), then the ratio of each run."""
        method = f"base {self.base}, run {self.run}, threshold {self.threshold:g}"
        needed = math.nan if self.saturated_after is None else float(self.saturated_after)
        answers = [("saturated after", needed, "sources", (self.reason,) if self.reason else ())]
        steps = zip(self.steps["first"], self.steps["last"], self.steps["ratio"].tolist(), strict=True)
        answers += [(f"{first}-{last}", ratio, "proportion", ()) for first, last, ratio in steps]
        n = len(self.sources)
        return [
            Estimate(term=term, method=method, estimate=value, n=n, unit=unit, notes=notes)
            for term, value, unit, notes in answers
        ]

    def tidy(self) -> pd.DataFrame:
        """The `estimates` in the vocabulary of `TIDY`."""
        return tidy(self.estimates())


def saturation(
    data: Project | Sequence[Collection[Hashable]],
    *,
    order: str | None = None,
    base: int = 4,
    run: int = 2,
    threshold: float = 0.05,
) -> Saturation:
    """Find after how many sources further ones brought hardly any new codes.

    Parameters
    ----------
    data : Project or sequence of collections
        A project, or the codes of each source in the order of collection.
    order : str, optional
        For a project, the column of its sources to order them by (the date of collection). By default their
        own order, which file names often make a wrong one.
    base : int
        Sources whose distinct codes are the denominator.
    run : int
        Sources in which new codes are counted; runs slide by one source.
    threshold : float
        Largest ratio of new codes that counts as saturated.

    Returns
    -------
    Saturation
        Codes are taken as they were applied, not rolled up, by any coder. Sources without a code count.

    Raises
    ------
    ArgumentError
        For bounds that make no sense, or an `order` that the sources do not have or is missing for some.

    References
    ----------
    Guest G, Namey E, Chen M (2020). A simple method to assess and report thematic saturation in qualitative
    research. PLoS ONE 15(5):e0232076. https://doi.org/10.1371/journal.pone.0232076
    """
    if base < 1 or run < 1 or not 0 <= threshold < 1:
        raise ArgumentError(
            "`saturation` takes a base and run of at least 1 and a threshold from 0 to below 1; "
            f"not {base!r}, {run!r}, {threshold!r}."
        )
    names, found = _ordered(data, order)
    sources = _by_source(names, found)
    new = sources["new"].to_numpy()
    base_codes = int(new[:base].sum())
    reason = TOO_FEW if new.size < base + run else NO_BASE if not base_codes else ""
    first = np.arange(base, new.size - run + 1) if not reason else np.zeros(0, dtype=np.int64)
    fresh = np.asarray([new[at : at + run].sum() for at in first], dtype=np.int64)
    steps = pd.DataFrame(
        {"first": first + 1, "last": first + run, "new": fresh, "ratio": fresh / max(base_codes, 1)}
    )
    within = first[steps["ratio"] <= threshold]
    return Saturation(
        sources=sources,
        steps=steps,
        base=base,
        run=run,
        threshold=threshold,
        base_codes=base_codes,
        saturated_after=int(within[0]) if within.size else None,
        reason=reason or ("" if within.size else NOT_REACHED),
        notes=(OWN_ORDER,) if isinstance(data, Project) and order is None else (),
    )


def _ordered(
    data: Project | Sequence[Collection[Hashable]], order: str | None
) -> tuple[list[str], list[set[Hashable]]]:
    """Names and codes of the sources in order of collection."""
    if not isinstance(data, Project):
        return [str(place) for place in range(1, len(data) + 1)], [set(codes) for codes in data]
    sources = data.sources
    if order is not None:
        if order not in sources or sources[order].isna().any():
            raise ArgumentError(
                f"The sources have no column {order!r} with a value for each to order them by."
            )
        sources = sources.sort_values(order, kind="stable")
    used = data.segments.groupby("source", observed=True)["code"].agg(set)
    return sources["source"].tolist(), [used.get(name, set()) for name in sources["source"]]


def _by_source(names: list[str], found: list[set[Hashable]]) -> pd.DataFrame:
    seen = [set[Hashable]().union(*found[:at]) for at in range(len(found) + 1)]
    cumulative = np.asarray([len(codes) for codes in seen], dtype=np.int64)
    counts = np.asarray([sum(code in codes for codes in found) for code in seen[-1]], dtype=float)
    frame = pd.DataFrame(
        {"source": names, "codes": [len(codes) for codes in found], "new": np.diff(cumulative)}
    )
    return frame.assign(cumulative=cumulative[1:], expected=_expected(counts, len(found)))


def _expected(counts: NDArray[np.float64], n: int) -> list[float]:
    """Mean number of codes in 1 … n sources drawn without order: Σ 1 − C(n−k, m) / C(n, m)."""
    missed = np.ones(counts.size)
    means = []
    for drawn in range(n):
        missed = missed * np.maximum(n - counts - drawn, 0) / (n - drawn)
        means.append(float((1 - missed).sum()))
    return means
