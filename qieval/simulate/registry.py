"""The hard demonstration study: four centres of a registry, coached from one quarter or another, or never."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from qieval.simulate.coders import segments
from qieval.simulate.delivery import INTRODUCED_BEFORE, Starts, changes, coaching, shifted_from
from qieval.simulate.interviews import codebook, sources
from qieval.simulate.monthly import measures
from qieval.simulate.participants import HIGHEST, LOWEST, MEAN_AGE, WOMEN, people_of
from qieval.simulate.roster import site_codes
from qieval.simulate.streams import Floats, Ints, bounded, pick, poisson, stream
from qieval.simulate.study import SimulatedTables
from qieval.simulate.teams import capability
from qieval.simulate.truth import DEMO, CapabilityTruth, Truth

DEMO_MS_SEED = 20260102
YEAR = 4  # quarters
NEVER = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryTruth:
    """What is true at the four centres.

    Attributes
    ----------
    starts : tuple of int
        Quarters in which coaching starts, `NEVER` for the centre that stays a longitudinal control; which
        centre gets which is drawn.
    quarters : int
        Quarters of the study; the first year's are without coaching.
    first : date
        First day.
    patients : int
        Different people seen.
    shares : tuple of float
        Share of the patients that each centre has.
    visits_of : tuple of float
        Shares of people who are seen in one, two and three quarters.
    fatigue, relapse, visits : float
        The effect of coaching, from its first quarter on and the same ever after, in points of fatigue,
        probability of relapse, and unplanned visits per person-year.
    shock, shock_quarters : float, tuple of int
        Points of fatigue that an outside event adds at every centre in these quarters.
    centre_sd, quarter_sd, person_sd, within_sd : float
        Spread of fatigue between centres, quarters of one centre and people, and within a person.
    missing : float
        Share of people seen without a value.
    growth : float
        Growth of a team's mean answer a year of coaching, in item points.
    """

    starts: tuple[int, ...] = (5, 7, 9, NEVER)
    quarters: int = 12
    first: date = date(2022, 1, 1)
    patients: int = 1600
    shares: tuple[float, ...] = (0.34, 0.27, 0.22, 0.17)
    visits_of: tuple[float, ...] = (0.60, 0.28, 0.12)
    fatigue: float = -4.0
    relapse: float = -0.08
    visits: float = -0.35
    shock: float = 1.5
    shock_quarters: tuple[int, ...] = (6, 7)
    centre_sd: float = 0.8
    quarter_sd: float = 0.4
    person_sd: float = 5.0
    within_sd: float = 6.0
    missing: float = 0.05
    growth: float = 0.5


DEMO_MS = RegistryTruth()


def registry(seed: int = DEMO_MS_SEED, truth: RegistryTruth = DEMO_MS) -> SimulatedTables:
    """Draw the whole study.

    Parameters
    ----------
    seed : int
        Seed, not negative; the same seed gives the same study.
    truth : RegistryTruth
        What is true.

    Returns
    -------
    SimulatedTables
        Waves 1 to 3 are the data cuts at the end of each year.
    """
    shape = _shape(truth)
    start = start_quarters(seed, truth)
    years = range(truth.quarters // YEAR)
    growth = {
        site: tuple(truth.growth * max(0.0, (YEAR * (year + 1) - first + 1) / YEAR) for year in years)
        for site, first in zip(site_codes(shape), start, strict=True)
    }
    spoken, texts = sources(seed, shape)
    coached, last = _coached_from(truth, site_codes(shape), start), _day(truth, truth.quarters, -1)
    tables = {
        "sites": _sites(site_codes(shape), start),
        "outcomes": outcomes(seed, truth),
        "capability": capability(seed, shape, growth=growth),
        "coaching": coaching(seed, coached, last),
        "measures": measures(seed, shape, since=shifted_from(coached)),
        "changes": changes(seed, coached, last),
        "events": _events(truth),
        "withdrawals": _withdrawals(seed, truth),
        "sources": spoken,
        "segments": segments(seed, spoken, texts),
        "codebook": codebook(),
    }
    return SimulatedTables(
        tables={name: _renamed(frame) for name, frame in tables.items()},
        cuts={year + 1: shape.cuts[year] for year in years},
    )


def start_quarters(seed: int, truth: RegistryTruth = DEMO_MS) -> Ints:
    """Draw which centre starts when, in the order of the centres; `NEVER` for the one that does not."""
    return np.array(truth.starts)[stream(seed, "sites", "order").permutation(len(truth.starts))]


def _shape(truth: RegistryTruth) -> Truth:
    """The parts that both demonstration studies draw alike: teams, interviews and monthly measures."""
    years = range(truth.quarters // YEAR)
    cuts = tuple((_day(truth, YEAR * year), _day(truth, YEAR * (year + 1), -1)) for year in years)
    return replace(
        DEMO,
        regions=("Registry",),
        sites_per_region=len(truth.starts),
        cuts=cuts,
        closed_site="",
        capability=CapabilityTruth(base=3.5),
    )


def _day(truth: RegistryTruth, quarters: int, days: int = 0) -> str:
    month = 3 * quarters
    first = date(truth.first.year + month // 12, truth.first.month + month % 12, 1)
    return (first + timedelta(days=days)).isoformat()


def _renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """Name centres C1 to C4, and count waves from 1."""
    changed = frame.copy()
    if "site" in changed:
        changed["site"] = changed["site"].str.replace("S0", "C", regex=False)
    if "respondent" in changed:
        changed["respondent"] = changed["respondent"].str.replace("S0", "C", regex=False)
    if "wave" in changed:
        changed["wave"] = changed["wave"] + 1
    if "source" in changed:
        changed["source"] = [f"W{int(name[1]) + 1}{name[2:]}" for name in changed["source"]]
    return changed


def _sites(codes: list[str], start: Ints) -> pd.DataFrame:
    starts = pd.array([None if each == NEVER else int(each) for each in start], dtype="Int64")
    return pd.DataFrame({"site": codes, "start_period": starts, "status": "active"})


def outcomes(seed: int, truth: RegistryTruth = DEMO_MS) -> pd.DataFrame:
    """Draw what patients report: a row a patient and quarter in which they were seen.

    Returns
    -------
    DataFrame
        participant, site, wave (year less one), period (quarter, 1 to 12), age, sex, race_ethnicity,
        language, fatigue (points, 0 to 63), relapse (0 or 1), visits (count), person_years.
    """
    n = truth.patients
    centre = pick(stream(seed, "outcomes", "centre").random(n), np.array(truth.shares))
    people = people_of(seed, 0, n)
    person, quarter = _seen(seed, truth)
    site = centre[person]
    exposed = (quarter >= start_quarters(seed, truth)[site]).astype(np.float64)
    frame = pd.DataFrame(
        {
            "participant": [f"P{number + 1:04d}" for number in person],
            "site": np.array(site_codes(_shape(truth)), dtype=object)[site],
            "wave": (quarter - 1) // YEAR,
            "period": quarter,
        }
    )
    rows = [frame, people.iloc[person].reset_index(drop=True)]
    rows.append(_reported(seed, truth, person, site, quarter, exposed, people))
    return pd.concat(rows, axis=1).sort_values(["period", "participant"], kind="stable", ignore_index=True)


def _seen(seed: int, truth: RegistryTruth) -> tuple[Ints, Ints]:
    """Draw who was seen in which quarters: positions of people, and quarters from 1."""
    draws = stream(seed, "outcomes", "seen")
    times = 1 + pick(draws.random(truth.patients), np.array(truth.visits_of))
    order = draws.random((truth.patients, truth.quarters)).argsort(axis=1)
    chosen = np.arange(truth.quarters)[None, :] < times[:, None]
    person, place = np.nonzero(chosen)
    return person, order[person, place] + 1


def _reported(
    seed: int,
    truth: RegistryTruth,
    person: Ints,
    site: Ints,
    quarter: Ints,
    exposed: Floats,
    people: pd.DataFrame,
) -> pd.DataFrame:
    n, centres = len(person), len(truth.starts)
    centre = truth.centre_sd * bounded(stream(seed, "outcomes", "fatigue", "centre").standard_normal(centres))
    noise = stream(seed, "outcomes", "fatigue", "quarter").standard_normal((centres, truth.quarters))
    own = truth.person_sd * stream(seed, "outcomes", "fatigue", "person").standard_normal(truth.patients)
    known = DEMO.age_slope * (people["age"].to_numpy() - MEAN_AGE)
    known = known + DEMO.sex_gap * (people["sex"].eq("female").to_numpy() - WOMEN)
    points = (
        34.0
        + (centre[:, None] + truth.quarter_sd * noise)[site, quarter - 1]
        + (own + known)[person]
        + truth.shock * np.isin(quarter, truth.shock_quarters)
        + truth.fatigue * exposed
        + truth.within_sd * stream(seed, "outcomes", "fatigue").standard_normal(n)
    )
    years = np.floor((0.15 + 0.10 * stream(seed, "outcomes", "person_years").random(n)) * 100 + 0.5) / 100
    risk = 0.30 + 0.02 * centre[site] + truth.relapse * exposed
    count = poisson(stream(seed, "outcomes", "visits").random(n), (1.6 + truth.visits * exposed) * years)
    found = {
        "fatigue": np.clip(np.floor(points + 0.5), LOWEST, HIGHEST).astype(np.int64),
        "relapse": (stream(seed, "outcomes", "relapse").random(n) < risk).astype(np.int64),
        "visits": count,
    }
    gone = {name: stream(seed, "outcomes", name, "missing").random(n) < truth.missing for name in found}
    frame = pd.DataFrame({name: pd.Series(found[name]).astype("Int64").mask(gone[name]) for name in found})
    return frame.assign(person_years=pd.Series(years).mask(gone["visits"]))


def _coached_from(truth: RegistryTruth, codes: list[str], start: Ints) -> Starts:
    return {
        code: (
            date.fromisoformat(_day(truth, int(first) - 1, -INTRODUCED_BEFORE)),
            date.fromisoformat(_day(truth, int(first) - 1)),
        )
        for code, first in zip(codes, start, strict=True)
        if first != NEVER
    }


def _events(truth: RegistryTruth) -> pd.DataFrame:
    first, last = truth.shock_quarters[0], truth.shock_quarters[-1]
    return pd.DataFrame(
        {
            "start": [_day(truth, first - 1)],
            "stop": [_day(truth, last, -1)],
            "kind": ["outside shock"],
            "label": ["Shortage of a common medicine"],
        }
    )


def _withdrawals(seed: int, truth: RegistryTruth) -> pd.DataFrame:
    """Three people who withdrew, in the second year and the third."""
    number = np.sort(stream(seed, "withdrawals").choice(truth.patients, 3, replace=False))
    days = [_day(truth, quarter, 40) for quarter in (5, 8, 10)]
    return pd.DataFrame({"participant": [f"P{each + 1:04d}" for each in number], "date": days})
