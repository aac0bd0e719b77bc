"""Forms that cannot be paired, and those who leave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from qieval.capability import compare


def test_stayers_are_held_against_leavers(change) -> None:
    theirs = ttest_ind([1.0, 2, 4], [4.0, 9, 7], equal_var=False)
    assert change.stayers.statistic == pytest.approx(theirs.statistic, rel=1e-12)
    assert change.stayers.estimate == pytest.approx(7 / 3 - 20 / 3)


def test_people_who_answered_once_are_read_with_the_others(change) -> None:
    found = {each.method: each for each in change.further}["partially-paired-t"]
    assert (found.estimate, found.n) == (pytest.approx(3 - 4.5), 7)


def test_nobody_linked_gives_welch_and_cliff() -> None:
    first, second = np.array([1.0, 2, 2, 3, 5]), np.array([3.0, 4, 4, 5, 9])
    sides = [pd.DataFrame({"id": [None] * 5, "x": values}) for values in (first, second)]
    change = compare(*sides, by="id")
    found = {each.method: each for each in change.estimates}
    assert change.headline == found["welch"]
    assert found["welch"].estimate == pytest.approx(2.4)
    assert found["cliffs-delta"].estimate == pytest.approx(np.sign(second[:, None] - first).mean())


def test_anonymous_forms_of_teams_are_read_by_their_teams_means() -> None:
    first = pd.DataFrame({"id": None, "site": list("aabbc"), "x": [1.0, 3, 4, 6, 2]})
    second = pd.DataFrame({"id": None, "site": list("abbd"), "x": [4.0, 6, 7, 9]})
    headline = compare(first, second, by="id", team="site").headline
    assert (headline.method, headline.estimate) == ("team-means-t", pytest.approx((2 + 1.5) / 2))
    assert (headline.n, headline.n_clusters) == (9, 2)


def test_one_person_alone_on_a_side_is_not_given_away(change) -> None:
    before, after = (
        pd.DataFrame({"id": range(8), "x": np.arange(8.0)}),
        pd.DataFrame({"id": range(7), "x": np.arange(7.0) ** 1.5}),
    )
    methods = [each.method for each in compare(before, after, by="id", fewest=5).further]
    assert "partially-paired-t" not in methods
