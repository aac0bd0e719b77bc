from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.trial.cr2 import robust_linear_model
from qieval.trial.gee import gee

SMALL = {"outcome": "y", "arm": "arm", "cluster": "cluster"}


def trial(first: int, second: int) -> pd.DataFrame:
    """Clusters of four rows, so many in each arm."""
    rng = np.random.default_rng(11)
    clusters = first + second
    cluster = np.repeat(np.arange(clusters), 4)
    y = rng.normal(size=clusters)[cluster] + rng.normal(size=4 * clusters)
    return pd.DataFrame({"cluster": cluster, "arm": cluster >= first, "y": y})


def test_a_coefficient_that_one_cluster_settles_has_no_standard_error() -> None:
    fit = robust_linear_model(trial(1, 4), **SMALL, correction="cr0")
    intercept = fit.coefficients[0]
    assert math.isfinite(intercept.estimate)
    assert math.isnan(intercept.se)
    assert math.isnan(intercept.p_value)
    assert any("standard error is zero" in note for note in intercept.notes)
    assert fit.estimate.se > 0
    assert any("An arm has one cluster" in note for note in fit.estimate.notes)


@pytest.mark.parametrize(
    ("correction", "enough"),
    [("mancl-derouen", 3), ("fay-graubard", 4), ("kauermann-carroll", 6), ("none", 20)],
)
def test_too_few_clusters_for_a_correction_are_said(correction, enough) -> None:
    named = {**SMALL, "correlation": "independence", "correction": correction}
    said = "tends to reject too often"
    assert any(said in note for note in gee(trial(enough - 1, enough), **named).estimate.notes)
    assert not any(said in note for note in gee(trial(enough, enough), **named).estimate.notes)


def test_the_first_row_is_the_arm_and_corrections_keep_their_order() -> None:
    fit = gee(trial(5, 5), **SMALL)
    assert fit.estimate is fit.coefficients[1]
    assert fit.tidy()["term"].tolist() == ["True - False", "intercept"]
    assert [row.method.removeprefix("gee-") for row in fit.corrections] == [
        "gee",
        "kauermann-carroll",
        "kauermann-carroll-symmetrised",
        "mancl-derouen",
        "fay-graubard",
    ]
    assert fit.corrections[0].se == fit.estimate.se
    assert fit.corrections[0].se < fit.corrections[1].se < fit.corrections[3].se


def test_strata_with_one_cluster_of_a_kind_name_the_cluster() -> None:
    rows = trial(4, 4).assign(region=lambda d: np.where(d["cluster"] == 6, "alone", "together"))
    with pytest.raises(DesignError, match="Cluster 6 determines a coefficient alone"):
        robust_linear_model(rows, **SMALL, stratum="region")
