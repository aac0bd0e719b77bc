"""What a study file may say of one measure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from qieval.pipeline.tables import Names, Part

Better = Literal["lower", "higher"]


class Benchmark(Part):
    """What others reach: their three quartiles as published, or the values of each of them."""

    source: str
    cuts: Annotated[tuple[float, ...], Field(strict=False)] = ()
    values: Annotated[tuple[float, ...], Field(strict=False)] = ()


class Joined(Part):
    """How a composite is made: of measures by their opportunities, or of binary outcomes, all or none."""

    method: Literal["opportunity", "all-or-none"]
    of: Names


class Audit(Part):
    """What an audit of a measure's data found: share of the eligible cases told, median days to hand in."""

    source: str
    ascertainment: Annotated[float, Field(ge=0, le=1)] | None = None
    timeliness: Annotated[float, Field(ge=0)] | None = None


class Measure(Part):
    """One measure: a proportion of those eligible, or a rate (events, hours) for each of the denominator."""

    label: str
    kind: Literal["proportion", "rate"] = "proportion"
    better: Better | None = None
    target: float | None = None
    reference_group: str | None = None
    unit: str = ""
    version: str = ""
    freeze: str | None = None
    phases: Names = ()
    exclude: Names = ()
    composite: Joined | None = None
    benchmark: Benchmark | None = None
    audit: Audit | None = None
