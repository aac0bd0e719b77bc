"""What the sites' improvement teams answer about their capability."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qieval.simulate.roster import sites
from qieval.simulate.streams import Floats, stream
from qieval.simulate.truth import DEMO, Truth

ITEMS = tuple(f"q{number:02d}" for number in range(1, 25))
ROLES = ("clinician", "nurse", "manager", "quality lead", "patient representative")
SKIPS_A_WAVE = 0.15


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
