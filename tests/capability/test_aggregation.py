"""ICC(1) and ICC(2) against R."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from qieval.capability import team_agreement


def test_it_is_the_analysis_of_variance_of_r(reference: Path) -> None:
    frame = pd.read_csv(reference / "qi" / "capability_scored.csv")
    found = team_agreement(frame[frame["wave"] == 0], team="team", total="total_prorated")
    # R 4.2.2: a <- anova(lm(total_prorated ~ team)); k <- (n - sum(table(team)^2) / n) / (groups - 1)
    assert found.single.estimate == pytest.approx(0.144282925321419, rel=1e-9)
    assert found.average.estimate == pytest.approx(0.511554753170455, rel=1e-9)
    assert found.single.p_value == pytest.approx(0.0712858066866378, rel=1e-9)
    assert (found.single.n, found.single.n_clusters) == (50, 8)


def test_edges_say_why() -> None:
    one = team_agreement(pd.DataFrame({"team": ["a", "a"], "total": [1.0, 2]}), team="team")
    assert math.isnan(one.single.estimate)
    assert one.average.notes
    alike = team_agreement(pd.DataFrame({"team": list("aabb"), "total": [1.0, 1, 2, 2]}), team="team")
    assert (alike.single.estimate, alike.single.p_value) == (1, 0)
