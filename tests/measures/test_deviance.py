from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from qieval.errors import ArgumentError, DesignError
from qieval.measures import positive_deviants, shrink

COUNTS = {"unit": "site", "period": "wave", "numerator": "x", "denominator": "n"}


def made(best: float = 0.9, waves: int = 3, seed: int = 2, sites: int = 20, n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = np.r_[best, expit(logit(0.6) + rng.normal(0, 0.2, sites - 1))]
    rows = [
        (f"S{site:02d}", wave, rng.binomial(n, level[site]), n)
        for wave in range(waves)
        for site in range(sites)
    ]
    return pd.DataFrame(rows, columns=["site", "wave", "x", "n"])


def test_the_site_planted_far_out_is_the_only_one_listed() -> None:
    found = positive_deviants(made(), **COUNTS, better="higher", quantile=0.9)
    assert found.listed == ("S00",)
    assert found.tidy()["term"].tolist() == ["S00"]
    assert found.tidy()["estimate"].item() > 0.8


def test_the_probability_is_that_of_the_shrunk_estimate_beyond_the_criterion() -> None:
    data = made(waves=1)
    found = positive_deviants(data, **COUNTS, better="higher", criterion=0.65, consecutive=1)
    alone = shrink(data, unit="site", numerator="x", denominator="n", draws=1).units
    theirs = norm.sf(logit(0.65), alone["estimate"], alone["estimate_se"])
    np.testing.assert_allclose(found.units["probability"], theirs, rtol=1e-9)
    np.testing.assert_allclose(found.units["criterion"], 0.65, rtol=1e-12)
    lower = positive_deviants(data, **COUNTS, better="lower", criterion=0.65, consecutive=1)
    np.testing.assert_allclose(lower.units["probability"], 1 - theirs, rtol=1e-9, atol=1e-12)


def test_one_good_period_is_not_enough() -> None:
    data = made()
    fallen = data.assign(x=data["x"].where((data["wave"] < 2) | (data["site"] != "S00"), 180))
    assert positive_deviants(fallen, **COUNTS, better="higher").listed == ()
    assert positive_deviants(made(waves=1), **COUNTS, better="higher").listed == ()


def test_nobody_is_listed_where_all_are_alike() -> None:
    listed = [
        positive_deviants(made(best=0.6, seed=seed).assign(x=lambda d: 180), **COUNTS, better="higher").listed
        for seed in range(3)
    ]
    assert listed == [()] * 3


def test_the_best_quarter_falls_back_as_foretold_by_shrinkage() -> None:
    rng = np.random.default_rng(7)
    level, gaps = expit(logit(0.6) + rng.normal(0, 0.2, 400)), []
    data = pd.DataFrame(
        [(site, wave, rng.binomial(30, level[site]), 30) for wave in (1, 2) for site in range(400)],
        columns=["site", "wave", "x", "n"],
    )
    row = positive_deviants(data, **COUNTS, better="higher").regression.iloc[0]
    assert row["units"] == 100
    assert row["now"] < row["then"] - 0.05
    assert abs(row["now"] - row["foretold"]) < 0.02
    gaps.append(row["all_now"] - row["all_then"])
    assert abs(gaps[0]) < 0.02


def test_adjusted_values_with_errors_serve_as_well() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"site": list(range(10)) * 2, "wave": [1] * 10 + [2] * 10, "se": 0.1})
    data["y"] = np.r_[-1.0, rng.normal(0, 0.1, 9), -1.1, rng.normal(0, 0.1, 9)]
    found = positive_deviants(
        data, unit="site", period="wave", value="y", se="se", better="lower", criterion=-0.5
    )
    assert found.listed == ("0",)
    assert np.isnan(found.quantile)


@pytest.mark.parametrize(
    ("data", "arguments", "error", "words"),
    [
        (made(), {"better": "up"}, ArgumentError, "better"),
        (made(), {"better": "higher", "probability": 1}, ArgumentError, "between 0 and 1"),
        (made(), {"better": "higher", "consecutive": 0}, ArgumentError, "from 1 up"),
        (made().iloc[:0], {"better": "higher"}, DesignError, "no rows"),
    ],
)
def test_what_cannot_be_judged_is_refused(data, arguments, error, words) -> None:
    with pytest.raises(error, match=words):
        positive_deviants(data, **{**COUNTS, **arguments})
