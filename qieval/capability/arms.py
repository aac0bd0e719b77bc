"""Whether capability grew more in the teams that were randomised to the intervention."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from qieval.capability.change import Comparison
from qieval.results import Estimate, tidy
from qieval.stats.columns import arm_codes, indicators, labelled, require
from qieval.stats.paired import mean_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmChange:
    """Change of the teams of each arm, and the difference.

    Attributes
    ----------
    difference : Estimate or None
        Mean change of intervention teams less that of control teams (``team-arms-t``); None where the teams
        have no arms, or too few.
    arms : tuple of Estimate
        Mean of the team changes in each arm, control first, each with its own t interval.
    reason : str
        Why there is no difference; else empty.
    """

    difference: Estimate | None
    arms: tuple[Estimate, ...]
    reason: str = ""

    def tidy(self) -> pd.DataFrame:
        """The difference, then the change in each arm."""
        return tidy([*([self.difference] if self.difference else []), *self.arms])


def compare_arms(
    change: Comparison,
    roster: pd.DataFrame,
    *,
    team: str,
    arm: str = "arm",
    stratum: str | None = None,
    level: float = 0.95,
) -> ArmChange:
    """Compare the mean changes of teams between arms, teams being the units that were randomised.

    Least squares on one mean change a team, with strata as fixed effects: t with
    teams - 2 - (strata - 1) degrees of freedom. Teams count alike whatever their size. Teams without anybody
    to compare take no part, which randomisation does not protect against.

    Parameters
    ----------
    change : Comparison
        By team.
    roster : DataFrame, a row a team
        With the columns `team`, `arm` (0/1, False/True, or an ordered categorical, control first) and
        `stratum`. A roster without the arm column gives a result that says so.
    """
    if arm not in roster.columns or roster[arm].isna().all():
        return ArmChange(difference=None, arms=(), reason="The teams have no arms: nothing was randomised.")
    require(roster, [team, stratum], owner="compare_arms")
    means = {each.team: each.change.estimate for each in change.teams if each.answered.compared}
    kept = roster[roster[team].astype(str).isin(list(means)) & roster[arm].notna()]
    outcome: Floats = np.asarray(kept[team].astype(str).map(means), dtype=float)
    treated, labels = arm_codes(kept[arm])
    unit = change.quantity.unit
    arms = tuple(
        _arm(outcome[treated == code], term=label, unit=unit, level=level)
        for code, label in enumerate(labels)
    )
    ones: Floats = np.ones(len(outcome))
    design: Floats = np.concatenate([ones[:, None], treated[:, None], _strata(kept, stratum)], axis=1)
    df = len(outcome) - design.shape[1]
    if df < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return ArmChange(
            difference=None, arms=arms, reason="Too few teams in the arms and strata to compare."
        )
    difference = _difference(
        outcome, design, term=f"{labels[1]} - {labels[0]}", unit=unit, level=level, n=change.answered.compared
    )
    return ArmChange(difference=difference, arms=arms)


def _arm(changes: Floats, *, term: str, unit: str, level: float) -> Estimate:
    mean = mean_interval(changes, term=term, method="arm-t", unit=unit, level=level)
    return replace(mean, n=None, n_clusters=changes.size)


def _strata(roster: pd.DataFrame, stratum: str | None) -> Floats:
    if stratum is None:
        return np.empty((len(roster), 0))
    codes, labels = labelled(roster[stratum])
    return indicators(codes, labels, name=stratum)[0]


def _difference(outcome: Floats, design: Floats, *, term: str, unit: str, level: float, n: int) -> Estimate:
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ outcome
    residual = outcome - design @ coefficients
    df = len(outcome) - design.shape[1]
    estimate = float(coefficients[1])
    se = math.sqrt(float(residual @ residual) / df * float(inverse[1, 1]))
    half = float(student.ppf((1 + level) / 2, df)) * se
    statistic = estimate / se if se > 0 else math.nan
    return Estimate(
        term=term,
        method="team-arms-t",
        estimate=estimate,
        se=se,
        df=df,
        statistic=statistic,
        p_value=float(2 * student.sf(abs(statistic), df)),
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=level,
        n=n,
        n_clusters=len(outcome),
        unit=unit,
    )
