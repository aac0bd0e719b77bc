from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import effect_sensitivity as more
from qieval.results import Quantity
from qieval.trial import estimate, sensitivity

SCORE = Quantity(name="score", label="Score", unit="points", better="lower", mcid=4, span=(0, 60))
NAMED = {"outcome": "score", "arm": "arm", "cluster": "site", "family": "gaussian"}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    site = np.repeat(np.arange(12), 20)
    arm = pd.Categorical(np.where(site % 2, "coached", "usual care"), ["usual care", "coached"], ordered=True)
    score = 30 - 4 * (site % 2) + rng.normal(0, 2, 12)[site] + rng.normal(0, 5, len(site))
    rows = pd.DataFrame({"site": site, "arm": arm, "score": score, "age_years": rng.normal(40, 9, len(site))})
    rows.loc[rows.groupby("site").head(2).index[:8], "score"] = np.nan
    rows.loc[(rows["site"] == 11) & (rows.index % 3 == 0), "score"] = np.nan
    return rows


@pytest.fixture(scope="module")
def both(rows):
    effect = estimate(rows, **NAMED, unit="points")
    roster = rows[["site", "arm"]].drop_duplicates()
    gone = pd.DataFrame(
        {"site": [99], "arm": pd.Categorical(["coached"], roster["arm"].cat.categories, ordered=True)}
    )
    found = sensitivity(
        effect,
        rows,
        roster=pd.concat([roster, gone]),
        named=NAMED,
        covariates=["age_years"],
        span=(0, 60),
        shift=4,
        draws=200,
    )
    return effect, found


def test_every_check_has_its_words_and_its_assumption(both) -> None:
    effect, found = both
    table = more.checks(effect, found, SCORE)
    html = table.html()
    for said in (
        "Adjusted for age years",
        "Participants alike less sites alike",
        "Missing outcomes higher in both arms",
        "Missing outcomes at their worst, lowest difference",
        "Lost sites at their worst, highest difference",
        "Permutation test over all sites of the roster",
        "Without ",
    ):
        assert said in html
    assert any("keep their place" in note for note in table.notes)
    assert sum("differ by 4" in note for note in table.notes) == 1
    json.dumps(table.payload(), allow_nan=False)
    keys = [result["key"] for result in table.payload()["results"]]
    assert len(keys) == len(set(keys))


def test_whether_one_site_carries_the_result_is_said(both) -> None:
    effect, found = both
    said = more.single_sites(effect, found, SCORE).say
    assert said.startswith("Leaving out one site at a time, the difference lies between −")
    assert "hang" in said


def test_few_missing_participants_are_not_shown(both) -> None:
    effect, found = both
    table = more.missing(effect, found, suppress_below=5)
    cells = table.frame.set_index("cluster")
    assert np.isnan(cells.loc[0, "share"])
    assert np.isnan(cells.loc[0, "n"])
    assert np.isnan(cells.loc[11, "share"]), "the arm's own number would give the other site away"
    assert cells.loc["all", "share"].notna().all()
    assert "Withheld where fewer than 5" in table.notes[0]
    assert not more.missing(effect, found, suppress_below=0).notes


def test_an_interim_look_shows_no_p(both) -> None:
    effect, found = both
    held, checks = effect.without_p("Not yet."), found.without_p("Not yet.")
    table = more.checks(held, checks, SCORE)
    assert "p_value" not in table.payload()["columns"]
    assert not any(note == "Not yet." for note in table.notes)
    assert all(result["p_value"] is None for result in table.payload()["results"])


def test_a_lone_site_carries_everything(rows) -> None:
    few = rows[rows["site"].isin([0, 1, 3, 5])]
    effect = estimate(few, **NAMED, unit="points")
    found = sensitivity(effect, few, roster=few[["site", "arm"]].drop_duplicates(), named=NAMED)
    assert more.single_sites(effect, found, SCORE).say.endswith(
        "Without 0 nothing is left to compare: everything hangs on it."
    )
