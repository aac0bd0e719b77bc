from __future__ import annotations

from typing import Any

import pytest

from qieval.errors import InputError
from qieval.pipeline.binding import Setting, bind, report_name
from qieval.pipeline.declared import read_study_file
from qieval.pipeline.parameters import read_card


@pytest.fixture
def card(tiny):
    return read_card(tiny.workspace.notebooks / "10_look.ipynb")


@pytest.fixture
def setting(tiny) -> Setting:
    spec = read_study_file(tiny.study)
    return Setting(workspace=tiny.workspace, study="tiny", spec=spec, wave=1, sites=lambda: ["A", "B"])


def bound(card, setting: Setting, **given: Any) -> dict[str, Any]:
    return bind(card, given, setting, file="wave-1.yaml")


def test_every_parameter_gets_a_value_and_the_wave_its_own(card, setting: Setting) -> None:
    values = bound(card, setting, outcome="pain", level=1 / 2, site="A")
    assert list(values) == [parameter.name for parameter in card.parameters]
    assert (values["study"], values["wave"], values["outcome"]) == ("tiny", 1, "pain")
    assert (values["after"], values["fast"]) == (None, False)


def test_all_faults_come_at_once(card, setting: Setting) -> None:
    given = {
        "outcom": "pain",
        "outcome": "pian",
        "level": "high",
        "fast": 1,
        "wave": 2,
        "site": "Z",
        "before": 4,
        'print("x");y': 1,
        7: 1,
    }
    with pytest.raises(InputError) as caught:
        bind(card, given, setting, file="wave-1.yaml", key="reports.0")
    told = {fault.column: fault for fault in caught.value.faults}
    assert len(told) == len(given)
    assert "did you mean 'outcome'?" in told["reports.0.outcom"].problem
    assert "did you mean 'pain'?" in told["reports.0.outcome"].problem
    assert told["reports.0.level"].expected == "a number"
    assert told["reports.0.fast"].expected == "true or false"
    assert "leave it out" in told["reports.0.wave"].problem
    assert "no site 'Z'" in told["reports.0.site"].problem
    assert "outside 0 to 1" in told["reports.0.before"].problem
    assert "cannot be the name" in told['reports.0.print("x");y'].problem


@pytest.mark.parametrize("value", [0, 1, 1.5, -0.1])
def test_a_level_lies_between_0_and_1(card, setting: Setting, value: float) -> None:
    with pytest.raises(InputError, match="a level lies between 0 and 1"):
        bound(card, setting, level=value)


def test_a_wave_must_exist(card, setting: Setting, tiny) -> None:
    assert bound(card, setting, before=0, after=1)["after"] == 1
    tiny.workspace.wave_file("tiny", 0).unlink()
    assert bound(card, setting, before=0)["before"] == 0, "in a study's first wave file the extract holds it"
    tiny.workspace.wave_file("tiny", 2).write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"there is no params/tiny/wave-0\.yaml"):
        bound(card, setting, before=0)


def test_an_instrument_must_be_declared_and_there(tiny, make_workspace, setting: Setting) -> None:
    path = tiny.add_notebook("30", 'instrument: str = ""  # which\ndraws: int = 1  # n\nseed: int = 0  # s')
    with pytest.raises(InputError, match="declares no instrument 'musiq'"):
        bound(read_card(path), setting, instrument="musiq")
    tiny.append(tiny.study, "instruments: [musiq]\n")
    declared = Setting(
        workspace=tiny.workspace, study="tiny", spec=read_study_file(tiny.study), wave=1, sites=lambda: None
    )
    with pytest.raises(InputError, match=r"there is no params/instruments/musiq\.yaml"):
        bound(read_card(path), declared, instrument="musiq")
    with pytest.raises(InputError, match="at least one draw"):
        bound(read_card(path), declared, draws=0)
    with pytest.raises(InputError, match="a seed is 0 or more"):
        bound(read_card(path), declared, seed=-1)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "10_look"),
        ({"outcome": "pain"}, "10_look--pain"),
        ({"outcome": ""}, "10_look"),
        ({"before": 1, "after": 1}, "10_look"),
        ({"level": 0.9, "outcome": "fall"}, "10_look--fall-0.9"),
        ({"groups": ["North East", "Süd/../x"]}, "10_look--north-east-sud-x"),
        ({"fast": True}, "10_look--true"),
        ({"groups": ["../.."]}, "10_look--none"),
        ({"groups": ["日本"]}, "10_look--none"),
    ],
)
def test_a_report_is_named_by_what_differs(card, setting: Setting, given: dict[str, Any], name: str) -> None:
    assert report_name(card, bound(card, setting, **given)) == name


def test_a_long_name_is_cut_and_stays_distinct(card, setting: Setting) -> None:
    names = {report_name(card, bound(card, setting, groups=["x" * 300 + end])) for end in "ab"}
    assert len(names) == 2
    assert all(len(name) < 100 for name in names)
