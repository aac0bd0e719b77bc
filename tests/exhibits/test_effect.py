from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits import effect as show
from qieval.results import Quantity
from qieval.trial import Effect, estimate

FATIGUE = Quantity(name="fatigue", label="Fatigue", unit="points", better="lower", mcid=4, span=(0, 63))
RELAPSE = Quantity(name="relapse", label="Relapse", kind="binary", unit="proportion", better="lower")
VISITS = Quantity(name="visits", label="Visits", kind="count", unit="visits per person-year", better="lower")
NAMED = {"arm": "arm", "cluster": "site"}
WAIT = "This wave lies before the plan’s primary one."


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    site = np.repeat(np.arange(12), [3, 8, 20, 31, 12, 9, 40, 25, 18, 7, 15, 22])
    arm = site % 2
    place = rng.normal(0, 1.5, 12)[site]
    return pd.DataFrame(
        {
            "site": site,
            "arm": pd.Categorical(
                np.where(arm, "coached", "usual care"), ["usual care", "coached"], ordered=True
            ),
            "fatigue": 30 - 4 * arm + place + rng.normal(0, 6, len(site)),
            "relapse": rng.random(len(site)) < 0.4 - 0.1 * arm,
            "visits": rng.poisson(2, len(site)),
            "years": rng.uniform(0.5, 1.5, len(site)),
        }
    )


@pytest.fixture(scope="module")
def fatigue(rows) -> Effect:
    return estimate(rows, outcome="fatigue", **NAMED, unit="points")


@pytest.fixture(scope="module")
def relapse(rows) -> Effect:
    return estimate(rows, outcome="relapse", **NAMED, family="binomial", unit="proportion")


@pytest.fixture(scope="module")
def visits(rows) -> Effect:
    unit = VISITS.unit
    return estimate(rows, outcome="visits", **NAMED, family="poisson", exposure="years", unit=unit)


def test_methods_stand_under_their_stable_keys(fatigue) -> None:
    table = show.methods(fatigue, FATIGUE, primary=True)
    payload = table.payload()
    assert payload["name"] == "effect"
    keys = [result["key"] for result in payload["results"]]
    assert keys[0] == "cluster-t"
    assert {"mixed-model-kr", "gee", "least-squares-cr2", "wild-bootstrap", "permutation"} < set(keys)
    assert [result["primary"] for result in payload["results"]] == [True, *[False] * (len(keys) - 1)]
    assert {result["status"] for result in payload["results"]} == {"final"}
    for result, row in zip(payload["results"], fatigue.ladder, strict=True):
        for field in ("estimate", "ci_low", "p_value"):
            assert result[field] == getattr(row, field)
    assert list(table.emphasis) == [0]
    assert "Site means, t" in table.html()


def test_proportions_are_shown_in_points_and_kept_as_proportions(relapse) -> None:
    table = show.methods(relapse, RELAPSE)
    first = relapse.primary
    shown = f"{100 * first.estimate:+.1f}".replace("-", "−")
    assert shown in table.html()
    assert "percentage points" in table.html()
    assert table.payload()["results"][0]["estimate"] == first.estimate
    assert table.payload()["results"][0]["unit"] == "proportion"
    assert "Linear-probability mixed model" in table.html()


def test_counts_have_no_mixed_model_and_no_icc(visits) -> None:
    assert "Site rates, t" in show.methods(visits, VISITS).html()
    assert "Mixed model" not in show.methods(visits, VISITS).html()
    assert show.correlation(visits).plain() == "An intracluster correlation is not given for rates."


def test_ratios_of_events_stand_beside_their_differences(relapse, visits, fatigue) -> None:
    table = show.ratios(relapse)
    assert [result["key"] for result in table.payload()["results"]] == [row.method for row in relapse.ratios]
    assert "Odds ratio" in table.html()
    assert "Ratio of rates" in show.ratios(visits).html()
    assert "½ is no difference" in show.ratios(fatigue).html()
    assert all(row["p_value"] is None for row in show.ratios(relapse.without_p(WAIT)).payload()["results"])


def test_methods_that_do_not_hold_with_so_few_sites_stand_empty_with_the_reason(rows) -> None:
    table = show.methods(estimate(rows[rows["site"] < 4], outcome="fatigue", **NAMED, unit="points"), FATIGUE)
    names = ["Estimating equations, corrected, t", "Least squares, CR2, Satterthwaite t"]
    assert f"{'; '.join(names)}: Not for fewer than 3 clusters in an arm." in table.notes
    assert "Least squares, wild bootstrap: Not for fewer than 6 clusters in an arm." in table.notes
    assert "every participant" in table.html()


