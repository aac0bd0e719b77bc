from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.measures import gap, inequality

EXACT = 1e-9
GAP = {"numerator": "x", "denominator": "n", "group": "group"}


@pytest.fixture(scope="module")
def cases(reference) -> dict:
    return json.loads((reference / "qi" / "gap_cases.json").read_text())


def counts(cells: dict) -> pd.DataFrame:
    return pd.DataFrame([{"group": name, "x": x, "n": n} for name, (x, n) in cells.items()])


def triple(estimate) -> tuple[float, float, float]:
    return estimate.estimate, estimate.ci_low, estimate.ci_high


def test_gap_and_ratio_of_two_groups(cases) -> None:
    case = cases["newcombe"]
    data = counts({"A": (case["x1"], case["n1"]), "B": (case["x2"], case["n2"])})
    before = data.copy()
    ours = gap(data, **GAP, reference="B")
    pd.testing.assert_frame_equal(data, before)
    assert triple(ours.gaps[0]) == pytest.approx(case["diff_ci"], rel=EXACT)
    assert triple(ours.ratios[0]) == pytest.approx(cases["rr"]["rr_ci"], rel=EXACT)
    assert ours.reference == "B"
    assert ours.tidy()["term"].tolist() == ["A - B", "A / B"]


def test_the_other_reference_turns_sign_and_limits(cases) -> None:
    data = counts({"A": (56, 70), "B": (48, 80)})
    one, other = gap(data, **GAP, reference="B").gaps[0], gap(data[::-1], **GAP, reference="A").gaps[0]
    assert triple(other) == pytest.approx((-one.estimate, -one.ci_high, -one.ci_low), rel=EXACT)


def test_change_in_gap(cases) -> None:
    case = cases["gap_change"]
    data = pd.concat([counts(case[wave]).assign(wave=number) for number, wave in enumerate(("pre", "post"))])
    ours = gap(data, **GAP, reference="B", period="wave")
    assert triple(ours.gaps[1]) == pytest.approx(case["gap_pre"], rel=EXACT)
    assert triple(ours.gaps[0]) == pytest.approx(case["gap_post"], rel=EXACT)
    change = ours.changes[0]
    assert change.se == pytest.approx(case["se_independent"], rel=EXACT)
    assert triple(change) == pytest.approx((case["change"], *case["ci"]), rel=EXACT)
    ratios = gap(data, **GAP, reference="A", period="wave").ratios
    assert triple(ratios[1]) == pytest.approx(case["rel_ratio_pre"], rel=EXACT)
    assert triple(ratios[0]) == pytest.approx(case["rel_ratio_post"], rel=EXACT)


def test_rows_of_a_group_add_up_and_the_largest_group_can_be_the_reference() -> None:
    data = counts({"A": (28, 35), "B": (24, 40)})
    ours = gap(pd.concat([data, data]), **GAP, reference="largest")
    assert ours.reference == "B"
    assert ours.gaps[0] == gap(counts({"A": (56, 70), "B": (48, 80)}), **GAP, reference="B").gaps[0]


def test_groups_without_events_have_a_gap_and_no_ratio_interval() -> None:
    ours = gap(counts({"A": (0, 10), "B": (5, 10), "C": (10, 10)}), **GAP, reference="B")
    assert [row.estimate for row in ours.gaps] == [-0.5, 0.5]
    assert ours.ratios[0].estimate == 0
    assert math.isnan(ours.ratios[0].ci_low)
    assert "no event" in ours.ratios[0].notes[0]


@pytest.mark.parametrize(
    ("data", "reference", "error", "words"),
    [
        (counts({"A": (1, 2), "B": (1, 2)}), "Z", ArgumentError, "no group"),
        (counts({"A": (3, 2), "B": (1, 2)}), "B", DesignError, "exceeds"),
        (counts({None: (1, 2), "B": (1, 2)}), "B", DesignError, "name"),
    ],
)
def test_gaps_that_cannot_be_told_are_refused(data, reference, error, words) -> None:
    with pytest.raises(error, match=words):
        gap(data, **GAP, reference=reference)


