from __future__ import annotations

import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.measures import coached_from, planned_use


def test_use_is_added_up_beside_its_plan_and_measures_without_one_take_no_part() -> None:
    rows = pd.DataFrame(
        {
            "site": ["A", "A", "B", "B"],
            "measure": ["hours", "hours", "hours", "seen"],
            "numerator": [10, 16, 9, 5],
            "planned": [12, 12, 12, None],
        }
    )
    found = planned_use(rows, labels={"hours": "Hours"}).measures.iloc[0]
    assert found[["label", "actual", "planned", "sites", "over"]].tolist() == ["Hours", 35, 36, 2, 1]
    assert found["ratio"] == pytest.approx(35 / 36)
    assert planned_use(rows.drop(columns="planned")).measures.empty


def test_coaching_is_planned_from_the_month_after_the_introduction_and_for_silent_sites_too() -> None:
    log = pd.DataFrame({"site": ["A", "A", "B"], "date": ["2024-06-20", "2024-07-02", "2024-09-30"]})
    plan = {"site": "site", "date": "date", "cut": "2024-10-31"}
    found = coached_from(log, **plan, sites=["A", "B", "C"]).set_index("site")["date"]
    assert found.astype(str).to_dict() == {"A": "2024-07-01", "B": "2024-10-01", "C": "2024-07-01"}
    assert coached_from(log, **{**plan, "cut": "2024-08-31"})["site"].tolist() == ["A"]
    assert str(coached_from(log, **plan, months_after=0)["date"].min())[:10] == "2024-06-01"
    with pytest.raises(DesignError, match="begun by the data cut"):
        coached_from(log, **{**plan, "cut": "2024-06-30"})
