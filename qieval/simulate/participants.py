"""What participants report at each wave, with the truth of the effect built in additively."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.simulate.roster import sites, sizes
from qieval.simulate.streams import Floats, Ints, bounded, pick, poisson, stream
from qieval.simulate.truth import COACHED, DEMO, Truth

MEAN_AGE, AGE_SD, AGES = 48.0, 12.0, (18, 85)
WOMEN = 0.68
LOWEST, HIGHEST = 0, 63
GROUPS = ("White", "Black", "Hispanic", "Asian")
GROUP_SHARES = (0.54, 0.19, 0.18, 0.09)
LANGUAGES = ("English", "Spanish", "Other")
LANGUAGE_SHARES = ((0.97, 0.01, 0.02), (0.95, 0.01, 0.04), (0.47, 0.51, 0.02), (0.63, 0.00, 0.37))
NOT_RECORDED = ("declined", "unknown", "")
NOT_RECORDED_SHARES = (0.40, 0.35, 0.25)
UNRECORDED = (0.14, 0.09, 0.06)


def outcomes(seed: int, truth: Truth = DEMO, *, waves: Iterable[int] | None = None) -> pd.DataFrame:
    """Draw the outcomes table: one row a participant, new participants at each wave.

    Parameters
    ----------
    seed : int
        Seed of the study.
    truth : Truth
        What is true.
    waves : iterable of int, optional
        Waves to draw; all by default. A wave's rows are the same whether drawn alone or with others.

    Returns
    -------
    DataFrame
        participant, site, wave, age, sex, race_ethnicity, language, fatigue_0, fatigue (points, 0 to 63),
        relapse (0 or 1), visits (count), person_years, recruited (day on which the participant entered care).
    """
    roster = sites(seed, truth)
    chosen = range(len(truth.cuts)) if waves is None else waves
    return pd.concat([_wave(seed, truth, roster, wave) for wave in chosen], ignore_index=True)


def _wave(seed: int, truth: Truth, roster: pd.DataFrame, wave: int) -> pd.DataFrame:
    size = sizes(seed, truth, wave)
    where = np.repeat(np.arange(len(roster)), size)
    number = np.arange(len(where)) - np.repeat(size.cumsum() - size, size) + 1
    site = roster["site"].to_numpy(dtype=object)[where]
    frame = pd.DataFrame(
        {
            "participant": [f"{name}-{wave}{n:03d}" for name, n in zip(site, number, strict=True)],
            "site": site,
            "wave": wave,
        }
    )
    people = people_of(seed, wave, len(where))
    level = {name: _site_level(seed, truth, roster, name, wave)[where] for name in ("relapse", "visits")}
    return pd.concat(
        [
            frame,
            people,
            _fatigue(seed, truth, roster, wave, where, people),
            _relapse(seed, truth, wave, level["relapse"]),
            _visits(seed, truth, wave, level["visits"]),
            _recruited(seed, truth, wave, roster["arm"].eq(COACHED).to_numpy()[where]),
        ],
        axis=1,
    )


def site_deviation(seed: int, truth: Truth, name: str, wave: int, n: int) -> Floats:
    """How far each site lies from its region, in the outcome's unit; correlated over waves, bounded."""
    lasting = stream(seed, "outcomes", name, "site").standard_normal(n)
    passing = stream(seed, "outcomes", name, "site", wave).standard_normal(n)
    rho = truth.autocorrelation
    return truth.outcome(name).site_sd * bounded(np.sqrt(rho) * lasting + np.sqrt(1 - rho) * passing)


def _site_level(seed: int, truth: Truth, roster: pd.DataFrame, name: str, wave: int) -> Floats:
    outcome = truth.outcome(name)
    region = np.repeat(np.array(outcome.regions), truth.sites_per_region)
    coached = roster["arm"].eq(COACHED).to_numpy(dtype=np.float64)
    deviation = site_deviation(seed, truth, name, wave, len(roster))
    return outcome.base + outcome.trend[wave] + region + deviation + coached * outcome.effects[wave]


