from __future__ import annotations

import pandas as pd
import pytest

from qieval.capability import characteristics as surveys
from qieval.exhibits import estimators as show
from qieval.measures import characteristics as gaps
from qieval.stats.simulated import COUNTS


@pytest.fixture(scope="module")
def counts() -> dict[str, pd.DataFrame]:
    return {
        "capability": surveys.characteristics(surveys.cells([3]), replicates=3, seed=1),
        "equity": gaps.characteristics(gaps.cells(gaps.SIZES[:2]), replicates=3, seed=1),
    }


def test_every_method_stands_in_its_table_once_a_correlation(counts) -> None:
    changes = show.coverage(counts["capability"], kind="capability")
    assert len(changes.frame) == 2 * 13
    assert changes.frame["method"].notna().all()
    assert "3 teams" in changes.html()
    between = show.coverage(counts["equity"], kind="equity").frame.set_index("method")
    assert len(between) == 2 * 8
    assert between.loc["Index of disparity", "25, 25, 25, 25"].isna().all()
    assert between.loc["Relative index of inequality", "bias"].isna().all()
    assert "\N{PLUS-MINUS SIGN}" in between["15, 25, 60, 200"].iloc[0]


def test_what_holds_the_truth_too_seldom_is_said_and_where(counts) -> None:
    table = counts["capability"].assign(**dict.fromkeys(COUNTS[:3], 5_000), covered=4_750)
    assert "Every interval" in show.cautions({"capability": table}).say
    there = table["method"].eq("paired-t") & table["icc"].eq(0.2) & table["linked"].eq("all")
    table.loc[there, "covered"] = 4_000
    said = show.cautions({"capability": table})
    assert (said.role, len(said.more)) == ("caution", 0)
    assert "1 of 4 cells only where people of one team or site are alike, down to 80.0" in said.say
