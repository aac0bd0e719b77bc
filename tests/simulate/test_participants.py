"""The truth is found again in simulated participants, by estimators written here with numpy alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.simulate import DEMO, DEMO_SEED, Truth, outcomes, sites
from qieval.simulate.participants import HIGHEST, LOWEST, site_deviation

BIG = replace(DEMO, sites_per_region=150)
NAMES = ("fatigue", "relapse", "visits")


@pytest.fixture(scope="module")
def big() -> pd.DataFrame:
    return outcomes(5, BIG).merge(sites(5, BIG)[["site", "arm", "region"]], on="site")


def site_level(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row a site: mean, or rate for visits."""
    grouped = frame.dropna(subset=[name]).groupby(["site", "arm", "region"])
    total = grouped[name].sum().astype(float)
    base = grouped["person_years"].sum() if name == "visits" else grouped[name].size()
    return (total / base).rename("value").reset_index()


def difference(level: pd.DataFrame) -> tuple[float, float]:
    """Difference of site means within regions, and its standard error."""
    coached = level["arm"].eq("coached").to_numpy(dtype=float)
    x = np.column_stack([coached, pd.get_dummies(level["region"]).to_numpy(dtype=float)])
    beta, rss, *_ = np.linalg.lstsq(x, level["value"].to_numpy(), rcond=None)
    df = len(level) - x.shape[1]
    return float(beta[0]), float(np.sqrt(rss[0] / df * np.linalg.inv(x.T @ x)[0, 0]))


@pytest.mark.parametrize("wave", [0, 1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_big_trial_finds_the_effect(big: pd.DataFrame, name: str, wave: int) -> None:
    estimate, se = difference(site_level(big[big["wave"] == wave], name))
    assert estimate == pytest.approx(DEMO.effect(name, wave), abs=3.5 * se)


def test_estimates_over_seeds_centre_on_the_effects() -> None:
    found = []
    for seed in range(60):
        frame = outcomes(seed, waves=[2]).merge(sites(seed)[["site", "arm", "region"]], on="site")
        found.append([difference(site_level(frame, name))[0] for name in NAMES])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert np.abs((mean - [DEMO.effect(name, 2) for name in NAMES]) / error).max() < 3.5


def test_fatigue_varies_between_sites_as_declared(big: pd.DataFrame) -> None:
    usual = big[(big["arm"] == "usual care") & (big["wave"] == 0)].dropna(subset=["fatigue"])
    value = usual["fatigue"].astype(float)
    within = value - value.groupby(usual["site"]).transform("mean")
    n, k = len(usual), usual["site"].nunique()
    inside = (within**2).sum() / (n - k)
    between = np.var(site_deviation(5, BIG, "fatigue", 0, 600), ddof=1)
    assert inside == pytest.approx(DEMO.within_sd**2, rel=0.03)
    assert between / (between + inside) == pytest.approx(DEMO.icc("fatigue"), abs=0.008)


def test_sites_keep_most_of_their_deviation_between_waves() -> None:
    now, then = (site_deviation(5, BIG, "fatigue", wave, 600) for wave in (0, 1))
    assert np.corrcoef(now, then)[0, 1] == pytest.approx(DEMO.autocorrelation, abs=0.06)


def test_fatigue_at_enrolment_says_half_of_fatigue_now_and_nothing_about_the_arm(big: pd.DataFrame) -> None:
    last = big[big["wave"] == 2]
    assert last[["fatigue_0", "fatigue"]].astype(float).corr().iloc[0, 1] == pytest.approx(0.53, abs=0.03)
    estimate, se = difference(site_level(last, "fatigue_0"))
    assert estimate == pytest.approx(0, abs=3.5 * se)


def test_hardly_anybody_is_held_at_an_end_of_the_scale(big: pd.DataFrame) -> None:
    for name in ("fatigue_0", "fatigue"):
        assert big[name].isin([LOWEST, HIGHEST]).mean() < 1e-3


def test_probabilities_and_rates_stay_inside_their_range() -> None:
    for seed in range(200):
        deviation = [site_deviation(seed, DEMO, "relapse", wave, 24) for wave in range(3)]
        assert DEMO.relapse.base - 0.02 - 0.01 - 0.05 + np.min(deviation) >= 0.02
        rate = [site_deviation(seed, DEMO, "visits", wave, 24) for wave in range(3)]
        assert DEMO.visits.base - 0.05 - 0.2 + np.min(rate) > 0


@pytest.mark.parametrize(("name", "share"), [("fatigue", 0.05), ("relapse", 0.04), ("visits", 0.06)])
def test_some_outcomes_are_missing_alike_in_both_arms(big: pd.DataFrame, name: str, share: float) -> None:
    gone = big[name].isna().groupby(big["arm"]).mean()
    assert gone.to_numpy() == pytest.approx([share, share], abs=0.003)


def test_visits_and_person_years_are_missing_together(big: pd.DataFrame) -> None:
    assert big["visits"].isna().equals(big["person_years"].isna())
    assert big["person_years"].dropna().between(0.4, 1.0).all()


def test_reasons_for_an_unrecorded_group_are_kept_apart() -> None:
    frame = outcomes(DEMO_SEED)
    for name in ("race_ethnicity", "language"):
        unrecorded = frame[frame[name].isin(["declined", "unknown", ""])]
        assert set(unrecorded[name]) == {"declined", "unknown", ""}
        assert 0.05 < len(unrecorded) / len(frame) < 0.15


def test_participants_are_new_at_each_wave_and_sit_at_one_site() -> None:
    frame = outcomes(DEMO_SEED)
    assert frame["participant"].is_unique
    assert frame["participant"].str[:3].eq(frame["site"]).all()


def test_a_wave_is_the_same_drawn_alone() -> None:
    whole = outcomes(DEMO_SEED)
    alone = outcomes(DEMO_SEED, waves=[2])
    pd.testing.assert_frame_equal(whole[whole["wave"] == 2].reset_index(drop=True), alone)


@pytest.mark.parametrize(
    ("truth", "moved"),
    [
        (replace(DEMO, relapse=replace(DEMO.relapse, effects=(0.0, 0.0, 0.2))), {"relapse"}),
        (replace(DEMO, fatigue=replace(DEMO.fatigue, effects=(0.0, 0.0, 5.0))), {"fatigue"}),
        (replace(DEMO, visits=replace(DEMO.visits, missing=0.5)), {"visits", "person_years"}),
    ],
)
def test_a_changed_truth_moves_what_it_names_and_nothing_else(truth: Truth, moved: set[str]) -> None:
    before, after = outcomes(3), outcomes(3, truth)
    assert {name for name in before if not before[name].equals(after[name])} == moved
