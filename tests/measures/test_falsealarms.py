from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

from qieval.errors import ArgumentError
from qieval.measures import false_alarms
from qieval.measures.falsealarms import BEYOND, quiet_runs
from qieval.measures.rules import critical


@pytest.mark.parametrize("points", [1, 2, 5, 12])
def test_the_chance_of_quiet_runs_is_that_of_all_coin_sequences(points) -> None:
    longest, fewest = (3, min(4, points - 1)) if points > 1 else critical(1)
    quiet = 0
    for coins in product("HT", repeat=points):
        runs = [len(list(run)) for _, run in groupby(coins)]
        quiet += max(runs) <= longest and len(runs) - 1 >= fewest
    assert quiet_runs(points, longest=longest, fewest=fewest) == pytest.approx(quiet / 2**points, rel=1e-12)


@pytest.mark.parametrize(
    ("points", "rules"), [(18, "anhoej"), (24, "anhoej"), (36, "anhoej"), (24, "nhs-mdc")]
)
def test_500_stable_series_signal_about_as_often_as_theory_says(points, rules) -> None:
    found = false_alarms(points, rules=rules, seed=1)
    assert found.series == 500
    error = np.sqrt(found.theory * (1 - found.theory) / found.series)
    assert abs(found.drawn - found.theory) < 3 * error
    assert found.tidy()["drawn"].item() == found.drawn


def test_three_sigma_hold_all_but_27_in_10_000() -> None:
    from scipy.stats import norm

    assert pytest.approx(2 * norm.sf(3), rel=1e-12) == BEYOND


def test_a_single_point_hardly_signals_and_none_is_refused() -> None:
    assert false_alarms(1, series=20).drawn == 0
    with pytest.raises(ArgumentError, match="at least one"):
        false_alarms(0)
