"""Whether a published before-and-after table agrees with itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from qieval.results import Estimate
from qieval.stats.columns import require
from qieval.stats.inference import t_estimate, t_quantile

COLUMNS = ("row", "n", "pre", "post", "diff", "sd_diff", "ci_low", "ci_high")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One published row beside what follows from it.

    Attributes
    ----------
    row : str
        Its name.
    change : Estimate
        Mean change with the t interval that n, mean and standard deviation of the changes give.
    dz : float
        Mean change in standard deviations of the changes.
    published : tuple of float
        Interval as printed.
    interval_agrees, means_agree : bool
        Whether the printed interval, and the printed means, are what follows within rounding.
    """

    row: str
    change: Estimate
    dz: float
    published: tuple[float, float]
    interval_agrees: bool
    means_agree: bool


def check_published(table: pd.DataFrame, *, level: float = 0.95) -> tuple[PublishedRow, ...]:
    """Recompute the intervals of a published table of paired changes and list what does not follow.

    Parameters
    ----------
    table : DataFrame, a row a published row
        ``row``, ``n``, ``pre``, ``post``, ``diff``, ``sd_diff``, ``ci_low``, ``ci_high``; numbers as printed
        (words keep trailing zeros: ``"1.10"``). Each may be off by half a unit of its last digit.
    """
    require(table, COLUMNS, owner="check_published")
    rows: list[dict[str, str]] = table.astype(str).to_dict("records")  # type: ignore[assignment]
    return tuple(_row(each, level) for each in rows)


def _row(printed: dict[str, str], level: float) -> PublishedRow:
    value = {name: float(printed[name]) for name in COLUMNS[1:]}
    slack = {name: _half_unit(printed[name]) for name in COLUMNS[2:]}
    n = int(value["n"])
    root = t_quantile(n - 1, level) / math.sqrt(n)
    change = t_estimate(
        term=printed["row"],
        method="published-t",
        estimate=value["diff"],
        se=value["sd_diff"] / math.sqrt(n),
        df=n - 1,
        level=level,
        n=n,
    )
    allowed = slack["diff"] + root * slack["sd_diff"] + 1e-9
    agrees = all(
        abs(value[name] - limit) <= allowed + slack[name]
        for name, limit in (("ci_low", change.ci_low), ("ci_high", change.ci_high))
    )
    off = abs(value["post"] - value["pre"] - value["diff"])
    return PublishedRow(
        row=printed["row"],
        change=change,
        dz=value["diff"] / value["sd_diff"],
        published=(value["ci_low"], value["ci_high"]),
        interval_agrees=agrees,
        means_agree=off <= slack["pre"] + slack["post"] + slack["diff"] + 1e-9,
    )


def _half_unit(printed: str) -> float:
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])
