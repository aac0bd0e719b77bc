from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import chart_figures as draw
from qieval.exhibits import measures as show
from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.disclosure import withheld_points
from qieval.exhibits.site_figures import caterpillar, ranks
from qieval.measures import Chart, control_chart, shrink
from qieval.results import Quantity

SCREENED = Quantity(name="s", label="Screened", kind="binary", unit="proportion", better="higher")
MARKS = ["site", "start", "stop", "kind", "label"]
P = {"period": "month", "numerator": "x", "denominator": "n", "kind": "p"}


def monthly(
    site: str = "S1", *, n: int = 60, shift: float = 0.0, months: int = 24, seed: int = 1
) -> pd.DataFrame:
    rng, x = np.random.default_rng(seed), pd.period_range("2023-01", periods=months, freq="M").astype(str)
    level = np.where(np.arange(months) >= months // 2, 0.6 + shift, 0.6)
    return pd.DataFrame({"site": site, "month": x, "x": rng.binomial(n, level), "n": n})


def marks(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=MARKS)


def check(figure: Figure | Statement) -> Figure:
    assert isinstance(figure, Figure)
    ET.fromstring(figure.svg)
    assert len(figure.alt) > 40
    json.dumps(figure.payload(), allow_nan=False)
    assert "nan" not in figure.svg.casefold()
    return figure


def one(rows: pd.DataFrame, **choices) -> Chart:
    return control_chart(rows, **P | choices)


def test_a_planted_shift_is_seen_and_told_in_words() -> None:
    chart = one(monthly(shift=0.3), better="higher", target=0.5)
    figure = check(draw.chart_figure(chart, SCREENED, marks=marks(), of="one site"))
    assert "special-cause variation" in figure.alt.lower()
    assert "longest run 12 (by chance up to 8)" in figure.alt
    assert "target 50" in figure.svg
    assert figure.payload()["results"][0]["key"] == "centre"


def test_a_stable_series_is_told_as_common_cause() -> None:
    figure = check(draw.chart_figure(one(monthly(seed=3)), SCREENED, marks=marks(), of="one site"))
    assert "Only common-cause variation" in figure.alt
    assert "no point signals" in figure.alt.lower()


def test_declared_phases_have_limits_of_their_own_and_are_dated() -> None:
    figure = check(
        draw.chart_figure(one(monthly(shift=0.3), phases=["2024-01"]), SCREENED, marks=marks(), of="x")
    )
    assert "from Jan 2024" in figure.svg
    assert "Only common-cause variation" in figure.alt


def test_a_missing_month_is_a_gap_in_the_line_and_in_the_numbers() -> None:
    figure = check(draw.chart_figure(one(monthly().drop(index=5)), SCREENED, marks=marks(), of="x"))
    assert figure.frame["value"].isna().tolist().index(True) == 5
    assert "Gaps: periods without a value." in figure.caption


def test_what_happened_is_numbered_and_changes_of_sites_are_counted() -> None:
    happened = marks(
        (None, "2023-04-01", "2023-06-30", "outside shock", "A strike"),
        (None, "2030-01-01", None, "policy", "Too late"),
        ("S1", "2023-09-10", None, "outreach", "Calls"),
    )
    figure = check(draw.chart_figure(one(monthly()), SCREENED, marks=happened, of="x"))
    assert "1: A strike (Apr 2023 to Jun 2023)." in figure.caption
    assert "Too late" not in figure.caption
    assert "1 change that sites made" in figure.caption


def test_points_of_too_few_people_are_neither_drawn_nor_listed() -> None:
    rows = monthly()
    rows.loc[[3, 9], ["x", "n"]] = [[2, 3], [3, 4]]
    chart = one(rows)
    figure = check(draw.chart_figure(chart, SCREENED, marks=marks(), of="x", suppress_below=5))
    shown = figure.frame["value"].notna().to_numpy()
    assert figure.frame["value"].isna().to_numpy()[[3, 9]].all()
    met, n = (chart.points["value"] * chart.points["n"]).round(), chart.points["n"]
    assert not any(side[shown].between(1, 4).any() for side in (met, n - met, n))
    assert chart.points["value"].notna().all()
    alone = rows.copy()
    alone.loc[9, ["x", "n"]] = [6, 10]
    hidden = withheld_points(one(alone).points, SCREENED, 5)["value"].isna()
    assert hidden.sum() >= 2, "a single gap could be worked out from the total"
    for end in range(4, len(rows)):
        before = withheld_points(one(alone[:end]).points, SCREENED, 5)["value"].isna().to_numpy()
        assert (before <= hidden.to_numpy()[:end]).all(), "hidden in one wave, shown in the next"
    assert withheld_points(chart.points, Quantity(name="r", label="Rate", kind="count"), 5) is chart.points


def test_one_period_gives_a_sentence_instead() -> None:
    figure = draw.chart_figure(one(monthly(months=1)), SCREENED, marks=marks(), of="x")
    assert isinstance(figure, Statement)
    assert "fewer than two periods" in figure.say


@pytest.fixture(scope="module")
def sites() -> Chart:
    rows = [monthly(f"S{k}", seed=k, shift=0.35 if k == 2 else 0.0) for k in range(1, 8)]
    return one(pd.concat(rows), by="site")


def test_the_site_that_signals_is_drawn_and_the_others_are_listed(sites: Chart) -> None:
    order = sites.by_signal()
    assert order["site"].iloc[0] == "S2"
    figure = check(
        draw.multiples(sites, SCREENED, by="site", marks=marks(("S2", "2023-09-10", None, "a", "b")))
    )
    assert set(figure.frame["site"]) == set(order.loc[order["signalled"], "site"])
    assert "S2" in figure.alt
    table = show.readings_table(sites, SCREENED, by="site")
    assert table.frame["site"].tolist() == order["site"].tolist()


def test_ones_own_site_is_drawn_whether_it_signals_or_not(sites: Chart) -> None:
    quiet = sites.by_signal().query("~signalled")["site"].iloc[0]
    figure = check(draw.multiples(sites, SCREENED, by="site", marks=marks(), own=quiet))
    assert quiet in set(figure.frame["site"])


def test_where_nothing_signals_a_sentence_says_so() -> None:
    chart = one(pd.concat([monthly("a", seed=3), monthly("b", seed=3)]), by="site")
    assert isinstance(draw.multiples(chart, SCREENED, by="site", marks=marks()), Statement)


def test_a_thousand_sites_make_a_page_below_two_megabytes() -> None:
    rng = np.random.default_rng(0)
    months = pd.period_range("2020-01", periods=60, freq="M").astype(str)
    rows = pd.DataFrame(
        {"site": np.repeat([f"S{k:04d}" for k in range(1000)], 60), "month": np.tile(months, 1000)}
    )
    rows["n"] = 20 + rng.poisson(30, len(rows))
    rows["x"] = rng.binomial(rows["n"], 0.6)
    chart = one(rows, by="site")
    parts = [
        draw.multiples(chart, SCREENED, by="site", marks=marks()),
        show.readings_table(chart, SCREENED, by="site"),
    ]
    assert sum(len(part.html()) for part in parts) < 1_500_000
    assert "more that signal are in the table only" in parts[0].caption


def test_nhs_icons_stand_beside_the_chart() -> None:
    chart = one(monthly(shift=0.3), kind="i", rules="nhs-mdc", better="higher", target=0.99)
    figure = check(draw.chart_figure(chart, SCREENED, marks=marks(), of="x"))
    assert "towards improvement" in figure.alt
    assert "nobody can foretell whether the target will be met" in figure.alt
    assert figure.svg.count("<use") >= 2


@pytest.mark.nightly
def test_a_page_of_a_thousand_sites_over_sixty_months_stays_under_two_megabytes() -> None:
    rows = pd.concat([monthly(f"H{place:04d}", n=40, months=60, seed=place) for place in range(1_000)])
    sites = one(rows, by="site", better="higher")
    total = rows.groupby("site", as_index=False)[["x", "n"]].sum()
    shrunk = shrink(total, unit="site", numerator="x", denominator="n", draws=200)
    shown = [
        draw.multiples(sites, SCREENED, by="site", marks=marks()),
        show.readings_table(sites, SCREENED, by="site"),
        caterpillar(shrunk, SCREENED),
        ranks(shrunk),
    ]
    pages = [exhibit._repr_mimebundle_()["text/html"] for exhibit in shown]
    assert sum(map(len, pages)) < 1_900_000
