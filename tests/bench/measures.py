"""Time the statistics of many charts: 1,000 sites, 60 months, 5 measures (``make bench``)."""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import pandas as pd

from qieval.measures import control_chart

SITES, MONTHS, MEASURES = 1_000, 60, 5


def rows(seed: int = 0) -> pd.DataFrame:
    """Counts of every site, measure and month."""
    rng, size = np.random.default_rng(seed), SITES * MONTHS * MEASURES
    n = 1 + rng.poisson(40, size)
    months = pd.period_range("2020-01", periods=MONTHS, freq="M").astype(str)
    return pd.DataFrame(
        {
            "site": np.repeat(np.arange(SITES), MONTHS * MEASURES),
            "measure": np.tile(np.repeat(np.arange(MEASURES), MONTHS), SITES),
            "period": np.tile(months, SITES * MEASURES),
            "met": rng.binomial(n, 0.7),
            "n": n,
        }
    )


def main() -> None:
    """Time the three commonest kinds of chart."""
    data = rows()
    for kind, rules in (("p", "anhoej"), ("pp", "anhoej"), ("i", "nhs-mdc")):
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            chart = control_chart(
                data,
                period="period",
                numerator="met",
                denominator="n",
                by=["measure", "site"],
                kind=kind,
                rules=rules,
            )
            chart.by_signal()
            taken.append(time.perf_counter() - start)
        print(f"{SITES * MEASURES:,} {kind} charts of {MONTHS} months, {rules}: {median(taken):.2f} s")  # noqa: T201