def test_a_disagreement_is_explained(fatigue) -> None:
    wider = [replace(row, ci_low=-9.0, ci_high=1.0) if row.method == "gee" else row for row in fatigue.ladder]
    apart = [replace(row, ci_low=-9.0, ci_high=-1.0) if row.method != "gee" else row for row in wider]
    [said] = [
        note
        for note in show.methods(replace(fatigue, ladder=tuple(apart)), FATIGUE).notes
        if "do not agree" in note
    ]
    assert "within the interval by “Estimating equations, corrected, t”, outside" in said
    assert said.endswith("Quote the analysis by the plan's method.")
    assert len(said.split(". ")) >= 3


def test_an_interim_table_has_no_p_anywhere(fatigue) -> None:
    held = fatigue.without_p(WAIT)
    table = show.methods(held, FATIGUE, primary=True)
    assert [column.label for column in table.columns][-1] == "df"
    assert "p_value" not in table.payload()["columns"]
    assert all(result["p_value"] is None for result in table.payload()["results"])
    assert {result["status"] for result in table.payload()["results"]} == {"interim"}
    assert not any("smallest p" in note for note in table.notes)
    assert any(WAIT in note for note in table.notes)


def test_sizes_of_small_clusters_are_not_shown(fatigue) -> None:
    table = show.arms(fatigue, FATIGUE, suppress_below=5)
    assert math.isnan(table.frame["smallest"].iloc[0])
    assert "Sizes of sites below 5 are not shown." in table.notes
    assert "3 to" not in table.html()
    assert "3 to 40" in show.arms(fatigue, FATIGUE, suppress_below=0).html()


def test_arms_of_a_binary_outcome_are_percentages(relapse) -> None:
    html = show.arms(relapse, RELAPSE, site="practice").html()
    assert f"{100 * relapse.arms['mean'].iloc[0]:.1f}" in html
    assert "Average practice" in html
    assert "Practices" in html


def test_correlation_is_descriptive_and_unrounded(fatigue) -> None:
    payload = show.correlation(fatigue).payload()
    assert payload["name"] == "icc"
    assert payload["results"][0]["key"] == "anova"
    assert payload["results"][0]["status"] == "descriptive"
    assert fatigue.icc is not None
    assert payload["results"][0]["estimate"] == fatigue.icc.estimate.estimate


def test_unbounded_intervals_come_with_the_widest_bounded_one(rows) -> None:
    few = estimate(rows[rows["site"] < 4], outcome="fatigue", **NAMED, unit="points")
    table = show.methods(few, FATIGUE)
    assert "unbounded" in table.html()
    assert any(note.startswith("Its widest bounded interval is at 66.7") for note in table.notes)
    json.dumps(table.payload(), allow_nan=False)


def test_a_refused_method_says_why(rows) -> None:
    single = rows.groupby("site").head(1)
    table = show.methods(estimate(single, outcome="fatigue", **NAMED), FATIGUE)
    assert any(note.startswith("Mixed model, Kenward–Roger: Not estimated") for note in table.notes)


def test_a_note_common_to_all_methods_is_said_once(rows) -> None:
    holed = rows.assign(fatigue=rows["fatigue"].where(rows.index % 20 != 0))
    notes = show.methods(estimate(holed, outcome="fatigue", **NAMED), FATIGUE).notes
    assert sum("without complete data" in note for note in notes) == 1
    assert notes[0].startswith("11 rows")


def test_labels_are_escaped(rows) -> None:
    arms = rows["arm"].cat.rename_categories({"coached": "<b>coached</b>"})
    effect = estimate(rows.assign(arm=arms), outcome="fatigue", **NAMED)
    nasty = replace(FATIGUE, label="<script>")
    for table in (show.arms(effect, nasty), show.methods(effect, nasty)):
        assert "<b>coached" not in table.html()
        assert "<script>" not in table.html()


def test_a_test_by_drawing_says_how_much_it_rests_on(rows) -> None:
    many = pd.concat([rows, rows.assign(site=rows["site"] + 12, fatigue=rows["fatigue"] + 1)])
    table = show.methods(estimate(many, outcome="fatigue", **NAMED, draws=400), FATIGUE)
    assert any("rests on 400 arrangements of the arms drawn at random" in note for note in table.notes)
    assert "Permutation test, by drawing" in table.html()
