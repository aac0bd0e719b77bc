"""What a simulation says of each method: where it holds its level, and whether two simulations agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.results import Estimate, tidy
from qieval.stats import simulated
from qieval.trial.characteristics import COUNTS, KEYS

ABOVE, NEAR, FEWEST = 0.055, 0.06, 1_000
RARE = (0.02, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdicts:
    """Type I errors and coverage of each method.

    Attributes
    ----------
    methods : DataFrame
        End values of common outcomes, a row each method and `clusters`: counts, `type1`, `coverage`, their
        Monte-Carlo standard errors, `largest` (type I error of the worst cell) and `verdict`: ``"above"``
        where a cell is shown (by three standard errors, or all together by two) to lie above 5.5 %,
        ``"keeps"`` where all together, 1,000 or more, are shown to lie below 6 %, ``"no answer"``
        where the method never gives one, else ``"open"``: too few trials to tell.
    courses : DataFrame
        The same for changes, gaps, strata, unequal variances and stepped wedges, by the method that a plan
        proposes for them: rows have `course` too.
    rare : DataFrame
        The same for rare events, by the t on cluster values: rows have `family` too.
    """

    methods: pd.DataFrame
    courses: pd.DataFrame
    rare: pd.DataFrame

    def keeps_from(self, method: str) -> str:
        """Say from which number of clusters on a method keeps its level; empty if not even with the most."""
        rows = self.methods[self.methods["method"] == method].iloc[::-1]
        kept = rows[rows["verdict"].eq("keeps").cummin()]
        return str(kept["clusters"].iloc[-1]) if len(kept) else ""

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The type I errors, in the order of `methods`."""
        return tuple(
            Estimate(
                term=f"type I error, {row['clusters']}",
                method=row["method"],
                estimate=row["type1"],
                se=row["type1_se"],
                n=row["replicates"],
                unit="probability",
            )
            for row in self.methods.to_dict(orient="records")
        )

    def tidy(self) -> pd.DataFrame:
        """One row a method and number of clusters: its type I error."""
        return tidy(self.estimates)


def verdicts(table: pd.DataFrame) -> Verdicts:
    """Judge the counts of `qieval.trial.characteristics.characteristics`."""
    rare = table["control"].isin(RARE)
    end, t = table["course"] == "endline", table["method"] == "cluster-t"
    proposed = ~end & (t | table["course"].eq("wedge"))
    return Verdicts(
        methods=_judged(table[end & ~rare], ["method", "clusters"]),
        courses=_judged(table[proposed], ["course", "clusters"]),
        rare=_judged(table[end & rare & t], ["family", "clusters"]),
    )


def _judged(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    found = simulated.pooled(table, by, counts=COUNTS)
    share = table["rejected"] / table["replicates"]
    cells = table[by].assign(
        largest=share, lowest=share - 3 * np.sqrt(share * (1 - share) / table["replicates"])
    )
    found = found.merge(cells.groupby(by, sort=False).max().reset_index(), on=by)
    low, high = (found["type1"] + sign * 2 * found["type1_se"] for sign in (-1, 1))
    above = (found.pop("lowest") > ABOVE) | (low > ABOVE)
    told = [found["answered"] == 0, above, (high <= NEAR) & (found["replicates"] >= FEWEST)]
    return found.assign(verdict=np.select(told, ["no answer", "above", "keeps"], "open"))


def compared(recorded: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Compare the type I errors of two simulations, as `qieval.stats.simulated.compared`."""
    return simulated.compared(recorded, fresh, keys=[*KEYS, "method"], share="type1")
