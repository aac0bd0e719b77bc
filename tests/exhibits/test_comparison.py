from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import comparison as tell
from qieval.exhibits.core import Statement, Table
from qieval.measures import opportunity, positive_deviants, quartiles, shrink, standardise
from qieval.results import Quantity

SCREENED = Quantity(name="s", label="Screened", kind="binary", unit="proportion", better="higher")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng, n = np.random.default_rng(1), 200
    sites = [f"S{k}" for k in range(12)]
    level = np.r_[0.95, np.full(11, 0.6)]
    frames = [pd.DataFrame({"site": sites, "wave": w, "x": rng.binomial(n, level), "n": n}) for w in (0, 1)]
    return pd.concat(frames, ignore_index=True)


COUNTS = {"unit": "site", "numerator": "x", "denominator": "n"}


def test_a_positive_deviant_is_listed_with_the_key_to_what_was_said_there(rows) -> None:
    found = positive_deviants(rows, **COUNTS, period="wave", better="higher")
    talked = pd.DataFrame({"site": ["S0", "S0", "S1"]})
    table = tell.deviants(found, SCREENED, talked=talked, fewest=3)
    assert isinstance(table, Table)
    assert table.frame["unit"].tolist() == ["S0"]
    assert [row["key"] for row in table.payload()["results"]] == ["S0"]
    assert "1 to 2" in table.html()
    assert "key to what was said there" in table.notes[0]
    none = tell.deviants(
        positive_deviants(rows[rows["wave"] == 0], **COUNTS, period="wave", better="higher"),
        SCREENED, talked=talked, fewest=3,
    )  # fmt: skip
    assert isinstance(none, Statement)


def test_regression_to_the_mean_is_told_in_a_sentence(rows) -> None:
    found = positive_deviants(rows, **COUNTS, period="wave", better="higher")
    assert "regression to the mean alone foretold" in tell.regression(found).say
    first = positive_deviants(rows[rows["wave"] == 0], **COUNTS, period="wave", better="higher")
    assert "One period only" in tell.regression(first).say


def test_a_league_table_only_if_asked_for(rows) -> None:
    found = shrink(rows[rows["wave"] == 0], **COUNTS, draws=200)
    assert isinstance(tell.league(found, SCREENED, asked=False), Statement)
    table = tell.league(found, SCREENED, asked=True)
    assert table.frame["unit"].iloc[0] == "S0"
    json.dumps(table.payload(), allow_nan=False)


def test_quarters_are_of_a_benchmark_from_outside_only(rows) -> None:
    values = rows[rows["wave"] == 0].assign(v=lambda d: d["x"] / d["n"])
    found = quartiles(
        values, unit="site", value="v", others=[0.5, 0.6, 0.7, 0.8], quantile=6, better="higher"
    )
    table = tell.quartile_table(found, SCREENED, source="a register")
    assert "type 6" in table.caption
    assert "the first holds the highest" in table.caption
    assert table.notes == ["Benchmark: a register."]
    assert isinstance(tell.quartile_table(None, SCREENED), Statement)


def test_a_composite_stands_beside_its_parts_and_weights() -> None:
    data = pd.DataFrame({"site": "a", "m": ["x", "y"], "numerator": [3, 1], "denominator": [6, 2]})
    found = opportunity(data, measure="m", parts=["x", "y"], by=["site"])
    table = tell.composite_table(found, {"x": "First"})
    assert table.frame["part"].tolist() == ["First", "y"]
    assert "75" in table.html()
    assert isinstance(tell.composite_table(None, {}), Statement)


def test_the_adjusted_headline_counts_sites_off_what_is_expected() -> None:
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"site": rng.integers(0, 10, 3000), "age": rng.normal(0, 1, 3000)})
    people["died"] = (rng.random(3000) < np.where(people["site"] == 3, 0.5, 0.15)).astype(int)
    people.loc[0, "age"] = np.nan
    found = standardise(people, unit="site", outcome="died", covariates=["age"])
    said = tell.adjusted_headline(found, SCREENED, terms="Terms.").plain()
    assert "1 site above" in said
    assert "1 row." in said
    assert said.endswith("Terms.")
