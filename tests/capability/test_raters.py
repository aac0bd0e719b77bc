from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Instrument, compare, rated, rater_agreement, score
from qieval.errors import ArgumentError

# The table of Shrout & Fleiss 1979; values of R's psych 2.2.9, which agree with those printed there.
TABLE = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_the_table_of_shrout_and_fleiss() -> None:
    found = rater_agreement(TABLE)
    assert found.single.estimate == pytest.approx(0.289763779527559, rel=1e-9)
    assert found.single.ci_low == pytest.approx(0.018786513374712, rel=1e-9)
    assert found.single.ci_high == pytest.approx(0.761084369648953, rel=1e-9)
    assert found.average.estimate == pytest.approx(0.620050547598989, rel=1e-9)
    assert found.average.ci_low == pytest.approx(0.0711368153025035, rel=1e-9)
    assert found.average.ci_high == pytest.approx(0.927232040167722, rel=1e-9)
    assert (found.raters, found.single.n, found.n_incomplete) == (4, 6, 0)


def test_order_scale_and_missing_ratings() -> None:
    table = np.array(TABLE, dtype=float)
    first = rater_agreement(table)
    again = rater_agreement(2 * table[::-1, ::-1] + 5)
    assert again.single.estimate == pytest.approx(first.single.estimate, rel=1e-12)
    holed = np.vstack([table, [1, np.nan, 2, 3]])
    assert rater_agreement(holed).n_incomplete == 1
    assert rater_agreement(holed).single == first.single


def test_edges_say_why() -> None:
    assert math.isnan(rater_agreement(np.ones((5, 2))).single.estimate)
    assert rater_agreement(np.ones((5, 2))).single.notes == ("The ratings do not vary.",)
    assert "Fewer than two" in rater_agreement([[1, 2]]).single.notes[0]
    shifted = rater_agreement([[1, 2], [3, 4], [5, 6]])
    assert shifted.single.estimate == pytest.approx(
        8 / 9, rel=1e-12
    )  # mean squares 8, 1.5 and 0: 8 / (8 + 2 * 1.5 / 3)
    assert math.isnan(shifted.single.ci_low)
    with pytest.raises(ArgumentError, match="two or more"):
        rater_agreement([1, 2, 3])


@pytest.fixture
def judged(repo: Path):
    """Four people's answers, each judged by two raters; the fourth by one only."""
    qikat = Instrument.read(repo / "params" / "instruments" / "qikat-r.yaml")
    points = {("p1", "x"): 10, ("p1", "y"): 12, ("p2", "x"): 5, ("p2", "y"): 8, ("p3", "x"): 20}
    points |= {("p3", "y"): 19, ("p4", "x"): 9}
    rows = [
        {"respondent": who, "rater": rater, "site": who[-1], **dict(zip(qikat.item_ids, yes, strict=True))}
        for (who, rater), total in points.items()
        for yes in [[1] * total + [0] * (27 - total)]
    ]
    return qikat, pd.DataFrame(rows)


def test_scores_are_means_over_enough_raters(judged) -> None:
    qikat, rows = judged
    scores, agreement = rated(score(rows, qikat), by=["respondent"])
    frame = scores.frame.set_index("respondent")
    assert frame["total"].tolist()[:3] == [11, 6.5, 19.5]
    assert frame["scenario1"].tolist()[:3] == [9, 6.5, 9]
    assert math.isnan(frame.loc["p4", "total"])
    assert frame.loc["p4", "reason"] == "scored by fewer than 2 raters"
    assert agreement.single == rater_agreement([[10, 12], [5, 8], [20, 19]]).single
    assert agreement.n_incomplete == 1
    assert scores.items.shape == (4, 27)


def test_a_comparison_averages_raters_first(judged) -> None:
    qikat, rows = judged
    found = compare(rows, rows.sample(frac=1, random_state=0), by="respondent", instrument=qikat, team="site")
    assert found.pairs["change"].tolist() == [0, 0, 0]
    assert [each.raters for each in found.raters] == [2, 2]


def test_a_rater_scores_a_thing_once(judged) -> None:
    qikat, rows = judged
    with pytest.raises(ArgumentError, match="scored one thing twice"):
        rated(score(pd.concat([rows, rows.head(1)]), qikat), by=["respondent"])
