"""What an exhibit tells of people: by presets, rounded, and without what would give others away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import Column, Figure, Statement, Table, columns
from qieval.exhibits.disclosure import Rule, obey, told_shares, withheld_points
from qieval.measures import control_chart, disparity
from qieval.pipeline.model import Disclosure
from qieval.results import Estimate, Quantity, Record
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


def test_what_is_no_count_keeps_three_digits_in_page_file_and_results(by_fives: Any) -> None:
    row = Estimate(term="t", method="m", estimate=33 / 102, se=0.123456, n=102, unit="proportion")
    records = [Record(key="k", estimate=row)]
    shown = [Column(source="share", label="Share", show=str)]
    frame = pd.DataFrame({"share": [33 / 102, 1234.5678]})
    table = Table(name="t", caption="c", frame=frame, columns=shown, records=records)
    drawn = Figure(name="f", caption="c", alt="a", svg="<svg />", frame=frame, records=records)
    said = Statement(name="s", role="note", say="s", records=records)
    for payload in (table.payload(), drawn.payload(), said.payload()):
        assert [payload["results"][0][name] for name in ("estimate", "se")] == [0.324, 0.123]
        assert payload["rows"] in ([[0.324], [1230.0]], [])
    assert "0.3235" not in table.html()


def test_a_chart_draws_shares_and_limits_of_rounded_counts(by_fives: Any) -> None:
    met, n = np.array([33, 41, 29, 52]), np.array([102, 98, 96, 104])
    months = pd.DataFrame({"month": range(4), "x": met, "n": n})
    chart = control_chart(months, numerator="x", denominator="n", period="month", kind="p")
    told = withheld_points(chart.points, Quantity(name="q", label="Q", kind="binary"), 8)
    sizes = np.array([100, 100, 95, 105])
    assert told["n"].tolist() == sizes.tolist()
    assert (told["value"] * sizes).to_numpy() == pytest.approx([35, 40, 30, 50])
    centre = met.sum() / n.sum()
    reach = 3 * np.sqrt(centre * (1 - centre) / sizes)
    assert told["upper"].to_numpy() == pytest.approx(centre + reach)
    assert told["lower"].to_numpy() == pytest.approx(centre - reach)


def test_gaps_between_groups_are_those_of_rounded_counts() -> None:
    """A reader who tries every pair of counts that fits what is told finds all that rounding leaves."""
    rows = pd.DataFrame({"group": list("abc"), "x": [33, 52, 20], "n": [102, 98, 41], "wave": 1})
    words = {"numerator": "x", "denominator": "n", "group": "group", "period": "wave"}
    found = disparity(rows, **words, reference="b", better="higher", fewest=8, round_to=5)
    whole = rows.assign(x=[35, 50, 20], n=[100, 100, 40])
    wanted = disparity(whole, **words, reference="b", better="higher", fewest=8)
    pd.testing.assert_frame_equal(found.gap.rates, wanted.gap.rates)
    pd.testing.assert_frame_equal(found.tidy(), wanted.tidy())
    pd.testing.assert_frame_equal(found.worst, wanted.worst)
    assert found.inequality[1] == wanted.inequality[1]
