from __future__ import annotations

import pandas as pd
import pytest

from qieval.errors import InputError
from qieval.measures import control_chart, false_alarms, funnel
from qieval.pipeline.study import Study, open_study

from .conftest import BASELINE, STUDY, WAVE

TABLES = """\
  measures: {file: measures.csv}
  changes: {file: changes.csv}
  events: {file: events.csv}
equity:"""
MEASURES = """\
measures:
  screening: {label: Screened, better: higher, target: 0.8, version: "2024-1", phases: ["2024-04", "2025-01"],
              benchmark: {source: a register, cuts: [0.5, 0.6, 0.7]}}
  follow_up: {label: Followed up}
  care: {label: Both, composite: {method: opportunity, of: [screening, follow_up]}}
  all_well: {label: No fall, composite: {method: all-or-none, of: [fall]}}
seed: 7"""
ROWS = [
    f"{site},{measure},2024-0{month},{numerator},{numerator + 4},{language}"
    for site, numerator in (("A", 12), ("B", 8), ("C", 6), ("D", 2))
    for measure in ("screening", "follow_up")
    for month in range(1, 7)
    for language in ("English", "Spanish")
]
COUNTS = "\n".join(["site,measure,period,numerator,denominator,language", *ROWS]) + "\n"
CHANGES = "site,start,stop,kind,label\nA,2024-03-05,,outreach,Calls\n"
EVENTS = "start,stop,kind,label\n2024-02-01,2024-02-28,outside shock,A strike\n"


@pytest.fixture
def study(make_workspace) -> Study:
    words = STUDY.replace("equity:", TABLES).replace("seed: 7", MEASURES)
    wave = WAVE.replace("2024-01-01, 2024-06-30", "2024-04-01, 2024-06-30")
    tiny = make_workspace(study=words, wave=wave, measures=COUNTS, changes=CHANGES, events=EVENTS)
    baseline = BASELINE.replace("2024-06-30", "2024-03-31")
    tiny.workspace.wave_file("tiny", 0).write_text(baseline, encoding="utf-8")
    return open_study("tiny", 1, workspace=tiny.workspace)


def test_strata_add_up_and_every_window_has_its_months(study: Study) -> None:
    found = study.measure("screening")
    assert len(found.data) == 24
    assert found.data["denominator"].iloc[0] == 32
    assert found.by_wave.groupby("wave")["denominator"].sum().tolist() == [264, 264]
    assert found.current["numerator"].tolist() == [72, 48, 36, 12]
    assert (found.quantity.kind, found.quantity.label, found.spec.version) == ("binary", "Screened", "2024-1")
    assert control_chart(found.data, **found.charting, kind="p").plan.target == 0.8


def test_phases_that_the_data_have_not_reached_wait(study: Study) -> None:
    assert study.measure("screening").charting["phases"] == ["2024-04"]


def test_changes_and_events_stand_together(study: Study) -> None:
    marks = study.measure("screening").marks
    assert marks["site"].isna().tolist() == [True, False]
    assert marks["label"].tolist() == ["A strike", "Calls"]


def test_a_benchmark_from_outside_gives_quarters_and_none_gives_none(study: Study) -> None:
    found = study.measure("screening").quartiles(quantile=7)
    assert found is not None
    assert found.units["quarter"].tolist() == [1, 2, 2, 4]
    assert study.measure("follow_up").quartiles(quantile=7) is None


def test_composites_are_made_of_measures_or_of_outcomes(study: Study) -> None:
    both = study.measure("care")
    assert both.composite is not None
    assert both.data["denominator"].iloc[0] == 64
    well = study.measure("all_well")
    assert well.data.to_dict("list") == {
        "site": ["A", "A", "B", "C", "D"],
        "period": ["2024-01", "2024-04", "2024-04", "2024-04", "2024-04"],
        "numerator": [1, 0, 1, 0, 1],
        "denominator": [1, 1, 1, 1, 1],
    }
    assert well.remarks == (
        "Sites with fewer than 5 people in this wave’s window are left out of comparisons: 4.",
    )


def test_in_one_sites_edition_the_others_have_codes_in_every_table(study: Study) -> None:
    found = study.measure("screening", own="B")
    told = set(found.data["site"])
    assert "B" in told
    assert not told & {"A", "C", "D"}
    assert set(study.named("outcomes", "B")["site"]) == told
    assert found.marks["site"].dropna().item() in told - {"B"}
    assert "codes" in found.remarks[0]
    volumes = found.current.set_index("site")["denominator"]
    assert sorted(volumes) == [36, 60, 72, 96]


