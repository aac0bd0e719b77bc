"""The effect of having started, where clusters start one after another in an order fixed by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, listed, require
from qieval.stats.glm import Family
from qieval.stats.inference import check_level
from qieval.trial.cautions import FEW
from qieval.trial.exposure import AGAIN_NOTE, CELLS_NOTE, fit_wedge, one_value_each
from qieval.trial.orders import count_orders, waiting
from qieval.trial.randomisation import Permutation, permute_starts
from qieval.trial.wedge import TERM, Wedge, read_wedge

MODELS = {
    "exposure-averaged-kr": {"nested": True, "immediate": False},
    "nested-exchangeable-kr": {"nested": True, "immediate": True},
    "hussey-hughes-kr": {"nested": False, "immediate": True},
}

SAME_NOTE = "On one value for each cluster and period this is the same model as that of cluster by period."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SteppedWedge:
    """The effect of having started, by its permutation test and by a model, with what is needed to judge it.

    Attributes
    ----------
    ladder : tuple of Estimate
        ``"permutation"`` first, then (not for counts) ``"exposure-averaged-kr"`` and, for comparison, the
        models of an immediate and constant effect: ``"nested-exchangeable-kr"`` and ``"hussey-hughes-kr"``. A
        method that these data refuse has NaN and the reason in its notes.
    permutation : Permutation or None
        The test over start orders; None while nothing can be compared.
    cells : DataFrame
        One row a cluster and period with data: `cluster`, `start` (missing for never), `period`, `exposed`,
        `exposure_time` (periods since the start, 0 in the first; missing before), `n` (rows), `mean` (mean,
        proportion or rate).
    orders, patterns : int
        How many start orders there could have been, and how many of them differ within the data.
    family : {"gaussian", "binomial", "poisson"}
        Kind of the outcome.
    waiting : str
        Why nothing can be estimated; empty where something can.
    lost : tuple
        Clusters without any complete row.
    interim : str
        Why p-values are held back; empty for a final result.
    """

    ladder: tuple[Estimate, ...]
    permutation: Permutation | None
    cells: pd.DataFrame
    orders: int
    patterns: int
    family: Family
    waiting: str = ""
    lost: tuple[object, ...] = ()
    interim: str = ""

    @property
    def primary(self) -> Estimate:
        """The permutation over start orders: it needs no model of clusters or periods."""
        return self.ladder[0]

    @property
    def smallest_p(self) -> float:
        """Smallest p that the test over start orders can give; NaN while nothing can be compared."""
        return self.permutation.smallest_p if self.permutation else math.nan

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before the numbers, the gravest first."""
        clusters = self.cells["cluster"].nunique()
        said = []
        if not self.waiting:
            alike = f", of which {self.patterns:,} differ so far" if self.patterns < self.orders else ""
            said.append(
                f"The {clusters} clusters could have started in {self.orders:,} orders{alike}. The test over "
                f"them cannot give a p-value below {self.smallest_p:.3g}, however large the difference."
            )
        if clusters < 2 * FEW:
            said.append(
                f"Few clusters: {clusters}. What happened at one of them while it was exposed cannot be told "
                "from the difference; read the clusters’ own courses."
            )
        if self.lost:
            said.append(f"Left out, because no participant there has complete data: {listed(self.lost)}.")
        return tuple(said)

    def tidy(self) -> pd.DataFrame:
        """One row a method, the primary first."""
        return tidy(self.ladder)

    def without_p(self, reason: str, *, when: bool = True) -> SteppedWedge:
        """Return a copy for an interim look: estimates and intervals, no test, no p, no distribution."""
        if not when:
            return self
        held = self.permutation and self.permutation.without_p(reason)
        ladder = tuple(row.without_p(reason) for row in self.ladder)
        return replace(self, ladder=ladder, permutation=held, interim=reason)


