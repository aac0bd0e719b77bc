"""Items against plain pandas and SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, ttest_rel

from qieval.capability import Instrument, answers_at, importance_gaps, item_changes, score, team_items


@pytest.fixture(scope="module")
def waves(repo: Path, reference: Path):
    musiq = Instrument.read(repo / "params" / "instruments" / "musiq.yaml")
    answers = pd.read_csv(reference / "qi" / "capability_sim.csv")
    return [score(answers_at(answers, wave=wave), musiq) for wave in (0, 2)], answers


def test_changes_are_paired_t_tests_with_benjamini_and_hochberg(waves) -> None:
    (before, after), answers = waves
    found = item_changes(before, after, by="respondent")
    wide = answers.pivot_table(index="respondent", columns="wave", values=["q01", "q24"])
    for item, each in (("q01", found[0]), ("q24", found[-1])):
        pairs = wide[item].dropna(subset=[0, 2])
        assert each.change.p_value == pytest.approx(ttest_rel(pairs[2], pairs[0]).pvalue, rel=1e-9)
        assert each.change.n == len(pairs)
    corrected = false_discovery_control([each.change.p_value for each in found])
    assert [each.adjusted_p for each in found] == pytest.approx(corrected.tolist(), rel=1e-9)


def test_answers_are_counted_about_the_middle(waves) -> None:
    (before, after), answers = waves
    first = answers[answers["wave"] == 0]["q01"]
    each = item_changes(before, after, by="respondent")[0]
    assert each.before == ((first < 4).sum(), (first == 4).sum(), (first > 4).sum())


def test_team_means_are_those_of_pandas(waves) -> None:
    (before, _), answers = waves
    means, counts = team_items(before, team="team")
    plain = answers[answers["wave"] == 0].groupby("team")["q05"]
    np.testing.assert_allclose(means.loc["q05"], plain.mean(), rtol=1e-12)
    assert counts.loc["q05"].tolist() == plain.count().tolist()


def test_importance_is_set_against_skill(repo: Path) -> None:
    guide = Instrument.read(repo / "params" / "instruments" / "self-assessment.yaml")
    rows = pd.DataFrame(
        [[2] * 8 + [5] * 8, [3] * 8 + [4] * 8, [1] * 8 + [np.nan] * 8], columns=guide.item_ids
    )
    label, skill, importance, gap = importance_gaps(score(rows, guide))[0]
    assert (label, skill, importance, gap.estimate, gap.n) == ("Setting an aim", 2.5, 4.5, 2, 2)
    passport = Instrument.read(repo / "params" / "instruments" / "passport.yaml")
    assert importance_gaps(score(pd.DataFrame([[1] * 4], columns=passport.item_ids), passport)) == ()
