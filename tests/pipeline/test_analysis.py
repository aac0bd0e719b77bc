from __future__ import annotations

import datetime as dt

import pytest

from qieval.pipeline.analysis import primary_method, standing
from qieval.pipeline.model import Outcome, Plan, Primary

PLAN = Plan(
    dated=dt.date(2024, 2, 3),
    primary=Primary(outcome="pain", wave=2, method="mixed-model-kr"),
    family=("pain", "fall"),
)


@pytest.mark.parametrize(
    ("plan", "outcome", "wave", "said"),
    [
        (None, "pain", 1, "no plan"),
        (PLAN, "fall", 2, "A secondary outcome, one of 2 in the plan's family"),
        (PLAN, "visits", 2, "A secondary outcome;"),
        (PLAN, "pain", 3, "A later look: the plan's primary wave is 2."),
        (PLAN, "pain", 2, "The plan's primary result."),
    ],
)
def test_what_the_plan_says_of_a_result(plan: Plan | None, outcome: str, wave: int, said: str) -> None:
    assert said in standing(plan, outcome, wave)


def test_before_the_primary_wave_the_interim_rule_speaks() -> None:
    assert standing(PLAN, "pain", 1) == ""


def test_the_plans_method_is_taken_where_the_outcome_allows_it() -> None:
    assert primary_method(PLAN, Outcome(type="continuous", label="Pain")) == "mixed-model-kr"
    assert primary_method(PLAN, Outcome(type="count", label="Visits")) == "cluster-t"
    assert primary_method(None, Outcome(type="binary", label="Fall")) == "cluster-t"
