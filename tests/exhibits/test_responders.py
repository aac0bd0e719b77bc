"""Who was asked and how forms were filled in: rates and small counts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from qieval.capability import Instrument, Response, compare, score
from qieval.exhibits.core import Statement
from qieval.exhibits.responders import filled, rates


def test_rates_of_withheld_counts_are_withheld() -> None:
    found = [
        Response(team="a", invited=10, before=8, after=9),
        Response(team="b", invited=4, before=2, after=6),
        Response(team="c", invited=8, before=6, after=7),
        Response(team="All", invited=22, before=16, after=22),
    ]
    table = rates(found, suppress_below=5)
    assert table.frame["before"].isna().tolist() == [False, True, True, False]  # type: ignore[union-attr]
    assert table.frame["before_rate"].isna().tolist() == [False, True, True, False]  # type: ignore[union-attr]
    assert table.frame["after_rate"].iloc[0] == pytest.approx(0.9)  # type: ignore[union-attr]
    assert isinstance(rates(()), Statement)


def test_forms_at_an_end_of_the_scale_are_counted_and_said(repo: Path) -> None:
    trust = Instrument.read(repo / "params" / "instruments" / "data-trust.yaml")
    sides = [
        score(pd.DataFrame({"id": range(20), "trust": values}), trust)
        for values in ([1] * 3 + [3] * 17, [5] * 8 + [4] * 12)
    ]
    change = compare(*sides, by="id")
    table = filled(change, suppress_below=5)
    html = table.html()
    assert "40\N{NO-BREAK SPACE}% of the scores after are the highest possible" in html
    assert table.frame["lowest"].isna().tolist() == [True, False]  # type: ignore[union-attr]
    assert "One answer throughout" not in html
    plain = pd.DataFrame({"id": [1, 2], "x": [1.0, 2]})
    assert isinstance(filled(compare(plain, plain, by="id")), Statement)
