"""What a study file and a wave file may say, as types; every fault of a file is told at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from qieval.pipeline.measure_spec import Better, Measure
from qieval.pipeline.tables import Names, Part, TablePart, TableSpec, Unite
from qieval.pipeline.workspace import PLAN

Audience = Literal["team", "committee", "sites", "public"]  # from the narrowest to the widest
Method = Literal[
    "cluster-t", "mixed-model-kr", "permutation", "least-squares-cr2"
]  # as `qieval.trial.estimate` names them
RESERVED = {"participant", "site", "wave", "arm", "period"}  # columns of the tables themselves
PRESETS: dict[str, dict[str, Any]] = {
    "nhs-hes": {"suppress_below": 8, "round_to": 5},
    "cms": {"suppress_below": 11},
    "none": {"suppress_below": 0, "quote_cell": 0},
}


class Author(Part):
    """Somebody who answers for the study."""

    name: str
    affiliation: str = ""
    orcid: str = ""


class Ethics(Part):
    """Approval, consent and retention, in words."""

    approval: str = ""
    consent: str = ""
    retention: str = ""


class Arms(Part):
    """Labels of the two arms; control first."""

    control: str
    intervention: str

    @model_validator(mode="after")
    def _differ(self) -> Arms:
        if self.control == self.intervention:
            raise PydanticCustomError(
                "arms", "both arms are called {arm}; expected two labels", {"arm": self.control}
            )
        return self


class Allocation(Part):
    """How clusters came to their arms."""

    unit: str = "site"
    scheme: Literal["complete", "stratified", "pairs", "constrained", "stepped-wedge"] | None = None
    stratum: str | None = None
    pair: str | None = None
    candidates: str | None = None
    start: str | None = None
    arms: Arms

    @model_validator(mode="after")
    def _complete(self) -> Allocation:
        needs = {
            "stratified": "stratum",
            "pairs": "pair",
            "constrained": "candidates",
            "stepped-wedge": "start",
        }
        key = needs.get(self.scheme or "")
        if key and getattr(self, key) is None:
            words = "the scheme {scheme} needs the key {key}"
            raise PydanticCustomError("scheme", words, {"scheme": self.scheme, "key": key})
        named = [name for name in (self.stratum, self.pair, self.start) if name in RESERVED]
        if named:
            words = "{name} cannot be a column of the allocation; it has its own meaning"
            raise PydanticCustomError("reserved", words, {"name": named[0]})
        return self


class Outcome(Part):
    """One outcome of the participants."""

    type: Literal["continuous", "binary", "count"]
    label: str
    unit: str = ""
    range: Annotated[tuple[float, float], Field(strict=False)] | None = None
    better: Better | None = None
    mcid: float | None = Field(default=None, gt=0)
    baseline: str | None = None
    covariates: Names = ()
    exposure: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Outcome:
        if self.exposure and self.type != "count":
            raise PydanticCustomError("exposure", "only a count has an exposure")
        if self.range and self.range[0] >= self.range[1]:
            raise PydanticCustomError("range", "the range must be [lowest, highest]")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the outcomes table that this outcome needs beside its own."""
        return tuple(name for name in (self.baseline, *self.covariates, self.exposure) if name)


