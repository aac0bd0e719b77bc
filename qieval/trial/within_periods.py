"""A stepped wedge by one number for each cluster and period: started clusters beside those that had not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.results import Estimate
from qieval.stats.columns import indicators
from qieval.stats.gee import Equations, fit
from qieval.stats.glm import Family
from qieval.stats.inference import t_estimate
from qieval.stats.moments import INTERCEPT
from qieval.stats.sandwich import Leverage
from qieval.trial.orders import comparison
from qieval.trial.summaries import ClusterSummary
from qieval.trial.wedge import TERM, Wedge

METHOD = "cluster-t-within-periods"
NOTE = (
    "The difference within periods, each cluster and period counted once, whatever the time since the start."
)


def within_periods(wedge: Wedge, *, family: Family, level: float) -> Estimate:
    """Regress cell values on exposure with the periods (and strata) as fixed effects, robust to clustering.

    The standard error is CR2, its degrees of freedom Satterthwaite's (Bell & McCaffrey 2002): few, as there
    are few clusters.

    Raises
    ------
    DesignError
        If nothing can be compared, or a cluster settles the effect alone.
    """
    values = wedge.cell_values(family)
    comparison(wedge, values)
    of_cluster, of_period = np.nonzero(np.isfinite(values))
    periods, titles = indicators(of_period, tuple(wedge.periods), name="period")
    strata, blocks = indicators(wedge.block, tuple(np.unique(wedge.block)), name="stratum")
    exposed = wedge.exposed[of_cluster, of_period].astype(np.float64)
    equations = Equations.of(
        outcome=values[of_cluster, of_period],
        codes=of_cluster,
        level=np.column_stack([np.ones(len(strata)), strata]),
        rows=np.column_stack([exposed, periods]),
        family="gaussian",
        link="identity",
    )
    solution, _ = fit(equations, exchangeable=False, names=(INTERCEPT, *blocks, TERM, *titles))
    leverage = Leverage.of(equations, solution)
    if len(leverage.full):
        alone = wedge.clusters[leverage.full[0]]
        raise DesignError(
            f"Cluster {alone!r} settles a coefficient alone, so no standard error can be given."
        )
    at = 1 + len(blocks)
    return t_estimate(
        term=TERM,
        method=METHOD,
        estimate=float((equations.back @ solution.beta)[at]),
        se=float(np.sqrt((leverage.moved(0.5)[:, at] ** 2).sum())),
        df=float(leverage.freedom(0.5)[at]),
        level=level,
        n=wedge.n,
        n_clusters=len(wedge.clusters),
        notes=(*wedge.notes, NOTE),
    )


def summarise_wedge(wedge: Wedge, *, family: Family, level: float) -> ClusterSummary:
    """Compare within periods, and list what was compared."""
    values = wedge.cell_values(family)
    at = np.nonzero(np.isfinite(values))
    frame = pd.DataFrame(
        {
            "cluster": [wedge.clusters[place] for place in at[0]],
            "period": wedge.periods[at[1]],
            "exposed": wedge.exposed[at],
            "n": wedge.total(np.ones(wedge.n))[at].astype(int),
            "value": values[at],
            "weight": 1.0,
        }
    )
    return ClusterSummary(estimate=within_periods(wedge, family=family, level=level), clusters=frame)
