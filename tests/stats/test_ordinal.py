"""The cumulative-link mixed model against R's ordinal::clmm."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.errors import DesignError
from qieval.stats.ordinal import ordinal_mixed

# R 4.2.2, ordinal 2022.11-16: clmm(q01 ~ wave + (1 | respondent), nAGQ = 7,
# control = clmm.control(gradTol = 1e-9, grtol = 1e-9, maxIter = 1000)) on capability_sim.csv
LOG_LIKELIHOOD = -203.04120854957762
ESTIMATES = [
    -4.689914283555, -2.004232203837, -0.401569005411, 1.258684133967, 3.117767563550, 5.177010065608,
    0.634679418140,
]  # fmt: skip
ERRORS = [
    1.037684015603, 0.377623694853, 0.287958521531, 0.320952563407, 0.450486555485, 0.816948039326,
    0.209856271341,
]  # fmt: skip
SD = 0.757699745230


@pytest.fixture(scope="module")
def answered(reference: Path):
    frame = pd.read_csv(reference / "qi" / "capability_sim.csv").dropna(subset=["q01"])
    groups = pd.factorize(frame["respondent"])[0]
    return (frame["q01"] - 1).to_numpy(np.intp), frame[["wave"]].to_numpy(float), groups


def test_with_seven_nodes_it_is_clmm(answered) -> None:
    found = ordinal_mixed(*answered, names=["wave"])
    both = [*found.thresholds, *found.coefficients]
    assert found.log_likelihood == pytest.approx(LOG_LIKELIHOOD, rel=1e-12)
    assert [each.estimate for each in both] == pytest.approx(ESTIMATES, rel=1e-6)
    assert [each.se for each in both] == pytest.approx(ERRORS, rel=1e-5)
    assert found.sd == pytest.approx(SD, rel=1e-6)
    assert (both[-1].n, both[-1].n_clusters, both[-1].term) == (134, 52, "wave")


def test_with_one_node_it_is_laplace(answered, reference: Path) -> None:
    expected = json.loads((reference / "qi" / "prepost_expected.json").read_text())["clmm_q01"]
    found = ordinal_mixed(*answered, names=["wave"], points=1)
    # clmm's default stops its search early: its likelihood is lower by 2e-5 and its values move by 4e-5
    assert found.log_likelihood == pytest.approx(-203.16089025517201, rel=1e-8)  # clmm, as above, nAGQ = 1
    both = [*found.thresholds, *found.coefficients]
    assert [each.estimate for each in both] == pytest.approx(expected["est"], rel=5e-5)
    assert [each.se for each in both] == pytest.approx(expected["se"], rel=1e-4)
    assert found.sd == pytest.approx(expected["sd_respondent"], rel=1e-4)


def test_one_level_and_answers_that_separate_are_refused() -> None:
    groups = np.arange(8) // 2
    with pytest.raises(DesignError, match="at least two levels"):
        ordinal_mixed(np.zeros(8, dtype=np.intp), np.ones((8, 1)), groups, names=["x"])
    with pytest.raises(DesignError, match="each of which occurs"):
        ordinal_mixed(np.tile([0, 2], 4), np.ones((8, 1)), groups, names=["x"])
