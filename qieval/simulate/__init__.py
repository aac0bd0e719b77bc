"""Studies with a known truth: what the demonstration, the tests and the validation stand on."""

from __future__ import annotations

from qieval.simulate.participants import outcomes
from qieval.simulate.roster import sites
from qieval.simulate.study import SimulatedStudy, simulate, write
from qieval.simulate.truth import DEMO, DEMO_SEED, CapabilityTruth, OutcomeTruth, Truth

__all__ = [
    "DEMO",
    "DEMO_SEED",
    "CapabilityTruth",
    "OutcomeTruth",
    "SimulatedStudy",
    "Truth",
    "outcomes",
    "simulate",
    "sites",
    "write",
]
