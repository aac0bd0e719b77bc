"""Started clusters beside the others of the same period, against clubSandwich (reference/crt/wedge.R)."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from qieval.errors import ArgumentError, DesignError
from qieval.trial import cluster_summary, stepped_wedge

DESIGN = {"outcome": "y", "cluster": "cluster", "start": "start", "period": "period"}


@pytest.fixture(scope="module")
def wedge(crt) -> pd.DataFrame:
    return pd.read_csv(crt / "wedge.csv")


def test_the_difference_within_periods_matches_clubsandwich(wedge, values) -> None:
    found, expected = cluster_summary(wedge, **DESIGN), values["wedge"]["within_periods"]
    ours = found.estimate
    assert ours.estimate == pytest.approx(expected["estimate"], rel=1e-10)
    assert ours.se == pytest.approx(expected["se"], rel=1e-9)
    assert ours.df == pytest.approx(expected["df"], rel=1e-8)
    assert ours.p_value == pytest.approx(expected["p"], rel=1e-7)
    assert ours.estimate == pytest.approx(stepped_wedge(wedge, **DESIGN).primary.estimate, rel=1e-12)
    assert len(found.clusters) == 53
    assert list(found.clusters) == ["cluster", "period", "exposed", "n", "value", "weight"]


def test_real_cells_match_the_corrected_independence_gee(outside) -> None:
    rows = pd.read_csv(outside / "crt" / "data" / "cict_stepped_wedge.csv")
    automated = rows[rows["condition"] == "Automated CICT"].groupby("Zip")["period"].min()
    named = {"outcome": "y", "cluster": "Zip", "start": "start", "period": "period"}
    found = cluster_summary(rows.assign(start=rows["Zip"].map(automated)), **named).estimate
    expected = json.loads((outside / "crt" / "cict_sw.json").read_text(encoding="utf-8"))["gee"][
        "independence"
    ]
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert found.se == pytest.approx(expected["KC"]["se"], rel=1e-8)


def test_order_of_rows_changes_nothing(wedge) -> None:
    plain = cluster_summary(wedge, **DESIGN).estimate
    other = cluster_summary(wedge.sample(frac=1, random_state=2), **DESIGN).estimate
    assert (other.estimate, other.se, other.df) == pytest.approx(
        (plain.estimate, plain.se, plain.df), rel=1e-9
    )


def test_what_cannot_be_compared_is_refused(wedge) -> None:
    with pytest.raises(DesignError, match="No cluster has started"):
        cluster_summary(wedge[wedge["period"] < 2], **DESIGN)
    with pytest.raises(DesignError, match="settles a coefficient alone"):
        cluster_summary(wedge[wedge["cluster"].isin(["a", "i"])], **DESIGN)
    with pytest.raises(ArgumentError, match="takes no `weights`"):
        cluster_summary(wedge, **DESIGN, weights="size")
    with pytest.raises(ArgumentError, match="takes `arm`, or `start`"):
        cluster_summary(wedge, outcome="y", cluster="cluster", start="start")
