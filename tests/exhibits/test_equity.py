"""Reports on groups find what the demonstrations plant, stay silent elsewhere, and tell no small cell."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.exhibits import equity, equity_figures
from qieval.measures import completeness, disparity, spans
from qieval.pipeline.study import open_study
from qieval.results import Quantity

CARE = Quantity(name="care_plan", label="Care plan", kind="binary", better="higher")
COUNTS = {"numerator": "numerator", "denominator": "denominator", "period": "span"}


@pytest.fixture(scope="module")
def studies(repo) -> dict:
    return {
        name: open_study(name, wave, workspace=repo) for name, wave in (("demo-collab", 2), ("demo-ms", 3))
    }


@pytest.fixture(scope="module")
def tables(studies) -> dict:
    found = {}
    for name, study in studies.items():
        rows = study.table("measures")
        found[name] = rows.assign(span=spans(rows["period"], first=study.window[0], last=study.window[1]))
    return found


def of(tables: dict, study: str, measure: str, stratum: str = "race_ethnicity", **more):
    rows = tables[study][tables[study]["measure"] == measure]
    plan = {"reference": "largest", "better": "higher", **more}
    return disparity(rows, **COUNTS, group=stratum, **plan)


@pytest.mark.parametrize("study", ["demo-collab", "demo-ms"])
def test_the_narrowing_gap_is_found_in_both_demonstrations(study: str, tables) -> None:
    said = equity.headline(of(tables, study, "care_plan"), CARE).more
    assert len(said) == 1
    assert said[0].startswith("The gap of Hispanic to White narrowed from −")


@pytest.mark.parametrize("study", ["demo-collab", "demo-ms"])
@pytest.mark.parametrize(
    ("measure", "stratum", "reference"),
    [
        ("follow_up", "race_ethnicity", "largest"),
        ("screening", "race_ethnicity", "largest"),
        ("follow_up", "deprivation", "5"),
    ],
)
def test_no_change_is_told_where_none_was_planted(study, measure, stratum, reference, tables) -> None:
    found = of(tables, study, measure, stratum, reference=reference)
    assert equity.headline(found, CARE).more == [
        f"No gap to {'Group 5' if reference == '5' else 'White'} changed by more than chance explains."
    ]


@pytest.mark.parametrize("study", ["demo-collab", "demo-ms"])
def test_the_planted_gradient_has_a_slope_and_the_flat_measure_none(study: str, tables) -> None:
    plan = {"stratum": "deprivation", "reference": "5", "order": ["1", "2", "3", "4", "5"]}
    steep, flat = (of(tables, study, name, **plan) for name in ("care_plan", "follow_up"))
    assert list(steep.inequality.values())[-1].sii.ci_low > 0
    assert list(flat.inequality.values())[-1].sii.ci_low < 0
    assert "Slope index (SII)" in equity.summary(steep, CARE).html()


def test_keys_hold_no_wave_and_are_unique(tables) -> None:
    found = of(tables, "demo-collab", "care_plan")
    shown = (equity.headline(found, CARE), equity.gaps(found, CARE), equity.summary(found, CARE))
    for exhibit in shown:
        keys = [each.key for each in exhibit.records]
        assert keys
        assert len(set(keys)) == len(keys)
        assert not any("20" in key for key in keys)


def test_withheld_groups_leave_sentences_in_place_of_every_exhibit(tables) -> None:
    found = of(tables, "demo-collab", "care_plan", at_least=0.99)
    drawn = (equity_figures.groups(found, CARE), equity_figures.over_time(found, CARE))
    told = [
        show(found, CARE)
        for show in (equity.headline, equity.rates, equity.gaps, equity.bounds, equity.summary)
    ]
    for exhibit in (*drawn, *told):
        assert exhibit.payload()["kind"] == "statement"
        assert "Hispanic" not in exhibit.html()


def test_cautions_name_levelling_down_hidden_cells_and_turning_bounds() -> None:
    cells = [
        (0, "A", 50, 100), (0, "B", 80, 100), (1, "A", 52, 100), (1, "B", 60, 100), (1, "", 10, 20),
        (0, "C", 2, 9), (0, "D", 20, 40), (1, "C", 30, 50), (1, "D", 20, 40),
    ]  # fmt: skip
    data = pd.DataFrame(cells, columns=["span", "who", "numerator", "denominator"])
    found = disparity(data, **COUNTS, group="who", reference="B", better="higher")
    said = equity.cautions(found, fewest=5).plain()
    assert "2 cells with fewer than 5 patients" in said
    assert "Levelling down: the gap between A and B" in said
    assert "could turn the sign of the last gap of A" in said


def test_completeness_is_told_by_wave_and_site_and_small_reasons_are_not(studies) -> None:
    people = studies["demo-collab"].table("outcomes")
    shares = completeness(people, fields=["race_ethnicity"], by=["wave"])
    table = equity.completeness(shares, at_least=0.8, fewest=5)
    assert [round(value, 2) for value in table.frame["share"]] == [0.85, 0.91, 0.94]
    few = equity.completeness(shares.assign(declined=[1, 50, 50]), at_least=0.8, fewest=5)
    assert few.frame[["declined", "unknown", "not asked"]].isna().all(axis=1).tolist() == [True, False, False]
    assert few.notes
    bars = equity_figures.completeness(shares, at_least=0.8)
    assert "wave 2 94" in bars.alt
    at_sites = completeness(people, fields=["race_ethnicity"], by=["site", "wave"])
    drawn = equity_figures.sites(at_sites, at_least=0.8, fewest=5)
    assert "24 sites over 3 waves" in drawn.alt
    lost = at_sites["n"] - at_sites["recorded"]
    assert drawn.frame["share"].isna().sum() == lost.between(1, 4).sum()
