"""Coefficients of agreement against exact fractions and printed values."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.coding import agreement
from qieval.errors import ArgumentError
from qieval.results import TIDY

NAMES = {
    "alpha": "alpha",
    "brennan_prediger": "brennan-prediger",
    "cohen_kappa": "kappa",
    "conger_kappa": "conger",
    "fleiss_kappa": "fleiss",
    "gwet_ac": "ac1",
    "percent_agreement": "percent",
}
KEPT_OUT = ("percent_all_raters_identical", "light_kappa")  # not among the kit's coefficients


def call(measure: str) -> dict[str, str]:
    stem, kind = ("conger_kappa", "nominal") if measure == "conger_kappa" else measure.rsplit("_", 1)
    coefficient = NAMES[stem]
    if kind == "nominal":
        return {"coefficient": coefficient}
    if coefficient == "alpha" and kind in {"ordinal", "interval", "ratio"}:
        return {"coefficient": "alpha", "metric": kind}
    return {"coefficient": "ac2" if coefficient == "ac1" else coefficient, "weights": kind}


def check(folder: Path, cases: dict) -> int:
    compared = 0
    for name, case in cases.items():
        ratings = pd.read_csv(folder / case["file"]).drop(columns="unit")
        for measure, wanted in case["expected"].items():
            if measure in KEPT_OUT:
                continue
            tolerance = 1e-6 if "irrCAC" in wanted["basis"] else 1e-9
            value = agreement(ratings, **call(measure)).value
            assert value == pytest.approx(wanted["value"], abs=tolerance), (name, measure)
            compared += 1
    return compared


def test_every_coefficient_is_that_of_the_reference(reference: Path) -> None:
    folder = reference / "qual" / "irr"
    assert check(folder, json.loads((folder / "cases.json").read_text())) == 328


def test_every_coefficient_is_that_of_the_tables_kept_outside(outside: Path) -> None:
    folder = outside / "qual" / "irr"
    assert check(folder, json.loads((folder / "cases.json").read_text())["cases"]) == 452


@pytest.mark.parametrize(
    ("name", "measure", "printed", "decimals"),
    [
        ("kripp2011_c", {"metric": "nominal"}, 0.743, 3),
        ("kripp2011_c", {"metric": "ordinal"}, 0.815, 3),
        ("kripp2011_c", {"metric": "interval"}, 0.849, 3),
        ("kripp2011_c", {"metric": "ratio"}, 0.797, 3),
        ("fleiss1971", {"coefficient": "fleiss"}, 0.430, 3),
        ("cohen1960_ex2", {"coefficient": "kappa"}, 0.492, 3),
        ("fce1969", {"coefficient": "kappa"}, 0.429, 3),
        ("paradox_118_5_2_0", {"coefficient": "percent"}, 0.944, 3),
        ("paradox_118_5_2_0", {"coefficient": "kappa"}, -0.023, 3),
        ("paradox_118_5_2_0", {"coefficient": "ac1"}, 0.941, 3),
    ],
)
def test_printed_values_are_met(
    reference: Path, name: str, measure: dict, printed: float, decimals: int
) -> None:
    ratings = pd.read_csv(reference / "qual" / "irr" / f"{name}.csv").drop(columns="unit")
    assert round(agreement(ratings, **measure).value, decimals) == printed


def test_own_weights_are_taken_as_they_stand(reference: Path) -> None:
    folder = reference / "qual" / "irr"
    cases = json.loads((folder / "cases.json").read_text())
    for name in ("cohen1960_ex2", "fce1969"):
        ratings = pd.read_csv(folder / cases[name]["file"]).drop(columns="unit")
        for case in cases[name]["expected_custom_weights"]:
            apart = np.array(case.get("disagreement_weights", 0))
            weights = np.array(case["similarity_weights"]) if not apart.any() else 1 - apart / apart.max()
            value = agreement(ratings, coefficient="kappa", weights=weights).value
            assert value == pytest.approx(case["value"], abs=1e-9)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_weights_come_from_the_scale_and_not_from_the_labels_seen(reference: Path, weights: str) -> None:
    gap = json.loads((reference / "qual" / "irr" / "likert_gap.json").read_text())["case"]
    ratings = pd.DataFrame({"a": gap["a"], "b": gap["b"]})
    for scale in (None, [1, 2, 3, 4, 5]):
        value = agreement(ratings, coefficient="kappa", weights=weights, scale=scale).value
        assert value == pytest.approx(gap[weights]["value_based"], abs=1e-12)


def test_words_need_their_order() -> None:
    ratings = pd.DataFrame({"a": ["low", "high", "mid"], "b": ["low", "mid", "mid"]})
    with pytest.raises(ArgumentError, match="tell `agreement` their order"):
        agreement(ratings, coefficient="kappa", weights="linear")
    ordered = agreement(ratings, coefficient="kappa", weights="linear", scale=["low", "mid", "high"])
    numbered = agreement(
        ratings.replace({"low": 0, "mid": 1, "high": 2}).astype(int), coefficient="kappa", weights="linear"
    )
    assert ordered.value == pytest.approx(numbered.value, abs=1e-12)


def test_order_of_units_coders_and_names_of_categories_do_not_matter(reference: Path) -> None:
    ratings = pd.read_csv(reference / "qual" / "irr" / "kripp2011_c.csv").drop(columns="unit")
    changed = ratings.sample(frac=1, random_state=1)[["d", "a", "c", "b"]].replace({1: 50, 2: 7})
    for coefficient in ("alpha", "fleiss", "conger", "ac1", "brennan-prediger", "percent"):
        before, after = (agreement(table, coefficient=coefficient).value for table in (ratings, changed))
        assert after == pytest.approx(before, abs=1e-12)


def test_missing_is_not_a_category() -> None:
    ratings = pd.DataFrame({"a": [1, 0, 1, 0], "b": [1, 0, 1, 0], "c": [1, None, None, None]})
    result = agreement(ratings)
    assert result.value == 1
    assert (result.n_units, result.n_coders, result.counts.tolist()) == (4, 3, [4, 5])


@pytest.mark.parametrize("coefficient", ["alpha", "kappa", "fleiss", "conger", "ac1", "brennan-prediger"])
def test_without_variation_nothing_is_claimed(coefficient: str) -> None:
    result = agreement(pd.DataFrame({"a": [1, 1, 1], "b": [1, 1, 1]}), coefficient=coefficient)
    assert math.isnan(result.value)
    assert "one category" in result.notes[0]


@pytest.mark.parametrize(
    "ratings",
    [
        pd.DataFrame({"a": [1, None], "b": [None, 2]}),
        pd.DataFrame({"a": [1, None], "b": [1, 2]}),
        pd.DataFrame({"a": [None, None], "b": [None, None]}),
        pd.DataFrame({"a": [], "b": []}),
        pd.DataFrame({"a": [1, 2, 3]}),
    ],
)
def test_too_few_pairs_are_undefined_with_their_reason(ratings: pd.DataFrame) -> None:
    result = agreement(ratings)
    assert math.isnan(result.value)
    assert "fewer than two units" in result.notes[0]


def test_percent_needs_one_pair_only() -> None:
    assert agreement(pd.DataFrame({"a": [1], "b": [1]}), coefficient="percent").value == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"coefficient": "cohen"}, "must be one of 'alpha', 'kappa'"),
        ({"metric": "cardinal"}, "must be one of 'nominal'"),
        ({"weights": "cubic"}, "must be one of 'linear'"),
        ({"coefficient": "fleiss", "metric": "ordinal"}, "belongs to alpha"),
        ({"metric": "ordinal", "weights": "linear"}, "not both"),
        ({"coefficient": "ac1", "weights": "linear"}, "'ac2' with them"),
        ({"coefficient": "ac2"}, "'ac1' without"),
        ({"coefficient": "kappa"}, "exactly two coders; the ratings have 3"),
        ({"scale": [1, 2]}, "hold 3, which the `scale` does not"),
        ({"coefficient": "fleiss", "weights": np.zeros((3, 3))}, "1 on its diagonal"),
    ],
)
def test_impossible_calls_are_refused(given: dict, said: str) -> None:
    ratings = pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3], "c": [3, 2, 1]})
    with pytest.raises(ArgumentError, match=said):
        agreement(ratings, **given)


def test_tidy_names_coefficient_and_metric() -> None:
    ratings = pd.DataFrame({"a": [1, 2, 3], "b": [1, 3, 3]})
    tidied = agreement(ratings, metric="ordinal").tidy()
    assert tuple(tidied.columns) == TIDY
    assert tidied[["term", "method", "n", "unit"]].iloc[0].tolist() == [
        "agreement",
        "alpha-ordinal",
        3,
        "coefficient",
    ]


def test_ratings_are_left_alone() -> None:
    ratings = pd.DataFrame({"a": [1, 2, None], "b": [1, 3, 3]})
    copy = ratings.copy()
    agreement(ratings)
    pd.testing.assert_frame_equal(ratings, copy)
