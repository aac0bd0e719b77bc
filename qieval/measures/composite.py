"""Several measures in one, beside its parts and with the weights said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.stats.columns import numbers, require


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Composite:
    """A composite measure and its parts.

    Attributes
    ----------
    method : {"opportunity", "all-or-none"}
        How the parts are joined.
    parts : DataFrame
        One row a part: `part`, `numerator`, `denominator`, `value`, `weight` (its share of the composite's
        opportunities; NaN under all-or-none, which has no weights).
    data : DataFrame
        The columns it was computed by, `numerator`, `denominator`.
    value : float
        The composite over everything.
    """

    method: str
    parts: pd.DataFrame
    data: pd.DataFrame
    value: float

    def tidy(self) -> pd.DataFrame:
        """One row a part."""
        return self.parts.copy()


def opportunity(
    data: pd.DataFrame,
    *,
    measure: str,
    parts: Sequence[str],
    by: Sequence[str],
    numerator: str = "numerator",
    denominator: str = "denominator",
) -> Composite:
    """Count every opportunity for right care, and how many of them were taken.

    Parameters
    ----------
    data : DataFrame
        One row a measure and whatever else.
    measure : str
        Column of the measures' names; rows of `parts` are used.
    parts : sequence of str
        Measures to join.
    by : sequence of str
        Columns that stay apart (site, period).
    numerator, denominator : str
        Columns.

    Notes
    -----
    A part weighs as much as it has opportunities, so a frequent part can hide a rare one that fails: the
    parts are always told beside it.

    References
    ----------
    Nolan & Berwick 2006, JAMA 295:1168, doi 10.1001/jama.295.10.1168.
    """
    require(data, [measure, numerator, denominator, *by], owner="opportunity")
    rows = data[data[measure].isin(parts)]
    if absent := sorted(set(parts) - set(rows[measure])):
        raise DesignError(f"The composite's part {absent[0]!r} has no rows.")
    names = {numerator: "numerator", denominator: "denominator"}
    sums = rows.rename(columns=names).groupby(measure, observed=True)[["numerator", "denominator"]].sum()
    told = sums.loc[list(parts)].rename_axis("part").reset_index()
    return _made("opportunity", told, rows.rename(columns=names), by, told["denominator"])


def all_or_none(data: pd.DataFrame, *, parts: Sequence[str], by: Sequence[str]) -> Composite:
    """Count patients who got all of the care that they were eligible for.

    Parameters
    ----------
    data : DataFrame
        One row a patient.
    parts : sequence of str
        Columns of 0 and 1; missing where a patient is not eligible. Whoever is eligible for nothing is not
        counted.
    by : sequence of str
        Columns that stay apart.
    """
    require(data, [*parts, *by], owner="all_or_none")
    got = np.column_stack([numbers(data[part]) for part in parts])
    if not np.isin(got[~np.isnan(got)], (0, 1)).all():
        raise DesignError("Parts of an all-or-none measure are 0, 1, or missing where nobody is eligible.")
    eligible = np.isfinite(got).any(axis=1)
    rows = data[list(by)].assign(numerator=(np.nan_to_num(got, nan=1) == 1).all(axis=1) & eligible)
    told = pd.DataFrame(
        {
            "part": list(parts),
            "numerator": np.nansum(got, axis=0),
            "denominator": (~np.isnan(got)).sum(axis=0),
        }
    )
    return _made(
        "all-or-none", told, rows.assign(denominator=pd.Series(eligible, index=rows.index)), by, None
    )


def _made(
    method: str, parts: pd.DataFrame, rows: pd.DataFrame, by: Sequence[str], weighs: pd.Series | None
) -> Composite:
    joined = rows.groupby(list(by), observed=True)[["numerator", "denominator"]].sum().reset_index()
    joined = joined[joined["denominator"] > 0].reset_index(drop=True)
    total = joined[["numerator", "denominator"]].sum()
    return Composite(
        method=method,
        parts=parts.assign(
            value=parts["numerator"] / parts["denominator"],
            weight=np.nan if weighs is None else weighs / weighs.sum(),
        ),
        data=joined,
        value=float(total["numerator"] / total["denominator"]),
    )
