from __future__ import annotations

import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.measures import gate, shrink

COLUMNS = {"unit": "site", "period": "period", "denominator": "n"}


@pytest.fixture
def rows() -> pd.DataFrame:
    sites = list("abcd")
    frame = pd.DataFrame(
        [(site, f"2024-0{m}") for site in sites for m in range(1, 5)], columns=["site", "period"]
    )
    frame["x"], frame["n"], frame["eligible"] = [30, 20, 10, 5] * 4, 40, 50
    return frame


def shrunk(rows: pd.DataFrame):
    total = rows.groupby("site")[["x", "n"]].sum().reset_index()
    return shrink(total, unit="site", numerator="x", denominator="n", draws=10)


def test_what_nobody_recorded_is_unknown_and_not_met(rows) -> None:
    found = gate(rows, shrunk(rows), **COLUMNS)
    told = found.tidy().set_index("criterion")
    assert told["met"].isna().tolist() == [True, False, True, False]
    assert not found.passed
    assert told.loc["completeness", "value"] == 1


def test_an_audit_tells_what_no_column_does_and_columns_come_first(rows) -> None:
    audited = {"ascertainment": 0.85, "timeliness": 30}
    told = gate(rows, shrunk(rows), **COLUMNS, audited=audited).tidy().set_index("criterion")
    assert told["met"].tolist() == [False, True, True, False]
    assert told.loc["ascertainment", ["value", "short"]].isna().tolist() == [False, True]
    told = gate(rows, shrunk(rows), **COLUMNS, eligible="eligible", audited=audited).tidy()
    assert told["value"].tolist()[:3] == [0.8, 1, 30]


def test_each_criterion_is_measured_by_its_definition(rows) -> None:
    fewer = rows.drop(index=[0, 1])
    ends = pd.PeriodIndex(fewer["period"], freq="M").to_timestamp(how="end").normalize()
    late = [100 if site == "d" else 20 for site in fewer["site"]]
    fewer["submitted"] = ends + pd.to_timedelta(late, unit="D")
    fewer.loc[fewer["site"] == "b", "eligible"] = 40
    found = gate(fewer, shrunk(fewer), **COLUMNS, eligible="eligible", submitted="submitted")
    units = found.units.set_index("unit")
    assert units["completeness"].tolist() == [0.5, 1, 1, 1]
    assert units["ascertainment"].tolist() == [0.8, 1, 0.8, 0.8]
    assert units["days"].tolist() == [20, 20, 20, 100]
    short = found.tidy().set_index("criterion")["short"]
    assert short.drop("reliability").tolist() == [3, 1, 1]
    assert found.criteria["met"].tolist()[:3] == [False, False, True]


def test_a_gate_opens_only_where_everything_is_known_and_met(rows) -> None:
    good = rows.assign(x=[30, 28, 10, 12] * 4, eligible=41, submitted="2024-05-20")
    good = good.assign(x=[{"a": 36, "b": 24, "c": 12, "d": 4}[site] for site in good["site"]])
    assert gate(good, shrunk(good), **COLUMNS, eligible="eligible", submitted="submitted").passed


def test_no_rows_are_refused(rows) -> None:
    with pytest.raises(DesignError, match="no rows"):
        gate(rows.iloc[:0], shrunk(rows), **COLUMNS)
