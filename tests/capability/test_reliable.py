"""Reliable change by hand and against Jacobson and Truax's own numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from qieval.capability import Instrument, answers_at, compare, reliable_change
from qieval.results import Quantity


def people(before: list[float], after: list[float], **words: object) -> object:
    ids = range(len(before))
    quantity = Quantity(name="x", label="X", **words)  # type: ignore[arg-type]
    frames = (pd.DataFrame({"id": ids, "total": values}) for values in (before, after))
    return compare(*frames, by="id", quantity=quantity)


def test_the_limit_is_jacobson_and_truaxs() -> None:
    before = 40 + 7.5 * np.array([-1.0, 0, 1])  # SD 7.5
    found = reliable_change(people(list(before), list(before + np.array([15, 0, -15]))), reliability=0.80)  # type: ignore[arg-type]
    assert found.sem == pytest.approx(3.35410196624968, rel=1e-9)  # Jacobson & Truax 1991, printed 3.35
    assert found.s_diff == pytest.approx(4.74341649025257, rel=1e-9)  # printed 4.74
    assert 15 / found.s_diff == pytest.approx(3.16227766016838, rel=1e-9)  # their RCI, printed 3.16
    assert (found.improved, found.unchanged, found.worse, found.responders) == (1, 1, 1, None)
    other = reliable_change(people(list(before), list(before)), reliability=0.88)  # type: ignore[arg-type]
    assert other.mdc == pytest.approx(7.20149984378254, rel=1e-9)  # R


def test_better_may_be_lower_and_a_change_that_matters_makes_responders() -> None:
    change = people([10, 20, 30, 40], [5, 17, 31, 40], better="lower", mcid=3.0)
    found = reliable_change(change, reliability=0.99)  # type: ignore[arg-type]
    assert (found.improved, found.worse, found.responders) == (1, 0, 2)
    assert found.tidy()["estimate"].tolist() == [0.25, 0.75, 0, 0.5]


def test_without_a_reliability_nobody_is_sorted() -> None:
    found = reliable_change(people([1, 2, 3], [2, 3, 4]))  # type: ignore[arg-type]
    assert (found.source, found.improved + found.unchanged + found.worse) == ("no reliability is known", 0)
    assert found.expected is None


def test_moves_by_error_alone_keep_the_people_and_follow_the_bivariate_normal(
    repo: Path, reference: Path
) -> None:
    musiq = Instrument.read(repo / "params" / "instruments" / "musiq.yaml")
    answers = pd.read_csv(reference / "qi" / "capability_sim.csv")
    change = compare(*(answers_at(answers, wave=wave) for wave in (0, 2)), by="respondent", instrument=musiq)
    found = reliable_change(change)
    assert found.source == "alpha of these forms"
    np.testing.assert_allclose(found.expected.sum(axis=1), change.moves.counts.sum(axis=1), rtol=1e-12)
    before, r = change.pairs["before"].to_numpy(), found.reliability
    mean, sd = before.mean(), before.std(ddof=1)
    rng = np.random.default_rng(9)
    drawn = rng.multivariate_normal([mean, mean], sd**2 * np.array([[1, r], [r, 1]]), 400_000)
    for place in (int(before.argmin()), int(before.argmax())):  # simulated retests of two people
        like = np.abs(drawn[:, 0] - before[place]) < 1
        share = (drawn[like, 1] >= 80).mean()
        centre = mean + r * (before[place] - mean)
        assert norm.sf((80 - centre) / (sd * np.sqrt(1 - r**2))) == pytest.approx(share, abs=0.03)
    middle = (before >= 80) & (before < 120)
    above = norm.sf((120 - mean - r * (before - mean)) / (sd * np.sqrt(1 - r**2)))
    assert found.expected[3, 4] == pytest.approx(above[middle].sum(), rel=1e-9)
