"""Response rates by hand."""

from __future__ import annotations

import math

import pandas as pd

from qieval.capability import response


def test_rates_stand_on_the_roster(change) -> None:
    roster = pd.DataFrame({"site": ["a", "b", "c"], "invited": [4, 5, 3]})
    found = response(change, roster, team="site")
    assert [(each.team, each.invited, each.before, each.after) for each in found] == [
        ("a", 4, 2, 2),
        ("b", 5, 4, 2),
        ("c", 3, 0, 0),
        ("All", 12, 6, 4),
    ]
    assert found[0].rates == (0.5, 0.5)
    assert response(change, roster[["site"]], team="site") == ()
    unknown = response(change, roster.assign(invited=[4, None, 3]), team="site")
    assert math.isnan(unknown[1].rates[0])
    assert (unknown[-1].invited, unknown[-1].before) == (7, 2)
