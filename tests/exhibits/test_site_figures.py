from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import site_figures as draw
from qieval.exhibits.core import Figure
from qieval.measures import funnel, shrink, standardise
from qieval.results import Quantity

SCREENED = Quantity(name="s", label="Screened", kind="binary", unit="proportion", better="higher")
DIED = Quantity(name="d", label="Died", kind="binary", unit="proportion", better="lower")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = rng.integers(20, 300, 25)
    level = np.r_[0.95, np.full(24, 0.6)]
    return pd.DataFrame({"unit": [f"S{k:02d}" for k in range(25)], "x": rng.binomial(n, level), "n": n})


COUNTS = {"unit": "unit", "numerator": "x", "denominator": "n"}


def check(figure: Figure) -> None:
    ET.fromstring(figure.svg)
    assert len(figure.alt) > 40
    json.dumps(figure.payload(), allow_nan=False)
    assert "nan" not in figure.svg.casefold()


def test_the_funnel_names_the_outlying_site(rows) -> None:
    figure = draw.funnel_figure(funnel(rows, **COUNTS), SCREENED, own="S03", of="patients")
    check(figure)
    assert "beyond the outer limits: S00" in figure.alt
    assert "S00" in figure.svg
    assert "S03" in figure.svg
    assert "S07" not in figure.svg


def test_the_caterpillar_shows_raw_and_shrunk_values_as_proportions(rows) -> None:
    found = shrink(rows, **COUNTS, draws=100)
    figure = draw.caterpillar(found, SCREENED, own="S03")
    check(figure)
    assert figure.frame["estimate"].between(0, 1).all()
    assert [row["term"] for row in figure.payload()["results"]] == rows["unit"].tolist()
    assert "S00" in figure.alt


def test_ranks_say_when_no_order_is_to_be_trusted(rows) -> None:
    alike = shrink(rows.assign(x=(0.6 * rows["n"]).round()), **COUNTS, draws=100)
    figure = draw.ranks(alike, better="higher")
    check(figure)
    assert "no order of theirs is to be trusted" in figure.alt
    assert "The best have the highest ranks." in figure.caption


def test_many_sites_are_drawn_without_names() -> None:
    rng = np.random.default_rng(1)
    many = pd.DataFrame({"unit": [f"unit{k}" for k in range(200)], "x": rng.binomial(50, 0.5, 200), "n": 50})
    figure = draw.caterpillar(shrink(many, **COUNTS, draws=10), SCREENED)
    check(figure)
    assert "unit17" not in figure.svg


def test_ratios_and_their_calibration() -> None:
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"site": rng.integers(0, 12, 2000), "age": rng.normal(0, 1, 2000)})
    people["died"] = (
        rng.random(2000) < 1 / (1 + np.exp(1 - people["age"] - 2.0 * (people["site"] == 5)))
    ).astype(int)
    people.loc[people["site"] == 7, "died"] = 0
    few = people.assign(site=people["site"].where(people.index > 2, 99))
    found = standardise(few, unit="site", outcome="died", covariates=["age"])
    figure = draw.ratios(found, DIED, suppress_below=5)
    check(figure)
    assert "5 (" in figure.alt
    assert 99 not in set(figure.frame["unit"])
    assert "99" not in {row["term"] for row in figure.payload()["results"]}
    plot = draw.calibration(found, DIED)
    check(plot)
    assert "c statistic 0." in plot.caption
