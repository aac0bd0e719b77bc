"""A published table held against itself: BASiC-QI, Table 1."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from qieval.capability import check_published
from qieval.errors import ArgumentError


@pytest.fixture(scope="module")
def printed(reference: Path) -> tuple[pd.DataFrame, list[dict]]:
    rows = json.loads((reference / "qi" / "published_basicqi.json").read_text())["rows"]
    table = pd.DataFrame(rows)[["row", "pre", "post", "diff", "sd_diff"]].assign(n=60)
    table["ci_low"], table["ci_high"] = zip(*(row["ci_pub"] for row in rows), strict=True)
    return table, rows


def test_eleven_of_fifteen_rows_reproduce(printed) -> None:
    table, rows = printed
    found = check_published(table)
    assert [each.interval_agrees for each in found] == [row["consistent"] for row in rows]
    assert [each.row for each in found if not each.interval_agrees] == [
        "K1 QI theory",
        "K2 vs research",
        "K3 systems thinking",
        "K4 six dimensions",
    ]
    # the two means of item 9 differ by 0.62; its change is printed as 0.640
    assert [each.row for each in found if not each.means_agree] == ["9 rationale"]


def test_what_follows_is_recomputed(printed) -> None:
    table, rows = printed
    for found, row in zip(check_published(table), rows, strict=True):
        assert [found.change.ci_low, found.change.ci_high] == pytest.approx(
            row["ci_recomputed"], rel=1e-9, abs=1e-9
        )
        assert [found.dz, found.change.statistic] == pytest.approx([row["dz"], row["t"]], rel=1e-9)


def test_trailing_zeros_say_how_exact_a_number_is() -> None:
    row = {"row": "a", "n": 60, "pre": "4.5", "post": "5.5", "diff": "1.00", "sd_diff": "1.00"}
    table = pd.DataFrame([row | {"ci_low": "0.73", "ci_high": "1.27"}])
    assert not check_published(table)[0].interval_agrees  # 0.742 to 1.258
    assert check_published(table.assign(sd_diff="1.0", diff="1.0"))[0].interval_agrees
    assert not check_published(table.assign(post="5.7"))[0].means_agree
    with pytest.raises(ArgumentError, match="sd_diff"):
        check_published(table.drop(columns="sd_diff"))
