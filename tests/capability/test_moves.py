"""Moves between bands against R's table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Moves, band_moves
from qieval.errors import ArgumentError


def test_transition_table_is_that_of_r(reference: Path) -> None:
    expected = json.loads((reference / "qi" / "prepost_expected.json").read_text())["band_transition"]
    scored = pd.read_csv(reference / "qi" / "capability_scored.csv")
    wide = scored.pivot_table(index="respondent", columns="wave", values="band", aggfunc="first")
    moves = band_moves(wide[0], wide[2], labels=expected["levels"])
    np.testing.assert_array_equal(moves.counts, expected["table"])
    assert (moves.up, moves.down) == (expected["moved_up"], expected["moved_down"])
    assert moves.same == moves.n - moves.up - moves.down


def test_quartiles_of_the_five_sites(reference: Path) -> None:
    sites = pd.read_csv(reference / "qi" / "nhfd_los.csv")
    moves = band_moves(sites["pre_quartile"], sites["mid_quartile"], labels=(1, 2, 3, 4))
    assert (moves.up, moves.same, moves.down) == (0, 3, 2)
    assert moves.counts[3, 1] == 2


def test_missing_bands_take_no_part() -> None:
    assert band_moves(["a", None, "b"], ["b", "b", None], labels="ab").n == 1


def test_nobody_moves_and_nothing_is_divided() -> None:
    assert band_moves([], [], labels="ab").tidy()["estimate"].isna().all()


def test_unknown_bands_are_refused() -> None:
    with pytest.raises(ArgumentError, match="not among its labels"):
        band_moves(["a"], ["z"], labels="ab")


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ArgumentError, match="as many bands before as after"):
        band_moves(["a"], ["a", "b"], labels="ab")


def test_the_tests_of_moves_are_those_of_r(reference: Path) -> None:
    expected = json.loads((reference / "qi" / "prepost_expected.json").read_text())
    bands = expected["band_transition"]
    moves = Moves(labels=tuple(bands["levels"]), counts=np.array(bands["table"]))
    assert moves.test().p_value == pytest.approx(bands["sign_p"], rel=1e-9)
    marginal = moves.marginal_test()
    assert [marginal.statistic, marginal.p_value] == pytest.approx(
        [bands["stuart_maxwell_chisq"], bands["stuart_maxwell_p"]], rel=1e-9
    )
    two = expected["mcnemar"]
    moves = Moves(labels=("low", "high"), counts=np.array(two["table"]))
    assert moves.test().p_value == pytest.approx(two["p_exact"], rel=1e-9)


def test_nobody_who_moved_is_no_test() -> None:
    still = Moves(labels=("low", "high"), counts=np.array([[3, 0], [0, 0]]))
    assert np.isnan(still.test().p_value)
    assert np.isnan(still.marginal_test().p_value)
