"""Small cells stay hidden, and so do the cells that would give them away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qieval.coding import Project, small_groups_joined, suppressed, tally
from qieval.stats.disclosure import too_small


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([5, 4, 9], [False, False, False]),
        ([0, 4, 9], [False, False, False]),
        ([2, 4, 9], [True, True, False]),
        ([1, 1, 9], [True, True, True]),
        ([1, 2, 9], [True, True, False]),
        ([2, 0, 0], [True, True, True]),
        ([0, 0, 0], [False, False, False]),
        ([2, 0, 9], [True, False, True]),
    ],
)
def test_a_hidden_cell_never_stands_alone(sizes: list[int], hidden: list[bool]) -> None:
    assert too_small(np.array(sizes), below=3).tolist() == hidden


@given(st.lists(st.integers(0, 12), min_size=2, max_size=8), st.integers(2, 6))
def test_what_is_known_of_hidden_cells_gives_none_of_them_away(sizes: list[int], below: int) -> None:
    counts = np.array(sizes)
    hidden = too_small(counts, below=below)
    assert not ((counts > 0) & (counts < below) & ~hidden).any()
    if hidden.any():
        assert hidden.sum() >= 2
        assert hidden.all() or counts[hidden].sum() >= below


def test_cells_of_few_cases_are_blanked(project: Project) -> None:
    result = suppressed(tally(project, by="role"), below=2)
    frame = result.frame.set_index(["group", "code"])
    assert frame.loc["team", "hidden"].all()
    assert frame.loc["team", ["sources", "share", "n_sources"]].isna().all(axis=None)
    assert frame.loc[("nurse", "help"), "cases"] == 3
    assert frame.loc[("manager", "help"), "hidden"]
    assert "fewer than 2 cases" in result.notes[0]
    estimate = result.estimates()[-1]
    assert estimate.n is None
    assert "suppressed" in estimate.notes[0]


def test_nothing_is_hidden_where_nothing_is_small(project: Project) -> None:
    result = suppressed(tally(project, by="role"), below=1)
    assert not result.frame["hidden"].any()
    assert result.notes == ()


def test_hiding_leaves_the_tally_alone(project: Project) -> None:
    whole = tally(project, by="role")
    before = whole.frame.copy()
    suppressed(whole, below=3)
    pd.testing.assert_frame_equal(whole.frame, before)


def test_groups_of_few_are_joined(project: Project) -> None:
    joined = small_groups_joined(project, by="role", below=3)
    assert joined.sources["role"].cat.categories.tolist() == ["nurse", "manager, team"]
    assert project.sources["role"].tolist()[-1] == "team"
    assert tally(joined, by="role").frame["n_sources"].tolist() == [4] * 5 + [3] * 5


def test_many_small_groups_are_counted_not_named(project: Project) -> None:
    joined = small_groups_joined(project, by="case", below=2)
    assert joined.sources["case"].unique().tolist() == ["7 smaller groups"]


def test_large_groups_stay_as_they_are(project: Project) -> None:
    joined = small_groups_joined(project, by="role", below=1)
    assert joined.sources["role"].cat.categories.tolist() == ["manager", "nurse", "team"]
