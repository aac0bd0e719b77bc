from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import effect_groups as grouped
from qieval.results import Quantity
from qieval.trial import estimate, subgroup_gaps

SCORE = Quantity(name="score", label="Score", unit="points", better="lower", mcid=4, span=(0, 60))
FALL = Quantity(name="fall", label="Any fall", kind="binary", unit="proportion", better="lower")
NAMED = {"outcome": "score", "arm": "arm", "cluster": "site", "family": "gaussian"}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    site = np.repeat(np.arange(12), 20)
    arm = pd.Categorical(np.where(site % 2, "coached", "usual care"), ["usual care", "coached"], ordered=True)
    score = 30 - 4 * (site % 2) + rng.normal(0, 2, 12)[site] + rng.normal(0, 5, len(site))
    first = np.where(np.arange(len(site)) % 3, "English", "Spanish")
    rows = pd.DataFrame({"site": site, "arm": arm, "score": score, "first_language": first})
    rows.loc[rows.groupby("arm", observed=True).head(3).index, "first_language"] = "Welsh"
    return rows


@pytest.fixture(scope="module")
def both(rows):
    return estimate(rows, **NAMED, unit="points"), subgroup_gaps(rows, group="first_language", **NAMED)


def test_gaps_of_each_group_stand_by_arm(both) -> None:
    effect, found = both
    table = grouped.subgroups(effect, [found], SCORE, suppress_below=5)
    html = table.html()
    assert "First language" in html
    assert "Spanish, against English" in html
    assert "Gap, coached" in html
    assert [result["key"] for result in table.payload()["results"]] == ["first_language--Spanish"]
    assert any("Welsh, against English (First language)" in note for note in table.notes)
    assert "Welsh" in grouped.subgroups(effect, [found], SCORE, suppress_below=0).html()
    json.dumps(table.payload(), allow_nan=False)


def test_an_interim_look_at_groups_has_no_p(both) -> None:
    effect, found = both
    table = grouped.subgroups(effect.without_p("Not yet."), [found], SCORE)
    assert not {"p_value", "by_lot"} & set(table.payload()["columns"])
    assert all(row["p_value"] is None for row in table.payload()["results"])


def test_without_groups_that_is_said(both) -> None:
    assert "declares no groups" in grouped.subgroups(both[0], [], SCORE).plain()


def test_a_family_shows_holm_beside_p(both) -> None:
    row = both[0].primary
    told = {SCORE: replace(row, p_value=0.01), FALL: replace(row, estimate=-0.1, p_value=0.04)}
    table = grouped.family(told)
    assert list(table.frame["holm"]) == pytest.approx([0.02, 0.04])
    assert "percentage points" in table.html()
    assert "before" in grouped.family(told, interim="Not yet.").plain()
    assert "no family" in grouped.family({}).plain()