def stepped_wedge(
    data: pd.DataFrame,
    *,
    outcome: str,
    cluster: str,
    start: str,
    period: str,
    participant: str | None = None,
    covariates: Sequence[str] = (),
    stratum: str | None = None,
    exposure: str | None = None,
    family: Family = "gaussian",
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> SteppedWedge:
    """Estimate the effect of having started, in a stepped wedge.

    Parameters
    ----------
    data : DataFrame
        One row a participant and period; rows with a missing outcome, covariate or exposure are left out and
        counted in `notes`.
    outcome, cluster : str
        Columns.
    start, period : str
        The period in which the row's cluster starts (missing: never), and the row's own; numbers.
    participant : str, optional
        Who was seen. Where somebody was in two periods, the models take no rows for independent: they are
        fitted to one mean for each cluster and period.
    covariates : sequence of str
        Adjusted for before cells are compared: residuals of a fit on covariates and periods.
    stratum : str, optional
        Start orders are permuted within strata only.
    exposure : str, optional
        Person-time of a count.
    family : {"gaussian", "binomial", "poisson"}
        Means; proportions (risk difference); rates.
    draws, seed : int
        For designs of more than 200,000 start orders.
    level : float
        Coverage of the intervals.
    unit : str
        Unit of the effect.

    Returns
    -------
    SteppedWedge
        While no cluster has started, or none is left to compare with, its estimates are absent and `waiting`
        says why.

    Notes
    -----
    The estimate is the least-squares coefficient of exposure among cell values (a cluster in a period) with
    the periods as fixed effects, each cell counted once: exposed less not yet exposed clusters of the same
    period. Its test permutes start periods among clusters (Wang & De Gruttola 2017, doi 10.1002/sim.7329), so
    it needs no assumption on how results of a cluster hang together over time; its interval assumes that
    exposure moves a cluster's cells by the same amount in every period. Beside it stand mixed models with
    Kenward–Roger (see `mixed_model`). The first takes the effect at each time since the start for itself and
    reports their mean, with random intercepts for each cluster and for each cluster and period. The others
    are right only where an effect is there at once and stays: nested exchangeable (Hooper et al. 2016, doi
    10.1002/sim.7028) and Hussey & Hughes (2007, doi 10.1016/j.cct.2006.05.007), whose standard error is too
    small where clusters move apart from period to period. If effects grow, an immediate one may even have
    the wrong sign (Kenny et al. 2022, doi 10.1002/sim.9511).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"site": list("aaabbbccc"), "start": [2] * 3 + [3] * 3 + [4] * 3,
    ...                      "quarter": [1, 2, 3] * 3, "score": [5.0, 8, 9, 5, 6, 9, 4, 5, 6]})
    >>> found = stepped_wedge(rows, outcome="score", cluster="site", start="start", period="quarter")
    >>> found.orders, round(found.primary.estimate, 2)
    (6, 2.75)
    """
    owner = "stepped_wedge"
    check_level(level)
    check_choice(family, Family, name="family", owner=owner)
    if draws < 1:
        raise ArgumentError(f"The `draws` parameter of `{owner}` must be at least 1; not {draws!r}.")
    wedge = read_wedge(
        data,
        outcome=outcome,
        cluster=cluster,
        start=start,
        period=period,
        covariates=covariates,
        stratum=stratum,
        exposure=exposure,
        owner=owner,
    )
    test, why = None, ""
    try:
        test = permute_starts(wedge, family=family, draws=draws, seed=seed, level=level)
    except DesignError as reason:
        why = waiting(wedge)
        if str(reason) != why:
            raise
    ladder = [test.estimate if test else _absent(wedge, "permutation", why, level)]
    if family != "poisson":
        again = participant is not None and _again(data, outcome, participant, period)
        ladder += [_model(wedge, method, why, level, again=again) for method in MODELS]
    ladder = [replace(row, unit=unit) for row in ladder]
    return SteppedWedge(
        ladder=tuple(ladder),
        permutation=replace(test, estimate=ladder[0]) if test else None,
        cells=_cells(wedge, family),
        orders=count_orders(wedge, wedge.start),
        patterns=count_orders(wedge, np.where(wedge.start > wedge.periods[-1], np.inf, wedge.start)),
        family=family,
        waiting=why,
        lost=wedge.lost,
    )


def _absent(wedge: Wedge, method: str, why: str, level: float) -> Estimate:
    return Estimate(
        term=TERM,
        method=method,
        estimate=math.nan,
        level=level,
        n=wedge.n,
        n_clusters=len(wedge.clusters),
        notes=(why,),
    )


def _again(data: pd.DataFrame, outcome: str, participant: str, period: str) -> bool:
    """Whether anybody has the outcome in more than one period."""
    require(data, (participant,), owner="stepped_wedge")
    known = data.dropna(subset=[outcome])
    return bool(known.groupby(participant, observed=True)[period].nunique().gt(1).any())


def _model(wedge: Wedge, method: str, why: str, level: float, *, again: bool) -> Estimate:
    try:
        seen = one_value_each(wedge) if again else wedge
        found = fit_wedge(seen, **MODELS[method], df="kenward-roger", level=level).contrasts[0]
    except DesignError as reason:
        return _absent(wedge, method, why or f"Not estimated: {reason}", level)
    if again:
        notes = tuple(note for note in found.notes if note != CELLS_NOTE)
        more = AGAIN_NOTE if MODELS[method]["nested"] else SAME_NOTE
        found = replace(found, n=wedge.n, notes=(*notes, more))
    return replace(found, method=method)


def _cells(wedge: Wedge, family: Family) -> pd.DataFrame:
    plain = replace(wedge, rows=wedge.rows[:, :0], titles=())
    shape = wedge.exposed.shape
    start: Floats = np.where(np.isinf(wedge.start), np.nan, wedge.start)
    columns: dict[str, Any] = {
        "cluster": np.repeat(np.array(wedge.clusters, dtype=object), shape[1]),
        "start": np.repeat(start, shape[1]),
        "period": np.tile(wedge.periods, shape[0]),
        "exposed": wedge.exposed.ravel(),
        "n": wedge.total(np.ones(wedge.n)).astype(int).ravel(),
        "mean": plain.cell_values(family).ravel(),
    }
    frame = pd.DataFrame(columns)
    since = (frame["period"] - frame["start"]).where(frame["exposed"])
    frame.insert(4, "exposure_time", since)
    return frame[frame["n"] > 0].reset_index(drop=True)
