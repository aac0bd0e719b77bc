"""Instruments as data, their scores, how far they can be trusted, and whether they changed."""

from qieval.capability.aggregation import TeamAgreement, team_agreement
from qieval.capability.arms import ArmChange, compare_arms
from qieval.capability.change import Comparison, compare
from qieval.capability.forms import Forms, answers_at, forms, score_waves
from qieval.capability.instrument import Band, Instrument
from qieval.capability.items import ItemChange, importance_gaps, item_changes, team_items
from qieval.capability.linking import Answered
from qieval.capability.moves import Moves, band_moves
from qieval.capability.omega import Omega, omega
from qieval.capability.published import PublishedRow, check_published
from qieval.capability.raters import RaterAgreement, rated, rater_agreement
from qieval.capability.reception import Received, Reception, received
from qieval.capability.redcap import from_redcap
from qieval.capability.reliability import Alpha, alpha
from qieval.capability.reliable import ReliableChange, reliable_change
from qieval.capability.responders import Response, response
from qieval.capability.scoring import Scores, score
from qieval.capability.sensitivity import Sensitivity, sensitivity, wave_model
from qieval.capability.side_by_side import SideBySide, looking_back, looks_back, side_by_side
from qieval.capability.teams import TeamChange
from qieval.stats.ranks import SignedRank, wilcoxon

__all__ = [
    "Alpha",
    "Answered",
    "ArmChange",
    "Band",
    "Comparison",
    "Forms",
    "Instrument",
    "ItemChange",
    "Moves",
    "Omega",
    "PublishedRow",
    "RaterAgreement",
    "Received",
    "Reception",
    "ReliableChange",
    "Response",
    "Scores",
    "Sensitivity",
    "SideBySide",
    "SignedRank",
    "TeamAgreement",
    "TeamChange",
    "alpha",
    "answers_at",
    "band_moves",
    "check_published",
    "compare",
    "compare_arms",
    "forms",
    "from_redcap",
    "importance_gaps",
    "item_changes",
    "looking_back",
    "looks_back",
    "omega",
    "rated",
    "rater_agreement",
    "received",
    "reliable_change",
    "response",
    "score",
    "score_waves",
    "sensitivity",
    "side_by_side",
    "team_agreement",
    "team_items",
    "wave_model",
    "wilcoxon",
]
