from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from qieval.exhibits import plan as show
from qieval.results import Quantity
from qieval.trial import ParallelDesign, allocate, outlook

PAIN = Quantity(name="pain", label="Pain", unit="points", better="lower")
FALLS = Quantity(name="fall", label="Any fall", kind="binary", unit="proportion")
DESIGN = ParallelDesign(clusters=(6, 6), size=50, icc=0.05)


@pytest.fixture(scope="module")
def found():
    return outlook(DESIGN, effect=-0.5, iccs=[0.01, 0.1])


@pytest.mark.parametrize(
    ("effect", "words"),
    [(-3.0, "is enough"), (-0.5, "may not be enough"), (-0.1, "is too small")],
)
def test_the_headline_says_whether_the_design_is_enough(effect, words) -> None:
    said = show.headline(outlook(DESIGN, effect=effect, iccs=[0.01, 0.1]), PAIN, site="clinic")
    assert f"A trial of **12 clinics** {words}" in said.say
    assert "5 % " not in said.say or effect == -0.1
    assert "100" not in said.say
    assert len(said.records) == 2


def test_what_cannot_be_shown_is_said_the_gravest_first() -> None:
    lone = outlook(replace(DESIGN, clusters=(3, 1)), effect=0.5, iccs=[0.05, 0.1])
    said = show.cannot(lone, PAIN)
    assert said.role == "caution"
    assert "one site" in said.say
    assert "below 0.25" in said.more[0]
    assert "only more sites do" in said.more[1]
    assert "may be missed" in said.more[2]


def test_the_table_and_the_curves_hold_the_plans(found) -> None:
    table = show.needed(found, PAIN, site="site")
    assert table.frame["power"].tolist() == [plan.power for plan in found.power]
    assert table.frame["clusters"].tolist() == [plan.design.total for plan in found.clusters]
    figure = show.curves(found, PAIN)
    assert "ICC of 0.01" in figure.alt
    assert figure.frame is found.curves


def test_proportions_are_shown_in_percentage_points() -> None:
    falls = outlook(replace(DESIGN, family="binomial", control=0.3), effect=0.1, iccs=[0.05])
    assert "10\N{NO-BREAK SPACE}percentage points" in show.headline(falls, FALLS).say
    assert show.needed(falls, FALLS).frame["detectable"].item() == pytest.approx(
        100 * falls.detectable[0].effect
    )


def test_an_allocation_is_shown_with_its_balance_and_what_draws_it_again() -> None:
    sites = pd.DataFrame({"site": list("abcdef"), "beds": [1.0, 4, 2, 3, 6, 5]})
    drawn = allocate(sites, cluster="site", scheme="constrained", covariates=["beds"], keep=0.3, seed=3)
    balance = show.balance(drawn, arms=("usual", "coached"))
    assert balance.frame["difference"].tolist() == drawn.balance["difference"].tolist()
    assert "of the 20 allocations looked at" in balance.notes[0]
    listed = show.allocated(drawn, arms=("usual", "coached"))
    assert set(listed.frame["arm"]) == {"usual", "coached"}
    assert "drawn with seed 3" in listed.caption
    assert drawn.record["inputs_sha256"][:12] in listed.notes[0]
    wedge = allocate(sites, cluster="site", scheme="stepped-wedge", steps=[2, 4], seed=3)
    assert show.balance(wedge).say.startswith("The plan names no covariates")
    assert list(show.allocated(wedge, arms=("usual", "coached")).frame["start"]) == list(wedge.sites["start"])
    assert "no roster" in show.balance(None).say
    assert "no site is allocated" in show.allocated(None, arms=("a", "b")).say
