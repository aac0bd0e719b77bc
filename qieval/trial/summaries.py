"""What was seen in each cluster and in each arm, before anything is estimated."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qieval.results import Estimate
from qieval.trial.roster import Roster


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClusterSummary:
    """A comparison of cluster summaries.

    Attributes
    ----------
    estimate : Estimate
        Intervention less control in the outcome's unit (mean, proportion, or rate per unit of exposure), or
        their ratio; the standard error of a ratio is ``ratio x SE(log)``, its test and interval are on the
        log scale.
    clusters : DataFrame
        One row a cluster: `cluster`, `arm` (label), `n`, `value` (what was compared) and `weight`; in a
        stepped wedge one row a cluster and period, with `period` and `exposed` instead of `arm`.
    """

    estimate: Estimate
    clusters: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """One row."""
        return self.estimate.tidy()


def cluster_frame(roster: Roster) -> pd.DataFrame:
    """One row a cluster: `cluster`, `arm`, `stratum` where there are any, `n`, `exposure` and `mean`."""
    exposure = roster.total(roster.exposure)
    frame = pd.DataFrame(
        {
            "cluster": list(roster.clusters),
            "arm": pd.Categorical(
                [roster.labels[int(code)] for code in roster.arm], list(roster.labels), ordered=True
            ),
            "n": roster.size.astype(int),
            "exposure": exposure,
            "mean": roster.total(roster.outcome) / exposure,
        }
    )
    if roster.blocks:
        frame.insert(2, "stratum", [roster.blocks[number] for number in roster.block])
    return frame


def arm_frame(summaries: pd.DataFrame) -> pd.DataFrame:
    """One row an arm: counts, sizes, mean and SD of cluster means, and the mean over all rows."""
    by_arm = summaries.assign(total=summaries["mean"] * summaries["exposure"]).groupby("arm", observed=False)
    arms = by_arm.agg(
        clusters=("n", "size"),
        n=("n", "sum"),
        smallest=("n", "min"),
        largest=("n", "max"),
        mean=("mean", "mean"),
        sd=("mean", "std"),
        overall=("total", "sum"),
    )
    arms["overall"] /= by_arm["exposure"].sum()
    return arms.reset_index().astype({"arm": str})