def people_of(seed: int, wave: int, n: int) -> pd.DataFrame:
    """Draw n people of a wave: age, sex, race_ethnicity, language."""
    age = MEAN_AGE + AGE_SD * stream(seed, "outcomes", "age", wave).standard_normal(n)
    women = stream(seed, "outcomes", "sex", wave).random(n) < WOMEN
    group = pick(stream(seed, "outcomes", "race_ethnicity", wave).random(n), np.array(GROUP_SHARES))
    tongue = pick(stream(seed, "outcomes", "language", wave).random(n), np.array(LANGUAGE_SHARES)[group])
    return pd.DataFrame(
        {
            "age": np.clip(np.floor(age + 0.5), *AGES).astype(np.int64),
            "sex": np.where(women, "female", "male"),
            "race_ethnicity": _recorded(seed, "race_ethnicity", wave, np.array(GROUPS, dtype=object)[group]),
            "language": _recorded(seed, "language", wave, np.array(LANGUAGES, dtype=object)[tongue]),
        }
    )


def _recorded(seed: int, name: str, wave: int, values: np.ndarray) -> np.ndarray:
    """Replace some values by the reason for which none was recorded."""
    lost = stream(seed, "outcomes", name, "recorded", wave).random(len(values)) < UNRECORDED[wave]
    draws = stream(seed, "outcomes", name, "reason", wave).random(len(values))
    why = pick(draws, np.array(NOT_RECORDED_SHARES))
    return np.where(lost, np.array(NOT_RECORDED, dtype=object)[why], values)


def _fatigue(
    seed: int, truth: Truth, roster: pd.DataFrame, wave: int, where: Ints, people: pd.DataFrame
) -> pd.DataFrame:
    n = len(where)
    before = stream(seed, "outcomes", "fatigue_0", wave).standard_normal(n)
    fresh = stream(seed, "outcomes", "fatigue", wave).standard_normal(n)
    r = truth.baseline_correlation
    now = r * before + np.sqrt(1 - r**2) * fresh
    women = people["sex"].eq("female").to_numpy(dtype=np.float64)
    known = truth.age_slope * (people["age"].to_numpy() - MEAN_AGE) + truth.sex_gap * (women - WOMEN)
    rest = truth.within_sd**2 - (truth.age_slope * AGE_SD) ** 2 - truth.sex_gap**2 * WOMEN * (1 - WOMEN)
    own = known + np.sqrt(rest) * np.stack([before, now])
    level = _site_level(seed, truth, roster, "fatigue", wave)[where]
    untouched = level - roster["arm"].eq(COACHED).to_numpy()[where] * truth.effect("fatigue", wave)
    points = np.clip(np.floor(own + np.stack([untouched, level]) + 0.5), LOWEST, HIGHEST)
    return pd.DataFrame(
        {
            "fatigue_0": points[0].astype(np.int64),
            "fatigue": _with_gaps(seed, truth, "fatigue", wave, points[1]),
        }
    )


def _relapse(seed: int, truth: Truth, wave: int, probability: Floats) -> pd.Series:
    event = stream(seed, "outcomes", "relapse", wave).random(len(probability)) < probability
    return _with_gaps(seed, truth, "relapse", wave, event).rename("relapse")


def _visits(seed: int, truth: Truth, wave: int, rate: Floats) -> pd.DataFrame:
    n = len(rate)
    u = stream(seed, "outcomes", "person_years", wave).random(n)
    years = np.minimum(np.floor((0.4 + 2.0 * u) * 100 + 0.5), 100) / 100
    count = poisson(stream(seed, "outcomes", "visits", wave).random(n), rate * years)
    visits = _with_gaps(seed, truth, "visits", wave, count)
    return pd.DataFrame({"visits": visits, "person_years": pd.Series(years).mask(visits.isna())})


def _recruited(seed: int, truth: Truth, wave: int, coached: NDArray[np.bool_]) -> pd.Series:
    """Draw the days: up to three years before arms were known, or since, not after the wave's last day."""
    draws = stream(seed, "outcomes", "recruited", wave)
    late = draws.random(len(coached)) < np.where(
        coached, truth.entry.coached[wave], truth.entry.control[wave]
    )
    known, last = date.fromisoformat(truth.entry.allocated), date.fromisoformat(truth.cuts[wave][1])
    reach = np.where(late, (last - known).days + 1, 3 * 365)
    away = np.floor(draws.random(len(coached)) * reach).astype(int)
    days = np.datetime64(known) + np.where(late, away, -1 - away).astype("timedelta64[D]")
    return pd.Series(days.astype(str), name="recruited")


def _with_gaps(seed: int, truth: Truth, name: str, wave: int, values: np.ndarray) -> pd.Series:
    gone = stream(seed, "outcomes", name, "missing", wave).random(len(values)) < truth.outcome(name).missing
    return pd.Series(values).astype("Int64").mask(gone)
