"""Capability exhibits: numbers as computed, small counts withheld."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Instrument, answers_at, band_moves, compare
from qieval.exhibits.capability import answered, bands, card, moves_table, reliability, teams, withhold
from qieval.exhibits.core import Figure, Statement, Table


@pytest.fixture(scope="module")
def musiq(repo: Path) -> Instrument:
    return Instrument.read(repo / "params" / "instruments" / "musiq.yaml")


@pytest.fixture(scope="module")
def change(reference: Path, musiq: Instrument) -> Any:
    answers = pd.read_csv(reference / "qi" / "capability_sim.csv")
    return compare(
        *(answers_at(answers, wave=wave) for wave in (0, 2)), by="respondent", instrument=musiq, team="team"
    )


@pytest.fixture(scope="module")
def bare() -> Any:
    frame = pd.DataFrame({"id": [1, 2, 3], "x": [1.0, 2, 4]})
    return compare(frame, frame.assign(x=[2.0, 2, 9]), by="id")


def test_everybody_is_in_the_table_of_answers(change: Any) -> None:
    table = answered(change, suppress_below=0)
    assert table.frame["team"].tolist() == [team.team for team in change.teams] + ["All"]
    for column in ("before_only", "both", "after_only", "compared"):
        assert table.frame[column].iloc[:-1].sum() == table.frame[column].iloc[-1]
    assert table.frame["both"].iloc[-1] == 39


def test_small_counts_are_nowhere_in_the_table(change: Any) -> None:
    table = answered(change, suppress_below=5)
    shown = [value for row in table.payload()["rows"][:-1] for value in row[1:] if value is not None]
    assert not [value for value in shown if 0 < value < 5]
    assert "withheld" in table.html()


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ([9, 3, 7], [9, None, None]),
        ([2, 3, 7], [None, None, 7]),
        ([0, 9, 5], [0, 9, 5]),
        ([3], [None]),
        ([0, 4, 0], [0, None, 0]),
        ([], []),
    ],
)
def test_a_lone_withheld_count_takes_another_with_it(counts: list[int], kept: list[int | None]) -> None:
    assert withhold(counts, 5) == kept


def test_nothing_is_withheld_below_one() -> None:
    assert withhold([1, 2, 0], 0) == [1, 2, 0]


def test_the_card_says_what_the_file_declares(musiq: Instrument) -> None:
    html = card(musiq).html()
    for words in ("MUSIQ, version 1", "24, each 1 to 7", "sum, 24 to 168", "at most 4", musiq.hash[:12]):
        assert words in html
    assert "leave 24 in none" in html


@pytest.mark.parametrize("name", ["aim-iam-fim", "sus"])
def test_cards_of_the_other_instruments(repo: Path, name: str) -> None:
    assert isinstance(card(Instrument.read(repo / "params" / "instruments" / f"{name}.yaml")), Table)


def test_reliability_carries_both_alphas(change: Any) -> None:
    table = reliability(change)
    assert isinstance(table, Table)
    assert [record.key for record in table.records] == ["alpha-before", "alpha-after"]
    assert table.frame["alpha"].tolist() == [
        change.alpha_before.alpha.estimate,
        change.alpha_after.alpha.estimate,
    ]


def test_without_items_or_bands_a_sentence_says_so(bare: Any) -> None:
    assert isinstance(reliability(bare), Statement)
    assert isinstance(bands(bare), Statement)


def test_teams_are_drawn_in_the_order_of_their_change(change: Any) -> None:
    figure = teams(change, suppress_below=0)
    assert isinstance(figure, Figure)
    assert figure.frame["change"].is_monotonic_increasing
    assert len(figure.frame) == 8
    assert figure.svg.startswith("<svg")
    assert "Dumbbell plot of 8 teams" in figure.alt


def test_teams_with_few_people_are_counted_not_drawn(change: Any) -> None:
    figure = teams(change, suppress_below=5)
    assert (figure.frame["n"] >= 5).all()
    assert f"{8 - len(figure.frame)} teams are not drawn" in figure.caption
    assert len(figure.records) == len(figure.frame)


def test_no_team_to_draw_is_no_fault(bare: Any) -> None:
    assert "No team has enough people" in teams(bare).alt


def test_bands_show_the_moves(change: Any) -> None:
    table = bands(change, suppress_below=0)
    np.testing.assert_array_equal(table.frame.iloc[:, 1:].to_numpy(dtype=int), change.moves.counts)
    assert "Moved up: 21; stayed: 18; moved down: 0; of 39 people." in table.html()


def cannot_be_solved(counts: np.ndarray, shown: list[list[int | None]], told: list[int | None]) -> bool:
    """Whether the count of unknowns exceeds the equations in each direction and over all."""
    size = range(len(counts))
    unknown = {-1: 0, 0: 0, 1: 0}
    for row in size:
        for column in size:
            unknown[(column > row) - (column < row)] += shown[row][column] is None
    by_direction = all(
        unknown[way] != 1 for way, total in zip((-1, 0, 1), told, strict=True) if total is not None
    )
    return by_direction and sum(unknown.values()) != 1


@pytest.mark.parametrize("seed", range(20))
def test_withheld_cells_cannot_be_worked_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, 3, 40), rng.integers(0, 3, 40)
    after = np.where(rng.random(40) < 0.6, before, after)
    moves = band_moves(before, after, labels=(0, 1, 2))
    table = moves_table(moves, ["a", "b", "c"], suppress_below=5)
    rows = [row[1:] for row in table.payload()["rows"]]
    assert not [value for row in rows for value in row if value is not None and 0 < value < 5]
    told = withhold([moves.down, moves.same, moves.up], 5)
    assert cannot_be_solved(moves.counts, rows, told)


def test_payloads_are_plain_json(change: Any, musiq: Instrument) -> None:
    for exhibit in (answered(change), card(musiq), reliability(change), teams(change), bands(change)):
        assert json.dumps(exhibit.payload(), allow_nan=False)
        assert exhibit.html()


def few_in(sizes: list[int], lost: int = 0) -> Any:
    """Teams of these sizes; some forms of the first team left blank the second time."""
    rng = np.random.default_rng(sum(sizes))
    team = [f"T{place:02d}" for place, size in enumerate(sizes) for _ in range(size)]
    before = pd.DataFrame({"id": range(len(team)), "team": team, "total": rng.normal(50, 9, len(team))})
    after = before.assign(total=before["total"] + rng.normal(3, 5, len(team)))
    after.loc[: lost - 1, "total"] = np.nan
    return compare(before, after, by="id", team="team")


@pytest.mark.parametrize("seed", range(30))
def test_no_count_of_a_team_can_be_had_by_subtraction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 12, int(rng.integers(2, 9))).tolist()
    change = few_in(sizes, lost=int(rng.integers(0, 2)))
    frame = answered(change, suppress_below=5).frame
    for name in ("before_only", "both", "after_only", "compared"):
        cells, total = frame[name].iloc[:-1], frame[name].iloc[-1]
        assert not ((cells > 0) & (cells < 5)).any()
        if cells.isna().any() and not pd.isna(total):
            held, missing = int(total - cells.sum()), int(cells.isna().sum())
            assert missing > 1 or len(sizes) == 1
            assert held > missing or cells.isna().all()
    np.testing.assert_array_equal(frame["both"].isna(), frame["compared"].isna())


def test_no_mean_of_a_small_team_can_be_had_from_the_mean_of_its_arm() -> None:
    sizes = [2, 9, 8, 7, 6, 9, 8, 3, 7, 6, 9, 8]
    change = few_in(sizes)
    arms = {f"T{place:02d}": "coached" if place % 2 else "control" for place in range(len(sizes))}
    figure = teams(change, suppress_below=5, arms=arms)
    drawn = set(figure.frame["team"])
    assert not {"T00", "T07"} & drawn
    for arm in ("control", "coached"):
        members = {team for team, its in arms.items() if its == arm}
        assert len(members - drawn) == 3, "a mean and a standard error are two equations"
    assert {record.key for record in figure.records} == drawn
    assert "6 teams are not drawn" in figure.caption


def test_one_team_left_out_is_said_in_the_singular(change: Any) -> None:
    figure = teams(few_in([3]), suppress_below=5)
    assert "1 team is not drawn" in figure.caption
    assert figure.frame.empty


@pytest.mark.parametrize("n", [1, 4])
def test_of_too_few_people_nothing_is_told(n: int, repo: Path) -> None:
    frame = pd.DataFrame({"id": range(n), "team": "T", "total": np.arange(n) * 1.5})
    found = compare(frame, frame.assign(total=frame["total"] ** 2 + 7), by="id", team="team", fewest=5)
    assert found.tidy()["estimate"].isna().all()
    assert found.pairs.empty
    assert found.notes == ("Fewer than 5 people have a score at both times: no change is told.",)
    assert answered(found, suppress_below=5).frame["both"].isna().all()


def test_every_shipped_instrument_has_a_card(repo: Path) -> None:
    for path in sorted((repo / "params" / "instruments").glob("*.yaml")):
        said = card(Instrument.read(path)).html()
        assert "Answers that may be missing" in said, path.stem
        assert "{" not in said, path.stem
