"""Every method on trials that break methods: a right answer, or a refusal by name with a reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import QievalError
from qieval.results import Estimate
from qieval.trial import (
    cluster_summary,
    estimate,
    gee,
    geometric_ratio,
    glmm,
    mixed_model,
    permutation_test,
    repeated_waves,
    robust_linear_model,
    stepped_wedge,
    wild_bootstrap,
    win_probability,
)

NAMED: dict[str, Any] = {"outcome": "y", "arm": "arm", "cluster": "site"}
OPEN_ENDED = {"permutation", "wild-bootstrap", "site-changes-permutation"}
Rows = Callable[[pd.DataFrame], tuple[Estimate, ...]]


def one(method: Callable[..., Any], **more: Any) -> Rows:
    """Call a method, and give its one estimate."""

    def run(data: pd.DataFrame) -> tuple[Estimate, ...]:
        found = method(data, **NAMED, **more)
        return (found if isinstance(found, Estimate) else found.estimate,)

    return run


def ladder(data: pd.DataFrame, family: str) -> tuple[Estimate, ...]:
    found = estimate(data, **NAMED, family=family, draws=200)
    return (*found.ladder, *found.ratios)


MEANS: dict[str, Rows] = {
    "t": one(cluster_summary),
    "t by size": one(cluster_summary, weights="size"),
    "t by inverse variance": one(cluster_summary, weights="inverse-variance"),
    "two stages": one(cluster_summary, covariates=["x"]),
    "permutation": one(permutation_test, draws=200),
    "Kenward-Roger": one(mixed_model),
    "Satterthwaite": one(mixed_model, df="satterthwaite"),
    "GEE": one(gee),
    "GEE Mancl-DeRouen": one(gee, correction="mancl-derouen"),
    "GEE Kauermann-Carroll": one(gee, correction="kauermann-carroll"),
    "GEE Fay-Graubard": one(gee, correction="fay-graubard"),
    "CR2": one(robust_linear_model),
    "wild bootstrap": one(wild_bootstrap, draws=200),
    "mid-ranks": one(win_probability),
    "geometric means": one(geometric_ratio),
    "ladder": partial(ladder, family="gaussian"),
}
EVENTS: dict[str, Rows] = {
    "risk difference": one(cluster_summary, family="binomial"),
    "risk ratio": one(cluster_summary, family="binomial", effect="ratio"),
    "rate ratio": one(cluster_summary, family="poisson", effect="ratio"),
    "permutation": one(permutation_test, draws=200),
    "Kenward-Roger": one(mixed_model),
    "GEE logit": one(gee, family="binomial"),
    "GEE log": one(gee, family="poisson", correction="mancl-derouen"),
    "GEE identity": one(gee, family="binomial", link="identity", correction="fay-graubard"),
    "logistic": one(glmm),
    "Poisson": one(glmm, family="poisson"),
    "Laplace": one(glmm, quadrature=1),
    "CR2": one(robust_linear_model),
    "wild bootstrap": one(wild_bootstrap, draws=200),
    "ladder": partial(ladder, family="binomial"),
    "ladder of rates": partial(ladder, family="poisson"),
}


def people(per_arm: tuple[int, int] = (3, 3), size: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    site = np.repeat(np.arange(sum(per_arm)), size)
    arm = np.repeat([0, 1], per_arm)[site]
    return pd.DataFrame(
        {
            "site": site,
            "arm": arm,
            "x": rng.normal(size=len(site)),
            "y": 5 + 2 * arm + rng.normal(0, 0.5, sum(per_arm))[site] + rng.normal(0, 1, len(site)),
        }
    )


def within(data: pd.DataFrame, values: Any) -> pd.DataFrame:
    """Give each site the same values, in turn, above what its arm adds."""
    return data.assign(y=np.resize(values, len(data)) + 2 * data["arm"])


SHAPES: dict[str, pd.DataFrame] = {
    "one cluster in an arm": people((3, 1)),
    "two clusters in all": people((1, 1)),
    "singletons alone": people(size=1),
    "a singleton": people().iloc[5:],
    "a cluster all missing": people((4, 3)).assign(y=lambda rows: rows["y"].where(rows["site"] != 1)),
    "an arm all missing": people().assign(y=lambda rows: rows["y"].where(rows["arm"] == 1)),
    "nothing varies between clusters": within(people(), [4.0, 5.0, 6.0, 4.0, 5.0, 6.0]),
    "nothing varies within clusters": people().assign(y=lambda rows: rows["site"] ** 2.0 + 1),
    "nothing varies within arms": people().assign(y=lambda rows: 3.0 + rows["arm"]),
    "nothing varies": people().assign(y=3.0),
}
EVENT_SHAPES: dict[str, pd.DataFrame] = {
    "one cluster in an arm": people((3, 1)).assign(y=lambda rows: (rows["x"] > 0).astype(float)),
    "two clusters in all": people((1, 1)).assign(y=lambda rows: (rows["x"] > 0).astype(float)),
    "singletons alone": people(size=1).assign(y=[0.0, 1, 0, 1, 1, 0]),
    "a cluster all missing": people((4, 3)).assign(
        y=lambda rows: (rows["x"] > 0).astype(float).where(rows["site"] != 1)
    ),
    "separation": people().assign(y=lambda rows: rows["arm"].astype(float)),
    "an arm without events": people().assign(
        y=lambda rows: ((rows["x"] > 0) & (rows["arm"] == 1)).astype(float)
    ),
    "one event": people().assign(y=lambda rows: (rows.index == 3).astype(float)),
    "rare events": people(size=40).assign(y=lambda rows: (rows.index % 61 == 7).astype(float)),
    "no events": people().assign(y=0.0),
    "events alone": people().assign(y=1.0),
    "nothing varies between clusters": people().assign(y=np.resize([0.0, 1.0], 36)),
    "nothing varies within clusters": people().assign(y=lambda rows: (rows["site"] % 2).astype(float)),
}


def is_right(row: Estimate) -> None:
    """A number with its error, or no number and a reason; infinity only where a test has no limits."""
    told = " ".join(row.notes)
    if math.isnan(row.estimate):
        assert told, row
        assert math.isnan(row.p_value), row
        return
    assert math.isfinite(row.estimate), row
    assert not math.isinf(row.se), row
    assert not math.isinf(row.statistic), row
    if math.isnan(row.p_value):
        assert told, row
    else:
        assert 0 <= row.p_value <= 1, row
        assert row.ci_low <= row.ci_high, row
        if row.method.removesuffix("-rademacher") not in OPEN_ENDED:
            assert math.isfinite(row.ci_low), row
            assert math.isfinite(row.ci_high), row


def certain(rows: tuple[Estimate, ...]) -> list[Estimate]:
    """Those that say that chance is unlikely."""
    return [row for row in rows if row.p_value < 0.5]


def answered_or_refused(run: Rows, data: pd.DataFrame) -> tuple[Estimate, ...]:
    before = data.copy()
    try:
        rows = run(data)
    except QievalError:
        return ()
    for row in rows:
        is_right(row)
    pd.testing.assert_frame_equal(data, before)
    return rows


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("method", MEANS)
def test_means_are_answered_or_refused_by_name(method: str, shape: str) -> None:
    rows = answered_or_refused(MEANS[method], SHAPES[shape])
    if (
        shape in ("two clusters in all", "nothing varies within arms", "nothing varies")
        and method != "two stages"
    ):
        assert not [row for row in certain(rows) if row.method != "permutation"]
    if shape == "nothing varies between clusters" and method not in (
        "mid-ranks",
        "geometric means",
        "two stages",
    ):
        for row in rows:
            if row.method not in ("win-probability", "geometric-ratio") and math.isfinite(row.estimate):
                assert row.estimate == pytest.approx(2.0, abs=1e-9)


@pytest.mark.parametrize("shape", EVENT_SHAPES)
@pytest.mark.parametrize("method", EVENTS)
def test_events_are_answered_or_refused_by_name(method: str, shape: str) -> None:
    rows = answered_or_refused(EVENTS[method], EVENT_SHAPES[shape])
    if shape in ("two clusters in all", "no events", "events alone"):
        assert not certain(rows)


def periods(starts: tuple[float, ...] = (2, 3, 4, math.nan), size: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    site = np.repeat(np.arange(len(starts)), 4 * size)
    period = np.tile(np.repeat(np.arange(1, 5), size), len(starts))
    start = np.array(starts)[site]
    return pd.DataFrame(
        {
            "site": site,
            "arm": (site >= len(starts) // 2).astype(int),
            "period": period,
            "start": start,
            "y": rng.normal(0, 0.5, len(starts))[site] + rng.normal(0, 1, len(site)) + (period >= start),
        }
    )


WEDGED: dict[str, pd.DataFrame] = {
    "two clusters in all": periods((2, 4)),
    "one cluster": periods((2,)),
    "nobody starts": periods((math.nan,) * 4),
    "all start at once": periods((2, 2, 2, 2)),
    "a period without one arm": periods().query("period != 3 or site > 1"),
    "an empty cell": periods().query("period != 2 or site != 1"),
    "one row in each cell": periods(size=1),
    "a cluster all missing": periods().assign(y=lambda rows: rows["y"].where(rows["site"] != 1)),
    "one period": periods().query("period == 3"),
    "nothing varies within cells": periods().assign(y=lambda rows: rows["site"] * 1.0 + rows["period"] ** 2),
    "nothing varies": periods().assign(y=1.0),
    "rare events": periods(size=20).assign(y=lambda rows: (rows.index % 71 == 5).astype(float)),
    "no events": periods().assign(y=0.0),
}
BY_START: dict[str, Any] = {"outcome": "y", "cluster": "site", "start": "start", "period": "period"}
IN_STEPS: dict[str, Rows] = {
    "stepped wedge": lambda data: stepped_wedge(data, **BY_START, draws=200).ladder,
    "stepped wedge, people again": lambda data: stepped_wedge(
        data.assign(who=data["site"]), **BY_START, participant="who", draws=200
    ).ladder,
    "within periods": lambda data: (cluster_summary(data, **BY_START).estimate,),
    "exposure averaged": lambda data: (mixed_model(data, **BY_START).estimate,),
    "immediate": lambda data: (mixed_model(data, **BY_START, immediate=True).estimate,),
    "start orders": lambda data: (permutation_test(data, **BY_START, draws=200).estimate,),
    "arms by period": lambda data: (mixed_model(data, **NAMED, period="period").estimate,),
    "repeated waves": lambda data: (*(found := repeated_waves(data, **NAMED, wave="period")).ladder,
                                    *([found.divergence.estimate] if found.divergence.allowed else [])),
    "repeated waves, people again": lambda data: repeated_waves(
        data.assign(who=data["site"]), **NAMED, wave="period", participant="who"
    ).ladder,
}  # fmt: skip


@pytest.mark.parametrize("shape", WEDGED)
@pytest.mark.parametrize("method", IN_STEPS)
def test_periods_are_answered_or_refused_by_name(method: str, shape: str) -> None:
    rows = answered_or_refused(IN_STEPS[method], WEDGED[shape].reset_index(drop=True))
    if shape in ("one cluster", "nothing varies", "no events"):
        assert not certain(rows)
