from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import measures as show
from qieval.measures import control_chart, false_alarms, funnel, gate, shrink
from qieval.results import Quantity

SCREENED = Quantity(name="s", label="Screened", kind="binary", unit="proportion", better="higher")
P = {"period": "month", "numerator": "x", "denominator": "n", "kind": "p"}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    months = pd.period_range("2023-01", periods=20, freq="M").astype(str)
    frame = pd.DataFrame({"site": np.repeat(list("abcdef"), 20), "month": np.tile(months, 6), "n": 50})
    return frame.assign(x=rng.binomial(50, np.where(frame["site"] == "c", 0.9, 0.6)))


def parts(rows: pd.DataFrame, **more: str):
    total = rows.groupby("site")[["x", "n"]].sum().reset_index()
    counts = {"unit": "site", "numerator": "x", "denominator": "n"}
    shrunk = shrink(total, **counts, draws=10)
    quality = gate(rows, shrunk, unit="site", period="month", denominator="n", **more)
    return (
        control_chart(rows, **P),
        control_chart(rows, by="site", **P),
        funnel(total, **counts),
        shrunk,
        quality,
    )


def test_the_headline_sets_signals_beside_those_of_chance_and_says_the_terms(rows) -> None:
    whole, sites, fan, _, _ = parts(rows)
    chance = false_alarms(20, series=50)
    said = show.headline(whole, sites, fan, SCREENED, terms="For improvement only.", chance=chance)
    text = said.plain()
    assert text.startswith("Screened: ")
    assert "of 6 charts signal" in text
    assert "outer limits: " in text
    assert "c" in text.split("outer limits: ")[1]
    assert said.more[-1] == "For improvement only."


def test_a_site_s_own_edition_tells_it_first_what_the_measure_says_of_itself(rows) -> None:
    whole, sites, fan, _, _ = parts(rows)
    words = {"terms": "", "chance": false_alarms(20, series=50)}
    said = show.headline(whole, sites, fan, SCREENED, own="c", **words)
    [unit] = fan.units[fan.units["unit"] == "c"].to_dict(orient="records")
    assert said.say.startswith(f"Screened at c: **{100 * unit['value']:.0f}")
    assert said.say.endswith(show.BANDS[unit["band"]])
    assert said.more[0].startswith("All sites together: Screened: ")
    few = show.headline(whole, sites, fan, SCREENED, own="c", fewest=10**6, **words)
    assert few == show.headline(whole, sites, fan, SCREENED, **words), (
        "too few people: nothing of the site alone"
    )


def test_cautions_name_what_is_unmet_unknown_and_left_out(rows) -> None:
    whole, sites, _, shrunk, quality = parts(rows[rows["month"] < "2023-09"].assign(x=30))
    text = show.cautions(whole, sites, quality, shrunk, remarks=["Left out: 1."]).plain()
    for words in (
        "in reliability",
        "ascertainment and timeliness",
        "trial limits",
        "ranking",
        "Left out: 1.",
    ):
        assert words in text


def test_the_gate_tells_unknown_from_unmet(rows) -> None:
    *_, quality = parts(rows.drop(index=range(5)))
    table = show.gate_table(quality, version="2024-1")
    assert table.frame["met"].tolist()[0] == "not known"
    assert table.frame["value"].tolist()[0] == "not recorded"
    assert table.frame["short"].tolist()[1] == 1
    assert "Definitions: 2024-1." in table.html()
    assert show.gate_table(quality, audit="ours").notes[-1] == "Over all sites, by an audit: ours."
    json.dumps(table.payload(), allow_nan=False)


def test_methods_state_the_rate_of_false_signals_drawn_and_by_theory(rows) -> None:
    whole, _, _, shrunk, _ = parts(rows)
    total = rows.groupby("site")[["x", "n"]].sum().reset_index()
    wide = funnel(total, unit="site", numerator="x", denominator="n", overdispersion="arcsine")
    text = show.methods(whole, false_alarms(20, series=500), wide, shrunk).plain()
    for words in (
        "500 stable series of 20 points",
        "theory says",
        "arcsine",
        "winsorised",
        "restricted maximum",
    ):
        assert words in text
