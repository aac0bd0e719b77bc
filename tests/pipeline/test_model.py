from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from qieval.pipeline.declared import read_study_file, read_wave_file
from qieval.pipeline.model import Allocation, Disclosure, Outcome, StudyFile, TablePart, TableSpec, WaveFile

EVERY_KEY = """\
title: Coaching collaborative, demonstration
synthetic: true
authors: [{name: A, affiliation: B, orcid: C}]
licence: CC-BY-4.0
terms: For improvement only.
ethics: {approval: A, consent: B, retention: C}
design: randomised
allocation:
  unit: site
  scheme: stratified
  stratum: region
  arms: {control: usual care, intervention: coached}
sampling: cross-section
outcomes:
  fatigue: {type: continuous, label: Fatigue, unit: points, range: [0, 63], better: lower, mcid: 4,
            baseline: fatigue_0, covariates: [age, sex]}
  relapse: {type: binary, label: Relapse in the last year, better: lower}
  visits:  {type: count, label: Unplanned visits, exposure: person_years, better: lower}
plan:
  dated: 2024-02-03
  primary: {outcome: fatigue, wave: 2, estimand: cluster-average, method: cluster-t}
  family: [fatigue, relapse, visits]
  amendments: [{date: 2024-09-01, text: words}]
tables:
  sites:    {file: sites.csv, columns: {site: centre_id, arm: group, region: region},
             recode: {arm: {1: coached, 2: usual care}}}
  outcomes: {file: outcomes.xlsx, sheet: Data, header: 3, columns: {site: s}, missing: ["", "Missing", -9]}
instruments: [musiq, aim-iam-fim]
codebook: codebook.csv
measures: {screening: {label: Screened, better: higher, target: 0.8, reference_group: best}}
equity: {strata: [race_ethnicity, language], completeness_at_least: 0.8}
disclosure: {suppress_below: 5, round_to: null, sites: named, quote_cell: 3}
audiences: {20_effect: team}
seed: 20260101
"""
WAVE = """\
study: demo-collab
wave: 2
label: month 12
window: [2025-01-01, 2025-06-30]
data: ../../data/demo-collab/wave-2
tables: {outcomes: {header: 5}}
reports:
  - 10_data
  - 20_effect: {outcome: fatigue}
  - 30_capability: {instrument: musiq, before: 0, after: 2}
  - 80_waves:
"""


def test_every_key_of_a_study_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(EVERY_KEY)
    study = read_study_file(tmp_path / "study.yaml")
    assert study.arms == ("usual care", "coached")
    assert study.stratum == "region"
    assert study.outcomes["fatigue"].range == (0.0, 63.0)
    assert study.outcomes["fatigue"].columns == ("fatigue_0", "age", "sex")
    assert study.tables["sites"].recode == {"arm": {1: "coached", 2: "usual care"}}
    assert study.tables["outcomes"].missing == ("", "Missing", -9)
    assert study.plan is not None
    assert study.plan.dated == dt.date(2024, 2, 3)


def test_every_form_of_a_request_is_read(tmp_path: Path) -> None:
    (tmp_path / "wave.yaml").write_text(WAVE)
    wave = read_wave_file(tmp_path / "wave.yaml")
    assert [(r.notebook, r.parameters) for r in wave.reports] == [
        ("10_data", {}),
        ("20_effect", {"outcome": "fatigue"}),
        ("30_capability", {"instrument": "musiq", "before": 0, "after": 2}),
        ("80_waves", {}),
    ]
    assert wave.window == (dt.date(2025, 1, 1), dt.date(2025, 6, 30))


def test_a_wave_changes_only_what_it_says_of_a_table() -> None:
    spec = TableSpec(file="a.csv", columns={"site": "centre"}, missing=("-",))
    changed = spec.overridden(TablePart(header=3))
    assert (changed.file, changed.header, changed.columns, changed.missing) == (
        "a.csv",
        3,
        {"site": "centre"},
        ("-",),
    )
    assert spec.overridden(None) == spec


def test_disclosure_knows_presets() -> None:
    assert Disclosure.model_validate("nhs-hes").suppress_below == 8
    assert Disclosure.model_validate("nhs-hes").round_to == 5
    assert Disclosure.model_validate("cms").suppress_below == 11
    assert Disclosure.model_validate("none").suppress_below == 0


@pytest.mark.parametrize(
    ("model", "content", "message"),
    [
        (Outcome, {"type": "binary", "label": "x", "exposure": "t"}, "only a count has an exposure"),
        (Outcome, {"type": "continuous", "label": "x", "range": [5, 5]}, "lowest, highest"),
        (Outcome, {"type": "continuous", "label": "x", "mcid": 0}, "greater than 0"),
        (Allocation, {"arms": {"control": "a", "intervention": "a"}}, "both arms are called a"),
        (
            Allocation,
            {"scheme": "pairs", "arms": {"control": "a", "intervention": "b"}},
            "pairs needs the key pair",
        ),
        (WaveFile, {"reports": [{"a": {}, "b": {}}]}, "a report is written"),
        (WaveFile, {"reports": [{"a": 5}]}, "a report is written"),
        (WaveFile, {"window": [dt.date(2025, 2, 1), dt.date(2025, 1, 1)]}, "first day, last day"),
        (StudyFile, {"outcomes": {"two words": {"type": "binary", "label": "x"}}}, "cannot name an outcome"),
        (StudyFile, {"outcomes": {"site": {"type": "binary", "label": "x"}}}, "cannot name an outcome"),
    ],
)
def test_what_makes_no_sense_is_refused(model: type, content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(content)


def test_the_methods_a_plan_may_name_are_those_that_the_trial_engine_has() -> None:
    from typing import get_args

    from qieval.pipeline.model import Method
    from qieval.trial.ladder import Primary

    assert get_args(Method) == get_args(Primary)
