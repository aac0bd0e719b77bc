from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from qieval.errors import ArgumentError
from qieval.simulate import DEMO, Truth
from qieval.simulate.truth import OUTCOMES


def test_the_demonstrations_truth_is_what_its_readme_says() -> None:
    assert DEMO.fatigue.effects == (0.0, -1.5, -3.0)
    assert DEMO.relapse.effects == (0.0, -0.02, -0.05)
    assert DEMO.visits.effects == (0.0, -0.1, -0.2)
    assert DEMO.effect("fatigue", 2) == -3.0


def test_fatigue_has_an_icc_of_one_in_twenty() -> None:
    assert DEMO.icc("fatigue") == pytest.approx(0.05, abs=1e-12)


def test_iccs_of_the_other_outcomes_follow_from_their_spread() -> None:
    assert DEMO.icc("relapse") == pytest.approx(0.0016 / 0.1824, rel=1e-12)
    assert DEMO.icc("visits") == pytest.approx(0.0225 / 1.2225, rel=1e-12)


@pytest.mark.parametrize("name", OUTCOMES)
def test_region_effects_sum_to_zero_and_every_wave_has_an_effect(name: str) -> None:
    outcome = DEMO.outcome(name)
    assert sum(outcome.regions) == pytest.approx(0, abs=1e-12)
    assert len(outcome.effects) == len(outcome.trend) == len(DEMO.cuts)


def test_an_unknown_outcome_is_refused_by_name() -> None:
    with pytest.raises(ArgumentError, match=r"'fatigue', 'relapse', 'visits'; not 'falls'"):
        DEMO.outcome("falls")


def test_a_truth_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Truth().largest = 1  # type: ignore[misc]
