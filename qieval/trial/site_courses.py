"""Each site's course over time as one row of numbers: means, own slope, and changes at a common start."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from qieval.errors import DesignError
from qieval.stats.columns import Floats, cluster_codes, listed, require
from qieval.trial.interrupted import FEWEST, Shocks, read_course, segments

Courses: TypeAlias = Mapping[Hashable, tuple[Floats, Floats]]


def site_courses(
    data: pd.DataFrame, *, value: str, period: str, cluster: str, owner: str
) -> dict[Hashable, tuple[Floats, Floats]]:
    """Give each site's periods and values, in the order of sites."""
    require(data, [value, period, cluster], owner=owner)
    codes, labels = cluster_codes(data[cluster])
    return {
        label: read_course(data[codes == place], value=value, period=period, owner=owner)
        for place, label in enumerate(labels)
    }


def of_sites(data: pd.DataFrame, cluster: str, column: str, names: Sequence[Hashable]) -> pd.Series[Any]:
    """Give what is constant within sites, in the order of `names`."""
    distinct = data[[cluster, column]].drop_duplicates()
    again = distinct.loc[distinct[cluster].duplicated(), cluster]
    if len(again):
        raise DesignError(f"Column {column!r} differs within site(s) {listed(again.unique())}.")
    return distinct.set_index(cluster)[column].reindex(pd.Index(names)).reset_index(drop=True)


def site_changes(
    courses: Courses,
    *,
    start: float,
    phase_in: int = 0,
    season: int | None = None,
    shocks: Shocks | None = None,
) -> pd.DataFrame:
    """One row a site: how many periods, means before and after, and the changes."""
    rows = []
    for name, (time, seen) in courses.items():
        before, after = time < start, time >= start + phase_in
        mean_before, mean_after = float(seen[before].mean()), float(seen[after].mean())
        design = segments(time, start + phase_in, season=season, shocks=shocks or {}, fitted=before | after)
        rows.append(
            {
                "cluster": name,
                "before": int(before.sum()),
                "after": int(after.sum()),
                "mean_before": mean_before,
                "mean_after": mean_after,
                "trend": _slope(time[before], seen[before]),
                "mean": mean_after - mean_before,
                **_own_course(design[before | after], seen[before | after], design[after]),
            }
        )
    return pd.DataFrame(rows)


def _slope(time: Floats, seen: Floats) -> float:
    centred = time - time.mean()
    return float(centred @ seen / (centred @ centred)) if len(time) >= FEWEST else math.nan


def _own_course(design: Floats, seen: Floats, after: Floats) -> dict[str, float]:
    """Step, change of slope and mean difference from the earlier course; NaN where it cannot be told."""
    terms = design.shape[1]
    if len(seen) <= terms or np.linalg.matrix_rank(design) < terms:
        return dict.fromkeys(("average", "level", "slope"), math.nan)
    coefficients = np.linalg.lstsq(design, seen, rcond=None)[0]
    step, slope = (float(each) for each in coefficients[2:4])
    return {"average": float((after[:, 2:4] @ coefficients[2:4]).mean()), "level": step, "slope": slope}


def reliability_before(courses: Courses, start: float) -> float:
    """Share of the variance of sites' means before the start that lies between sites; NaN for one period."""
    parts = [seen[time < start] for time, seen in courses.values()]
    spare = sum(len(part) - 1 for part in parts)
    if not spare:
        return math.nan
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts) / spare
    total = float(np.var([part.mean() for part in parts], ddof=1))
    noise = within * float(np.mean([1 / len(part) for part in parts]))
    return min(1.0, max(0.0, 1 - noise / total)) if total > 0 else 0.0
