"""Scales averaged over teams, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from qieval.capability import Instrument, received, score


@pytest.fixture
def rows(repo: Path) -> tuple[pd.DataFrame, Instrument]:
    form = Instrument.read(repo / "params" / "instruments" / "aim-iam-fim.yaml")
    drawn = np.random.default_rng(3).integers(1, 6, (9, len(form.item_ids))).astype(float)
    drawn[0, :2] = np.nan  # one more than may be missing of four
    return pd.DataFrame(drawn, columns=form.item_ids).assign(team=list("aaabbbccc")), form


def test_a_scale_is_the_mean_of_its_teams_means(rows: tuple[pd.DataFrame, Instrument]) -> None:
    frame, form = rows
    aim, iam, _ = received([score(frame, form)], team="team").scales
    own = frame[["iam1", "iam2", "iam3", "iam4"]].mean(axis=1)
    theirs = ttest_1samp(own.groupby(frame["team"]).mean(), 0)
    assert (iam.mean.method, iam.mean.df, iam.people) == ("team-means-t", 2, 9)
    assert iam.mean.statistic == pytest.approx(theirs.statistic, rel=1e-9)
    assert iam.mean.ci_low == pytest.approx(theirs.confidence_interval().low, rel=1e-9)
    assert iam.above == (own > 3).sum()
    assert (aim.label, aim.low, aim.high, aim.people) == ("Acceptability", 1, 5, 8)


def test_one_team_is_its_people_and_a_form_without_subscales_its_total(
    rows: tuple[pd.DataFrame, Instrument], repo: Path
) -> None:
    frame, form = rows
    found = received([score(frame.iloc[3:6], form)], team="team").tidy()
    assert found["method"].tolist() == ["mean-t"] * 3
    sus = Instrument.read(repo / "params" / "instruments" / "passport.yaml")
    short = pd.DataFrame(3, range(4), sus.item_ids).assign(team=list("aabb"))
    assert received([score(short, sus)], team="team").tidy()["term"].tolist() == ["Skill"]
