"""People are linked by id; what cannot be linked is counted or refused."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.capability.linking import link
from qieval.errors import ArgumentError, InputError


def frame(
    ids: list[object], teams: list[object] | None = None, values: list[float] | None = None
) -> pd.DataFrame:
    teams = teams or ["T"] * len(ids)
    return pd.DataFrame({"id": ids, "team": teams, "value": values or list(range(len(ids)))})


def test_rows_in_any_order_link_alike() -> None:
    before, after = frame(["a", "b", "c"]), frame(["c", "d", "a"], values=[9, 8, 7])
    linked = link(before, after, keys=["id"], team="team").pairs.set_index("id")
    assert linked.loc["a", ["before", "after"]].tolist() == [0, 7]
    assert linked.loc["c", ["before", "after"]].tolist() == [2, 9]


def test_everybody_is_counted_once() -> None:
    found = link(frame(["a", "b", None]), frame(["b", "d", "e"]), keys=["id"], team="team").answered()
    assert (found.before_only, found.both, found.after_only, found.without_id) == (1, 1, 2, 1)


def test_a_repeated_id_is_refused_by_row() -> None:
    with pytest.raises(InputError, match="answers after, column id, rows 2, 4: an id stands more than once"):
        link(frame(["a"]), frame(["b", "c", "b"]), keys=["id"], team=None)


def test_ids_may_repeat_between_teams_if_the_team_is_a_key() -> None:
    both = frame(["a", "a"], teams=["S", "T"])
    assert link(both, both, keys=["team", "id"], team="team").answered().both == 2


def test_faults_of_both_times_come_back_at_once() -> None:
    bad = frame(["a", "a"], teams=["T", None])
    with pytest.raises(InputError) as caught:
        link(bad, bad, keys=["id"], team="team")
    assert len(caught.value.faults) == 4


def test_who_changes_teams_counts_with_the_first() -> None:
    linked = link(frame(["a"], teams=["S"]), frame(["a"], teams=["T"]), keys=["id"], team="team")
    assert linked.moved == 1
    assert linked.frame["team"].tolist() == ["S"]


def test_an_absent_column_is_named() -> None:
    with pytest.raises(ArgumentError, match="no column 'person'"):
        link(frame(["a"]), frame(["a"]), keys=["person"], team=None)
