from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import effect_waves as show
from qieval.results import Quantity
from qieval.trial import estimate, repeated_waves

WORDS = Quantity(name="score", label="Score", kind="continuous", unit="points", better="higher")
NAMED = {"outcome": "score", "arm": "arm", "cluster": "site"}


@pytest.fixture(scope="module")
def rows(reference) -> pd.DataFrame:
    found = pd.read_csv(reference / "crt" / "qic_sim.csv")
    return found.assign(
        person=found["site"].astype(str) + "-" + found.groupby(["site", "wave"]).cumcount().astype(str)
    )


@pytest.fixture(scope="module")
def effect(rows):
    return estimate(rows[rows["wave"] == 3], **NAMED)


def test_changes_come_first_and_the_model_is_said_to_be_for_comparison(rows, effect) -> None:
    found = repeated_waves(rows, **NAMED, wave="wave", participant="person")
    table = show.waves(effect, found, WORDS, site="clinic")
    assert table.frame["label"].iloc[0] == "Clinics’ own changes since wave 0, t"
    assert (len(table.frame), len(table.records)) == (4, 5)
    said = " ".join(table.notes)
    assert f"{found.again} people were seen at more than one wave" in said
    assert "clinics’ own slopes spread wider" in said
    assert "cluster" not in said
    hidden = show.waves(effect, found, WORDS, suppress_below=1000)
    assert "Fewer than 1000 people were seen" in hidden.notes[1]
    assert "F = 1.30 on 10 and 20 degrees of freedom, p = 0.30" in said
    assert "for comparison only: clinics’ own slopes spread wider" in said


def test_an_interim_look_has_no_p_and_one_wave_is_a_note(rows, effect) -> None:
    found = repeated_waves(rows, **NAMED, wave="wave").without_p("Not yet.")
    table = show.waves(effect, found, WORDS)
    assert "p_value" not in [column.source for column in table.columns]
    assert not any("Not yet." in note for note in table.notes)
    one = repeated_waves(rows[rows["wave"] == 3], **NAMED, wave="wave")
    assert show.waves(effect, one, WORDS).say == show.ONE_WAVE
    two = repeated_waves(rows[rows["wave"] != 1].query("wave != 2"), **NAMED, wave="wave")
    assert "fewer than three waves" in show.waves(effect, two, WORDS).notes[0]


def test_where_sites_keep_their_places_it_is_said(rows, effect) -> None:
    noise = np.random.default_rng(4).normal(0, 5, len(rows))
    still = rows.assign(score=rows.groupby("site")["score"].transform("mean") + noise)
    found = repeated_waves(still, **NAMED, wave="wave")
    assert "No sign of sites drifting apart" in show.waves(effect, found, WORDS).notes[0]


def test_rates_have_no_model_whose_worth_there_is_to_tell(rows) -> None:
    counted = {**NAMED, "outcome": "visits", "family": "poisson"}
    rates = Quantity(name="visits", label="Visits", kind="count", unit="visits", better="lower")
    found = repeated_waves(rows, **counted, wave="wave")
    table = show.waves(estimate(rows[rows["wave"] == 3], **counted), found, rates)
    assert len(table.frame) == 2
    assert not any("drift" in note for note in table.notes)
