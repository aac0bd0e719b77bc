from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pandas as pd
import pytest

from qieval.exhibits import waves
from qieval.exhibits.core import Figure, Statement, Table

MINUS = "\N{MINUS SIGN}"


def row(key: str, wave: int, estimate: float, **more: Any) -> dict[str, Any]:
    """One row as it is read from results.json: nulls are None."""
    report = key.split("/")[0]
    absent = dict.fromkeys(["se", "df", "statistic", "p_value", "ci_low", "ci_high", "n", "n_clusters"])
    words = {"term": "coached - usual care", "method": "m", "unit": "points", "level": 0.95, "notes": []}
    place = {"key": key, "report": report, "exhibit": 3, "estimate": estimate}
    state = {"primary": False, "status": "interim" if wave < 2 else "final"}
    when = {"wave": wave, "wave_label": f"month {6 * wave}"}
    return place | absent | words | state | when | more


@pytest.fixture
def results() -> pd.DataFrame:
    relapse, fatigue, team = (
        "20_effect--relapse/effect/cluster-t",
        "20_effect--fatigue/effect/cluster-t",
        "30_capability/change/team-t",
    )
    rows = [
        row(relapse, 1, -0.05, unit="proportion", ci_low=-0.15, ci_high=0.05, n_clusters=24),
        row(fatigue, 1, -1.0, ci_low=-3.0, ci_high=1.0, primary=True, n_clusters=24),
        row("20_effect--fatigue/effect/permutation", 1, -1.2),
        row("20_effect--fatigue/icc/anova", 1, 0.04),
        row("10_data/arrived/sites", 1, 24.0),
        row(relapse, 2, -0.08, unit="proportion", ci_low=-0.16, ci_high=0.0, n_clusters=24),
        row(fatigue, 2, -3.125, ci_low=-5.6, ci_high=-0.6, primary=True, p_value=0.018, n_clusters=24),
        row(team, 2, 4.0, term="change"),
    ]
    return pd.DataFrame(rows)


LABELS = {"fatigue": "Fatigue", "relapse": "Relapse in the last year"}


def test_one_row_of_each_report_is_followed_the_primary_one_first(results: pd.DataFrame) -> None:
    before = results.copy()
    key = waves.key_results(results, labels=LABELS)
    assert list(zip(key["result"], key["wave"], strict=True)) == [
        ("Fatigue", 1),
        ("Fatigue", 2),
        ("Relapse in the last year", 1),
        ("Relapse in the last year", 2),
        ("Capability", 2),
    ]
    pd.testing.assert_frame_equal(results, before)


def test_proportions_are_shown_as_percentage_points(results: pd.DataFrame) -> None:
    key = waves.key_results(results)
    relapse = key[key["key"].str.contains("relapse")]
    assert relapse["estimate"].tolist() == pytest.approx([-5.0, -8.0])
    assert relapse["ci_low"].tolist() == pytest.approx([-15.0, -16.0])
    assert set(relapse["unit"]) == {"percentage points"}
    assert set(relapse["result"]) == {"Effect: relapse"}


def test_the_bottom_line_says_the_last_wave_and_where_it_came_from(results: pd.DataFrame) -> None:
    said = waves.headline(waves.key_results(results, labels=LABELS))
    assert said.say == (
        f"Fatigue at month 12: **{MINUS}3.12 points** (95\N{NO-BREAK SPACE}% interval {MINUS}5.60 to "
        f"{MINUS}0.60, coached minus usual care)."
    )
    assert said.more[0].startswith(f"At month 6 (interim) it was {MINUS}1.00 (95")
    assert said.more[1].startswith("There are 2 other results below")
    assert said.records == ()


def test_a_wave_before_the_primary_one_is_called_interim(results: pd.DataFrame) -> None:
    said = waves.headline(waves.key_results(results[results["wave"] < 2], labels=LABELS))
    assert said.say.startswith("Fatigue at month 6, interim: ")
    assert waves.INTERIM in said.more


def test_each_result_has_a_panel_and_is_told_in_the_alternative_text(results: pd.DataFrame) -> None:
    figure = waves.trajectories(waves.key_results(results, labels=LABELS))
    assert isinstance(figure, Figure)
    texts = [
        "".join(each.itertext()) for each in ET.fromstring(figure.svg).iter() if each.tag.endswith("text")
    ]
    assert {"Fatigue", "points", "Relapse in the last year", "percentage points"} <= set(texts)
    assert texts.count("month 12") == 2, "each column of panels says its waves"
    assert f"Fatigue, points: month 6 {MINUS}1.00 (" in figure.alt
    assert "Capability, points: month 12 +4.00 (no bounded interval)" in figure.alt
    assert list(figure.records) == []
    again = waves.trajectories(waves.key_results(results, labels=LABELS))
    assert isinstance(again, Figure)
    assert again.svg == figure.svg


def test_the_table_lists_every_wave_and_adds_no_record(results: pd.DataFrame) -> None:
    shown = waves.table(waves.key_results(results, labels=LABELS))
    assert isinstance(shown, Table)
    assert len(shown.frame) == 5
    assert list(shown.emphasis) == [0, 1]
    assert shown.payload()["results"] == []
    assert "0.018" in shown.html()
    assert "Relapse in the last year, percentage points" in shown.html()
    assert "24" in shown.html()


def test_without_tests_there_is_no_column_for_p(results: pd.DataFrame) -> None:
    shown = waves.table(waves.key_results(results[results["wave"] < 2]))
    assert isinstance(shown, Table)
    assert "p_value" not in [column.source for column in shown.columns]


def test_before_any_result_it_says_so(results: pd.DataFrame) -> None:
    for nothing in (results.iloc[:0], results[results["report"] == "10_data"]):
        key = waves.key_results(nothing)
        assert "**yet**" in waves.headline(key).say
        assert isinstance(waves.trajectories(key), Statement)
        assert isinstance(waves.table(key), Statement)
