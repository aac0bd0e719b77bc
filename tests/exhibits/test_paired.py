"""Named sites measured twice: the five printed changes, and their quartiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qieval.capability import band_moves, check_published, compare
from qieval.exhibits.paired import published, quartile_moves, sites, slopes
from qieval.results import Quantity

DAYS = Quantity(name="acute_los", label="Acute length of stay", unit="days", better="lower")


@pytest.fixture(scope="module")
def table(repo: Path) -> pd.DataFrame:
    return pd.read_csv(repo / "data" / "hip-fracture" / "wave-1" / "paired_sites.csv")


@pytest.fixture(scope="module")
def change(table: pd.DataFrame) -> Any:
    return compare(table[["site", "before"]], table[["site", "after"]], by="site", quantity=DAYS)


def test_the_data_are_the_printed_table(table: pd.DataFrame, reference: Path) -> None:
    printed = pd.read_csv(reference / "qi" / "nhfd_los.csv")
    ours = table[["site", "before", "quartile_before", "after", "quartile_after"]]
    assert ours.to_numpy().tolist() == printed.drop(columns="printed_change").to_numpy().tolist()


def test_the_five_printed_changes(change: Any, table: pd.DataFrame) -> None:
    html = sites(change, table, labels=("before", "mid-way")).html()
    for printed in ("-0.8", "-1.7", "-11.0", "-4.8", "-3.5"):
        assert f'<td class="right">{printed}</td>' in html


def test_records_are_the_sites_and_nothing_is_tested(change: Any, table: pd.DataFrame) -> None:
    records = sites(change, table).records
    assert [record.key for record in records] == table["site"].tolist()
    assert {record.status for record in records} == {"descriptive"}


def test_the_figure_tells_every_change(change: Any) -> None:
    figure = slopes(change)
    assert "Furness −11.0" in figure.alt
    assert figure.svg.startswith("<svg")


def test_quartiles_move(table: pd.DataFrame) -> None:
    moves = band_moves(table["quartile_before"], table["quartile_after"], labels=(1, 2, 3, 4))
    assert "Moved up: 0; stayed: 3; moved down: 2; of 5 sites." in quartile_moves(moves).html()


def test_a_published_table_is_shown_with_the_rows_that_do_not_follow() -> None:
    row = {"n": 60, "pre": "4.5", "post": "5.5", "diff": "1.0", "sd_diff": "1.0", "ci_low": "0.74"}
    printed = pd.DataFrame([row | {"row": "a", "ci_high": "1.26"}, row | {"row": "b", "ci_high": "1.5"}])
    table = published(check_published(printed))
    assert "1 of 2 rows follow" in table.caption
    assert table.frame["agrees"].tolist() == ["yes", "not the interval"]
    assert table.notes == ["To ask the authors about: b."]
