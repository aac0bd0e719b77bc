from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import effect_figures as draw
from qieval.exhibits.core import Statement
from qieval.results import Quantity
from qieval.trial import Effect, estimate

SCORE = Quantity(name="y", label="Score", unit="points", better="higher", mcid=2)


def made(sizes: list[int], *, family: str = "gaussian") -> Effect:
    rng = np.random.default_rng(1)
    site = np.repeat(np.arange(len(sizes)), sizes)
    y = site % 2 + rng.normal(0, 1, len(sizes))[site] + rng.normal(size=len(site))
    rows = pd.DataFrame(
        {"site": site, "arm": site % 2, "y": (y > 0).astype(float) if family == "binomial" else y}
    )
    return estimate(rows, outcome="y", arm="arm", cluster="site", family=family, draws=300)


@pytest.fixture(scope="module")
def effect() -> Effect:
    return made([3, 12, 8, 9, 15, 7, 6, 20])


def check(figure) -> None:
    """Every figure is well-formed, tells its result, and can be written as JSON."""
    ET.fromstring(figure.svg)
    assert len(figure.alt) > 40
    json.dumps(figure.payload(), allow_nan=False)
    assert figure.svg == figure.svg.replace("nan", "")


def test_forest_has_a_line_for_every_method(effect) -> None:
    figure = draw.forest(effect, SCORE)
    check(figure)
    told = [row.method for row in effect.ladder if np.isfinite(row.estimate)]
    assert list(figure.frame["method"]) == told
    assert len(told) > 4
    assert "Site means, t" in figure.svg
    assert "Permutation test" in figure.alt
    assert "Dashed" in figure.caption


def test_forest_shows_an_interval_without_limits() -> None:
    figure = draw.forest(made([8, 9, 10, 11]), SCORE)
    check(figure)
    assert "unbounded" in figure.svg
    assert "interval without limits" in figure.alt


def test_forest_leaves_out_what_has_no_answer() -> None:
    figure = draw.forest(made([1] * 8), SCORE)
    check(figure)
    shown = list(figure.frame["method"])
    assert shown[0] == "cluster-t"
    assert "mixed-model-kr" not in shown


def test_small_clusters_are_neither_drawn_nor_listed(effect) -> None:
    figure = draw.clusters(effect, SCORE, suppress_below=5)
    check(figure)
    assert 0 not in figure.frame["cluster"].tolist()
    assert "Not shown: 3 with fewer than 5 participants, or needed to hide such." in figure.caption
    assert len(figure.frame) == 5, "a mean and its standard error hide three sites of an arm or none"
    everything = draw.clusters(effect, SCORE, suppress_below=0)
    assert len(everything.frame) == 8
    assert "Not shown" not in everything.caption


def test_proportions_are_drawn_as_percentages_and_kept_as_proportions() -> None:
    quantity = Quantity(name="y", label="Relapse", kind="binary", unit="proportion")
    figure = draw.clusters(made([9] * 8, family="binomial"), quantity)
    check(figure)
    assert figure.frame["mean"].max() <= 1
    assert "Relapse, %" in figure.svg


def test_the_distribution_counts_every_allocation(effect) -> None:
    figure = draw.randomisation(effect, SCORE)
    check(figure)
    frame = figure.frame
    assert frame["allocations"].sum() == len(effect.permutation.distribution) == 70
    observed = abs(effect.permutation.estimate.estimate)
    beyond = frame[(frame["low"] >= observed * (1 - 1e-6)) | (frame["high"] <= -observed * (1 - 1e-6))]
    assert beyond["allocations"].sum() / 70 == pytest.approx(effect.permutation.estimate.p_value)


def test_drawn_allocations_are_called_drawn() -> None:
    figure = draw.randomisation(made([3] * 24), SCORE)
    check(figure)
    assert "300 drawn arrangements" in figure.caption


def test_an_interim_look_has_no_distribution(effect) -> None:
    shown = draw.randomisation(effect.without_p("Not yet."), SCORE)
    assert isinstance(shown, Statement)
    assert "not before" in shown.plain()


def test_the_same_effect_gives_the_same_bytes(effect) -> None:
    for builder in (draw.forest, draw.clusters, draw.randomisation):
        assert builder(effect, SCORE).svg == builder(effect, SCORE).svg


def test_large_numbers_are_told_in_full() -> None:
    site = np.repeat(np.arange(8), 6)
    y = 12_345.0 + 500 * (site % 3) + np.tile([-9.0, 9.0], 24)
    effect = estimate(
        pd.DataFrame({"site": site, "arm": site % 2, "y": y}), outcome="y", arm="arm", cluster="site"
    )
    alt = draw.clusters(effect, Quantity(name="y", label="Cost", unit="pounds")).alt
    assert "from 12,345 to 13,345, average" in alt
