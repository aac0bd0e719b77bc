"""From which band to which band units moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, chi2

from qieval.errors import ArgumentError
from qieval.results import Estimate, tidy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moves:
    """Counts of units by their band before and after.

    Attributes
    ----------
    labels : tuple of str
        Bands, lowest first.
    counts : (bands, bands) array of int
        Row: band before; column: band after.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def up(self) -> int:
        """Units now in a higher band."""
        return int(np.triu(self.counts, 1).sum())

    @property
    def down(self) -> int:
        """Units now in a lower band."""
        return int(np.tril(self.counts, -1).sum())

    @property
    def same(self) -> int:
        """Units still in their band."""
        return int(np.trace(self.counts))

    @property
    def n(self) -> int:
        """Units with a band at both times."""
        return int(self.counts.sum())

    def test(self) -> Estimate:
        """Exact test that as many moved up as down among those who moved; with two bands McNemar's."""
        moved = self.up + self.down
        return Estimate(
            term="up - down",
            method="sign-of-moves",
            estimate=(self.up - self.down) / moved if moved else np.nan,
            p_value=float(binomtest(self.up, moved).pvalue) if moved else np.nan,
            n=moved,
            unit="share of those who moved",
        )

    def marginal_test(self) -> Estimate:
        """Stuart and Maxwell's test that the bands hold as many people after as before, whatever the order.

        Chi-square on bands - 1 degrees of freedom; bands in which nobody ever was are left out.
        """
        used = self.counts.sum(axis=0) + self.counts.sum(axis=1) > 0
        counts = self.counts[np.ix_(used, used)].astype(float)
        gap = (counts.sum(axis=1) - counts.sum(axis=0))[:-1]
        spread = -(counts + counts.T)
        np.fill_diagonal(spread, counts.sum(axis=1) + counts.sum(axis=0) - 2 * np.diag(counts))
        df = len(gap)
        value = float(gap @ np.linalg.pinv(spread[:-1, :-1]) @ gap) if df else np.nan
        return Estimate(
            term="bands",
            method="stuart-maxwell",
            estimate=np.nan,
            df=df,
            statistic=value,
            p_value=float(chi2.sf(value, df)) if df else np.nan,
            n=self.n,
        )

    def tidy(self) -> pd.DataFrame:
        """Shares of the units that moved up, stayed, moved down."""
        shares = {"moved up": self.up, "same band": self.same, "moved down": self.down}
        return tidy(
            Estimate(
                term=term,
                method="band-moves",
                estimate=count / self.n if self.n else np.nan,
                n=self.n,
                unit="proportion",
            )
            for term, count in shares.items()
        )


def band_moves(before: ArrayLike, after: ArrayLike, *, labels: Sequence[object]) -> Moves:
    """Count the moves between ordered bands; units without a band at either time are left out.

    Parameters
    ----------
    before, after : (n,) array-like
        Bands of the same units in the same order, each one of `labels` or missing.
    labels : sequence
        All bands, lowest first.
    """
    known = pd.Index(list(labels), dtype=object)
    first, second = (_codes(values, known) for values in (before, after))
    if len(first) != len(second):
        raise ArgumentError("`band_moves` needs as many bands before as after.")
    both = (first >= 0) & (second >= 0)
    size = len(labels)
    cells = first[both] * size + second[both]
    counts = np.bincount(cells, minlength=size * size).reshape(size, size)
    return Moves(labels=tuple(str(label) for label in labels), counts=counts)


def _codes(values: ArrayLike, known: pd.Index) -> NDArray[np.int64]:
    """Position of each band among the labels; -1 where it is missing."""
    given = np.asarray(values, dtype=object)
    codes = known.get_indexer(pd.Index(given, dtype=object))
    if (pd.notna(given) & (codes < 0)).any():
        raise ArgumentError("`band_moves` was given a band that is not among its labels.")
    return np.asarray(codes, dtype=np.int64)
