"""What the sites' monthly measures show: a numerator and a denominator for each stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.simulate.participants import GROUP_SHARES, GROUPS
from qieval.simulate.roster import site_codes, sizes
from qieval.simulate.streams import bounded, poisson, stream
from qieval.simulate.truth import DEMO, Truth

ELIGIBLE_A_MONTH = 0.12
MOST_ELIGIBLE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureTruth:
    """How one measure is made: a level that stays the same over time.

    Attributes
    ----------
    base : float
        Proportion met in the largest group.
    site_sd : float
        Standard deviation of sites, as a proportion.
    gaps : tuple of float
        What each of `GROUPS` lies above (or below) the base.
    """

    base: float
    site_sd: float
    gaps: tuple[float, ...]


MEASURES = {
    "screening": MeasureTruth(base=0.68, site_sd=0.05, gaps=(0.0, -0.08, -0.10, -0.03)),
    "follow_up": MeasureTruth(base=0.60, site_sd=0.06, gaps=(0.0, -0.04, -0.05, 0.0)),
}


def measures(seed: int, truth: Truth = DEMO) -> pd.DataFrame:
    """Draw the monthly measures from the first to the last day of the study, by race and ethnicity.

    Rows without anybody eligible are left out. Numerators count uniform draws below the proportion, so that
    a level shifted at one site and month moves that site and month only.

    Returns
    -------
    DataFrame
        site, measure, period (YYYY-MM), numerator, denominator, race_ethnicity.
    """
    months = pd.period_range(truth.cuts[0][0], truth.cuts[-1][1], freq="M")
    size = sizes(seed, truth, 0)
    rows = [
        _series(seed, site, name, months, ELIGIBLE_A_MONTH * float(n))
        for site, n in zip(site_codes(truth), size, strict=True)
        for name in MEASURES
    ]
    frame = pd.concat(rows, ignore_index=True)
    frame = frame[frame["denominator"] > 0]
    return frame.sort_values(["period", "measure", "site"], kind="stable", ignore_index=True)


def _series(seed: int, site: str, name: str, months: pd.PeriodIndex, eligible: float) -> pd.DataFrame:
    truth = MEASURES[name]
    cells = len(months) * len(GROUPS)
    mean = np.tile(eligible * np.array(GROUP_SHARES), len(months))
    denominator = np.minimum(
        poisson(stream(seed, "measures", name, site, "denominator").random(cells), mean), MOST_ELIGIBLE
    )
    own = truth.site_sd * bounded(stream(seed, "measures", name, site, "level").standard_normal(1))[0]
    level = truth.base + own + np.tile(np.array(truth.gaps), len(months))
    met = stream(seed, "measures", name, site, "numerator").random((cells, MOST_ELIGIBLE)) < level[:, None]
    counted = np.arange(MOST_ELIGIBLE) < denominator[:, None]
    return pd.DataFrame(
        {
            "site": site,
            "measure": name,
            "period": np.repeat(np.array([str(month) for month in months], dtype=object), len(GROUPS)),
            "numerator": (met & counted).sum(axis=1),
            "denominator": denominator,
            "race_ethnicity": np.tile(np.array(GROUPS, dtype=object), len(months)),
        }
    )