@pytest.mark.parametrize("area", ["area1", "area2"])
def test_slope_index_is_that_of_public_health_england(outside, area) -> None:
    folder = outside / "qi" / "equity"
    data = pd.read_csv(folder / "phe_sii_areas.csv").query("Area == @area").sample(frac=1, random_state=0)
    expect = json.loads((folder / "who_expected.json").read_text())[f"phe_sii_{area}"]
    ours = inequality(data, value="Value", size="Population", group="Quantile", se="StandardError")
    assert ours.sii.se == pytest.approx(expect["sii_se_exact"], rel=EXACT)
    assert triple(ours.sii) == pytest.approx((expect["sii"], *expect["sii_ci_exact"]), rel=EXACT)
    assert ours.rii.estimate == pytest.approx(expect["rii"], rel=EXACT)
    simulated = expect["phe_published"]["rii_ci_simulated"]
    assert (ours.rii.ci_low, ours.rii.ci_high) == pytest.approx(simulated, rel=2e-3)


def test_indices_of_who_health_equality(outside) -> None:
    folder = outside / "qi" / "equity"
    values = json.loads((folder / "who_expected.json").read_text())
    for name in ("who_ordered", "who_nonordered"):
        data = pd.read_csv(folder / f"{name}.csv")
        data["rank"] = np.arange(len(data))
        columns = {"value": "estimate", "size": "population", "group": "rank", "se": "se"}
        variance = inequality(data, **columns).index
        assert variance.estimate == pytest.approx(values[name]["bgv"]["estimate"], rel=EXACT)
        disparity = inequality(data, **columns, index="index of disparity").index
        # The survey's printed average differs from the groups' own in the eighth digit.
        assert disparity.estimate == pytest.approx(values[name]["idisu"]["estimate"], rel=1e-6)
        assert disparity.method == "index-of-disparity"
    slope = values["who_ordered_sii"]["linear_wls"]
    data = pd.read_csv(folder / "who_ordered.csv")
    columns = {"value": "estimate", "size": "population", "group": "subgroup_order"}
    assert inequality(data, **columns).sii.estimate == pytest.approx(slope["sii"], rel=EXACT)
    assert inequality(data, **columns).rii.estimate == pytest.approx(slope["rii_1_over_0"], rel=EXACT)
    kunst = inequality(data, **columns, rii="mean").rii
    assert kunst.estimate == pytest.approx(slope["rii_kunst_mean"], rel=EXACT)
    assert math.isnan(kunst.ci_low)


def test_no_inequality_and_reversed_order() -> None:
    flat = pd.DataFrame({"rank": [1, 2, 3], "value": 0.5, "size": [10, 20, 30]})
    columns = {"value": "value", "size": "size", "group": "rank"}
    ours = inequality(flat, **columns)
    assert ours.sii.estimate == pytest.approx(0, abs=1e-12)
    assert ours.rii.estimate == pytest.approx(1, rel=1e-12)
    steep = flat.assign(value=[0.2, 0.3, 0.6])
    turned = inequality(steep.assign(rank=[3, 2, 1]), **columns)
    assert turned.sii.estimate == pytest.approx(-inequality(steep, **columns).sii.estimate, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"rank": ["low", "mid", "high"]}, ArgumentError),
        ({"rank": [1, 1, 2]}, DesignError),
        ({"size": [0, 1, 1]}, DesignError),
        ({"value": [0.0, 0.0, 0.0]}, DesignError),
    ],
)
def test_inequality_that_cannot_be_told_is_refused(change, error) -> None:
    data = pd.DataFrame({"rank": [1, 2, 3], "value": [0.1, 0.2, 0.3], "size": 10}).assign(**change)
    with pytest.raises(error):
        inequality(data, value="value", size="size", group="rank")
