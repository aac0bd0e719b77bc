from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from qieval.errors import ArgumentError, DesignError
from qieval.measures import shrink

EXACT = 1e-9
COUNTS = {"unit": "provnum", "numerator": "died", "denominator": "n"}


# metafor stops REML at a step of 1e-5 and Paule-Mandel within 1e-4; ours go on.
@pytest.mark.parametrize(("method", "rel"), [("dl", EXACT), ("pm", 5e-4), ("reml", 1e-5)])
def test_shrunk_hospitals_are_those_of_metafor(outside, method, rel) -> None:
    folder = outside / "qi" / "feedback"
    data = pd.read_csv(folder / "medpar_deaths.csv")
    expect = json.loads((folder / "feedback_expected.json").read_text())[f"medpar_logit_{method.upper()}"]
    before = data.copy()
    ours = shrink(data, **COUNTS, method=method, draws=500)
    pd.testing.assert_frame_equal(data, before)
    for name, theirs in {"tau2": "tau2", "q": "Q", "rankability": "rankability"}.items():
        assert getattr(ours, name) == pytest.approx(expect[theirs], rel=rel)
    assert (ours.mean.estimate, ours.mean.se) == pytest.approx((expect["mu"], expect["se_mu"]), rel=rel)
    for column, theirs in {
        "value": "yi",
        "estimate": "blup",
        "estimate_se": "blup_se",
        "ci_low": "blup_pi_lb",
        "ci_high": "blup_pi_ub",
        "reliability": "reliability",
        "expected_rank": "expected_rank",
    }.items():
        np.testing.assert_allclose(ours.units[column], expect[theirs], rtol=rel)
    np.testing.assert_allclose(ours.units["se"] ** 2, expect["vi"], rtol=rel)
    assert "do not support a ranking" in ours.notes[0]
    assert ours.tidy()["term"].tolist()[0] == "mean of units"
    assert len(ours.tidy()) == 55


def made(seed: int = 1, sites: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"site": range(sites), "y": rng.normal(0, 1, sites), "se": rng.uniform(0.3, 0.9, sites)}
    )


VALUES = {"unit": "site", "value": "y", "se": "se"}


def test_reml_is_at_the_top_of_its_likelihood() -> None:
    data = made()
    y, v = data["y"].to_numpy(), data["se"].to_numpy() ** 2

    def minus_log_likelihood(tau2: float) -> float:
        w = 1 / (v + tau2)
        return 0.5 * (np.log(v + tau2).sum() + np.log(w.sum()) + w @ (y - w @ y / w.sum()) ** 2)

    best = minimize_scalar(minus_log_likelihood, bounds=(0, 5), method="bounded", options={"xatol": 1e-10})
    assert shrink(data, **VALUES, draws=10).tau2 == pytest.approx(best.x, rel=1e-6)


def test_q_at_paule_and_mandels_variance_is_its_degrees_of_freedom() -> None:
    data = made()
    w = 1 / (data["se"] ** 2 + shrink(data, **VALUES, method="pm", draws=10).tau2)
    mean = (w * data["y"]).sum() / w.sum()
    assert (w * (data["y"] - mean) ** 2).sum() == pytest.approx(11, rel=EXACT)


def test_rates_are_shrunk_on_the_log_scale_and_told_as_rates() -> None:
    data = pd.DataFrame({"site": list("abcd"), "x": [0, 5, 12, 30], "n": [10.0, 20, 30, 40]})
    ours = shrink(data, unit="site", numerator="x", denominator="n", kind="rate", draws=10)
    assert ours.mean.unit == "log rate"
    np.testing.assert_allclose(ours.units["se"] ** 2, [2, 1 / 5, 1 / 12, 1 / 30])
    told = ours.natural()
    np.testing.assert_allclose(told["value"], [0.05, 0.25, 0.4, 0.75])
    np.testing.assert_allclose(np.log(told["estimate"]), ours.units["estimate"])
    assert (told["ci_low"] < told["estimate"]).all()


def test_rows_in_another_order_and_a_shifted_scale() -> None:
    data = made()
    ours, turned = shrink(data, **VALUES, draws=10), shrink(data[::-1], **VALUES, draws=10)
    np.testing.assert_allclose(turned.units["estimate"][::-1], ours.units["estimate"])
    moved = shrink(data.assign(y=data["y"] + 5), **VALUES, draws=10)
    np.testing.assert_allclose(moved.units["estimate"], ours.units["estimate"] + 5)
    assert ours.units["expected_rank"].sum() == pytest.approx(12 * 13 / 2)


def test_rank_intervals_follow_the_seed_and_hold_the_expected_rank() -> None:
    one, again, other = (shrink(made(), **VALUES, draws=2000, seed=seed).units for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)
    assert (one["rank_low"] <= one["expected_rank"]).all()
    assert (one["expected_rank"] <= one["rank_high"]).all()


@pytest.mark.parametrize("method", ["dl", "reml"])
def test_without_variance_between_units_all_share_the_mean(method) -> None:
    ours = shrink(made().assign(y=3.0), **VALUES, method=method, draws=10)
    assert (ours.tau2, ours.rankability) == (0, 0)
    np.testing.assert_allclose(ours.units["estimate"], 3)
    assert (ours.units["expected_rank"] == 6.5).all()


@pytest.mark.parametrize(
    ("change", "arguments", "error"),
    [
        ({}, {"unit": "site", "value": "y"}, ArgumentError),
        ({}, {"unit": "site", "value": "y", "se": "se", "numerator": "y"}, ArgumentError),
        ({}, {**VALUES, "method": "ml"}, ArgumentError),
        ({"se": 0.0}, VALUES, DesignError),
        ({"y": np.nan}, VALUES, DesignError),
        ({"site": 1}, VALUES, DesignError),
        ({}, {"unit": "site", "numerator": "y", "denominator": "se"}, DesignError),
        ({}, {"unit": "site", "numerator": "y", "denominator": "se", "kind": "odds"}, ArgumentError),
    ],
)
def test_units_that_cannot_be_shrunk_are_refused(change, arguments, error) -> None:
    with pytest.raises(error):
        shrink(made().assign(**change), **arguments)
