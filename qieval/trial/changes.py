"""Change at sites that joined against change at sites that did not; sites are the units."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from qieval.errors import DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import listed, require
from qieval.stats.inference import check_level, t_estimate
from qieval.trial.clusterlevel import cluster_summary
from qieval.trial.interrupted import FEWEST, Shocks, few_periods
from qieval.trial.randomisation import Permutation, permutation_test
from qieval.trial.site_courses import Courses, of_sites, reliability_before, site_changes, site_courses

Change = Literal["mean", "average", "level", "slope"]
CHANGES: tuple[Change, ...] = ("mean", "average", "level", "slope")
TERM = "joined - comparison"
ASSUMED = "Every choice of joining sites counts alike: so it is if a lot was drawn, otherwise it is assumed."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteChanges:
    """Changes of sites over a common start, compared.

    Attributes
    ----------
    ladder : tuple of Estimate
        The change asked for first, then the others: ``"site-t-mean"`` (mean after less mean before),
        ``"site-t-average"`` (mean of what a site lies above its earlier course, continued),
        ``"site-t-level"`` and ``"site-t-slope"``. Joined less comparison sites (t on sites - 2, less strata);
        with no comparison sites the mean of the sites' changes (t on sites - 1).
    permutation : Permutation or None
        The first row under every choice of joining sites; None without comparison sites, and where the
        changes leave nothing to compare.
    sites : DataFrame
        One row a site: `cluster`, `arm` (where there is one), `stratum` (likewise), `before`, `after`
        (periods), `mean_before`, `mean_after`, `trend` (slope before) and the four changes.
    trend : Estimate
        Slope before the start, compared as the changes are: what `mean` and `level` take to be equal.
    placebo : DataFrame
        The first row's change at starts that never were, from earlier periods only: `start`, `estimate`,
        `ci_low`, `ci_high`.
    reliability : float
        Of a site's mean before the start: the share of its variance that lies between sites.
    expected_return : float
        What the first row would show if sites had joined because of their earlier values and nothing else had
        happened: ``(1 - reliability)`` of their distance from the comparison sites; NaN without those.
    lost : tuple
        Sites without a period on one of the sides.
    """

    ladder: tuple[Estimate, ...]
    permutation: Permutation | None
    sites: pd.DataFrame
    trend: Estimate
    placebo: pd.DataFrame
    reliability: float
    expected_return: float
    lost: tuple[Hashable, ...]

    @property
    def primary(self) -> Estimate:
        """The change asked for."""
        return self.ladder[0]

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before the numbers."""
        said = list(few_periods(int(self.sites["before"].min()), int(self.sites["after"].min())))
        if self.lost:
            said.append(f"Left out, because nothing is known before or after: {listed(self.lost)}.")
        return tuple(said)

    def tidy(self) -> pd.DataFrame:
        """One row a kind of change, the one asked for first."""
        return tidy(self.ladder)


