"""Whether capability grew more in the teams that were randomised to the intervention."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.capability.change import Comparison
from qieval.results import Estimate, tidy
from qieval.stats.columns import arm_codes, indicators, labelled, require
from qieval.stats.inference import t_estimate
from qieval.stats.paired import mean_interval

Floats = NDArray[np.float64]

TOLERANCE = 1e-20
TOO_FEW = "Too few teams in the arms and strata to compare."


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
    members : dict of str to str
        The arm of each team that takes part.
    reason : str
        Why there is no difference; else empty.
    """

    difference: Estimate | None
    arms: tuple[Estimate, ...]
    members: dict[str, str]
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
    fewest: int = 1,
) -> ArmChange:
    """Compare the mean changes of teams between arms, teams being the units.

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
    fewest : int
        Fewest people of whom an arm's change may be told.
    """
    if arm not in roster.columns or roster[arm].isna().all():
        return ArmChange(difference=None, arms=(), members={}, reason="The teams have no arms to compare.")
    require(roster, [team, stratum], owner="compare_arms")
    there = {each.team: each for each in change.teams if each.answered.compared}
    kept = roster[roster[team].astype(str).isin(list(there)) & roster[arm].notna()]
    names = kept[team].astype(str)
    outcome: Floats = np.array([there[name].change.estimate for name in names], dtype=np.float64)
    people = np.array([there[name].answered.compared for name in names], dtype=np.int64)
    treated, labels = arm_codes(kept[arm])
    sizes = [people[treated == code].sum() for code in (0, 1)]
    if min(sizes) < max(fewest, 1):
        few = f"An arm has fewer than {fewest} people to compare." if fewest > 1 else TOO_FEW
        return ArmChange(difference=None, arms=(), members={}, reason=few)
    unit = change.quantity.unit
    found = ArmChange(
        difference=None,
        arms=tuple(
            _arm(outcome[treated == code], term=label, unit=unit, level=level)
            for code, label in enumerate(labels)
        ),
        members={name: labels[int(code)] for name, code in zip(names, treated, strict=True)},
    )
    ones: Floats = np.ones(len(outcome))
    design: Floats = np.concatenate([ones[:, None], treated[:, None], _strata(kept, stratum)], axis=1)
    if len(outcome) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        return replace(found, reason=TOO_FEW)
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ outcome
    residual = outcome - design @ coefficients
    if residual @ residual <= TOLERANCE * max(1.0, float(outcome @ outcome)):
        return replace(found, reason="The changes of the teams do not vary, so nothing can be compared.")
    df = len(outcome) - design.shape[1]
    variance = float(residual @ residual) / df * float(inverse[1, 1])
    return replace(
        found,
        difference=t_estimate(
            term=f"{labels[1]} - {labels[0]}",
            method="team-arms-t",
            estimate=float(coefficients[1]),
            se=variance**0.5,
            df=df,
            level=level,
            n=int(people.sum()),
            n_clusters=len(outcome),
            unit=unit,
        ),
    )


def _arm(changes: Floats, *, term: str, unit: str, level: float) -> Estimate:
    mean = mean_interval(changes, term=term, method="arm-t", unit=unit, level=level)
    return replace(mean, n=None, n_clusters=changes.size)


def _strata(roster: pd.DataFrame, stratum: str | None) -> Floats:
    if stratum is None:
        return np.empty((len(roster), 0))
    codes, labels = labelled(roster[stratum])
    return indicators(codes, labels, name=stratum)[0]
