"""What coaching the sites had, how far their teams came with the toolkit, and what they tested."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from qieval.simulate.roster import sites
from qieval.simulate.streams import Ints, stream
from qieval.simulate.truth import COACHED, DEMO, FidelityTruth, Truth

STEPS = 12
CONTACT_DAYS = (8, 22)
INTRODUCED_BEFORE = 8
MEDIAN_STEP_DAYS = 24.0
SHIFTED_AFTER = 3
RATED_EVERY, HIGHEST_RATING = 3, 5
LOG = ("site", "date", "kind", "step", "minutes", "held", "invited", "attended", "rater", "rating")
WHOLE = ("step", "minutes", "invited", "attended", "rating")
Starts = Mapping[str, tuple[date, date]]
TESTED = (
    ("pharmacist-led", "Pharmacist calls before the visit"),
    ("transport", "Rides to the clinic"),
    ("outreach", "Health worker visits at home"),
    ("adaptation", "Steps 3 and 4 of the toolkit taken together"),
    ("adaptation", "Toolkit meetings held online"),
)


def coached_from(seed: int, truth: Truth = DEMO) -> dict[str, tuple[date, date]]:
    """Each coached site with the day of its introduction and its first day of coaching."""
    start = date.fromisoformat(truth.cuts[1][0])
    introduced = date.fromisoformat(truth.cuts[0][1]) - timedelta(days=INTRODUCED_BEFORE)
    roster = sites(seed, truth)
    return dict.fromkeys(roster.loc[roster["arm"] == COACHED, "site"], (introduced, start))


def shifted_from(starts: Starts) -> dict[str, str]:
    """Month (YYYY-MM) from which the measures of each site are shifted: the fourth of its coaching."""
    return {site: str(_month(start, SHIFTED_AFTER)) for site, (_, start) in starts.items()}


def coaching(seed: int, starts: Starts, last: str, truth: FidelityTruth = DEMO.fidelity) -> pd.DataFrame:
    """Draw the coaching log of sites from their introduction to a last day.

    An introduction, then contacts planned twice a month; some are not held and last no minutes. A toolkit
    step has a row when it is reached, in order but for one pair at one site. Every three months two observers
    rate a session, a row each.

    Returns
    -------
    DataFrame
        site, date, kind (contact, step, rating), step (1 to 12, of steps), minutes, held, invited and
        attended (of contacts), rater and rating (1 to 5, of ratings).
    """
    end = date.fromisoformat(last)
    parts = []
    for place, (site, (introduced, start)) in enumerate(starts.items()):
        missed = _month(start, truth.missed[1]) if place == truth.missed[0] else None
        swapped = truth.swapped[1] if place == truth.swapped[0] else 0
        parts += [
            _contacts(seed, truth, site, introduced, start, end, missed),
            _steps(seed, site, start, end, swapped),
            _ratings(seed, truth, site, start, end),
        ]
    log = pd.concat([part.reindex(columns=list(LOG)) for part in parts], ignore_index=True)
    log = log.astype(dict.fromkeys(WHOLE, "Int64") | {"held": "boolean"})
    return log.sort_values(["date", "site", "kind"], kind="stable", ignore_index=True)


def changes(seed: int, starts: Starts, last: str) -> pd.DataFrame:
    """Draw what sites tested: site, start, stop (empty while it goes on), kind, label.

    All start to ask for race, ethnicity and language at their introduction and to offer screening at check-in
    in the month of `shifted_from`; two more tests are each site's own.
    """
    rows = []
    for site, (introduced, start) in starts.items():
        draws = stream(seed, "changes", site)
        day = introduced.isoformat()
        rows.append((site, day, "", "data collection", "Race, ethnicity and language asked at registration"))
        day = _month(start, SHIFTED_AFTER).start_time.date().isoformat()
        rows.append((site, day, "", "pathway", "Screening offered at check-in"))
        for pick in draws.permutation(len(TESTED))[:2]:
            first = start + timedelta(days=int(draws.integers(20, 240)))
            until = first + timedelta(days=int(draws.integers(30, 120)))
            ended = until.isoformat() if draws.random() < 0.5 else ""
            rows.append((site, first.isoformat(), ended, *TESTED[pick]))
    frame = pd.DataFrame(rows, columns=["site", "start", "stop", "kind", "label"])
    frame = frame[frame["start"] <= last]
    return frame.sort_values(["start", "site"], kind="stable", ignore_index=True)


def _month(start: date, after: int) -> pd.Period:
    return pd.Period(start, freq="M") + after


def _contacts(
    seed: int,
    truth: FidelityTruth,
    site: str,
    introduced: date,
    start: date,
    end: date,
    missed: pd.Period | None,
) -> pd.DataFrame:
    months = pd.period_range(start, end, freq="M")
    planned = [introduced]
    planned += [date(month.year, month.month, day) for month in months for day in CONTACT_DAYS]
    n = len(planned)
    draws = stream(seed, "coaching", "contacts", site)
    shift = np.floor(draws.random(n) * 7).astype(int) - 3
    held = draws.random(n) < truth.held
    minutes = 30 + 5 * np.floor(draws.random(n) * 10).astype(int)
    held[2::2] |= ~held[1::2]  # nobody misses a whole month by chance
    held &= np.array([missed is None or pd.Period(day, freq="M") != missed for day in planned])
    invited, attended = _present(seed, truth, site, n)
    days = [day + timedelta(days=int(by)) for day, by in zip(planned, shift, strict=True)]
    return pd.DataFrame(
        {
            "site": site,
            "date": [day.isoformat() for day in days],
            "kind": "contact",
            "minutes": np.where(held, minutes, 0),
            "held": held,
            "invited": invited,
            "attended": np.where(held, attended, 0),
        }
    )


def _present(seed: int, truth: FidelityTruth, site: str, n: int) -> tuple[Ints, Ints]:
    """How many of a team are invited to each contact, and how many come (one at least)."""
    draws = stream(seed, "coaching", "attendance", site)
    size = 4 + int(draws.random() * 4)
    came = (draws.random((n, size)) < truth.attended).sum(axis=1)
    return np.full(n, size, dtype=np.int64), np.maximum(came, 1)


def _steps(seed: int, site: str, start: date, end: date, swapped: int) -> pd.DataFrame:
    draws = stream(seed, "coaching", "steps", site)
    pace = np.exp(0.25 * draws.standard_normal())
    days = 7 + np.floor(MEDIAN_STEP_DAYS * pace * np.exp(0.4 * draws.standard_normal(STEPS)) * 0.75)
    reached = [start + timedelta(days=int(total)) for total in days.cumsum()]
    number = np.arange(1, STEPS + 1)
    if swapped:
        number[[swapped - 1, swapped]] = number[[swapped, swapped - 1]]
    kept = [(day, step) for day, step in zip(reached, number, strict=True) if day <= end]
    return pd.DataFrame(
        {
            "site": site,
            "date": [day.isoformat() for day, _ in kept],
            "kind": "step",
            "step": [step for _, step in kept],
        }
    )


def _ratings(seed: int, truth: FidelityTruth, site: str, start: date, end: date) -> pd.DataFrame:
    draws = stream(seed, "coaching", "ratings", site)
    months = pd.period_range(start, end, freq="M")[RATED_EVERY - 1 :: RATED_EVERY]
    usual = 2 + draws.random() * 2.5
    first = np.clip(np.floor(usual + draws.standard_normal(len(months)) + 0.5), 1, HIGHEST_RATING)
    away = np.where(draws.random(len(months)) < 0.5, 1, -1)
    away = np.where((first + away < 1) | (first + away > HIGHEST_RATING), -away, away)
    second = first + np.where(draws.random(len(months)) < truth.same_rating, 0, away)
    days = [date(month.year, month.month, 15).isoformat() for month in months]
    rated = {"observer-1": first, "observer-2": second}
    rows = [
        pd.DataFrame({"site": site, "date": days, "kind": "rating", "rater": rater, "rating": values})
        for rater, values in rated.items()
    ]
    return pd.concat(rows, ignore_index=True)
