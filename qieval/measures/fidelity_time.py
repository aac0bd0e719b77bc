"""How long steps take, where some are not done by the cut, and whether coaching goes with growth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from qieval.measures.fidelity import Fidelity
from qieval.results import Estimate
from qieval.stats.columns import Floats
from qieval.stats.inference import check_level
from qieval.stats.spearman import spearman

FEWEST_FOR_A_CURVE = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepTimes:
    """Days that each step takes from the step before.

    Attributes
    ----------
    steps : DataFrame
        One row a step: `step`, `started` (sites that finished the step before), `done`, `waiting` (not done
        by the cut: censored), `unordered` (done before the step before it: no time), `median` (Kaplan-Meier,
        days; NaN where fewer than half are done), `ci_low`, `ci_high`.
    level : float
        Coverage of the intervals.
    """

    steps: pd.DataFrame
    level: float

    def tidy(self) -> pd.DataFrame:
        """One row a step."""
        return self.steps.copy()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoseResponse:
    """Dose and response of each team, side by side.

    Attributes
    ----------
    teams : DataFrame
        One row a team with both: `site`, `dose`, `response`.
    correlation : Estimate
        Spearman's, with its exact p.
    few : bool
        Whether there are too few teams to speak of a curve.
    """

    teams: pd.DataFrame
    correlation: Estimate
    few: bool

    def tidy(self) -> pd.DataFrame:
        """The correlation, one row."""
        return self.correlation.tidy()


def step_times(delivered: Fidelity, *, level: float = 0.95) -> StepTimes:
    """Estimate the days that each step takes; sites that wait at the cut count as long as they have waited.

    Parameters
    ----------
    delivered : Fidelity
        With steps.
    level : float
        Coverage.

    Notes
    -----
    Median of the Kaplan-Meier curve, its interval by the log transform with Greenwood's variance, both as R's
    ``survfit`` gives them.

    References
    ----------
    Brookmeyer & Crowley 1982, Biometrics 38:29.
    """
    check_level(level)
    rows = []
    for step, own in delivered.steps.groupby("step"):
        timed = own[own["days"].notna()]
        done = ~timed["censored"].to_numpy(dtype=bool)
        median, low, high = kaplan_meier_median(timed["days"].to_numpy(), done, level=level)
        unordered = own["date"].notna() & own["days"].isna()
        rows.append(
            (step, len(timed), int(done.sum()), int((~done).sum()), int(unordered.sum()), median, low, high)
        )
    columns = ["step", "started", "done", "waiting", "unordered", "median", "ci_low", "ci_high"]
    return StepTimes(steps=pd.DataFrame(rows, columns=columns), level=level)


def kaplan_meier_median(days: Floats, done: np.ndarray, *, level: float = 0.95) -> tuple[float, float, float]:
    """Give median and interval of times of which some are censored; NaN where the curve does not come down.

    Parameters
    ----------
    days : array of float, shape (n,)
        Times.
    done : array of bool, shape (n,)
        Whether the time is one of an event; else the event had not yet come.
    level : float
        Coverage.
    """
    times = np.unique(days[done])
    if not len(times):
        return math.nan, math.nan, math.nan
    at_risk = (days[:, None] >= times).sum(axis=0)
    events = ((days[:, None] == times) & done[:, None]).sum(axis=0)
    curve = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
        half = ndtri((1 + level) / 2) * spread
        lower, upper = curve * np.exp(-half), np.minimum(curve * np.exp(half), 1.0)
    lower, upper = np.where(curve > 0, lower, np.nan), np.where(curve > 0, upper, np.nan)
    return _crossing(times, curve), _crossing(times, lower), _crossing(times, upper)


def _crossing(times: Floats, curve: Floats) -> float:
    """First time at which a curve is below one half; the middle of the stretch where it is exactly there."""
    below = np.flatnonzero(curve < 0.5 - 1e-12)
    even = np.flatnonzero(np.abs(curve - 0.5) <= 1e-12)
    if len(even):
        after = below[below > even[0]]
        return float((times[even[0]] + times[after[0]]) / 2) if len(after) else float(times[even[0]])
    return float(times[below[0]]) if len(below) else math.nan


def dose_response(
    delivered: Fidelity, response: Mapping[str, float], *, dose: str = "dose_capped"
) -> DoseResponse:
    """Set a response of each team beside its dose of coaching.

    Parameters
    ----------
    delivered : Fidelity
        Doses.
    response : mapping of str to float
        Of each team, by its site.
    dose : str
        Column of ``delivered.sites``.

    Notes
    -----
    Teams were not allocated to doses: what goes together with a dose need not come from it.
    """
    teams = pd.DataFrame({"site": delivered.sites["site"], "dose": delivered.sites[dose]})
    teams["response"] = teams["site"].map(dict(response)).astype(float)
    teams = teams.dropna()
    found = spearman(teams["dose"], teams["response"], term="dose with response")
    return DoseResponse(
        teams=teams.reset_index(drop=True), correlation=found, few=len(teams) < FEWEST_FOR_A_CURVE
    )
