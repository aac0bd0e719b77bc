"""Scores that raters give: their mean over raters, and how far the raters agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import f as fisher

from qieval.capability.reliability import complete_rows
from qieval.capability.scoring import Scores, band_of
from qieval.errors import ArgumentError
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats
from qieval.stats.inference import check_level


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterAgreement:
    """Agreement of raters drawn from many.

    Attributes
    ----------
    single : Estimate
        ICC(2,1): of one rater's score; n is the number of things rated by all raters.
    average : Estimate
        ICC(2,k): of the mean over the k raters.
    raters : int
        k.
    n_incomplete : int
        Things left out because a rating is missing.
    """

    single: Estimate
    average: Estimate
    raters: int
    n_incomplete: int

    def tidy(self) -> pd.DataFrame:
        """Two rows: one rater, the mean of all."""
        return tidy([self.single, self.average])


def rater_agreement(ratings: pd.DataFrame | ArrayLike, *, level: float = 0.95) -> RaterAgreement:
    """ICC(2,1) and ICC(2,k) with their intervals: raters as a random sample, absolute agreement.

    Parameters
    ----------
    ratings : (n, k) DataFrame or array-like
        A row per thing rated, a column per rater; rows with a missing rating are left out and counted.
    level : float
        Coverage of the intervals.

    References
    ----------
    Shrout & Fleiss 1979, doi 10.1037/0033-2909.86.2.420; McGraw & Wong 1996, doi 10.1037/1082-989X.1.1.30.
    """
    check_level(level)
    _, complete, incomplete = complete_rows(ratings)
    n, k = complete.shape
    if k < 2:
        raise ArgumentError(
            "`rater_agreement` needs a row per thing rated and a column per rater, two or more."
        )
    single, low, high, why = _icc(complete, level)

    def estimate(method: str, raters: int) -> Estimate:
        value, bottom, top = (_stepped_up(each, raters) for each in (single, low, high))
        return Estimate(
            term="raters",
            method=method,
            estimate=value,
            ci_low=bottom,
            ci_high=top,
            level=level,
            n=n,
            unit="proportion",
            notes=(why,) if why else (),
        )

    return RaterAgreement(
        single=estimate("icc-2-1", 1),
        average=estimate("icc-2-k", k),
        raters=k,
        n_incomplete=incomplete,
    )


def rated(scores: Scores, *, by: Sequence[str], rater: str = "rater") -> tuple[Scores, RaterAgreement | None]:
    """Average the scores that several raters gave to the same thing, and tell how far they agree.

    Parameters
    ----------
    scores : Scores
        A row a rater and thing rated.
    by : sequence of str
        Columns that name the thing rated.
    rater : str
        Column that names the rater.

    Returns
    -------
    Scores, RaterAgreement or None
        A row a thing: totals, subscales and items are means over its raters; without a total, and with the
        reason, where fewer raters scored it than the instrument asks for. No agreement of a single rater.
    """
    frame, instrument = scores.frame, scores.instrument
    if frame.duplicated([*by, rater]).any():
        raise ArgumentError(f"A rater scored one thing twice (columns {', '.join([*by, rater])}).")
    groups = frame.groupby(list(by), sort=False, dropna=False)
    averaged = ["total", *instrument.subscales]
    found = (
        groups.first()
        .drop(columns=[rater, "reason"])
        .reset_index()[[name for name in frame.columns if name not in {rater, "reason"}]]
    )
    found[averaged] = groups[averaged].mean().to_numpy()
    few = groups["total"].count().to_numpy() < instrument.raters_at_least
    found["total"] = found["total"].mask(few)
    found["reason"] = np.where(few, f"scored by fewer than {instrument.raters_at_least} raters", "")
    if instrument.bands:
        found["band"] = band_of(found["total"].to_numpy(), instrument)
    items = scores.items.groupby(groups.ngroup().to_numpy()).mean().reset_index(drop=True)
    wide = frame.set_index([*by, rater])["total"].unstack()  # noqa: PD010 (nothing to sum up)
    agreement = rater_agreement(wide) if wide.shape[1] > 1 else None
    return replace(scores, frame=found, items=items), agreement


def _stepped_up(value: float, raters: int) -> float:
    return raters * value / (1 + (raters - 1) * value)


def _icc(complete: Floats, level: float) -> tuple[float, float, float, str]:
    n, k = complete.shape
    absent = math.nan, math.nan, math.nan
    if n < 2:
        return *absent, "Fewer than two things were rated by all raters."
    grand = complete.mean()
    rows = k * ((complete.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((complete.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    rest = ((complete - grand) ** 2).sum() - (n - 1) * rows - (k - 1) * columns
    error = max(float(rest), 0.0) / ((n - 1) * (k - 1))
    total = rows + (k - 1) * error + k * (columns - error) / n
    if not total > 0:
        return *absent, "The ratings do not vary."
    value = float((rows - error) / total)
    if error == 0:
        return value, math.nan, math.nan, "The raters differ by a constant only; there is no interval."
    ratio, part = columns / error, n * (1 + (k - 1) * value) - k * value
    below = (n - 1) * (k * value * ratio) ** 2 + part**2
    df = (k - 1) * (n - 1) * (k * value * ratio + part) ** 2 / below
    upper = (1 + level) / 2
    one, two = fisher.ppf(upper, n - 1, df), fisher.ppf(upper, df, n - 1)
    base = k * columns + (k * n - k - n) * error
    low = n * (rows - one * error) / (one * base + n * rows)
    high = n * (two * rows - error) / (base + n * two * rows)
    return value, float(low), float(high), ""
