"""Two forms of the same people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from qieval.capability import Instrument, score, side_by_side
from qieval.errors import DesignError


def shipped(repo: Path, name: str) -> Instrument:
    return Instrument.read(repo / "params" / "instruments" / f"{name}.yaml")


def test_two_tools_on_one_instrument_are_compared_scale_by_scale(repo: Path) -> None:
    form = shipped(repo, "aim-iam-fim")
    rng = np.random.default_rng(4)
    drawn = [pd.DataFrame(rng.integers(low, low + 4, (9, 12)), columns=form.item_ids) for low in (1, 2)]
    sides = [score(rows.assign(respondent=range(9)), form) for rows in drawn]
    found = side_by_side(*sides, by="respondent")
    assert [each.label for each in found.contrasts] == ["Acceptability", "Appropriateness", "Feasibility"]
    p = [ttest_rel(sides[1].frame[name], sides[0].frame[name]).pvalue for name in ("aim", "iam", "fim")]
    assert found.tidy()["p_value"].tolist() == pytest.approx(p, rel=1e-9)
    assert min(each.holm_p for each in found.contrasts) == pytest.approx(3 * min(p), rel=1e-9)


def test_two_instruments_of_one_span_share_their_totals(repo: Path) -> None:
    guide, passport = shipped(repo, "self-assessment"), shipped(repo, "passport")
    long = pd.DataFrame(3, index=range(4), columns=guide.item_ids).assign(id=list("abcd"))
    short = pd.DataFrame([[4, 4, 4, 2], [3] * 4, [5] * 4], columns=passport.item_ids).assign(id=list("bcz"))
    [contrast] = side_by_side(score(long, guide), score(short, passport), by="id").contrasts
    assert (contrast.first, contrast.second, contrast.answered.compared) == (3, 3.25, 2)
    sus = shipped(repo, "sus")
    other = score(pd.DataFrame(3, [0], sus.item_ids).assign(id="b"), sus)
    with pytest.raises(DesignError, match="share no scale"):
        side_by_side(score(short, passport), other, by="id")
