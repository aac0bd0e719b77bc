from __future__ import annotations

import pandas as pd
import pytest

from qieval.exhibits import validation as show
from qieval.trial import cells, characteristics, compared, verdicts

RECORD = {
    "day": "2026-01-01",
    "made_by": "python -m somewhere",
    "seeds": [1, 2],
    "versions": {"python": "3.11"},
    "source": {"stats": "a" * 64, "trial": "b" * 64},
    "replicates": 1500,
    "replicates_of_models": 1500,
    "replicates_on_rows": 1,
}


@pytest.fixture(scope="module")
def table():
    return characteristics(cells([(3, 1), (3, 3)], [0.3]), replicates=1_500, seed=5)


def test_the_page_says_what_is_kept_and_where_not(table) -> None:
    found = verdicts(table)
    said = show.headline(found, RECORD)
    assert "the permutation test with any number" in said.say
    assert len(said.records) == len(found.methods)
    assert "1,500 simulated trials a cell" in said.plain()
    care = show.cautions(found)
    assert "Intervention sites vary three times as much" in care.plain()
    assert "cannot be trusted there" in care.plain()


def test_tables_and_figure_hold_every_method_and_a_dash_where_there_is_none(table) -> None:
    found = verdicts(table)
    shown = show.table(found)
    assert list(shown.frame.columns) == ["method", "3+1", "3+3"]
    assert shown.frame["method"].tolist()[0] == "t on cluster means"
    assert "\N{PLUS-MINUS SIGN}" in shown.frame["3+3"].iloc[0]
    assert show.table(found, what="coverage").name == "coverage"
    other = show.courses(found)
    assert "Two strata" in other.frame["course"].tolist()
    assert other.frame.set_index("course").loc["Two strata", "3+1"] is None
    assert "Stepped wedges" in other.notes[0]
    assert "permutation test at most 0.0" in show.errors(found).alt


def test_agreement_is_a_note_and_disagreement_a_caution(table) -> None:
    both = compared(table, table)
    assert show.agreement(both).role == "note"
    assert show.agreement(both.assign(z=9.0)).role == "caution"
    assert "seeds 1 to 2" in show.made(RECORD).say
    assert "aaaaaaaaaaaa" in show.made(RECORD).say


def test_repeated_waves_tell_drifting_sites_from_others() -> None:
    counts = pd.DataFrame(
        [
            ("6+6", 0.05, drift, method, 1000, hits)
            for method, low, high in (("site-changes", 50, 52), ("waves-mixed-kr", 51, 160))
            for drift, hits in ((0.0, low), (0.06, high - 20), (0.12, high))
        ],
        columns=["clusters", "icc", "drift", "method", "replicates", "rejected"],
    )
    shown = show.waves(counts)
    told = shown.frame.set_index(["method", "drifts"])["6+6"]
    model = show.WAVES["waves-mixed-kr"]
    assert told[model, "drifting apart"] == 0.16
    assert told[model, "keeping their places"] == 0.051
    assert "rejects up to 16.0\N{NO-BREAK SPACE}% of true nulls and cannot be trusted" in shown.notes[1]


def test_comparisons_over_time_show_their_worst_cell() -> None:
    counts = pd.DataFrame(
        [
            (sites, rho, 0.0, method, 1000, hits)
            for method in ("site-t-mean", "series-ar1")
            for sites in (4, 6)
            for rho, hits in ((0.0, 48), (0.6, 10 * sites))
        ],
        columns=["sites", "rho", "drift", "method", "replicates", "rejected"],
    )
    shown = show.series(counts)
    assert shown.frame[["4", "6"]].to_numpy().tolist() == [[0.048, 0.06], [0.048, 0.06]]
    assert "One mean series" in shown.html()
