from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.measures import quartiles


@pytest.mark.parametrize("kind", [2, 6, 7])
def test_cuts_are_rs_quantiles_of_that_type(outside, kind) -> None:
    case = json.loads((outside / "qi" / "feedback" / "feedback_expected.json").read_text())["quantiles"]
    rows = pd.DataFrame({"site": ["a"], "y": [1.0]})
    ours = quartiles(rows, unit="site", value="y", others=case["x"], quantile=kind)
    np.testing.assert_allclose(ours.cuts, case[f"type{kind}"], rtol=1e-9)
    assert ours.quantile == kind


def test_sites_fall_into_the_quarters_that_the_benchmark_printed(reference) -> None:
    # Stays: shorter is better, so the first quarter holds the shortest; cuts that agree with the print.
    printed = pd.read_csv(reference / "qi" / "nhfd_los.csv")
    ours = quartiles(printed, unit="site", value="pre", cuts=[14, 17, 19.5], better="lower")
    assert ours.tidy()["quarter"].tolist() == printed["pre_quartile"].tolist()


@pytest.mark.parametrize(
    ("better", "quarters"), [("higher", [4, 3, 2, 1]), ("lower", [1, 2, 3, 4]), (None, [1, 2, 3, 4])]
)
def test_a_value_on_a_cut_counts_to_the_better_quarter(better, quarters) -> None:
    rows = pd.DataFrame({"site": list("abcd"), "y": [1.0, 1.5, 2.5, 4.0]})
    assert quartiles(rows, unit="site", value="y", cuts=[1, 2, 3], better=better).units[
        "quarter"
    ].tolist() == (quarters if better != "higher" else [3, 3, 2, 1])
    assert (
        quartiles(rows.assign(y=2.0), unit="site", value="y", cuts=[1, 2, 3], better=better)
        .units["quarter"]
        .tolist()
        == [2] * 4
    )


def test_a_missing_value_has_no_quarter() -> None:
    rows = pd.DataFrame({"site": list("ab"), "y": [1.0, np.nan]})
    assert quartiles(rows, unit="site", value="y", cuts=[1, 2, 3]).units["quarter"].isna().tolist() == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, DesignError, "benchmark"),
        ({"cuts": [3, 2, 1]}, ArgumentError, "fall"),
        ({"cuts": [1, 2]}, ArgumentError, "three"),
        ({"others": [1, 2], "quantile": 5}, ArgumentError, "quantile"),
    ],
)
def test_quarters_without_a_benchmark_are_refused(arguments, error, words) -> None:
    with pytest.raises(error, match=words):
        quartiles(pd.DataFrame({"site": ["a"], "y": [1.0]}), unit="site", value="y", **arguments)
