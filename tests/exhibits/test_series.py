"""Change over time in words: what is said, what is held back, and no word of cause."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import designs, series, series_figures, staggered
from qieval.measures import control_chart
from qieval.results import Quantity
from qieval.trial import compare_changes, interrupted_series, staggered_start

SCREENED = Quantity(name="screening", label="Screened", kind="binary", unit="proportion", better="higher")
ROLES = {"value": "value", "period": "period", "cluster": "site"}
CAUSAL = re.compile(
    r"\b(reduc(e|ed|es)|improv(e|ed|es)|led to|caus(e|ed|es|al)|due to|effect(s|ive)?|impact)\b", re.I
)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame([(f"S{k}", t) for k in range(8) for t in range(24)], columns=["site", "period"])
    frame["arm"] = pd.Categorical(
        np.where(frame["site"] < "S4", "coached", "usual care"), ["usual care", "coached"], ordered=True
    )
    gain = 0.1 * ((frame["period"] >= 12) & (frame["arm"] == "coached"))
    return frame.assign(value=0.6 + gain + rng.normal(0, 0.02, len(frame)))


@pytest.fixture(scope="module")
def changes(rows: pd.DataFrame):
    return compare_changes(rows, start=12, arm="arm", **ROLES)


def test_the_headline_says_how_much_more_and_with_what_interval(changes) -> None:
    said = series.headline(changes, SCREENED, arms=("usual care", "coached"), since="2024-07", site="clinic")
    shown = f"{100 * changes.primary.estimate:.2f}"
    assert said.say.startswith(
        f"Since 2024-07, screened rose by **{shown} percentage points** more at coached clinics"
    )
    assert said.more[-1].startswith("8 clinics, 4 coached")


def test_where_all_joined_the_base_is_named(rows) -> None:
    alone = rows[rows["arm"] == "coached"]
    by_level = compare_changes(alone, start=12, **ROLES)
    said = series.headline(by_level, SCREENED, arms=(), since="2024-07").say
    assert "above its level before, on average over sites" in said
    by_course = compare_changes(alone, start=12, by="average", **ROLES)
    assert (
        "its earlier course, continued" in series.headline(by_course, SCREENED, arms=(), since="2024-07").say
    )


@pytest.mark.parametrize("design", ["controlled", "uncontrolled"])
def test_no_word_says_why_where_no_lot_decided(rows, changes, design: str) -> None:
    one = interrupted_series(
        rows[rows["arm"] == "coached"].groupby("period")["value"].mean().reset_index(),
        value="value",
        period="period",
        start=12,
    )
    name = {"arms": ("usual care", "coached")}
    late = rows.assign(start=rows["site"].map({"S0": 8, "S1": 12, "S2": 16}))
    started = staggered_start(late, start="start", draws=20, **ROLES)
    shown = [
        designs.design_note(design),
        series.headline(changes, SCREENED, since="2024-07", **name),
        series.cautions(changes),
        series.methods(changes, SCREENED, **name),
        series.assumptions(changes, SCREENED, name_of=str),
        series.one_series(one, one, SCREENED),
        series_figures.course(
            one, None, SCREENED, start=12, shocks={"strike": (14, 15)}, name_of=str, **name
        ),
        series_figures.sites(changes, SCREENED, **name),
        staggered.headline(started, SCREENED, **name),
        staggered.cautions(started),
        staggered.sites(started, SCREENED),
        staggered.methods(started, SCREENED),
        staggered.profile(started, SCREENED),
    ]
    for exhibit in shown:
        words = re.sub(r"<[^>]+>", " ", exhibit.html())
        assert not CAUSAL.search(words), f"{exhibit.name}: {CAUSAL.search(words)}"
    assert "return to the mean" in designs.design_note(design).html()


def test_few_ways_to_join_are_said_first_and_earlier_trends_too(rows) -> None:
    few = rows[rows["site"].isin(["S0", "S4", "S5"])]
    found = compare_changes(few, start=12, arm="arm", **ROLES)
    assert "cannot give a p-value below 0.333" in series.cautions(found).say
    drifting = rows.assign(value=rows["value"] + 0.02 * rows["period"] * (rows["arm"] == "coached"))
    said = series.cautions(compare_changes(drifting, start=12, arm="arm", **ROLES))
    assert "moving apart before the start" in said.plain()


def test_too_few_periods_give_words_and_no_course() -> None:
    assert (
        series_figures.course(None, None, SCREENED, arms=(), start=1, shocks={}, name_of=str).say
        == series.TOO_FEW
    )
    assert series.one_series(None, None, SCREENED).say == series.TOO_FEW
    assert series_figures.control(None, SCREENED, marks=pd.DataFrame(), site="site").say == series.TOO_FEW


def test_the_control_chart_judges_later_periods_by_those_before(rows) -> None:
    mean = rows[rows["arm"] == "coached"].groupby("period")["value"].mean().reset_index()
    chart = control_chart(mean, value="value", period="period", freeze=11)
    marks = pd.DataFrame(columns=["site", "start", "stop", "kind", "label"])
    drawn = series_figures.control(chart, SCREENED, marks=marks, site="clinic")
    later = chart.points[chart.points["x"] >= 12]
    assert (later["value"] > chart.points["centre"].iloc[0]).all()
    assert drawn.frame.loc[drawn.frame["x"].astype(int) >= 12, "signal"].any()
    assert "the clinics that joined, their mean; limits of the periods before the start" in drawn.caption


def test_the_figure_tells_its_result_without_being_seen(rows) -> None:
    mean = rows[rows["arm"] == "coached"].groupby("period")["value"].mean().reset_index()
    one = interrupted_series(mean, value="value", period="period", start=12)
    drawn = series_figures.course(
        one, mean, SCREENED, arms=("usual care", "coached"), start=12, shocks={}, name_of=str
    )
    assert f"{100 * one.average.estimate:+.1f}" in drawn.alt.replace("−", "-")
    assert "usual care" in drawn.svg


def test_sites_of_few_people_are_neither_drawn_nor_listed_but_stay_in_the_mean(changes) -> None:
    name, arms = {"arms": ("usual care", "coached")}, changes.sites.set_index("cluster")["arm"]
    whole, part = (series_figures.sites(changes, SCREENED, hidden=few, **name) for few in ((), {"S0"}))
    assert (len(whole.frame), len(part.frame)) == (len(arms), len(arms) - 1)
    assert "S0" not in part.frame["cluster"].tolist()
    assert "Not shown: 1 site with too few people" in part.caption
    means = [re.findall(r"mean \S+", each.alt) for each in (whole, part)]
    assert means[0] == means[1]
    assert series_figures.sites(changes, SCREENED, hidden=set(arms.index), **name).role == "note"
