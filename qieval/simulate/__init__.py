"""Studies with a known truth: what the demonstration, the tests and the validation stand on."""

from __future__ import annotations

from qieval.simulate.participants import outcomes
from qieval.simulate.registry import DEMO_MS, DEMO_MS_SEED, RegistryTruth, registry
from qieval.simulate.roster import sites
from qieval.simulate.study import SimulatedStudy, SimulatedTables, simulate, write
from qieval.simulate.truth import DEMO, DEMO_SEED, CapabilityTruth, OutcomeTruth, Truth

__all__ = [
    "DEMO",
    "DEMO_MS",
    "DEMO_MS_SEED",
    "DEMO_SEED",
    "CapabilityTruth",
    "OutcomeTruth",
    "RegistryTruth",
    "SimulatedStudy",
    "SimulatedTables",
    "Truth",
    "outcomes",
    "registry",
    "simulate",
    "sites",
    "write",
]
