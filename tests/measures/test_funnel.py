from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, poisson

from qieval.errors import ArgumentError, DesignError
from qieval.measures import funnel

EXACT = 1e-9
COLUMNS = {"unit": "unit", "numerator": "x", "denominator": "n"}
SHMI = {"kind": "ratio", "overdispersion": "log", "trim": "truncate"}
CQC = {"kind": "ratio", "overdispersion": "sqrt"}
LIMITS = {"lower": "ll95", "upper": "ul95", "lower_outer": "ll998", "upper_outer": "ul998"}


@pytest.fixture(scope="module")
def values(outside) -> dict:
    return json.loads((outside / "qi" / "funnel" / "funnel_expected.json").read_text())


def units(case: dict, *, digits: int | None = None) -> pd.DataFrame:
    n = np.array(case["denominator"], dtype=float)
    n = n if digits is None else n.round(digits)
    return pd.DataFrame({"unit": range(len(n)), "x": case["numerator"], "n": n})


@pytest.mark.parametrize(
    ("name", "choices", "digits"),
    [
        ("fpr_test_sr_shmi", SHMI, None),
        ("fpr_test_sr_cqc", {**CQC, "tail": 0.05}, None),
        # FunnelPlotR rounds expected events to two digits for this one.
        ("medpar_sr_shmi", SHMI, 2),
        ("medpar_sr_cqc", CQC, None),
        ("medpar_pr_deaths", {"overdispersion": "arcsine"}, None),
    ],
)
def test_overdispersed_limits_are_those_of_funnelplotr(values, name, choices, digits) -> None:
    case = values[name]
    ours = funnel(units(case, digits=digits), **COLUMNS, **choices)
    assert ours.target == pytest.approx(case["target"], rel=EXACT)
    assert ours.phi == pytest.approx(case["phi"], rel=EXACT)
    assert ours.tau2 == pytest.approx(case["tau2"], rel=EXACT)
    for column, theirs in LIMITS.items():
        limit = ours.units[column]
        # FunnelPlotR writes the normal quantiles with six digits, and leaves these on the root's scale.
        limit = np.sqrt(limit) if ours.overdispersion == "sqrt" else limit
        # It also folds arcsine limits beyond 0 and 1 back, for units of few patients: ours stay at 0 and 1.
        shown = ours.units["denominator"] > (20 if ours.kind == "proportion" else 0)
        np.testing.assert_allclose(limit[shown], np.array(case["od"][theirs])[shown], rtol=1e-6)
    assert (ours.overdispersion, ours.trim) == (choices["overdispersion"], choices.get("trim", "winsorise"))


@pytest.mark.parametrize("name", ["fpr_test_sr_shmi", "medpar_sr_cqc"])
def test_exact_poisson_limits(values, name) -> None:
    ours = funnel(units(values[name]), **COLUMNS, kind="ratio")
    for column, theirs in LIMITS.items():
        np.testing.assert_allclose(ours.units[column], values[name]["unadj"][theirs], rtol=EXACT)
    assert np.isnan(ours.tau2)


def test_exact_limits_of_expected_counts(values) -> None:
    case = values["poisson_limits_test"]
    ours = funnel(made(case["expected"], case["expected"]), **COLUMNS, kind="ratio").units
    for column, theirs in LIMITS.items():
        np.testing.assert_allclose(ours[column], case[theirs], rtol=EXACT)


def test_exact_limits_are_those_that_public_health_england_prints(outside) -> None:
    table = pd.read_csv(outside / "qi" / "funnel" / "testdata_funnel_ratio_outputs.csv", encoding="utf-8-sig")
    events = table.iloc[:, 0].to_numpy(dtype=float)
    # Their columns are the exact Poisson limits of each count; ours are those of the target's count.
    ours = funnel(made(list(events), list(events)), **COLUMNS, kind="ratio").units
    printed = {"lower": "upper_2s", "upper": "lower_2s", "lower_outer": "upper_3s", "upper_outer": "lower_3s"}
    for column, theirs in printed.items():
        found = table[f"{theirs}_exp_events"]  # by trial, to six digits or so
        np.testing.assert_allclose(ours[column] * events, found, rtol=5e-6, atol=2e-6)


