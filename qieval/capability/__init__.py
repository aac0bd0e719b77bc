"""Instruments as data, their scores, how far they can be trusted, and whether they changed."""

from qieval.capability.arms import ArmChange, compare_arms
from qieval.capability.change import Comparison, TeamChange, answers_at, compare
from qieval.capability.instrument import Band, Instrument
from qieval.capability.linking import Answered
from qieval.capability.moves import Moves, band_moves
from qieval.capability.omega import Omega, omega
from qieval.capability.raters import RaterAgreement, rated, rater_agreement
from qieval.capability.redcap import from_redcap
from qieval.capability.reliability import Alpha, alpha
from qieval.capability.scoring import Scores, score
from qieval.stats.ranks import SignedRank, wilcoxon

__all__ = [
    "Alpha",
    "Answered",
    "ArmChange",
    "Band",
    "Comparison",
    "Instrument",
    "Moves",
    "Omega",
    "RaterAgreement",
    "Scores",
    "SignedRank",
    "TeamChange",
    "alpha",
    "answers_at",
    "band_moves",
    "compare",
    "compare_arms",
    "from_redcap",
    "omega",
    "rated",
    "rater_agreement",
    "score",
    "wilcoxon",
]
