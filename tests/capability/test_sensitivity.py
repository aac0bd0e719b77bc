"""Models of all waves against lmerTest, pbkrtest and ordinal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Instrument, score, sensitivity, wave_model
from qieval.errors import ArgumentError, DesignError
from qieval.stats.linear_mixed import linear_mixed


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict[str, Any]:
    return json.loads((reference / "qi" / "prepost_expected.json").read_text())


@pytest.fixture(scope="module")
def scores(repo: Path, reference: Path):
    musiq = Instrument.read(repo / "params" / "instruments" / "musiq.yaml")
    return score(pd.read_csv(reference / "qi" / "capability_sim.csv"), musiq)


@pytest.mark.parametrize(("df", "tail"), [("kenward-roger", "kr"), ("satterthwaite", "satt")])
@pytest.mark.parametrize("with_arms", [False, True])
def test_it_is_lmer_with_respondents_in_teams(scores, expected, df: Any, tail: str, with_arms: bool) -> None:
    theirs = expected["lmm_wave_arm" if with_arms else "lmm_wave"]
    arm = (scores.frame["arm"] == "coached") if with_arms else None
    found = wave_model(scores.frame, wave="wave", team="team", respondent="respondent", arm=arm, df=df)
    fixed = found.coefficients
    assert [each.estimate for each in fixed] == pytest.approx(theirs["est"], rel=1e-6)
    errors = theirs["se_kr"] if tail == "kr" else theirs["se"]
    assert [each.se for each in fixed] == pytest.approx(errors, rel=1e-5)
    assert [each.df for each in fixed] == pytest.approx(theirs[f"df_{tail}"], rel=1e-3)
    variances = dict(zip(theirs["varcomp_group"], theirs["varcomp_var"], strict=True))
    assert found.nested == pytest.approx(variances["respondent"], rel=1e-4)
    assert found.between == pytest.approx(variances["team"], rel=1e-4)
    assert found.criterion == pytest.approx(theirs["reml_criterion"], rel=1e-9)


def test_a_straight_course_over_the_waves_is_lmers(scores, expected) -> None:
    theirs, rows = expected["lmm_trend"], scores.frame.dropna(subset=["total"])
    found = linear_mixed(
        rows["total"].to_numpy(float),
        rows[["wave"]].to_numpy(float),
        ("wave",),
        cluster=rows["team"],
        nested=rows["respondent"],
        contrasts={"wave": np.array([0.0, 1.0])},
        df="kenward-roger",
        level=0.95,
        unit="points",
    )
    assert [each.estimate for each in found.coefficients] == pytest.approx(theirs["est"], rel=1e-6)
    assert [each.se for each in found.coefficients] == pytest.approx(theirs["se_kr"], rel=1e-5)
    assert [each.df for each in found.coefficients] == pytest.approx(theirs["df_kr"], rel=1e-3)
    assert found.criterion == pytest.approx(theirs["reml_criterion"], rel=1e-9)


def test_contrasts_are_the_later_waves_or_how_much_more_they_are_in_an_arm(scores) -> None:
    plain = wave_model(scores.frame, wave="wave", team="team", respondent="respondent")
    assert [each.term for each in plain.contrasts] == ["wave[1]", "wave[2]"]
    arm = scores.frame["arm"] == "coached"
    found = wave_model(scores.frame, wave="wave", team="team", respondent="respondent", arm=arm)
    assert [each.estimate for each in found.contrasts] == pytest.approx(
        [each.estimate for each in found.coefficients[-2:]]
    )


def test_the_change_between_two_waves_leads(scores, expected) -> None:
    found = sensitivity(scores, before=0, after=2, team="team")
    mixed, ordinal = found.readings
    assert mixed.estimate == pytest.approx(expected["lmm_wave"]["est"][2], rel=1e-6)
    assert (mixed.method, ordinal.method, mixed.term) == ("mixed-model-kr", "ordinal-mixed", "after - before")
    assert (ordinal.estimate > 0, ordinal.n) == (True, 135)
    back = sensitivity(scores, before=2, after=0, team="team").readings
    assert back[0].estimate == pytest.approx(-mixed.estimate, rel=1e-6)


def test_what_cannot_be_modelled_is_said(scores) -> None:
    with pytest.raises(ArgumentError, match="no forms of wave"):
        sensitivity(scores, before=0, after=7, team="team")
    first = scores.frame[scores.frame["wave"] == 0]
    with pytest.raises(DesignError, match="one wave only"):
        wave_model(first, wave="wave", team="team", respondent="respondent")
    flat = scores.frame.assign(total=100.0)
    found = sensitivity(replace(scores, frame=flat), before=0, after=2, team="team")
    assert found.readings == ()
    assert [note.partition(":")[0] for note in found.notes] == ["No mixed model", "No ordinal model"]
    assert np.isfinite(flat["total"]).all()
