"""An instrument that changes between separately published waves is refused, unless its version says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qieval.capability import Instrument
from qieval.cli import main

FORM = """\
id: mood
title: Mood
version: "1"
source: {cite: Own wording, licence: CC0}
response: {min: 1, max: 7, labels: {1: never, 7: always}, na_codes: [DK, 9]}
items: [{id: calm, label: Calm}, {id: tense, label: Tense, reverse: true}]
"""


@pytest.fixture
def waves(tiny: Any) -> Any:
    """Waves 1 and 2 of the tiny study, without reports, and an instrument that the study declares."""
    tiny.replace(tiny.wave, "reports:\n  - 10_look: {outcome: pain}", "reports: []")
    later = tiny.wave.read_text().replace("wave: 1", "wave: 2").replace("month 6", "month 12")
    tiny.workspace.wave_file("tiny", 2).write_text(later)
    tiny.append(tiny.study, "instruments: [mood]\n")
    tiny.workspace.instruments.mkdir(exist_ok=True)
    form(tiny).write_text(FORM)
    return tiny


def form(tiny: Any) -> Path:
    return tiny.workspace.instruments / "mood.yaml"


def runs(tiny: Any, *numbers: int) -> int:
    files = [str(tiny.workspace.wave_file("tiny", number)) for number in numbers]
    return main(["run", *files, "--workspace", str(tiny.root)])


def record(tiny: Any, wave: int) -> dict[str, Any]:
    return json.loads((tiny.workspace.published("tiny", wave) / "run.json").read_text(encoding="utf-8"))


def test_a_change_under_the_same_version_is_refused_with_the_difference(waves: Any, capsys: Any) -> None:
    assert runs(waves, 1) == 0
    waves.replace(form(waves), "max: 7, labels: {1: never, 7: always}", "max: 5, labels: {1: never}")
    capsys.readouterr()
    assert runs(waves, 2) == 2
    told = capsys.readouterr().err
    assert "params/instruments/mood.yaml, key version: wave 1 was published by another mood" in told
    assert "response.max: 7.0, then 5.0; response.labels.7.0: always, then nothing" in told
    assert not waves.workspace.published("tiny", 2).exists()
    form(waves).write_text("# another lay-out is the same instrument\n" + FORM)
    assert runs(waves, 2) == 0


def test_a_declared_new_version_passes_with_a_remark(waves: Any) -> None:
    assert runs(waves, 1) == 0
    waves.replace(form(waves), 'version: "1"', 'version: "2"')
    assert runs(waves, 2) == 0
    [_, remark] = record(waves, 2)["warnings"]
    assert "version: 1, then 2" in remark
    assert Instrument.model_validate_json(record(waves, 2)["instruments"]["mood"]).version == "2"
    assert record(waves, 1)["warnings"] == []


def test_waves_made_anew_together_are_not_held_to_what_they_were(waves: Any) -> None:
    assert runs(waves, 1, 2) == 0
    waves.replace(form(waves), "label: Calm", "label: Calm and composed")
    assert runs(waves, 2) == 2
    assert runs(waves, 1, 2) == 0


def test_every_shipped_instrument_comes_back_as_it_went_into_the_record(repo: Path) -> None:
    for path in sorted((repo / "params" / "instruments").glob("*.yaml")):
        read = Instrument.read(path)
        assert Instrument.model_validate_json(read.model_dump_json()).hash == read.hash
