"""Mixed models of stepped wedges beside lme4, lmerTest and pbkrtest (tests/reference/crt/wedge.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.results import Estimate
from qieval.trial import mixed_model
from qieval.trial.exposure import fit_wedge
from qieval.trial.wedge import read_wedge

ESTIMATE, SE, DF = 1e-6, 1e-6, 1e-5  # as far as lme4's optimiser is followed
DESIGN: dict[str, Any] = {"cluster": "cluster", "start": "start", "period": "period"}


@pytest.fixture(scope="module")
def wedge(reference: Path) -> pd.DataFrame:
    """Nine clusters over six periods, one without a start, one cell without rows."""
    return pd.read_csv(reference / "crt" / "wedge.csv")


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict[str, Any]:
    return json.loads((reference / "crt" / "wedge.json").read_text(encoding="utf-8"))


def xpert(outside: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Cells, people, and the values."""
    cells = pd.read_csv(outside / "crt" / "data" / "xpert_stepped_wedge.csv")
    cells["start"] = cells["cluster"].map(cells[cells["treat"] == 1].groupby("cluster")["period"].min())
    people = cells.loc[cells.index.repeat(cells["n"])].reset_index(drop=True)
    people["y"] = (people.groupby(["cluster", "period"]).cumcount() < people["events"]).astype(int)
    return cells, people, json.loads((outside / "crt" / "xpert_sw.json").read_text(encoding="utf-8"))


def hussey_hughes(data: pd.DataFrame, outcome: str, df: Any, *, cluster: str = "cluster") -> Estimate:
    read = read_wedge(data, outcome=outcome, cluster=cluster, start="start", period="period", owner="test")
    return fit_wedge(read, nested=False, immediate=True, df=df, level=0.95).contrasts[0]


def compare(kr: Estimate, lean: Estimate, theirs: dict[str, Any]) -> None:
    assert kr.estimate == pytest.approx(theirs["estimate"], rel=ESTIMATE)
    assert kr.se == pytest.approx(theirs["kr_se"], rel=SE)
    assert kr.df == pytest.approx(theirs["kr_df"], rel=DF)
    assert lean.se == pytest.approx(theirs["se"], rel=SE)
    assert lean.df == pytest.approx(
        theirs["satterthwaite_df"], rel=1e-4
    )  # lmerTest differentiates numerically


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("nested_exchangeable", {"immediate": True}),
        ("nested_exchangeable_age", {"immediate": True, "covariates": ["age"]}),
        ("averaged", {}),
        ("averaged_age", {"covariates": ["age"]}),
    ],
)
def test_cluster_and_period_as_random_match_r(wedge, expected, name, options) -> None:
    fits = [
        mixed_model(wedge, outcome="y", **DESIGN, **options, df=df).estimate
        for df in ("kenward-roger", "satterthwaite")
    ]
    compare(*fits, expected[name])
    assert fits[0].term == "exposed - not exposed"
    assert any(("at once" if "immediate" in options else "each time since") in note for note in fits[0].notes)


def test_hussey_and_hughes_matches_r(wedge, expected) -> None:
    fits = [hussey_hughes(wedge, "y", df) for df in ("kenward-roger", "satterthwaite")]
    compare(*fits, expected["hussey_hughes"])


def test_models_of_people_are_lmer_s(outside: Path) -> None:
    _, people, expected = xpert(outside)
    nested = mixed_model(people, outcome="y", **DESIGN, immediate=True, df="satterthwaite").estimate
    plain = hussey_hughes(people, "y", "satterthwaite")
    for found, r in ((plain, expected["HH_lmm_individual"]), (nested, expected["NE_lmm_individual"])):
        assert found.estimate == pytest.approx(r["estimate"], rel=ESTIMATE)
        assert found.se == pytest.approx(r["se"], rel=SE)
        assert found.df == pytest.approx(r["df_satt"], rel=1e-4)
        assert found.p_value == pytest.approx(r["p"], rel=1e-4)
    assert nested.se == pytest.approx(0.0238620, rel=1e-6)


def test_cell_means_have_no_second_level_and_it_is_said(outside: Path) -> None:
    cells, _, expected = xpert(outside)
    found = mixed_model(cells, outcome="prop", **DESIGN, df="satterthwaite")
    theirs = expected["ETI_cellmeans"]
    assert found.estimate.estimate == pytest.approx(theirs["average_TATE"], rel=ESTIMATE)
    assert found.estimate.se == pytest.approx(theirs["se"], rel=SE)
    effects = [row.estimate for row in found.coefficients[1:8]]
    np.testing.assert_allclose(effects, list(theirs["effects"].values()), rtol=1e-6)
    assert any("One row in each" in note for note in found.estimate.notes)


def check_kr(found: Any, expected: dict[str, Any]) -> None:
    r = expected["kenward_roger"]
    assert found.estimate == pytest.approx(expected["estimate"], rel=ESTIMATE)
    assert found.se == pytest.approx(r["se"], rel=SE)
    assert found.df == pytest.approx(r["df"], rel=DF)
    assert found.p_value == pytest.approx(r["p"], rel=1e-5)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(r["ci"]), rel=1e-5)


def test_a_constrained_baseline_is_a_start_after_it(crt, values) -> None:
    waves = pd.read_csv(crt / "qic_sim.csv")
    waves["start"] = np.where(waves["arm"] == 1, 1.0, np.nan)
    found = mixed_model(
        waves, outcome="score", cluster="site", start="start", period="wave", immediate=True
    ).estimate
    check_kr(found, values["qic_sim"]["did_clda"])


def test_before_anybody_starts_and_what_cannot_be_told_is_refused(wedge) -> None:
    with pytest.raises(DesignError, match="No cluster has started"):
        mixed_model(wedge[wedge["period"] < 2], outcome="y", **DESIGN)
    # all have started in the last period, so its effect cannot be told from the period's own
    everybody = wedge[wedge["start"].notna()].assign(start=2)
    with pytest.raises(DesignError, match=r"singular: .*since the start"):
        mixed_model(everybody, outcome="y", **DESIGN)
    with pytest.raises(ArgumentError, match="takes `arm`, or `start` and `period`"):
        mixed_model(wedge, outcome="y", cluster="cluster", start="start")