def compare_changes(
    data: pd.DataFrame,
    *,
    value: str,
    period: str,
    cluster: str,
    start: float,
    arm: str | None = None,
    stratum: str | None = None,
    by: Change = "mean",
    phase_in: int = 0,
    season: int | None = None,
    shocks: Shocks | None = None,
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> SiteChanges:
    """Compare how sites changed at a start that they have in common.

    Parameters
    ----------
    data : DataFrame
        One row a site and period; rows without a value are gaps.
    value, period, cluster : str
        Columns; periods are whole numbers, equally spaced.
    start : float
        First period of the collaborative; earlier periods are *before*.
    arm : str, optional
        Who joined: 0/1, False/True or an ordered categorical, comparison first; constant within sites.
        Without it all sites joined, and their changes are compared with none.
    stratum : str, optional
        Sites are compared within it.
    by : {"mean", "average", "level", "slope"}
        The change that comes first and is tested by permutation.
    phase_in, season, shocks
        As in `interrupted_series`.
    draws, seed : int
        For more than 200,000 choices of joining sites.
    level : float
        Coverage of the intervals.
    unit : str
        Unit of the value.

    Returns
    -------
    SiteChanges

    Raises
    ------
    DesignError
        If fewer than two sites have periods on both sides.

    Notes
    -----
    Each site's change is one number, from its own periods by least squares; sites are then compared by t, so
    correlation over time within a site and sites that move apart need no model. Difference in differences
    of `mean` assumes parallel courses (look at `trend` and `placebo`); `average`, `level` and `slope` assume
    that each site's own course would have gone on. A placebo that is not far from zero proves nothing with
    few sites. For one series see `interrupted_series`, for different starts `staggered_start`.

    References
    ----------
    Bertrand, Duflo & Mullainathan 2004, doi 10.1162/003355304772839588 (collapse to sites); Barnett, van der
    Pols & Dobson 2005, doi 10.1093/ije/dyh299 (regression to the mean).
    """
    check_level(level)
    check_choice(by, Change, name="by", owner="compare_changes")
    require(data, [arm, stratum], owner="compare_changes")
    courses = site_courses(data, value=value, period=period, cluster=cluster, owner="compare_changes")
    told = {
        name: course
        for name, course in courses.items()
        if (course[0] < start).any() and (course[0] >= start + phase_in).any()
    }
    if len(told) < 2:
        raise DesignError(
            f"{len(told)} sites have periods on both sides of period {start:g}; two or more are needed."
        )
    frame = site_changes(told, start=start, phase_in=phase_in, season=season, shocks=shocks or {})
    roles = {name: column for name, column in (("stratum", stratum), ("arm", arm)) if column is not None}
    for name, column in roles.items():
        frame.insert(1, name, of_sites(data, cluster, column, tuple(told)))
    seen = sum(len(time) for time, _ in told.values())
    known = Comparison(within="stratum" if stratum else None, level=level, unit=unit, n=seen)
    reliability = reliability_before(told, start)
    return SiteChanges(
        ladder=tuple(known.row(frame, kind) for kind in (by, *(each for each in CHANGES if each != by))),
        permutation=known.permuted(frame, by, draws=draws, seed=seed) if arm else None,
        sites=frame,
        trend=known.row(frame, "trend"),
        placebo=_placebo(told, known, frame[["cluster", *roles]], by=by, start=start),
        reliability=reliability,
        expected_return=-(1 - reliability) * known.row(frame, "mean_before").estimate if arm else math.nan,
        lost=tuple(name for name in courses if name not in told),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How one number a site is compared.

    Attributes
    ----------
    within : str, optional
        Column of the strata.
    level : float
        Coverage of the intervals.
    unit : str
        Unit of the value.
    n : int
        Periods of all sites.
    """

    within: str | None
    level: float
    unit: str
    n: int

    def row(self, frame: pd.DataFrame, kind: str) -> Estimate:
        """Compare joined with comparison sites, or the mean of all with zero; absent with its reason."""
        blank = Estimate(
            term=TERM if "arm" in frame else "change",
            method=f"site-t-{kind.replace('_', '-')}",
            estimate=math.nan,
            level=self.level,
            n=self.n,
            n_clusters=len(frame),
            unit=f"{self.unit} per period".strip() if kind in ("slope", "trend") else self.unit,
        )
        try:
            found = self._compared(frame, kind)
        except DesignError as reason:
            return replace(blank, notes=(f"Not estimated: {reason}",))
        return replace(found, term=blank.term, method=blank.method, n=blank.n, unit=blank.unit)

    def _compared(self, frame: pd.DataFrame, kind: str) -> Estimate:
        values = frame[kind].to_numpy(dtype=np.float64)
        if np.isnan(values).any():
            few = listed(frame.loc[np.isnan(values), "cluster"])
            raise DesignError(f"too few periods for a course of its own at {few}.")
        if "arm" in frame:
            test = cluster_summary(
                frame, outcome=kind, arm="arm", cluster="cluster", stratum=self.within, level=self.level
            )
            return test.estimate
        spread = float(values.std(ddof=1))
        if spread <= 1e-12 * np.abs(values).max() or spread == 0:
            raise DesignError("the sites’ changes do not vary, so there is no error to test against.")
        return t_estimate(
            term="",
            method="",
            estimate=float(values.mean()),
            se=spread / math.sqrt(len(values)),
            df=float(len(values) - 1),
            level=self.level,
            n=self.n,
            n_clusters=len(values),
        )

    def permuted(self, frame: pd.DataFrame, kind: str, *, draws: int, seed: int) -> Permutation | None:
        """Test the difference against every choice of joining sites."""
        if frame[kind].isna().any():
            return None
        try:
            test = permutation_test(
                frame,
                outcome=kind,
                arm="arm",
                cluster="cluster",
                stratum=self.within,
                draws=draws,
                seed=seed,
                level=self.level,
            )
        except DesignError:
            return None
        said = replace(
            test.estimate,
            term=TERM,
            method="site-permutation",
            unit=self.unit,
            notes=(ASSUMED,),
            n=self.n,
        )
        return replace(test, estimate=said)


def _placebo(
    courses: Courses,
    known: Comparison,
    roles: pd.DataFrame,
    *,
    by: Change,
    start: float,
) -> pd.DataFrame:
    """Compare changes at each earlier period that has three periods on each side at every site."""
    earlier = {name: (time[time < start], seen[time < start]) for name, (time, seen) in courses.items()}
    if min(len(time) for time, _ in earlier.values()) < 2 * FEWEST:
        earlier = {}
    low = max((time[FEWEST - 1] for time, _ in earlier.values()), default=0.0) + 1
    high = min((time[-FEWEST] for time, _ in earlier.values()), default=0.0)
    rows = []
    for place in np.arange(low, high + 1):
        row = known.row(site_changes(earlier, start=place).merge(roles, on="cluster"), by)
        rows.append((place, row.estimate, row.ci_low, row.ci_high))
    return pd.DataFrame(rows, columns=["start", "estimate", "ci_low", "ci_high"], dtype=np.float64)
