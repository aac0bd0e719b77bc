from __future__ import annotations

from pathlib import Path

import pytest

from qieval.errors import InputError
from qieval.pipeline.parameters import read_card


def test_a_card_holds_what_the_notebook_asks_and_takes(tiny) -> None:
    tiny.add_notebook("80_all", needs=["results"])
    card = read_card(tiny.workspace.notebooks / "80_all.ipynb")
    assert (card.name, card.question, card.needs) == ("80_all", "What is there?", ("results",))
    by_name = {parameter.name: parameter for parameter in card.parameters}
    assert list(by_name)[:3] == ["study", "wave", "outcome"]
    assert by_name["level"].help == "of intervals"
    assert [by_name[name].annotation for name in ("wave", "after", "groups")] == [
        "int",
        "int | None",
        "list[str]",
    ]
    assert by_name["after"].default is None


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("wave", [1, -1], [True, 1.0, "1", None]),
        ("level", [0.5, 1], [True, "0.5", float("nan"), float("inf"), None]),
        ("fast", [True, False], [0, 1, "true"]),
        ("outcome", ["x", ""], [1, None, True]),
        ("after", [None, 2], [False, "2"]),
        ("groups", [[], ["a"]], ["a", [1], None, ("a",)]),
    ],
)
def test_types_mean_what_they_say(tiny, name: str, good: list[object], bad: list[object]) -> None:
    card = read_card(tiny.workspace.notebooks / "10_look.ipynb")
    [parameter] = [each for each in card.parameters if each.name == name]
    assert all(parameter.accepts(value) for value in good)
    assert not any(parameter.accepts(value) for value in bad)


def test_a_whole_number_is_taken_as_float_where_one_is_asked(tiny) -> None:
    card = read_card(tiny.workspace.notebooks / "10_look.ipynb")
    [level] = [each for each in card.parameters if each.name == "level"]
    assert isinstance(level.taken(1), float)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a: int = 1 + 1", "default of a is derived"),
        ("a: int = b", "default of a is derived"),
        ("a = 1", "is no parameter"),
        ("a: int", "is no parameter"),
        ("import os", "is no parameter"),
        ("a: dict = {}", "the type dict is not one of"),
        ("a: int = 1.5", "default of a is 1.5, which is no int"),
        ("a: float = True", "default of a is True"),
        ("a: int = 1\na: int = 2", "stands twice"),
        ("a: int = (", "is not Python"),
    ],
)
def test_the_cell_has_one_form(tiny, line: str, message: str) -> None:
    path = tiny.add_notebook("bad", line)
    with pytest.raises(InputError, match=message):
        read_card(path, shown="bad.ipynb")


def test_all_bad_lines_are_told_with_their_number(tiny) -> None:
    path = tiny.add_notebook("bad", "a: int = 1  # fine\nb = 2\nc: int = x")
    with pytest.raises(InputError) as caught:
        read_card(path, shown="bad.ipynb")
    assert [fault.file for fault in caught.value.faults] == [
        "bad.ipynb, parameters cell, line 2",
        "bad.ipynb, parameters cell, line 3",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "is not a notebook that can be read"),
        ("[]", "is not a notebook that can be read"),
        ('{"cells": [1]}', "is not a notebook that can be read"),
        ('{"cells": [], "metadata": {}}', "no cell is tagged parameters; expected exactly one"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "n.ipynb").write_text(content)
    with pytest.raises(InputError, match=message):
        read_card(tmp_path / "n.ipynb")
    with pytest.raises(InputError, match="there is no such notebook"):
        read_card(tmp_path / "absent.ipynb")


def test_an_unknown_need_is_refused(tiny) -> None:
    path = tiny.add_notebook("bad", needs=["magic"])
    with pytest.raises(InputError, match="needs 'magic'; expected one of results"):
        read_card(path)
