from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.trial.parts import Columns
from qieval.trial.roster import read_roster

NAMED = Columns(outcome="y", arm="arm", cluster="cluster")


def test_clusters_come_sorted_and_rows_point_to_them(few) -> None:
    roster = read_roster(few.sample(frac=1, random_state=9), NAMED, owner="test")
    assert roster.clusters == (0, 1, 2, 3, 4, 5)
    assert roster.arm.tolist() == [0, 1, 0, 1, 1, 0]
    assert roster.size.tolist() == [4, 7, 3, 9, 5, 6]
    np.testing.assert_allclose(roster.total(roster.outcome), few.groupby("cluster")["y"].sum(), rtol=1e-12)
    assert roster.per_arm == (3, 3)
    assert roster.notes == ()


def test_lost_clusters_take_their_stratum_with_them(few) -> None:
    rows = few.assign(
        place=few["cluster"].map({0: "a", 1: "a", 2: "b", 3: "b", 4: "c", 5: "c"}).astype("category")
    )
    rows = rows.assign(y=rows["y"].where(~rows["cluster"].isin([2, 3])))
    columns = Columns(outcome="y", arm="arm", cluster="cluster", stratum="place")
    roster = read_roster(rows, columns, owner="test")
    assert roster.clusters == (0, 1, 4, 5)
    assert roster.lost == (2, 3)
    assert roster.blocks == ("a", "c")
    assert roster.block.tolist() == [0, 0, 1, 1]
    assert roster.excluded == 12
    assert roster.moments().constants == ("intercept", "arm", "place[c]")


@pytest.mark.parametrize("kind", ["int64", "str", "category", "Int64"])
def test_cluster_labels_of_any_kind(few, kind) -> None:
    roster = read_roster(few.astype({"cluster": kind}), NAMED, owner="test")
    assert [str(label) for label in roster.clusters] == ["0", "1", "2", "3", "4", "5"]


def test_many_lost_clusters_are_not_all_listed() -> None:
    rows = pd.DataFrame({"cluster": range(20), "arm": [0, 1] * 10, "y": [1.0, 2.0] + [np.nan] * 18})
    roster = read_roster(rows, NAMED, owner="test")
    assert roster.notes[1] == "Clusters without any complete row were left out: 2, 3, 4, 5, 6 and 13 more."