def test_codes_follow_the_data_and_hide_what_the_study_file_says(make_workspace) -> None:
    words = STUDY.replace("equity:", TABLES).replace("seed: 7", MEASURES)
    words += "disclosure: {sites: coded}\n"
    orders = []
    for counts in (COUNTS, COUNTS.replace("A,screening,2024-01,12", "A,screening,2024-01,11")):
        tiny = make_workspace(study=words, measures=counts, changes=CHANGES, events=EVENTS)
        study = open_study("tiny", 1, workspace=tiny.workspace)
        orders.append(study.named("sites")["site"].tolist())
        assert sorted(orders[-1]) == ["Site 01", "Site 02", "Site 03", "Site 04"]
    assert orders[0] != orders[1]


def test_unknown_names_are_told_with_a_suggestion(study: Study) -> None:
    with pytest.raises(InputError, match="no measure 'screenin'"):
        study.measure("screenin")
    with pytest.raises(InputError, match="no site 'E'"):
        study.measure("screening", own="E")


def test_a_composite_of_unknown_parts_is_at_fault(make_workspace) -> None:
    words = STUDY.replace("seed: 7", MEASURES.replace("of: [fall]", "of: [fever]"))
    tiny = make_workspace(study=words)
    with pytest.raises(InputError, match="fever"):
        open_study("tiny", 1, workspace=tiny.workspace)


@pytest.fixture(scope="module")
def demo(repo) -> Study:
    return open_study("demo-collab", 2, workspace=repo)


COLUMNS = {"unit": "site", "numerator": "numerator", "denominator": "denominator"}


@pytest.fixture(scope="module")
def centres(repo) -> Study:
    return open_study("demo-ms", 3, workspace=repo)


@pytest.mark.parametrize(("study", "apart"), [("demo", "S03"), ("centres", "C3")])
def test_the_site_planted_apart_is_the_one_that_the_funnel_raises(
    study: str, apart: str, request: pytest.FixtureRequest
) -> None:
    opened = request.getfixturevalue(study)
    found = funnel(opened.measure("care_plan").current, **COLUMNS)
    out = found.units[found.units["band"] == "alarm"]
    # C3 holds most patients of the four centres and pulls the target down, so others lie above it
    assert out.loc[out["value"] < found.target, "unit"].tolist() == [apart]
    assert study == "centres" or len(out) == 1
    steady = funnel(opened.measure("follow_up").current, **COLUMNS, overdispersion="arcsine").units
    assert not (steady["band"] == "alarm").any()


def test_each_centres_own_shift_is_found_and_the_one_that_never_starts_is_quiet(centres: Study) -> None:
    found = centres.measure("screening")
    starts = found.marks[found.marks["kind"] == "pathway"].set_index("site")["start"]
    months = pd.to_datetime(starts).dt.strftime("%Y-%m").to_dict()
    assert sorted(months) == ["C1", "C2", "C4"]
    for site, rows in found.data.groupby("site"):
        if site not in months:
            assert (
                control_chart(rows, **found.charting, kind="p").readings["variation"].item() == "common cause"
            )
            continue
        chart = control_chart(rows, **found.charting | {"phases": [months[site]]}, kind="p")
        before, after = chart.points.groupby("phase")["centre"].first()
        assert 0.05 < after - before < 0.31, site


def test_the_shift_planted_at_a_known_month_is_found_and_its_size_too(demo: Study) -> None:
    found = demo.measure("screening")
    assert (
        control_chart(found.data, **found.charting, kind="p").readings["variation"].item() == "special cause"
    )
    starts = found.marks[found.marks["kind"] == "pathway"]
    month = starts.set_index("site")["start"].pipe(pd.to_datetime).dt.strftime("%Y-%m")
    assert set(month) == {month.iloc[0]}
    coached = found.data[found.data["site"].isin(month.index)]
    phased = control_chart(coached, **found.charting | {"phases": [month.iloc[0]]}, kind="p")
    assert not phased.phases["runs_signal"].any()
    before, after = phased.points.groupby("phase")["centre"].first()
    assert 0.13 < after - before < 0.23
    others = found.data[~found.data["site"].isin(month.index)]
    quiet = control_chart(others, **found.charting, kind="p")
    assert quiet.readings["variation"].item() == "common cause"


@pytest.mark.parametrize(("study", "months"), [("demo", 18), ("centres", 36)])
def test_where_nothing_was_planted_no_more_charts_signal_than_chance_makes(
    study: str, months: int, request: pytest.FixtureRequest
) -> None:
    found = request.getfixturevalue(study).measure("follow_up")
    assert (
        control_chart(found.data, **found.charting, kind="p").readings["variation"].item() == "common cause"
    )
    order = control_chart(found.data, by="site", **found.charting, kind="p").by_signal()
    expected = false_alarms(months, series=10).theory * len(order)
    assert order["signalled"].sum() <= expected + 3 * expected**0.5