def made(x: list[float], n: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"unit": [f"site {place}" for place in range(len(x))], "x": x, "n": n})


def test_exact_limits_have_the_tails_they_say() -> None:
    # At whole counts a limit is the rate at which the target's count, or one more beyond it, has the tail.
    ours = funnel(made([5, 30], [50, 300]), **COLUMNS, target=0.1).units
    for n, lower, upper in zip(ours["denominator"], ours["lower"], ours["upper"], strict=True):
        x = int(0.1 * n)
        assert binom.sf(x - 1, int(n), lower) == pytest.approx(0.025, rel=1e-9)
        assert binom.cdf(x, int(n), upper) == pytest.approx(0.025, rel=1e-9)


def test_bands_and_pooled_target() -> None:
    data = made([10, 10, 10, 24, 54], [100] * 5)
    before = data.copy()
    ours = funnel(data, **COLUMNS, target=0.1)
    pd.testing.assert_frame_equal(data, before)
    assert ours.units["band"].tolist() == ["within limits"] * 3 + ["alarm"] * 2
    assert funnel(data, **COLUMNS).target == pytest.approx(108 / 500)
    assert funnel(data, **COLUMNS, kind="rate").units["band"].tolist()[-1] == "alarm"
    assert funnel(made([10, 18], [100, 100]), **COLUMNS, target=0.1).units["band"].tolist()[1] == "alert"


@pytest.mark.parametrize(
    ("x", "n", "band"), [(0, 1, 0), (1, 1, 0), (0, 10, 1), (0, 30, 2), (9, 10, 2), (8, 10, 1)]
)
def test_bands_are_those_of_the_exact_binomial_tail(x, n, band) -> None:
    ours = funnel(made([x, 35], [n, 100]), **COLUMNS, target=0.35).units["band"]
    tail = min(binom.cdf(x, n, 0.35), binom.sf(x - 1, n, 0.35))
    assert ours.cat.codes.iloc[0] == band == int(tail < 0.025) + int(tail < 0.001)


@pytest.mark.parametrize("x", [0, 1, 2, 10, 11, 14])
def test_bands_are_those_of_the_exact_poisson_tail(x) -> None:
    ours = funnel(made([x, 35], [4, 30]), **COLUMNS, target=1.3, kind="rate").units["band"]
    tail = min(poisson.cdf(x, 5.2), poisson.sf(x - 1, 5.2))
    assert ours.cat.codes.iloc[0] == int(tail < 0.025) + int(tail < 0.001)


def test_no_overdispersion_leaves_the_transformed_limits_and_few_units_are_said() -> None:
    ours = funnel(made([10, 20, 31], [100, 200, 300]), **COLUMNS, overdispersion="arcsine")
    assert ours.tau2 == 0
    assert "fewer than 20 units" in ours.notes[0]


def test_rows_in_another_order_change_nothing() -> None:
    data = made([10, 20, 31, 9], [100, 200, 300, 50])
    one, other = (funnel(rows, **COLUMNS, overdispersion="arcsine") for rows in (data, data[::-1]))
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-12)
    np.testing.assert_allclose(other.units["lower"][::-1], one.units["lower"])


@pytest.mark.parametrize(
    ("data", "arguments", "error", "words"),
    [
        (made([3], [2]), {}, DesignError, "exceeds"),
        (made([0, 0], [2, 2]), {}, DesignError, "target of 0"),
        (made([1, 1], [2, 0]), {}, DesignError, "above zero"),
        (made([1, np.nan], [2, 2]), {}, DesignError, "not negative"),
        (made([1, 1], [2, 2]).assign(unit="a"), {}, DesignError, "one row a unit"),
        (made([0, 1], [2, 2]), {"kind": "ratio", "overdispersion": "log"}, DesignError, "logarithm"),
        (made([1, 1], [2, 2]), {"overdispersion": "log"}, ArgumentError, "scale"),
        (made([1, 1], [2, 2]), {"tail": 0.5}, ArgumentError, "tail"),
        (made([1, 1], [2, 2]), {"kind": "odds"}, ArgumentError, "kind"),
    ],
)
def test_funnels_that_cannot_be_drawn_are_refused(data, arguments, error, words) -> None:
    with pytest.raises(error, match=words):
        funnel(data, **COLUMNS, **arguments)
