"""What an exhibit tells of people: by presets, rounded, and without what would give others away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import Table, columns
from qieval.exhibits.disclosure import Rule, obey, told_shares
from qieval.pipeline.model import Disclosure
from qieval.results import Estimate, Record
from qieval.stats.disclosure import too_small


@pytest.fixture
def known(reference: Path) -> dict[str, Any]:
    return json.loads((reference / "qi" / "suppression_expected.json").read_text())


@pytest.mark.parametrize(("preset", "name"), [("nhs-hes", "hes"), ("cms", "cms")])
def test_presets_hide_and_round_as_their_authors_say(known: dict[str, Any], preset: str, name: str) -> None:
    wanted = Disclosure.model_validate(preset)
    rule = Rule(below=wanted.suppress_below, round_to=wanted.round_to)
    counts = np.array(known["vals"])
    small = np.array([too_small([count, 1000, 1000], below=rule.below)[0] for count in counts])
    told = ["*" if few else int(count) for few, count in zip(small, rule.rounded(counts), strict=True)]
    assert told == known[name]


@pytest.fixture
def by_fives() -> Any:
    obey(Rule(below=8, round_to=5))
    yield
    obey(Rule())


def test_counts_of_people_are_rounded_wherever_they_are_told(by_fives: Any) -> None:
    frame = pd.DataFrame({"arm": ["a", "b"], "n": pd.array([102, None], dtype="Int64"), "sites": [3, 4]})
    row = Estimate(term="t", method="count", estimate=1.0, n=103, unit="people")
    table = Table(
        name="t",
        caption="c",
        frame=frame,
        columns=[
            columns.words("arm", "Arm"),
            columns.count("n", "Participants"),
            columns.count("sites", "Sites"),
        ],
        records=[Record(key="k", estimate=row, status="descriptive")],
    )
    assert table.payload()["rows"] == [["a", 100.0, 3], ["b", None, 4]]
    assert ">100<" in table.html()
    assert "102" not in table.html()
    assert table.payload()["results"][0]["n"] == 105


def test_shares_are_computed_from_rounded_counts(by_fives: Any) -> None:
    frame = pd.DataFrame({"site": ["a", "b", "c"], "n": [102, 60, 41], "share": [33 / 102, 30 / 60, 20 / 41]})
    told = told_shares(frame, below=8, n="n", share="share")
    assert told["n"].tolist() == [100, 60, 40]
    assert told["share"].tolist() == [35 / 100, 0.5, 20 / 40]


def test_a_percentage_is_hidden_where_its_numerator_would_be(known: dict[str, Any]) -> None:
    leak = known["percent_leak"]
    share, n = leak["numerators_compatible"][0] / leak["denominator"], leak["denominator"]
    frame = pd.DataFrame({"n": [n, 200, 150, 90], "share": [share, 0.5, 0.4, 0.5]})
    kept = told_shares(frame, below=5, n="n", share="share")
    assert n not in kept["n"].tolist()
    assert kept["n"].tolist() == [200], "a mean and its standard error: three are hidden or none"
    means = told_shares(frame, below=5, n="n", share="share", whether=False)
    assert len(means) == 4


def test_totals_of_each_arm_are_guarded_apart() -> None:
    frame = pd.DataFrame({"arm": list("aaaabbbb"), "n": [3, 9, 8, 30, 20, 30, 40, 50], "mean": 1.5})
    kept = told_shares(frame, below=5, n="n", share="mean", whether=False, within="arm")
    assert kept["n"].tolist() == [30, 20, 30, 40, 50]
