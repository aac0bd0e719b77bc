"""The methods without a closed form over replicates, each called on the rows of one simulated trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from qieval.errors import QievalError
from qieval.results import Estimate
from qieval.stats.glm import Family
from qieval.trial.bootstrap import wild_bootstrap
from qieval.trial.cr2 import robust_linear_model
from qieval.trial.gee import gee
from qieval.trial.glmm import glmm
from qieval.trial.lmm import mixed_model

NAMES: dict[str, Any] = {"outcome": "outcome", "arm": "arm", "cluster": "cluster"}
GEE = ("gee", "gee-kauermann-carroll", "gee-mancl-derouen", "gee-fay-graubard")
Method = Callable[[pd.DataFrame, Family], Sequence[Estimate]]


def _mixed(data: pd.DataFrame, family: Family) -> Sequence[Estimate]:  # noqa: ARG001 (a method's form)
    return (mixed_model(data, **NAMES).estimate,)


def _robust(data: pd.DataFrame, family: Family) -> Sequence[Estimate]:  # noqa: ARG001
    return (robust_linear_model(data, **NAMES).estimate,)


def _bootstrap(data: pd.DataFrame, family: Family) -> Sequence[Estimate]:  # noqa: ARG001
    return (wild_bootstrap(data, **NAMES, draws=199).estimate,)


def _marginal(data: pd.DataFrame, family: Family) -> Sequence[Estimate]:
    found = gee(data, **NAMES, family=family).corrections
    return [row for name in GEE for row in found if row.method == name]


def _generalised(data: pd.DataFrame, family: Family) -> Sequence[Estimate]:
    if family == "gaussian":
        return ()
    return (glmm(data, **NAMES, family=family).conservative,)


ALL: tuple[Family, ...] = ("gaussian", "binomial", "poisson")
METHODS_ON_ROWS: dict[tuple[str, ...], tuple[Method, tuple[Family, ...]]] = {
    ("mixed-model-kr",): (_mixed, ALL[:2]),
    ("cr2",): (_robust, ALL),
    ("wild-bootstrap-rademacher",): (_bootstrap, ALL),
    GEE: (_marginal, ALL),
    ("glmm-t",): (_generalised, ALL[1:]),
}


def answers(data: pd.DataFrame, family: Family) -> Iterator[tuple[str, Estimate]]:
    """Give each method's name with its estimate of the arm effect; NaN where it refuses the data."""
    for names, (method, families) in METHODS_ON_ROWS.items():
        if family not in families:
            continue
        try:
            found = method(data, family)
        except QievalError:
            found = [Estimate(term="", method="", estimate=math.nan)] * len(names)
        yield from zip(names, found, strict=True)


def truth_of(unit: str, arms: tuple[float, float]) -> float:
    """Give the true effect of these two means, proportions or rates on an estimate's scale."""
    control, treated = arms
    if "odds" in unit:
        return math.log(treated / (1 - treated) / (control / (1 - control)))
    return math.log(treated / control) if "log" in unit else treated - control
