"""The words for an outcome: what its numbers are numbers of."""

from __future__ import annotations

from qieval.pipeline.model import Outcome
from qieval.results import Quantity


def quantity(name: str, outcome: Outcome) -> Quantity:
    """Say what an outcome's numbers are: a proportion, points, or ``visits per person-year``."""
    span = (0.0, 1.0) if outcome.type == "binary" else outcome.range
    return Quantity(
        name=name,
        label=outcome.label,
        kind=outcome.type,
        unit=_unit(name, outcome),
        better=outcome.better,
        mcid=outcome.mcid,
        span=span,
    )


def _unit(name: str, outcome: Outcome) -> str:
    if outcome.type == "binary":
        return "proportion"
    if outcome.type == "continuous":
        return outcome.unit
    things = outcome.unit or name.replace("_", " ")
    exposure = outcome.exposure or "participant"
    return f"{things} per {exposure.replace('_', '-').removesuffix('s')}"
