"""A study before its first wave, as `00_plan` sees it: the design that its file declares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from qieval.errors import refuse
from qieval.pipeline.extract import open_extract
from qieval.pipeline.study import Study
from qieval.pipeline.workspace import PLAN, Workspace, find_workspace
from qieval.trial import (
    FAMILIES,
    Allocation,
    Outlook,
    ParallelDesign,
    SteppedWedgeDesign,
    allocate,
    outlook,
)


class StudyPlan(Study):
    """A study before its first wave. Made by `open_plan`."""

    def primary(self, outcome: str = "") -> str:
        """Name of an outcome; the plan's primary one where none is given."""
        plan = self.spec.plan
        return outcome or (plan.primary.outcome if plan else next(iter(self.spec.outcomes), ""))

    def outlook(
        self,
        outcome: str,
        *,
        clusters: Sequence[int],
        size: float,
        iccs: Sequence[float],
        cv: float = 0.0,
        sd: float = 1.0,
        control: float | None = None,
        correlation: float = 0.0,
        effect: float | None = None,
        power: float = 0.8,
        level: float = 0.95,
    ) -> Outlook:
        """Look at what the study's design can show for one outcome.

        Parameters
        ----------
        outcome : str
            Its name.
        clusters : sequence of int
            In control and intervention, or crossing at each step; from the roster (half of each stratum)
            where empty.
        size, iccs, cv, sd, control, correlation, power, level
            As `qieval.trial.ParallelDesign` and `qieval.trial.outlook` take them.
        effect : float, optional
            What is to be found; the smallest difference that matters by default, in the better direction.

        Raises
        ------
        InputError
            If there is no roster to count, or no effect.
        """
        quantity = self.quantity(outcome)
        wanted = effect if effect is not None else quantity.mcid
        if wanted is None:
            self._refuse("effect", f"the outcome {outcome!r} has no mcid", "say effect: in plan.yaml")
        if effect is None and quantity.better == "lower":
            wanted = -wanted
        kind = FAMILIES[quantity.kind]
        if kind != "gaussian" and control is None:
            self._refuse("control", f"{outcome!r} needs its value under control", "say control: in plan.yaml")
        if self.spec.allocation and self.spec.allocation.scheme == "stepped-wedge":
            spread = sd if control is None else (control * (1 - control if kind == "binomial" else 1)) ** 0.5
            wedge = SteppedWedgeDesign(clusters=clusters, size=size, icc=iccs[0], sd=spread, level=level)
            return outlook(wedge, effect=wanted, iccs=iccs, power=power)
        design = ParallelDesign(
            clusters=(clusters[0], clusters[1]) if clusters else self._halves(),
            size=size,
            icc=iccs[0],
            cv=cv,
            family=kind,
            sd=sd,
            control=None if kind == "gaussian" else control,
            correlation=correlation,
            level=level,
        )
        return outlook(design, effect=wanted, iccs=iccs, power=power)

    def draw(
        self, *, covariates: Sequence[str], keep: float, steps: Sequence[int], seed: int
    ) -> Allocation | None:
        """Draw an allocation by the study's scheme; None where the plan names no roster."""
        if "sites" not in self._extract.roles or self.spec.allocation is None:
            return None
        allocation = self.spec.allocation
        return allocate(
            self.table("sites"),
            cluster="site",
            scheme=allocation.scheme or "complete",
            stratum=allocation.stratum,
            pair=allocation.pair,
            covariates=covariates,
            keep=keep,
            steps=steps if allocation.scheme == "stepped-wedge" else (),
            seed=seed,
        )

    def _halves(self) -> list[tuple[int, int]]:
        """Clusters in control and intervention of each stratum of the roster."""
        if "sites" not in self._extract.roles:
            self._refuse("clusters", "there is no roster to count", "say clusters: in plan.yaml, or data:")
        stratum = self.spec.stratum
        roster = self.table("sites")
        sizes = roster[stratum].value_counts(sort=False) if stratum else [len(roster)]
        return [(int(count) - int(count) // 2, int(count) // 2) for count in sizes]

    def _refuse(self, key: str, problem: str, remedy: str) -> NoReturn:
        shown = self._extract.workspace.shown(self._extract.wave_path)
        refuse(shown, problem, column=key, remedy=remedy)


def open_plan(study: str, *, workspace: Workspace | Path | None = None) -> StudyPlan:
    """Open a study before its first wave.

    Parameters
    ----------
    study : str
        Name of its folder under ``params/``, which holds ``plan.yaml``.
    workspace : Workspace or Path, optional
        Where it is; found upward from the working directory by default.

    Raises
    ------
    InputError
        If there is no such study or plan, or their files are at fault.
    """
    place = workspace if isinstance(workspace, Workspace) else find_workspace(workspace)
    return StudyPlan(open_extract(place, study, PLAN))
