"""Repeated waves in two arms: each cluster's own change first, a mixed model beside it, what it assumes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from qieval.errors import DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, arm_codes, indicators, labelled, listed, numbers, require
from qieval.stats.glm import Family
from qieval.stats.inference import check_level
from qieval.trial.clusterlevel import cluster_summary
from qieval.trial.divergence import Divergence, divergence
from qieval.trial.exposure import AGAIN_NOTE, fit_wedge, one_value_each
from qieval.trial.randomisation import permutation_test
from qieval.trial.site_courses import of_sites
from qieval.trial.wedge import TERM, read_wedge

Primary = Literal["site-changes", "waves-mixed-kr"]
TERM_LAST = "at the last wave"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RepeatedWaves:
    """The difference at the last wave, with each cluster's course up to it.

    Attributes
    ----------
    ladder : tuple of Estimate
        ``"site-changes"`` (t on each cluster's last less first value), ``"site-changes-permutation"``,
        ``"endline-ancova"`` (where people are measured again: their last values in two stages, adjusted for
        their own first) and ``"waves-mixed-kr"`` (cluster and cluster by wave as random, the effect at the
        last wave, arms alike at the first; not for counts). One that is refused has NaN and the reason.
    divergence : Divergence
        Whether clusters of one arm drift apart, and so whether the mixed model may come first.
    waves : tuple of float
        With the outcome, in order; the first lies before the intervention.
    again : int
        People with the outcome at more than one wave.
    interim : str
        Why p-values are held back; empty for a final result.
    """

    ladder: tuple[Estimate, ...]
    divergence: Divergence
    waves: tuple[float, ...]
    again: int
    interim: str = ""

    @property
    def primary(self) -> Estimate:
        """T on changes, or the mixed model where it was asked for and the check allows it."""
        return self.ladder[0]

    def tidy(self) -> pd.DataFrame:
        """One row a method, then the check."""
        return tidy([*self.ladder, self.divergence.estimate])

    def without_p(self, reason: str) -> RepeatedWaves:
        """Return a copy for an interim look, where there is a reason: no test of the effect."""
        if not reason:
            return self
        return replace(self, ladder=tuple(row.without_p(reason) for row in self.ladder), interim=reason)


def repeated_waves(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    cluster: str,
    wave: str,
    participant: str | None = None,
    stratum: str | None = None,
    pair: str | None = None,
    exposure: str | None = None,
    family: Family = "gaussian",
    primary: Primary = "site-changes",
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> RepeatedWaves:
    """Compare the arms at the last wave, using every wave.

    Parameters
    ----------
    data : DataFrame
        One row a participant and wave; rows without the outcome are left out.
    outcome, arm, cluster, stratum, pair, exposure, family
        As for `cluster_summary`.
    wave : str
        Number of the wave; the first one with the outcome lies before the intervention, all others after.
    participant : str, optional
        Who answered. Where somebody did at two waves, no method takes the rows for independent.
    primary : {"site-changes", "waves-mixed-kr"}
        Which row comes first. The mixed model does so only where the check of divergence allows it.
    draws, seed : int
        For the randomisation test where there are more than 200,000 allocations.
    level : float
        Coverage of the intervals.
    unit : str
        Unit of the effect.

    Returns
    -------
    RepeatedWaves

    Notes
    -----
    A random intercept with one more for each cluster and wave takes the deviations of a cluster from its arm
    for independent from wave to wave. Where clusters drift apart, that is wrong, and Kenward–Roger counts
    degrees of freedom that are not there (`90_validation` says how often it rejects then). A t test on
    changes needs no such assumption. With two waves there is no slope to look at, and the changes come first
    whatever is asked.

    References
    ----------
    Hooper, Teerenstra, de Hoop & Eldridge 2016, doi 10.1002/sim.7028; Kasza & Forbes 2019, doi
    10.1177/0962280218797151 (what a wrong correlation over time does).
    """
    owner = "repeated_waves"
    check_level(level)
    check_choice(primary, Primary, name="primary", owner=owner)
    require(data, (outcome, arm, cluster, wave, participant, stratum, pair, exposure), owner=owner)
    rows = data.dropna(subset=[name for name in (outcome, exposure, wave) if name])
    rows = rows.assign(**{wave: numbers(rows[wave])})
    waves = tuple(float(each) for each in np.unique(rows[wave]))
    again = int(rows.groupby(participant, observed=True)[wave].nunique().gt(1).sum()) if participant else 0
    waved = _Waved(
        rows=rows,
        outcome=outcome,
        wave=wave,
        named={"arm": arm, "cluster": cluster, "stratum": stratum, "pair": pair},
        exposure=exposure,
        family=family,
        waves=waves,
        level=level,
        unit=unit,
    )
    cells = waved.cells()
    check = waved.check(cells)
    ladder = waved.changes(cells, draws=draws, seed=seed)
    if again and participant:
        ladder.append(waved.adjusted(participant))
    if family != "poisson":
        ladder.append(waved.mixed(again))
    first = primary if check.allowed else "site-changes"
    ladder.sort(key=lambda row: row.method != first)
    return RepeatedWaves(ladder=tuple(ladder), divergence=check, waves=waves, again=again)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Waved:
    """Complete rows of every wave, and what each method is told."""

    rows: pd.DataFrame
    outcome: str
    wave: str
    named: dict[str, Any]
    exposure: str | None
    family: Family
    waves: tuple[float, ...]
    level: float
    unit: str

    @property
    def block(self) -> str | None:
        found: str | None = self.named["stratum"] or self.named["pair"]
        return found

    def cells(self) -> pd.DataFrame:
        """One row a cluster: `cluster`, its roles, and the value at each wave (NaN where not seen)."""
        cluster = self.named["cluster"]
        by = self.rows.groupby([cluster, self.wave], observed=True)
        total = by[self.outcome].sum().astype(float)
        base = by[self.exposure].sum() if self.exposure else by.size()
        wide = (total / base).unstack().reindex(columns=list(self.waves)).reset_index()  # noqa: PD010
        for role in filter(None, (self.named["arm"], self.block)):
            wide[role] = of_sites(self.rows, cluster, role, list(wide[cluster])).to_numpy()
            wide[role] = wide[role].astype(self.rows[role].dtype)
        return wide

    def check(self, cells: pd.DataFrame) -> Divergence:
        """Look for drift among the clusters seen at every wave."""
        seen = cells.dropna(subset=list(self.waves))
        treated = arm_codes(seen[self.named["arm"]])[0]
        design = [np.ones(len(seen)), treated]
        if self.block and len(seen):
            design += list(indicators(*labelled(seen[self.block]), name="")[0].T)
        return divergence(
            seen[list(self.waves)].to_numpy(dtype=np.float64),
            np.column_stack(design),
            np.array(self.waves),
            fewest=int(min(treated.sum(), len(seen) - treated.sum())),
            level=self.level,
            unit=self.unit,
        )

    def changes(self, cells: pd.DataFrame, *, draws: int, seed: int) -> list[Estimate]:
        """Compare each cluster's last value less its first."""
        cluster = self.named["cluster"]
        ends = [self.waves[0], self.waves[-1]] if self.waves else []
        known = cells.assign(change=cells[ends[-1]] - cells[ends[0]] if len(self.waves) > 1 else math.nan)
        lost = known.loc[known["change"].isna(), cluster]
        notes = (f"Left out, not seen at both ends: {listed(lost)}.",) if 0 < len(lost) < len(known) else ()
        named = {"outcome": "change", **self.named, "level": self.level}
        people = int(self.rows[self.wave].isin(ends).sum())
        known = known.dropna(subset=["change"])

        def by_t() -> Estimate:
            return cluster_summary(known, **named).estimate

        def by_lot() -> Estimate:
            return permutation_test(known, **named, draws=draws, seed=seed).estimate

        return [
            self._tried("site-changes", by_t, people, notes),
            self._tried("site-changes-permutation", by_lot, people, notes),
        ]

    def adjusted(self, participant: str) -> Estimate:
        """Compare last values in two stages, adjusted for the same people's first."""
        value = self.rows[self.outcome].astype(float)
        value = value / self.rows[self.exposure] if self.exposure else value
        early = self.rows[self.wave] == self.waves[0]
        before = value[early].groupby(self.rows.loc[early, participant]).mean()
        last = self.rows[self.rows[self.wave] == self.waves[-1]]
        last = last.assign(before=last[participant].map(before))
        named = {"outcome": self.outcome, **self.named, "exposure": self.exposure, "family": self.family}
        return self._tried(
            "endline-ancova",
            lambda: cluster_summary(last, **named, covariates=["before"], level=self.level).estimate,
        )

    def mixed(self, again: int) -> Estimate:
        """Fit cluster and cluster by wave as random, to rows or (people measured again) to cell values."""
        notes = (AGAIN_NOTE,) if again else ()
        return self._tried("waves-mixed-kr", lambda: self._fitted(again), len(self.rows), notes)

    def _fitted(self, again: int) -> Estimate:
        if len(self.waves) < 2:
            raise DesignError("there is one wave only.")
        started: Floats = np.where(arm_codes(self.rows[self.named["arm"]])[0] == 1, self.waves[1], np.nan)
        wedge = read_wedge(
            self.rows.assign(start=started),
            outcome=self.outcome,
            cluster=self.named["cluster"],
            start="start",
            period=self.wave,
            stratum=self.block,
            owner="repeated_waves",
        )
        wedge = one_value_each(wedge) if again else wedge
        fit = fit_wedge(wedge, nested=True, immediate=False, df="kenward-roger", level=self.level)
        last = f"{TERM}, {self.waves[-1] - self.waves[1]:g} since the start"
        row = next(each for each in fit.coefficients if each.term == last)
        return replace(row, notes=(*wedge.notes, *fit.notes))

    def _tried(
        self,
        method: str,
        run: Callable[[], Estimate],
        n: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> Estimate:
        """Give what a method says, or NaN with the reason for which it does not."""
        try:
            row = run()
        except DesignError as reason:
            row = Estimate(term="", method="", estimate=math.nan, level=self.level)
            notes = (f"Not estimated: {reason}",)
        return replace(
            row, term=TERM_LAST, method=method, unit=self.unit, n=n or row.n, notes=(*row.notes, *notes)
        )
