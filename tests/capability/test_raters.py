from __future__ import annotations

import math

import numpy as np
import pytest

from qieval.capability import rater_agreement
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
