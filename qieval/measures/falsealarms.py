"""How often a chart signals although nothing changed: by theory, and by drawing stable series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError
from qieval.measures.charts import control_chart
from qieval.measures.limits import Rules
from qieval.measures.rules import critical

# Share of points of a stable series beyond three sigma, where the limits are known.
BEYOND = 0.0026997960632601866


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Share of stable series that signal somewhere.

    Attributes
    ----------
    rules : str
        As in `control_chart`.
    points, series : int
        Length of a series, and how many were drawn.
    theory : float
        Share by theory: points independent, centre and limits known. Under the NHS rules it counts points
        outside the limits and seven on one side, not trends and points near a limit.
    drawn : float
        Share of the series drawn, whose centre and limits come from themselves as in a report.
    """

    rules: str
    points: int
    series: int
    theory: float
    drawn: float

    def tidy(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([{name: getattr(self, name) for name in self.__slots__}])


def false_alarms(
    points: int, *, rules: Rules = "anhoej", series: int = 500, seed: int = 0, screened: bool = True
) -> FalseAlarms:
    """Say how often a series in which nothing changes signals all the same.

    Parameters
    ----------
    points : int
        Length of a series.
    rules, screened
        As in `control_chart`; the series are independent normal values on a chart of kind "i".
    series, seed : int
        Series drawn.

    References
    ----------
    Anhøj & Wentzel-Larsen 2018, BMC Med Res Methodol 18:78, doi 10.1186/s12874-018-0564-0.
    """
    if points < 1 or series < 1:
        raise ArgumentError("`false_alarms` needs at least one point and one series.")
    rows = pd.DataFrame(
        {
            "series": np.repeat(np.arange(series), points),
            "x": np.tile(np.arange(points), series),
            "y": np.random.default_rng(seed).normal(size=series * points),
        }
    )
    found = control_chart(
        rows, period="x", value="y", by="series", rules=rules, screened=screened
    ).by_signal()
    longest, fewest = critical(points) if rules == "anhoej" else (6, 0)
    quiet = quiet_runs(points, longest=longest, fewest=fewest) * (1 - BEYOND) ** points
    return FalseAlarms(
        rules=rules, points=points, series=series, theory=1 - quiet, drawn=float(found["signalled"].mean())
    )


def quiet_runs(points: int, *, longest: int, fewest: int) -> float:
    """Exact chance that fair coins show no run above `longest` and `fewest` turns or more."""
    chance = np.zeros((points, longest))  # by turns so far, and length of the run that goes on
    chance[0, 0] = 1.0
    for _ in range(points - 1):
        turned = np.zeros_like(chance)
        turned[1:, 0] = chance.sum(axis=1)[:-1]
        turned[:, 1:] += chance[:, :-1]
        chance = turned / 2
    return float(chance[fewest:].sum())
