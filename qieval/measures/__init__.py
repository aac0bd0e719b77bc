"""Measures over time, between sites and between groups of patients, and fidelity to the programme."""

from qieval.measures.charts import Chart, control_chart, run_chart
from qieval.measures.equity import Gap, Inequality, gap, inequality
from qieval.measures.fidelity import Fidelity, fidelity
from qieval.measures.funnel import Funnel, funnel
from qieval.measures.shrinkage import Shrunk, shrink

__all__ = [
    "Chart",
    "Fidelity",
    "Funnel",
    "Gap",
    "Inequality",
    "Shrunk",
    "control_chart",
    "fidelity",
    "funnel",
    "gap",
    "inequality",
    "run_chart",
    "shrink",
]
