"""Effects of cluster-randomised interventions, from two clusters to thousands."""

from qieval.trial.cautions import Facts, cautions
from qieval.trial.clusterlevel import ClusterSummary, cluster_summary
from qieval.trial.correlation import Intracluster, icc
from qieval.trial.ladder import FAMILIES, Effect, estimate
from qieval.trial.lmm import MixedModel, mixed_model
from qieval.trial.randomisation import Permutation, permutation_test

__all__ = [
    "FAMILIES",
    "ClusterSummary",
    "Effect",
    "Facts",
    "Intracluster",
    "MixedModel",
    "Permutation",
    "cautions",
    "cluster_summary",
    "estimate",
    "icc",
    "mixed_model",
    "permutation_test",
]
