"""A study at one wave, as notebooks see it: checked tables, analyses with their flow, words for numbers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from qieval.capability import Instrument
from qieval.errors import DesignError, InputError, refuse
from qieval.exhibits.disclosure import Rule, obey
from qieval.pipeline.analysis import (
    Analysis,
    primary_method,
    site_means_before,
    standing,
    with_known_groups,
    with_ordered_arms,
)
from qieval.pipeline.candidates import candidates_of
from qieval.pipeline.coded import Coded, coded
from qieval.pipeline.dictionary import dictionary
from qieval.pipeline.entry import entry
from qieval.pipeline.extract import Extract, open_extract
from qieval.pipeline.faults import suggestion
from qieval.pipeline.flow import Participants, changed_sites, completeness, flow, place, present, variables_of
from qieval.pipeline.measured import Measured, measured
from qieval.pipeline.model import Outcome, StudyFile
from qieval.pipeline.naming import told
from qieval.pipeline.published import published_results
from qieval.pipeline.quantities import quantity
from qieval.pipeline.reporting import Reporting, reporting
from qieval.pipeline.site_series import SiteSeries, site_series
from qieval.pipeline.workspace import Workspace, find_workspace
from qieval.results import Quantity


class Study:
    """A study at one wave. Made by `open_study`; tables are read and checked when they are first asked for.

    Parameters
    ----------
    extract : Extract
        The wave's files.
    """

    def __init__(self, extract: Extract) -> None:
        self._extract = extract
        self._tables: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        return f"<Study {self.name}, wave {self.wave} ({self.wave_label})>"

    @property
    def name(self) -> str:
        """Name of the study's folder."""
        return self._extract.name

    @property
    def wave(self) -> int:
        """Number of the wave."""
        return self._extract.wave.wave

    @property
    def wave_label(self) -> str:
        """The wave in words."""
        return self._extract.wave.label

    @property
    def window(self) -> tuple[dt.date, dt.date]:
        """First and last day of the wave."""
        return self._extract.window

    @property
    def seed(self) -> int:
        """Seed of the study."""
        return self.spec.seed

    @property
    def arms(self) -> tuple[str, ...]:
        """Labels of the arms, control first; empty where there are none."""
        return self.spec.arms

    @property
    def spec(self) -> StudyFile:
        """The study file."""
        return self._extract.spec

    def is_primary(self, outcome: str) -> bool:
        """Whether the plan names this outcome as primary, and its primary wave is not past."""
        plan = self.spec.plan
        return plan is not None and plan.primary.outcome == outcome and self.wave <= plan.primary.wave

    @property
    def interim(self) -> str:
        """Why p-values are held back at this wave; empty from the plan's primary wave on."""
        early = self.spec.plan is not None and self.wave < self.spec.plan.primary.wave
        return "This wave lies before the plan's primary one." if early else ""

    def quantity(self, outcome: str) -> Quantity:
        """Words and unit of an outcome."""
        return quantity(outcome, self._outcome(outcome))

    def table(self, role: str) -> pd.DataFrame:
        """Read a checked table, sites as they may be told; withdrawn participants are not in `outcomes`.

        Raises
        ------
        InputError
            With every fault of the table, and of those that it must agree with.
        """
        return self._told(role) if role in self.spec.tables else self._read(role)

    def codebook(self) -> pd.DataFrame:
        """The codes: `code`, `parent` (empty for a top code), `name`, `definition`."""
        frame = self._read("codebook")
        missing = {name: "" for name in ("parent", "name", "definition") if name not in frame}
        return frame.assign(**missing).fillna({"parent": "", "name": "", "definition": ""})

    def coded(self) -> Coded:
        """Gather what was coded, with the consensus log and the codebook of the wave before."""
        return coded(self, self._extract)

    def instrument(self, name: str) -> Instrument:
        """One of the instruments that the study declares."""
        return self._extract.instrument(name)

    def analysis(self, outcome: str = "") -> Analysis:
        """Gather what the analysis of one outcome needs.

        Parameters
        ----------
        outcome : str
            Name of the outcome; empty for the plan's primary one.

        Raises
        ------
        InputError
            If the study has no such outcome, or its tables are at fault.
        DesignError
            If the study has no arms to compare, or an allocation that its sites' table does not hold.
        """
        plan = self.spec.plan
        outcome = outcome or (plan.primary.outcome if plan else "")
        spec = self._outcome(outcome)
        people = self._participants()
        if not people.arms and not self._start:
            raise DesignError(f"The sites of {self.name} have no arms, so there is no effect to estimate.")
        allocation = self.spec.allocation
        usable = with_known_groups(people.usable, self.spec.equity.strata)
        covariates = ([spec.baseline] if spec.baseline else []) + list(spec.covariates)
        known = usable[present(usable, outcome, spec.exposure)].reset_index(drop=True)
        return Analysis(
            data=known,
            everyone=usable.reset_index(drop=True),
            every_wave=people.rows[(people.rows["wave"] <= self.wave) & people.staying],
            roster=people.roster,
            before=site_means_before(people, spec, outcome),
            flow=flow(people, outcome=outcome, exposure=spec.exposure),
            entry=entry(known, people.roster, movers=people.movers, arms=people.arms),
            sampling=self.spec.sampling or "",
            outcome=outcome,
            cluster="site",
            arm=None if self._start else "arm",
            start=self._start,
            period="period" if self._start else None,
            stratum=allocation.stratum if allocation else None,
            pair=allocation.pair if allocation else None,
            covariates=tuple(covariates),
            labels={spec.baseline: f"{spec.label} before"} if spec.baseline else {},
            exposure=spec.exposure,
            candidates=candidates_of(self._extract, self._read("sites")["site"], people.roster["site"]),
            groups=tuple(name for name in self.spec.equity.strata if name in usable),
            quantity=self.quantity(outcome),
            method=primary_method(plan, spec),
            standing=standing(plan, outcome, self.wave),
            primary=self.is_primary(outcome),
            interim=bool(self.interim),
        )

    def measure(self, name: str, *, own: str = "") -> Measured:
        """Gather what charts and comparisons of one measure need, with sites as `named` tells them."""
        return measured(self._extract, lambda role: self.named(role, own), name, own=own)

    def named(self, role: str, own: str = "") -> pd.DataFrame:
        """Read a table, if there is one, as `table` does; one site, `own`, may keep its name alone."""
        return self._told(role, own)

    def series(self, name: str = "") -> SiteSeries:
        """A measure or an outcome by site and period (`qieval.pipeline.site_series.site_series`)."""
        return site_series(self, name)

    def family(self) -> list[Analysis]:
        """The analyses of the outcomes among which the plan shares its error."""
        return [self.analysis(name) for name in (self.spec.plan.family if self.spec.plan else ())]

    def flow(self) -> pd.DataFrame:
        """Sites, participants and rows from the roster to this wave, by arm (`qieval.pipeline.flow.flow`)."""
        return flow(self._participants())

    def completeness(self) -> pd.DataFrame:
        """How much of each outcome, baseline, exposure, covariate and group is there at this wave, by arm."""
        people = self._participants()
        usable = with_known_groups(people.usable, self.spec.equity.strata)
        return completeness(usable, variables_of(self.spec, people.rows.columns), people.arms)

    def allocation(self) -> pd.DataFrame:
        """Count sites by stratum and arm: columns `stratum`, `arm`, `sites`."""
        roster = self.table("sites")
        stratum = roster[self.spec.stratum] if self.spec.stratum else "all sites"
        arm = roster["arm"] if self.arms and "arm" in roster else "all"
        counted = roster[[]].assign(stratum=stratum, arm=arm).groupby(["stratum", "arm"], observed=False)
        return counted.size().rename("sites").reset_index()

    def changed_sites(self) -> list[str]:
        """Sites that are no longer active, with date and reason where the roster gives them."""
        return changed_sites(self.table("sites"))

    def files(self) -> pd.DataFrame:
        """List what arrived: columns `table`, `file`, `rows`, `columns`, `sha256`."""
        raw = [self._extract.raw(role) for role in self._extract.roles]
        found = [(each.role, each.file, len(each.frame), each.frame.shape[1], each.sha256) for each in raw]
        return pd.DataFrame(found, columns=["table", "file", "rows", "columns", "sha256"])

    def dictionary(self) -> pd.DataFrame:
        """Describe every column of every table (`qieval.pipeline.dictionary.dictionary`)."""
        return dictionary(self._extract)

    def results(self) -> pd.DataFrame:
        """Rows of ``results.json`` of all waves up to this one, with `wave` and `wave_label`."""
        return published_results(self._extract.workspace, self.name, self.wave)

    def reporting(self) -> Reporting:
        """Gather what the run knows of what reporting checklists ask for."""
        return reporting(self)

    @property
    def _start(self) -> str | None:
        """Column of the sites' start periods in a stepped wedge."""
        allocation = self.spec.allocation
        return allocation.start if allocation and allocation.scheme == "stepped-wedge" else None

    def _outcome(self, name: str) -> Outcome:
        outcomes = self.spec.outcomes
        if name not in outcomes:
            problem = f"the study has no outcome {name!r}{suggestion(name, outcomes)}"
            expected = "one of " + ", ".join(outcomes)
            refuse(f"{self.name}/study.yaml", problem, column="outcomes", expected=expected)
        return outcomes[name]

    def _read(self, role: str) -> pd.DataFrame:
        if role not in self._tables:
            if role not in self._extract.roles:
                self._extract.table(role)
            checked = self._extract.check([role])
            if checked.faults:
                raise InputError(checked.faults)
            self._tables[role] = with_ordered_arms(checked.frames[role], self.arms).reset_index(drop=True)
        return self._tables[role].copy()

    def _told(self, role: str, own: str = "") -> pd.DataFrame:
        frame = told(self._extract, self._read, role, own=own)
        if role != "outcomes" or frame.empty:
            return frame
        return frame[~frame["participant"].isin(self._extract.withdrawn())].reset_index(drop=True)

    def _participants(self) -> Participants:
        roster, rows = self.table("sites"), told(self._extract, self._read, "outcomes")
        return place(self.spec, roster, rows, wave=self.wave, withdrawn=self._extract.withdrawn())


def open_study(study: str, wave: int, *, workspace: Workspace | Path | None = None) -> Study:
    """Open a study at one wave.

    Parameters
    ----------
    study : str
        Name of its folder under ``params/``.
    wave : int
        Number of the wave.
    workspace : Workspace or Path, optional
        Where it is; found upward from the working directory by default.

    Returns
    -------
    Study
        Its tables are read and checked when they are first asked for.

    Raises
    ------
    InputError
        If there is no such study or wave, or their files are at fault.
    """
    place = workspace if isinstance(workspace, Workspace) else find_workspace(workspace)
    extract = open_extract(place, study, wave)
    rule = extract.spec.disclosure
    obey(Rule(below=rule.suppress_below, round_to=rule.round_to))
    _ = extract.data  # told now if it is not there, not at the first table
    return Study(extract)
