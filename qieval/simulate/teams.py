"""What the sites' improvement teams answer about their capability, and what coaching they had."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from qieval.simulate.roster import sites
from qieval.simulate.streams import Floats, stream
from qieval.simulate.truth import COACHED, DEMO, Truth

ITEMS = tuple(f"q{number:02d}" for number in range(1, 25))
ROLES = ("clinician", "nurse", "manager", "quality lead", "patient representative")
SKIPS_A_WAVE = 0.15
STEPS = 12
CONTACT_DAYS = (8, 22)
INTRODUCED_BEFORE = 8
HELD = 0.90
MEDIAN_STEP_DAYS = 24.0


def capability(
    seed: int, truth: Truth = DEMO, *, growth: Mapping[str, tuple[float, ...]] | None = None
) -> pd.DataFrame:
    """Draw the answers of four to eight people a team and wave to an instrument of 24 items, 1 to 7.

    Most people answer at every wave under one respondent id; some leave after the first wave, some
    join later. A blank answer was not given.

    Parameters
    ----------
    seed : int
        Seed of the study.
    truth : Truth
        What is true.
    growth : mapping of str to tuple of float, optional
        Growth of each site's team since its first wave, by wave; that of its arm by default.

    Returns
    -------
    DataFrame
        respondent, site, role, wave, instrument, q01 to q24.
    """
    grown = growth or {site: truth.capability.growth(arm) for site, arm in _arms(seed, truth)}
    return pd.concat(
        [_team(seed, truth, site, by) for site, by in grown.items()], ignore_index=True
    ).sort_values(["wave", "respondent"], kind="stable", ignore_index=True)


def _arms(seed: int, truth: Truth) -> list[tuple[str, str]]:
    roster = sites(seed, truth)
    return list(zip(roster["site"], roster["arm"], strict=True))


def _team(seed: int, truth: Truth, site: str, growth: tuple[float, ...]) -> pd.DataFrame:
    present = _attendance(seed, site, len(truth.cuts))
    base = truth.capability.base + truth.capability.team_sd * float(
        stream(seed, "capability", "team", site).standard_normal()
    )
    answers = [
        _answers(seed, truth, site, person, wave, base + growth[wave])
        for person, waves in enumerate(present)
        for wave in waves
    ]
    who = [(person, wave) for person, waves in enumerate(present) for wave in waves]
    frame = pd.DataFrame(
        {
            "respondent": [f"{site}-T{person + 1:02d}" for person, _ in who],
            "site": site,
            "role": [ROLES[person % len(ROLES)] for person, _ in who],
            "wave": [wave for _, wave in who],
            "instrument": "musiq",
        }
    )
    items = pd.DataFrame(np.array(answers), columns=list(ITEMS)).astype("Int64")
    return pd.concat([frame, items], axis=1)


def _attendance(seed: int, site: str, waves: int) -> list[list[int]]:
    """List the waves at which each person of a team answers: a core, one who leaves, one who joins later."""
    u = stream(seed, "capability", "attendance", site).random(10 + waves * 10)
    core = 4 + int(u[0] * 4)
    skip = u[10:].reshape(10, waves)
    people = [
        [wave for wave in range(waves) if person < 4 or skip[person, wave] >= SKIPS_A_WAVE]
        for person in range(core)
    ]
    people.append([0])
    people.append(list(range(1, waves)))
    return people


def _answers(seed: int, truth: Truth, site: str, person: int, wave: int, mean: float) -> Floats:
    spread = truth.capability
    own = float(stream(seed, "capability", "person", site, person).standard_normal())
    draws = stream(seed, "capability", "answers", site, person, wave)
    occasion = float(draws.standard_normal())
    noise = draws.standard_normal(len(ITEMS))
    gone = draws.random(len(ITEMS)) < spread.missing
    difficulty = stream(seed, "capability", "items").standard_normal(len(ITEMS))
    centred = spread.item_sd * (difficulty - difficulty.mean())
    latent = mean + spread.person_sd * own + spread.occasion_sd * occasion + centred + spread.noise_sd * noise
    return np.where(gone, np.nan, np.clip(np.floor(latent + 0.5), 1, 7))


def coaching(seed: int, truth: Truth = DEMO) -> pd.DataFrame:
    """Draw the coaching log of the coached sites from the end of the first window to the last cut.

    An introduction closes the first window; then contacts are planned twice a month. One in ten is not held
    and lasts no minutes. A toolkit step has a row when it is reached, in order from 1 to 12.

    Returns
    -------
    DataFrame
        site, date, kind (contact, step), step (1 to 12, of steps), minutes and held (of contacts).
    """
    start = date.fromisoformat(truth.cuts[1][0])
    introduced = date.fromisoformat(truth.cuts[0][1]) - timedelta(days=INTRODUCED_BEFORE)
    coached = [site for site, arm in _arms(seed, truth) if arm == COACHED]
    return contacts_and_steps(seed, dict.fromkeys(coached, (introduced, start)), truth.cuts[-1][1])


def contacts_and_steps(seed: int, starts: Mapping[str, tuple[date, date]], last: str) -> pd.DataFrame:
    """Draw the coaching log of sites from their introduction and first day of coaching to a last day."""
    end = date.fromisoformat(last)
    log = pd.concat(
        [
            part
            for site, (introduced, start) in starts.items()
            for part in (_contacts(seed, site, introduced, start, end), _steps(seed, site, start, end))
        ],
        ignore_index=True,
    ).astype({"step": "Int64", "minutes": "Int64", "held": "boolean"})
    return log.sort_values(["date", "site", "kind"], kind="stable", ignore_index=True)


def _contacts(seed: int, site: str, introduced: date, start: date, end: date) -> pd.DataFrame:
    months = pd.period_range(start, end, freq="M")
    planned = [introduced]
    planned += [date(month.year, month.month, day) for month in months for day in CONTACT_DAYS]
    n = len(planned)
    draws = stream(seed, "coaching", "contacts", site)
    shift = np.floor(draws.random(n) * 7).astype(int) - 3
    held = draws.random(n) < HELD
    minutes = 30 + 5 * np.floor(draws.random(n) * 10).astype(int)
    days = [day + timedelta(days=int(by)) for day, by in zip(planned, shift, strict=True)]
    return pd.DataFrame(
        {
            "site": site,
            "date": [day.isoformat() for day in days],
            "kind": "contact",
            "step": pd.array([pd.NA] * n, dtype="Int64"),
            "minutes": pd.array(np.where(held, minutes, 0), dtype="Int64"),
            "held": pd.array(held, dtype="boolean"),
        }
    )


def _steps(seed: int, site: str, start: date, end: date) -> pd.DataFrame:
    draws = stream(seed, "coaching", "steps", site)
    pace = np.exp(0.25 * draws.standard_normal())
    days = 7 + np.floor(MEDIAN_STEP_DAYS * pace * np.exp(0.4 * draws.standard_normal(STEPS)) * 0.75)
    reached = [start + timedelta(days=int(total)) for total in days.cumsum()]
    kept = [day for day in reached if day <= end]
    return pd.DataFrame(
        {
            "site": site,
            "date": [day.isoformat() for day in kept],
            "kind": "step",
            "step": pd.array(range(1, len(kept) + 1), dtype="Int64"),
            "minutes": pd.array([pd.NA] * len(kept), dtype="Int64"),
            "held": pd.array([pd.NA] * len(kept), dtype="boolean"),
        }
    )
