"""Measures over time, between sites and between groups of patients, and fidelity to the programme."""

from qieval.measures.adjusted import Standardised, standardise
from qieval.measures.benchmark import Quartiles, quartiles
from qieval.measures.charts import Chart, control_chart, run_chart
from qieval.measures.composite import Composite, all_or_none, opportunity
from qieval.measures.deviance import Deviants, positive_deviants
from qieval.measures.equity import Gap, Inequality, gap, inequality
from qieval.measures.equity_groups import Disparity, completeness, disparity, spans
from qieval.measures.falsealarms import FalseAlarms, false_alarms
from qieval.measures.fidelity import Fidelity, fidelity
from qieval.measures.fidelity_time import DoseResponse, StepTimes, dose_response, step_times
from qieval.measures.fidelity_use import PlannedUse, coached_from, planned_use
from qieval.measures.funnel import Funnel, funnel
from qieval.measures.gate import Gate, gate
from qieval.measures.recoding import Recoded, recoded
from qieval.measures.shrinkage import Shrunk, shrink

__all__ = [
    "Chart",
    "Composite",
    "Deviants",
    "Disparity",
    "DoseResponse",
    "FalseAlarms",
    "Fidelity",
    "Funnel",
    "Gap",
    "Gate",
    "Inequality",
    "PlannedUse",
    "Quartiles",
    "Recoded",
    "Shrunk",
    "Standardised",
    "StepTimes",
    "all_or_none",
    "coached_from",
    "completeness",
    "control_chart",
    "disparity",
    "dose_response",
    "false_alarms",
    "fidelity",
    "funnel",
    "gap",
    "gate",
    "inequality",
    "opportunity",
    "planned_use",
    "positive_deviants",
    "quartiles",
    "recoded",
    "run_chart",
    "shrink",
    "spans",
    "standardise",
    "step_times",
]
