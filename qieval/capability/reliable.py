"""Whether single people changed more than the instrument errs, and the moves that error alone would make."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from qieval.capability.change import Comparison
from qieval.results import Estimate, tidy

Floats = NDArray[np.float64]

FEWEST_FOR_ALPHA = 30
LIMIT = 1.96  # as Jacobson and Truax print it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReliableChange:
    """People sorted by whether they changed more than the instrument errs.

    Attributes
    ----------
    reliability : float
        On which it rests; `source` says whose.
    source : str
        ``retest``, ``alpha of these forms`` or ``published alpha``; or why there is none.
    sem, s_diff : float
        Standard error of measurement, of one score and of a difference, in the score's unit.
    mdc : float
        Smallest change that error alone exceeds in 5 % of people only.
    improved, unchanged, worse : int
        People by that limit; improvement is in the instrument's direction.
    responders : int or None
        People who improved by the smallest change that matters; None where none is declared.
    expected : array (bands, bands) or None
        Moves between bands that error alone would make: people who start in a row's band and end in a
        column's, had nobody truly changed. None without bands.
    n : int
        People compared.
    """

    reliability: float
    source: str
    sem: float
    s_diff: float
    mdc: float
    improved: int
    unchanged: int
    worse: int
    responders: int | None
    expected: Floats | None
    n: int

    def tidy(self) -> pd.DataFrame:
        """Shares of the people improved, unchanged, worse, and responders."""
        counts = {"improved": self.improved, "no reliable change": self.unchanged, "worse": self.worse}
        counts |= {} if self.responders is None else {"responders": self.responders}
        share = {term: count / self.n if self.n else math.nan for term, count in counts.items()}
        return tidy(
            Estimate(
                term=term,
                method="reliable-change",
                estimate=value,
                n=self.n,
                unit="proportion",
            )
            for term, value in share.items()
        )


def reliable_change(change: Comparison, *, reliability: float | None = None) -> ReliableChange:
    """Sort the people compared by Jacobson and Truax's reliable change.

    Parameters
    ----------
    change : Comparison
        Of people, by an instrument.
    reliability : float, optional
        By default the instrument's published retest reliability, else alpha before where 30 complete forms
        carry it, else the published alpha. Alpha is no retest reliability and makes the limit too small where
        people vary from day to day.

    Notes
    -----
    ``SEM = s_before sqrt(1 - r)``, ``MDC = 1.96 sqrt(2) SEM``. Moves by error alone take each person's first
    score x to ``N(m + r (x - m), s^2 (1 - r^2))``: the same spread and mean again, correlated r.

    References
    ----------
    Jacobson & Truax 1991, doi 10.1037/0022-006X.59.1.12.
    """
    value, source = (reliability, "given") if reliability is not None else _reliability(change)
    before, moved = change.pairs["before"].to_numpy(float), change.pairs["change"].to_numpy(float)
    spread = float(before.std(ddof=1)) if len(before) > 1 else math.nan
    sem = spread * math.sqrt(1 - value) if math.isfinite(value) else math.nan
    mdc = LIMIT * math.sqrt(2) * sem
    gain = -moved if change.quantity.better == "lower" else moved
    known = math.isfinite(mdc)
    mcid = change.quantity.mcid
    return ReliableChange(
        reliability=value,
        source=source,
        sem=sem,
        s_diff=math.sqrt(2) * sem,
        mdc=mdc,
        improved=int((gain > mdc).sum()) if known else 0,
        unchanged=int((np.abs(gain) <= mdc).sum()) if known else 0,
        worse=int((gain < -mdc).sum()) if known else 0,
        responders=None if mcid is None else int((gain >= mcid - 1e-9).sum()),
        expected=_moves_by_error(change, value, spread) if known else None,
        n=len(moved),
    )


def _reliability(change: Comparison) -> tuple[float, str]:
    published = change.instrument.reliability if change.instrument is not None else None
    if published is not None and published.retest is not None:
        return published.retest, "published retest"
    own = change.alpha_before.alpha if change.alpha_before is not None else None
    if own is not None and (own.n or 0) >= FEWEST_FOR_ALPHA and 0 < own.estimate < 1:
        return own.estimate, "alpha of these forms"
    if published is not None and published.alpha is not None:
        return published.alpha, "published alpha"
    return math.nan, "no reliability is known"


def _moves_by_error(change: Comparison, reliability: float, spread: float) -> Floats | None:
    if change.instrument is None or not change.instrument.bands or change.moves is None or not spread > 0:
        return None
    before = change.pairs["before"].to_numpy(float)
    lower = np.array([band.lower for band in change.instrument.bands])
    start = np.searchsorted(lower, before, side="right") - 1
    centre = before.mean() + reliability * (before - before.mean())
    edges = np.concatenate([[-np.inf], lower[1:], [np.inf]])
    below = norm.cdf((edges - centre[:, None]) / (spread * math.sqrt(1 - reliability**2)))
    expected = np.zeros((len(lower), len(lower)))
    np.add.at(expected, start, np.diff(below, axis=1))
    return expected
