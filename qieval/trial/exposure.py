"""Mixed models of a stepped wedge: period effects, and what having started does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qieval.errors import DesignError
from qieval.stats.columns import Floats, indicators
from qieval.stats.linear_mixed import MixedFit, fit_moments
from qieval.stats.moments import Moments, nested_codes
from qieval.stats.smallsample import DfMethod
from qieval.trial.orders import waiting
from qieval.trial.wedge import TERM, Wedge

IMMEDIATE_NOTE = "Assumes a difference that is there at once and stays the same."
ALIKE_NOTE = "Assumes periods that move all clusters alike."
AVERAGED_NOTE = "The mean of the differences at each time since the start, every time counted once."
CELLS_NOTE = (
    "One row in each sub-cluster (or period of a cluster): the variance between them is the one within."
)

AGAIN_NOTE = (
    "People measured again are crossed with periods, so their rows are not independent: the model is fitted "
    "to one value for each cluster and period."
)


def one_value_each(wedge: Wedge) -> Wedge:
    """Put one row, the mean, in the place of each cluster's rows of a period; covariates are adjusted for."""
    values = wedge.cell_values("gaussian")
    at = np.nonzero(np.isfinite(values))
    return replace(
        wedge,
        outcome=values[at],
        exposure=np.ones(len(at[0])),
        of_cluster=at[0],
        of_period=at[1],
        rows=np.empty((len(at[0]), 0)),
        titles=(),
    )


def fit_wedge(
    wedge: Wedge, *, nested: bool, immediate: bool, df: DfMethod, level: float, ml: bool = False
) -> MixedFit:
    """Fit exposure beside periods, strata and covariates, with a random intercept for each cluster.

    Parameters
    ----------
    nested : bool
        Whether there is a random intercept for each cluster and period too (nested exchangeable; where every
        such cell has one row, that is the variance within).
    immediate : bool
        One effect from the first period on (Hussey & Hughes); otherwise one for each time since the start,
        whose plain mean is the contrast.

    Returns
    -------
    MixedFit
        Its one contrast is the effect, called `TERM`.

    Raises
    ------
    DesignError
        If no cluster has started, an effect cannot be told from the periods, or a variance cannot be told.
    """
    exposed = wedge.exposed[wedge.of_cluster, wedge.of_period]
    if not exposed.any():
        raise DesignError(waiting(wedge))
    effects, names = _effects(wedge, exposed, immediate=immediate)
    periods, titles = indicators(wedge.of_period, tuple(wedge.periods), name="period")
    strata, blocks = indicators(wedge.block, tuple(np.unique(wedge.block)), name="stratum")
    codes, owner = nested_codes(wedge.of_cluster, wedge.of_period)
    asked, nested = nested, nested and len(owner) < wedge.n
    moments = Moments.from_arrays(
        outcome=wedge.outcome,
        codes=codes if nested else wedge.of_cluster,
        clusters=range(len(owner)) if nested else wedge.clusters,
        level=strata[owner] if nested else strata,
        constants=blocks,
        rows=np.column_stack([effects, periods, wedge.rows]),
        covariates=(*names, *titles, *wedge.titles),
    )
    weights = np.zeros(len(moments.constants) + len(moments.covariates))
    weights[len(moments.constants) :][: len(names)] = 1 / len(names)
    within = owner.tolist() if nested else None
    found = fit_moments(moments, within=within, contrasts={TERM: weights}, df=df, level=level, ml=ml)
    said = [*wedge.notes, IMMEDIATE_NOTE if immediate else AVERAGED_NOTE]
    said += [] if asked else [ALIKE_NOTE]
    said += [CELLS_NOTE] if asked and not nested else []
    effect = replace(found.contrasts[0], notes=(*said, *found.notes))
    return replace(found, contrasts=(effect,))


def _effects(wedge: Wedge, exposed: NDArray[np.bool_], *, immediate: bool) -> tuple[Floats, tuple[str, ...]]:
    """Columns (n, c) of the effects to be told apart, and their names."""
    if immediate:
        return exposed[:, None].astype(np.float64), (TERM,)
    since = np.where(exposed, wedge.periods[wedge.of_period] - wedge.start[wedge.of_cluster], -1.0)
    times = np.unique(since[exposed])
    columns = (since[:, None] == times[None, :]).astype(np.float64)
    return columns, tuple(f"{TERM}, {time:g} since the start" for time in times)
