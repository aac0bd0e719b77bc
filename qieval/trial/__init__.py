"""Effects of cluster-randomised interventions, from two clusters to thousands."""

from qieval.trial.allocate import Allocation, allocate
from qieval.trial.baseline import baseline_balance
from qieval.trial.bootstrap import WildBootstrap, wild_bootstrap
from qieval.trial.cautions import Facts, cautions
from qieval.trial.changes import SiteChanges, compare_changes
from qieval.trial.characteristics import Scenario, cells, characteristics
from qieval.trial.clusterlevel import cluster_summary
from qieval.trial.correlation import Intracluster, icc
from qieval.trial.cr2 import robust_linear_model
from qieval.trial.designs import ParallelDesign, SteppedWedgeDesign, smallest_p
from qieval.trial.gee import MarginalModel, gee
from qieval.trial.glmm import GeneralisedMixedModel, glmm
from qieval.trial.interrupted import InterruptedSeries, interrupted_series
from qieval.trial.ladder import FAMILIES, Effect, estimate
from qieval.trial.lmm import MixedModel, mixed_model
from qieval.trial.moments import Moments
from qieval.trial.planning import (
    Outlook,
    Plan,
    clusters_needed,
    detectable_effect,
    outlook,
    power,
    size_needed,
)
from qieval.trial.randomisation import Permutation, permutation_test
from qieval.trial.robust import RobustModel
from qieval.trial.rungs import AVERAGES
from qieval.trial.scales import geometric_ratio, win_probability
from qieval.trial.sensitivity import Sensitivity, sensitivity
from qieval.trial.staggered import StaggeredStart, staggered_start
from qieval.trial.stepped import SteppedWedge, stepped_wedge
from qieval.trial.subgroups import Subgroups, subgroup_gaps
from qieval.trial.summaries import ClusterSummary
from qieval.trial.verdicts import Verdicts, compared, verdicts
from qieval.trial.waves import RepeatedWaves, repeated_waves

__all__ = [
    "AVERAGES",
    "FAMILIES",
    "Allocation",
    "ClusterSummary",
    "Effect",
    "Facts",
    "GeneralisedMixedModel",
    "InterruptedSeries",
    "Intracluster",
    "MarginalModel",
    "MixedModel",
    "Moments",
    "Outlook",
    "ParallelDesign",
    "Permutation",
    "Plan",
    "RepeatedWaves",
    "RobustModel",
    "Scenario",
    "Sensitivity",
    "SiteChanges",
    "StaggeredStart",
    "SteppedWedge",
    "SteppedWedgeDesign",
    "Subgroups",
    "Verdicts",
    "WildBootstrap",
    "allocate",
    "baseline_balance",
    "cautions",
    "cells",
    "characteristics",
    "cluster_summary",
    "clusters_needed",
    "compare_changes",
    "compared",
    "detectable_effect",
    "estimate",
    "gee",
    "geometric_ratio",
    "glmm",
    "icc",
    "interrupted_series",
    "mixed_model",
    "outlook",
    "permutation_test",
    "power",
    "repeated_waves",
    "robust_linear_model",
    "sensitivity",
    "size_needed",
    "smallest_p",
    "staggered_start",
    "stepped_wedge",
    "subgroup_gaps",
    "verdicts",
    "wild_bootstrap",
    "win_probability",
]
