"""What the estimates with a cluster-robust standard error have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, indicators
from qieval.stats.gee import Equations, Link, Solution, fit
from qieval.stats.glm import Family
from qieval.stats.inference import t_estimate
from qieval.stats.moments import INTERCEPT
from qieval.stats.sandwich import Leverage
from qieval.trial.roster import Roster

# clusters an arm from which the t test held its level in simulations with unequal sizes
HOLDS = {"none": 20, "kauermann-carroll": 6, "mancl-derouen": 3, "fay-graubard": 4, "cr0": 20, "cr1": 20}
UNITS: dict[Link, str] = {"identity": "", "log": "log ratio", "logit": "log odds ratio"}
FLAT = 1e-10
FLAT_NOTE = "The robust standard error is zero: no cluster says how far off this is."
FALLBACK_NOTE = (
    "The exchangeable correlation has no admissible solution in these data; the estimate is that of "
    "independence (alpha 0)."
)
LONE_NOTE = (
    "An arm has one cluster: its circumstances cannot be told from the difference, and the robust standard "
    "error leaves out its variation."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobustModel:
    """A fitted model with cluster-robust standard errors.

    Attributes
    ----------
    coefficients : tuple of Estimate
        Every coefficient, in the order of the design columns (intercept first).
    corrections : tuple of Estimate
        The arm effect with each standard error, the uncorrected one first; NaN where one is undefined, with
        the reason in `notes`.
    """

    coefficients: tuple[Estimate, ...]
    corrections: tuple[Estimate, ...]

    @property
    def estimate(self) -> Estimate:
        """The arm effect.

        Its `notes` say what was left out, whether the correlation asked for had to be given up, and where the
        test cannot be trusted.
        """
        return self.coefficients[1]

    def tidy(self) -> pd.DataFrame:
        """The arm effect first, then the other coefficients."""
        return tidy([self.estimate, self.coefficients[0], *self.coefficients[2:]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A checked roster with the solution of its estimating equations.

    Attributes
    ----------
    titles : tuple of str
        The p design columns: intercept, arm, strata, covariates.
    admissible : bool
        Whether the correlation asked for has a solution.
    """

    roster: Roster
    titles: tuple[str, ...]
    equations: Equations
    solution: Solution
    leverage: Leverage
    admissible: bool


def fit_roster(roster: Roster, *, family: Family, link: Link, exchangeable: bool) -> Fitted:
    """Solve the estimating equations of a checked roster."""
    blocks, titles = indicators(roster.block, roster.blocks, name=str(roster.columns.block))
    titles = (INTERCEPT, roster.columns.arm, *titles, *roster.titles)
    equations = Equations.of(
        outcome=roster.outcome,
        codes=roster.codes,
        level=np.column_stack([np.ones(len(roster.clusters)), roster.arm, blocks]),
        rows=roster.rows,
        family=family,
        link=link,
        exposure=roster.exposure,
    )
    solution, admissible = fit(equations, exchangeable=exchangeable, names=titles)
    return Fitted(
        roster=roster,
        titles=titles,
        equations=equations,
        solution=solution,
        leverage=Leverage.of(equations, solution),
        admissible=admissible,
    )


def tabulate(
    fitted: Fitted,
    errors: Mapping[str, tuple[Floats, Floats]],
    *,
    methods: Mapping[str, str],
    correction: str,
    level: float,
) -> RobustModel:
    """Complete every coefficient under one correction, and the arm effect under each.

    Parameters
    ----------
    errors : mapping
        Standard errors (p,) and degrees of freedom (p,) by correction, without the undefined ones.
    methods : mapping
        Name of the method by correction, for all of them.

    Raises
    ------
    DesignError
        If the correction is undefined, or clusters do not vary within arms.
    """
    roster = fitted.roster
    alone = [repr(roster.clusters[place]) for place in fitted.leverage.full[:5]]
    undefined = (
        f"Cluster {', '.join(alone)} determines a coefficient alone, as a lone cluster in an arm or stratum "
        "does, so this correction of the standard error is undefined."
    )
    if correction not in errors:
        raise DesignError(f"{undefined} Use `cluster_summary`.")
    beta = fitted.equations.back @ fitted.solution.beta
    expected = np.sqrt(fitted.solution.phi * (fitted.leverage.out**2).sum(axis=1))
    notes = roster.notes + (() if fitted.admissible else (FALLBACK_NOTE,))
    blank = np.full(len(beta), math.nan)

    def row(place: int, kind: str, said: tuple[str, ...]) -> Estimate:
        se, df = errors.get(kind, (blank, blank))
        known = bool(se[place] > FLAT * expected[place])
        return t_estimate(
            term=roster.term if place == 1 else fitted.titles[place],
            method=methods[kind],
            estimate=float(beta[place]),
            se=float(se[place]) if known else math.nan,
            df=float(df[place]),
            level=level,
            n=roster.n,
            n_clusters=len(roster.clusters),
            unit=UNITS[fitted.equations.link] if place == 1 else "",
            notes=said if known or kind not in errors else (*said, FLAT_NOTE),
        )

    said = notes + _cautions(min(roster.per_arm), correction)
    coefficients = tuple(row(place, correction, said if place == 1 else ()) for place in range(len(beta)))
    if math.isnan(coefficients[1].se):
        raise DesignError(f"{FLAT_NOTE} The clusters do not vary within arms; nothing to test.")
    return RobustModel(
        coefficients=coefficients,
        corrections=tuple(row(1, kind, notes if kind in errors else (*notes, undefined)) for kind in methods),
    )


def _cautions(fewest: int, correction: str) -> tuple[str, ...]:
    if fewest == 1:
        return (LONE_NOTE,)
    enough = HOLDS.get(correction, 3)
    if fewest >= enough:
        return ()
    return (f"With fewer than {enough} clusters in an arm this test tends to reject too often.",)
