"""What the sites' monthly measures show: care by group of patients, and what the improvement work takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qieval.simulate.participants import (
    GROUP_SHARES,
    GROUPS,
    NOT_RECORDED,
    NOT_RECORDED_SHARES,
    UNRECORDED,
)
from qieval.simulate.roster import site_codes, sizes
from qieval.simulate.streams import Ints, bounded, pick, poisson, stream
from qieval.simulate.truth import DEMO, MeasureTruth, Truth

ELIGIBLE_A_MONTH = 0.12
MOST_ELIGIBLE = 60
FIFTHS = 5
PLANNED_HOURS = 12
COLUMNS = (
    "site",
    "measure",
    "period",
    "numerator",
    "denominator",
    "planned",
    "race_ethnicity",
    "deprivation",
)


def measures(seed: int, truth: Truth = DEMO, *, since: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Draw the monthly measures from the first to the last day of the study.

    Each eligible patient meets a measure if a uniform draw lies below the proportion, so that a level shifted
    at one site and month moves that site and month only.

    Parameters
    ----------
    seed : int
        Seed of the study.
    truth : Truth
        What is true.
    since : mapping of str to str, optional
        Coached sites with the month (YYYY-MM) from which their measures are shifted, if they are.

    Returns
    -------
    DataFrame
        site, measure, period (YYYY-MM), numerator, denominator, planned (hours, of ``data_hours`` only),
        race_ethnicity, deprivation (fifth, 1 the most deprived; of measures told by it). Rows without anybody
        eligible are left out.
    """
    months = pd.period_range(truth.cuts[0][0], truth.cuts[-1][1], freq="M").astype(str).to_numpy(dtype=object)
    size = ELIGIBLE_A_MONTH * sizes(seed, truth, 0)
    shifted = since or {}
    rows = [
        _of_patients(seed, truth, site, name, months, float(n), shifted.get(site, "never"))
        for site, n in zip(site_codes(truth), size, strict=True)
        for name in truth.measures
    ]
    rows += [_of_teams(seed, site, months) for site in shifted]
    frame = pd.concat(rows, ignore_index=True)
    hours = pd.Series(PLANNED_HOURS, index=frame.index, dtype="Int64")
    frame = frame.assign(planned=hours.where(frame["measure"] == "data_hours"))[list(COLUMNS)]
    return frame.sort_values(["period", "measure", "site"], kind="stable", ignore_index=True)


def _of_patients(
    seed: int, truth: Truth, site: str, name: str, months: np.ndarray, eligible: float, since: str
) -> pd.DataFrame:
    """Count who met a measure, by site, month and group; every month of a site has one draw a patient."""
    measure, shape = truth.measures[name], (len(months), MOST_ELIGIBLE)

    def drawn(concern: str) -> np.ndarray:
        return stream(seed, "measures", name, site, concern).random(shape).ravel()

    group, fifth = pick(drawn("group"), np.array(GROUP_SHARES)), (FIFTHS * drawn("deprivation")).astype(int)
    wave = np.repeat(_waves(truth, months), MOST_ELIGIBLE)
    here = stream(seed, "measures", name, site, "denominator").random(len(months))
    count = np.repeat(poisson(here, np.full(len(months), eligible)), MOST_ELIGIBLE)
    level = _site_level(seed, measure, site, name) + np.array(measure.gaps)[wave, group]
    level = level + measure.shift * np.repeat(months >= since, MOST_ELIGIBLE)
    level = level + (measure.gradient or 0.0) * (fifth - FIFTHS // 2)
    why = pick(drawn("reason"), np.array(NOT_RECORDED_SHARES))
    lost = drawn("recorded") < np.array(UNRECORDED)[wave]
    told = np.where(lost, np.array(NOT_RECORDED, dtype=object)[why], np.array(GROUPS, dtype=object)[group])
    people = pd.DataFrame(
        {
            "period": np.repeat(months, MOST_ELIGIBLE),
            "race_ethnicity": told,
            "deprivation": "" if measure.gradient is None else (fifth + 1).astype(str),
            "met": drawn("numerator") < level,
        }
    )[np.tile(np.arange(MOST_ELIGIBLE), len(months)) < count]
    counted = people.groupby(["period", "race_ethnicity", "deprivation"])["met"].agg(["sum", "size"])
    counted = counted.rename(columns={"sum": "numerator", "size": "denominator"}).reset_index()
    return counted.assign(site=site, measure=name)


def _site_level(seed: int, measure: MeasureTruth, site: str, name: str) -> float:
    own = bounded(stream(seed, "measures", name, site, "level").standard_normal(1))[0]
    return float(
        measure.base + measure.site_sd * own + (measure.outlying_by if site == measure.outlying else 0.0)
    )


def _waves(truth: Truth, months: np.ndarray) -> Ints:
    """Number of each month's wave, counted from 0."""
    firsts = np.array([first[:7] for first, _ in truth.cuts], dtype=object)
    return np.array([(firsts <= month).sum() - 1 for month in months], dtype=np.int64)


def _of_teams(seed: int, site: str, months: np.ndarray) -> pd.DataFrame:
    """Draw what a coached site's team counts: pauses and takeaways a meeting, hours beside those planned."""
    n = len(months)
    meetings = 2 + pick(stream(seed, "measures", site, "meetings").random(n), np.array([0.4, 0.4, 0.2]))
    drawn = {
        name: stream(seed, "measures", site, name).random(n) for name in ("pauses", "takeaways", "hours")
    }
    counted = {
        "equity_pauses": (poisson(drawn["pauses"], np.multiply(0.7, meetings, dtype=np.float64)), meetings),
        "takeaways": (poisson(drawn["takeaways"], np.multiply(1.8, meetings, dtype=np.float64)), meetings),
        "data_hours": (PLANNED_HOURS - 4 + np.floor(10 * drawn["hours"]).astype(int), np.ones(n, dtype=int)),
    }
    rows = [
        pd.DataFrame({"site": site, "measure": name, "period": months, "numerator": top, "denominator": base})
        for name, (top, base) in counted.items()
    ]
    return pd.concat(rows, ignore_index=True).assign(race_ethnicity="", deprivation="")