class Primary(Part):
    """The plan's one primary analysis."""

    outcome: str
    wave: int = Field(ge=0)
    estimand: Literal["cluster-average", "participant-average"] = "cluster-average"
    method: Method = "cluster-t"

    @model_validator(mode="before")
    @classmethod
    def _proposed(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("estimand") == "participant-average":
            return {"method": "least-squares-cr2", **given}
        return given


class Amendment(Part):
    """A dated change of the plan."""

    date: dt.date
    text: str


class Plan(Part):
    """What was laid down before the data were seen."""

    dated: dt.date | None = None
    primary: Primary
    family: Names = ()
    amendments: Annotated[tuple[Amendment, ...], Field(strict=False)] = ()


class Equity(Part):
    """Which groups are looked at, which are ordered (most disadvantaged first), how complete they must be."""

    strata: Names = ()
    ordered: dict[str, Names] = {}
    completeness_at_least: float = Field(default=0.8, ge=0, le=1)

    @model_validator(mode="after")
    def _among(self) -> Equity:
        for name in self.ordered:
            if name not in self.strata:
                raise PydanticCustomError("ordered", "{name} is ordered but not a stratum", {"name": name})
        return self


class Disclosure(Part):
    """What is hidden on published pages."""

    suppress_below: int = Field(default=5, ge=0)
    round_to: int | None = Field(default=None, ge=1)
    sites: Literal["named", "masked", "coded"] = "named"
    quote_cell: int = Field(default=3, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, given: Any) -> Any:
        return PRESETS.get(given, given) if isinstance(given, str) else given


class StudyFile(Part):
    """``params/<study>/study.yaml``."""

    title: str
    synthetic: bool = False
    authors: Annotated[tuple[Author, ...], Field(strict=False)] = ()
    source: str = ""
    licence: str = ""
    terms: str = ""
    ethics: Ethics = Ethics()
    design: Literal["randomised", "controlled", "uncontrolled"]
    allocation: Allocation | None = None
    sampling: Literal["cohort", "cross-section", "open"] | None = None
    outcomes: dict[str, Outcome] = {}
    plan: Plan | None = None
    data: str | None = None
    tables: dict[str, TableSpec] = {}
    unite: Unite = {}
    instruments: Names = ()
    codebook: str | None = None
    measures: dict[str, Measure] = {}
    equity: Equity = Equity()
    disclosure: Disclosure = Disclosure()
    audiences: dict[str, Audience] = {}
    seed: int = Field(default=0, ge=0)

    @field_validator("outcomes")
    @classmethod
    def _named(cls, outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
        for name in outcomes:
            if not name.isidentifier() or name in RESERVED:
                words = (
                    "{name} cannot name an outcome; use letters, digits and underscores, and none of {taken}"
                )
                raise PydanticCustomError(
                    "name", words, {"name": repr(name), "taken": ", ".join(sorted(RESERVED))}
                )
        return outcomes

    @model_validator(mode="after")
    def _joined(self) -> StudyFile:
        for name, measure in self.measures.items():
            given = measure.composite
            known = self.measures if given and given.method == "opportunity" else self.outcomes
            for part in given.of if given else ():
                if part not in known:
                    words = "the composite {name} has a part {part} that the study does not have"
                    raise PydanticCustomError("composite", words, {"name": name, "part": repr(part)})
        return self

    @property
    def stratum(self) -> str | None:
        """Column of the sites table that holds the stratum (or pair) of the allocation."""
        return (self.allocation.stratum or self.allocation.pair) if self.allocation else None

    @property
    def arms(self) -> tuple[str, ...]:
        """Labels of the arms, control first; empty where there are none."""
        return (self.allocation.arms.control, self.allocation.arms.intervention) if self.allocation else ()


class ReportRequest(Part):
    """One report that a wave asks for: ``name`` or ``{name: {parameter: value}}``."""

    notebook: str
    parameters: dict[Any, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"notebook": given}
        if isinstance(given, Mapping) and len(given) == 1:
            name, parameters = next(iter(given.items()))
            if parameters is None or isinstance(parameters, Mapping):
                return {"notebook": name, "parameters": parameters or {}}
        raise PydanticCustomError("request", "a report is written `name` or `name: {parameter: value}`")


class WaveFile(Part):
    """``params/<study>/wave-N.yaml``."""

    study: str
    wave: int = Field(ge=0)
    label: str
    window: Annotated[tuple[dt.date, dt.date], Field(strict=False)] | None = None
    data: str
    tables: dict[str, TablePart] = {}
    unite: Unite = {}
    reports: Annotated[tuple[ReportRequest, ...], Field(strict=False)]

    @field_validator("window")
    @classmethod
    def _ordered(cls, window: tuple[dt.date, dt.date] | None) -> tuple[dt.date, dt.date] | None:
        if window and window[0] > window[1]:
            raise PydanticCustomError("window", "the window must be [first day, last day]")
        return window


class PlanFile(WaveFile):
    """``params/<study>/plan.yaml``: reports that need no wave, and at most a roster before allocation."""

    wave: int = Field(default=PLAN, ge=PLAN, le=PLAN)
    label: str = ""
    data: str = "."
