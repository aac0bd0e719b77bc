"""Alpha against psych 2.2.9 (R 4.2.2); its point value is pingouin's."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.capability import alpha
from qieval.errors import ArgumentError

EXACT = 1e-9


@pytest.fixture(params="ACENO")
def scale(request: pytest.FixtureRequest, outside: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    folder = outside / "qi" / "reliability"
    expected = json.loads((folder / "reliability_expected.json").read_text())[request.param]
    items = pd.read_csv(folder / expected["data"])[expected["items"]]
    turned = {
        name: expected["scale_min"] + expected["scale_max"] - items[name] for name in expected["reversed"]
    }
    return items.assign(**turned), expected


def test_alpha_and_its_interval(scale: Any) -> None:
    items, expected = scale
    found = alpha(items)
    assert found.alpha.n == expected["n_listwise"]
    assert found.k == expected["k"]
    assert found.n_incomplete == len(items) - expected["n_listwise"]
    assert found.alpha.estimate == pytest.approx(expected["alpha_raw"], rel=EXACT)
    assert found.standardised == pytest.approx(expected["alpha_std"], rel=EXACT)
    assert [found.alpha.ci_low, found.alpha.ci_high] == pytest.approx(expected["feldt95"], rel=EXACT)
    wider = alpha(items, level=0.99).alpha
    assert [wider.ci_low, wider.ci_high] == pytest.approx(expected["feldt99"], rel=EXACT)


def test_item_statistics(scale: Any) -> None:
    items, expected = scale
    found = alpha(items).items
    assert [item.item for item in found] == expected["item"]
    assert [item.mean for item in found] == pytest.approx(expected["item_mean"], rel=EXACT)
    assert [item.sd for item in found] == pytest.approx(expected["item_sd"], rel=EXACT)
    assert [item.rest_correlation for item in found] == pytest.approx(expected["r_item_rest"], rel=EXACT)
    assert [item.alpha_if_dropped for item in found] == pytest.approx(expected["alpha_if_dropped"], rel=EXACT)


def test_two_items_give_the_spearman_brown_value() -> None:
    items = np.array([[1, 2], [2, 4], [3, 3], [4, 5.0]])
    r = np.corrcoef(items.T)[0, 1]
    assert alpha(items).standardised == pytest.approx(2 * r / (1 + r), rel=EXACT)


def test_a_constant_item_adds_nothing_but_length() -> None:
    found = alpha(pd.DataFrame({"a": [1, 2, 3, 4.0], "b": [2, 4, 3, 5.0], "c": [3.0] * 4}))
    assert math.isnan(found.standardised)
    assert math.isnan(found.items[2].rest_correlation)
    assert found.alpha.estimate < found.items[2].alpha_if_dropped


@pytest.mark.parametrize(
    ("items", "why"),
    [
        (np.ones((5, 3)), "does not vary"),
        (np.ones((1, 3)), "two complete rows"),
        (np.empty((0, 2)), "two complete"),
    ],
)
def test_without_spread_the_reason_is_given(items: np.ndarray, why: str) -> None:
    found = alpha(items).alpha
    assert math.isnan(found.estimate)
    assert why in found.notes[0]


def test_one_item_is_refused() -> None:
    with pytest.raises(ArgumentError, match="at least two items"):
        alpha(np.ones((5, 1)))


def test_tidy_is_alpha() -> None:
    assert alpha(np.array([[1, 2], [2, 4], [3, 3.0]])).tidy()["method"].tolist() == ["cronbach-alpha"]
