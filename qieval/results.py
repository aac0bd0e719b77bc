"""The result types that every part of qieval shares, and their one vocabulary."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

TIDY = (
    "term",
    "method",
    "estimate",
    "se",
    "df",
    "statistic",
    "p_value",
    "ci_low",
    "ci_high",
    "level",
    "n",
    "n_clusters",
    "unit",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One estimated quantity with all that is needed to read it.

    Attributes
    ----------
    term : str
        What was estimated, for instance ``"coached - usual care"``.
    method : str
        How, as a stable short name, for instance ``"cluster-t"``.
    estimate, se : float
        In `unit`; NaN where the method gives none (the reason stands in `notes`).
    df : float
        Degrees of freedom of the reference distribution; NaN for none, infinity for the normal.
    statistic, p_value : float
        Test statistic and two-sided p against no difference.
    ci_low, ci_high : float
        Interval limits in `unit`; infinite where the interval is unbounded.
    level : float
        Coverage of the interval, between 0 and 1.
    n : int, optional
        Observations used.
    n_clusters : int, optional
        Clusters used.
    unit : str
        Unit of the estimate ("points", "proportion", "visits per person-year").
    notes : tuple of str
        Cautions and reasons for what is missing.
    """

    term: str
    method: str
    estimate: float
    se: float = math.nan
    df: float = math.nan
    statistic: float = math.nan
    p_value: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    level: float = 0.95
    n: int | None = None
    n_clusters: int | None = None
    unit: str = ""
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """One row in the vocabulary of `TIDY`."""
        return tidy([self])

    def without_p(self, reason: str) -> Estimate:
        """Return a copy that keeps the interval and drops test and p-value, saying why."""
        return replace(self, statistic=math.nan, p_value=math.nan, notes=(*self.notes, reason))


def tidy(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Gather estimates into one frame, a row each, columns as in `TIDY`."""
    rows = [[getattr(estimate, name) for name in TIDY] for estimate in estimates]
    frame = pd.DataFrame(rows, columns=list(TIDY))
    return frame.astype({"n": "Int64", "n_clusters": "Int64"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a number is a number of: the words and units that a report uses for an outcome.

    Attributes
    ----------
    name : str
        Short name, as in the study file.
    label : str
        As a reader would say it, for instance ``"Fatigue"``.
    kind : {"continuous", "binary", "count"}
        Type of the outcome.
    unit : str
        Unit ("points"); for binary outcomes "proportion", for counts "<things> per <exposure>".
    better : {"higher", "lower"}, optional
        Direction in which a change is an improvement.
    mcid : float, optional
        Smallest difference that matters to participants, in `unit`.
    span : tuple of float, optional
        Lowest and highest possible value.
    """

    name: str
    label: str
    kind: Literal["continuous", "binary", "count"] = "continuous"
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    mcid: float | None = None
    span: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An estimate as it is published: under a key that stays the same over the waves.

    Attributes
    ----------
    key : str
        Last part of the key in ``results.json``, unique within its exhibit.
    estimate : Estimate
        The numbers, unrounded.
    primary : bool
        Whether the study's plan names this as its primary result.
    status : {"interim", "final", "descriptive"}
        Interim before the plan's primary wave; descriptive where nothing is tested.
    """

    key: str
    estimate: Estimate
    primary: bool = False
    status: Literal["interim", "final", "descriptive"] = field(default="final")
