"""Interrupted series against R (nlme::gls, sandwich), and its edges."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial import interrupted_series

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "crt"
EXPECTED = json.loads((REFERENCE / "interrupted.json").read_text())
SERIES = [name for name in EXPECTED if name != "versions"]


def fitted(name: str, **more):
    rows = pd.read_csv(REFERENCE / "interrupted.csv").query("series == @name")
    known = EXPECTED[name]
    season = 12 if name == "season" else None
    options = {"start": known["start"], "phase_in": known["phase_in"], "season": season} | more
    return interrupted_series(rows, value="value", period="period", **options)


@pytest.mark.parametrize("name", SERIES)
def test_ar1_estimates_errors_intervals_and_p_are_those_of_gls(name: str) -> None:
    known, found = EXPECTED[name], fitted(name)
    # gls stops its search for the correlation at about 1e-7; coefficients move with it
    assert found.rho == pytest.approx(known["rho"], abs=2e-6)
    for row, part in [(found.level, "level"), (found.slope, "slope")]:
        assert row.estimate == pytest.approx(known[part]["estimate"], rel=1e-5, abs=1e-7)
        assert row.se == pytest.approx(known[part]["se"], rel=1e-5)
        assert row.df == known["df"]
        assert row.statistic == pytest.approx(known[part]["statistic"], rel=2e-5)
        assert row.p_value == pytest.approx(known[part]["p_value"], rel=1e-4)
    # confint.gls takes the normal quantile; the reference takes t on periods less terms
    near = 2e-5 * found.level.se
    assert found.level.ci_low == pytest.approx(known["level"]["ci_low"], abs=near)
    assert found.level.ci_high == pytest.approx(known["level"]["ci_high"], abs=near)
    assert found.average.estimate == pytest.approx(known["average"]["estimate"], rel=1e-5)
    assert found.average.se == pytest.approx(known["average"]["se"], rel=1e-5)


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("which", [0, 1])
def test_newey_west_errors_are_those_of_sandwich(name: str, which: int) -> None:
    known = EXPECTED[name]["newey_west"][which]
    found = fitted(name, errors="newey-west", lag=known["lag"])
    assert found.level.estimate == pytest.approx(EXPECTED[name]["ols"]["after"], rel=1e-9)
    assert found.level.se == pytest.approx(known["se"]["after"], rel=1e-9)
    assert found.slope.se == pytest.approx(known["se"]["since"], rel=1e-9)


def test_the_course_is_continued_only_from_the_start_on_and_the_phase_in_is_not_fitted() -> None:
    found = fitted("phase")
    course = found.course.set_index("period")
    assert course["continued"].first_valid_index() == 19
    assert course.loc[19:21, "part"].eq("phase-in").all()
    assert course.loc[19:21, "fitted"].isna().all()
    after = course.loc[22:]
    assert (after["fitted"] - after["continued"]).mean() == pytest.approx(found.average.estimate, rel=1e-9)
    assert (found.before, found.after) == (18, 15)


def test_an_event_takes_its_own_periods_out_of_the_course() -> None:
    rows = pd.read_csv(REFERENCE / "interrupted.csv").query("series == 'plain'").reset_index(drop=True)
    shaken = rows.assign(value=rows["value"] + 30 * rows["period"].between(25, 27))
    options = {"value": "value", "period": "period", "start": 19}
    bare = interrupted_series(shaken, **options)
    known = interrupted_series(shaken, shocks={"strike": (25, 27)}, **options)
    calm = interrupted_series(rows, shocks={"strike": (25, 27)}, **options)
    assert known.average.estimate == pytest.approx(calm.average.estimate, rel=1e-6)
    assert bare.average.se > 2 * known.average.se


def test_rows_in_any_order_and_missing_values_change_nothing() -> None:
    rows = pd.read_csv(REFERENCE / "interrupted.csv").query("series == 'gaps'")
    options = {"value": "value", "period": "period", "start": 21}
    missing = pd.DataFrame({"series": "gaps", "period": [7, 8], "value": [math.nan, math.nan]})
    shuffled = pd.concat([rows, missing]).sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(
        interrupted_series(rows, **options).tidy(), interrupted_series(shuffled, **options).tidy()
    )


def test_few_periods_are_said_and_fewer_than_three_refused() -> None:
    assert fitted("plain", start=5).cautions[0].startswith("Few periods: 4 before and 32 after.")
    assert fitted("short").cautions == ()
    with pytest.raises(DesignError, match="2 periods before and 34 after period 3; 3 on each side"):
        fitted("plain", start=3)


def test_faulty_series_are_refused_by_name() -> None:
    rows = pd.DataFrame({"t": np.arange(12.0), "y": np.arange(12.0) % 5})
    options = {"value": "y", "period": "t", "start": 6}
    with pytest.raises(DesignError, match="Period 3 stands in more than one row"):
        interrupted_series(pd.concat([rows, rows.iloc[[3]]]), **options)
    with pytest.raises(ArgumentError, match="whole numbers"):
        interrupted_series(rows.assign(t=rows["t"] / 2), **options)
    with pytest.raises(DesignError, match="does not vary"):
        interrupted_series(rows.assign(y=1.0), **options)
    with pytest.raises(ArgumentError, match="no column 'z'"):
        interrupted_series(rows, **options | {"value": "z"})
    with pytest.raises(ArgumentError, match="phase_in"):
        interrupted_series(rows, phase_in=-1, **options)
