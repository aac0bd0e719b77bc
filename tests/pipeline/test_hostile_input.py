"""What reviewers threw at the checks: each is one clear fault, never a traceback, and nothing is lost."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from qieval.cli import main
from qieval.errors import Fault, InputError, RunError
from qieval.exhibits import MIME
from qieval.pipeline import collect
from qieval.pipeline.declared import read_wave_file
from qieval.pipeline.extract import open_extract
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.publish import claimed, place
from qieval.pipeline.scaffold import new_wave
from qieval.pipeline.waves import list_waves


def faults(tiny: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        plan_waves([tiny.wave], tiny.workspace)
    return [str(fault) for fault in caught.value.faults]


def as_file(tiny: Any, name: str) -> Path:
    tiny.replace(tiny.study, "{file: outcomes.csv}", f"{{file: {name}}}")
    return Path(tiny.table("outcomes").with_name(name))


def write_book(tiny: Any, stray: tuple[int, int] | None = None) -> Path:
    path = as_file(tiny, "outcomes.xlsx")
    book = openpyxl.Workbook()
    sheet = book.active
    for line in tiny.table("outcomes").read_text().splitlines():
        sheet.append(line.split(","))
    if stray:
        sheet.cell(*stray, "x")
    book.save(path)
    return path


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("content", [b"<a><b></a>", b"not xml", None])
def test_a_damaged_workbook_is_one_fault(tiny: Any, member: str, content: bytes | None) -> None:
    path = write_book(tiny)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist() if name != member or content}
    with zipfile.ZipFile(path, "w") as book:
        for name, words in parts.items():
            book.writestr(name, content if name == member and content else words)
    [told] = faults(tiny)
    assert "is not an Excel workbook that can be read" in told


def test_a_stray_cell_far_out_is_told_by_its_row_and_fills_no_memory(tiny: Any) -> None:
    write_book(tiny, (5000, 16384))
    [told] = faults(tiny)
    assert "row 5000: another number of cells; expected 10" in told


def test_an_index_that_pandas_wrote_is_a_column_again(tiny: Any) -> None:
    path = as_file(tiny, "outcomes.parquet")
    pd.read_csv(tiny.table("outcomes")).set_index("participant").to_parquet(path)
    assert open_extract(tiny.workspace, "tiny", 1).check().faults == ()


@pytest.mark.parametrize("nul", [b"Eng\0lish", "participant,site\n".encode("utf-16-be")])
def test_nul_characters_are_refused_once(tiny: Any, nul: bytes) -> None:
    tiny.table("outcomes").write_bytes(tiny.table("outcomes").read_bytes() + nul)
    [told] = faults(tiny)
    assert "NUL characters" in told


def test_a_folder_in_a_table_s_place_is_no_missing_file(tiny: Any) -> None:
    tiny.table("outcomes").unlink()
    tiny.table("outcomes").mkdir()
    assert "outcomes.csv: is not a file" in faults(tiny)[0]


@pytest.mark.parametrize(
    "words", [["check", "x" * 300 + "/wave-1.yaml"], ["check", "params/tiny/wave-1.yaml", "w" * 300]]
)
def test_a_name_that_is_too_long_is_a_fault_like_any_other(
    tiny: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, words: list[str]
) -> None:
    monkeypatch.chdir(tiny.root)
    tiny.replace(tiny.study, "{file: outcomes.csv}", f"{{file: {'a' * 300}.csv}}")
    assert main(words) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_one_wave_named_two_ways_is_one_wave(tiny: Any) -> None:
    again = tiny.wave.parent / ".." / "tiny" / tiny.wave.name
    assert len(plan_waves([tiny.wave, again], tiny.workspace)) == 1


def test_a_wave_s_misspelt_table_is_told(tiny: Any) -> None:
    tiny.append(tiny.wave, "tables: {outcome: {header: 2}}\n")
    [told] = faults(tiny)
    assert "key tables.outcome: the study has no table 'outcome' (did you mean 'outcomes'?)" in told


def test_half_a_character_is_refused_before_anything_is_written(tiny: Any) -> None:
    tiny.append(tiny.study, 'source: "\\ud800"\n')
    assert "half a character" in faults(tiny)[0]


@pytest.mark.parametrize("name", ["site", "arm", "wave"])
def test_a_stratum_cannot_be_a_column_with_its_own_meaning(tiny: Any, name: str) -> None:
    tiny.replace(tiny.study, "stratum: region", f"stratum: {name}")
    assert f"{name} cannot be a column of the allocation" in faults(tiny)[0]


def tagged(cell: dict[str, Any], **metadata: Any) -> None:
    cell["metadata"] |= metadata


BROKEN: list[Callable[[dict[str, Any]], object]] = [
    lambda book: tagged(book["cells"][1], tags=None),
    lambda book: book["cells"][1].update(metadata=[]),
    lambda book: book["cells"][0].update(source=3),
    lambda book: book["cells"][0].update(source=[3]),
    lambda book: book.update(metadata=None),
]


@pytest.mark.parametrize("damage", BROKEN)
def test_a_damaged_notebook_is_one_fault(tiny: Any, damage: Callable[[dict[str, Any]], object]) -> None:
    path = tiny.root / "notebooks" / "10_look.ipynb"
    book = json.loads(path.read_text())
    damage(book)
    path.write_text(json.dumps(book))
    assert "is not a notebook that can be read" in faults(tiny)[0]


@pytest.mark.parametrize("needs", ["results", None])
def test_needs_is_a_list(tiny: Any, needs: Any) -> None:
    tiny.add_notebook("10_look", needs=needs)
    assert f"needs {needs!r}; expected a list in [brackets] of results" in faults(tiny)[0]


def test_a_default_that_cannot_be_hashed_is_told(tiny: Any) -> None:
    tiny.add_notebook("10_look", "x: int = {[]: 1}")
    assert "the default of x is derived" in faults(tiny)[0]


@pytest.mark.parametrize("name", ["index", "a b?#", "n" * 101])
def test_a_notebook_has_a_name_that_a_page_can_have(tiny: Any, name: str) -> None:
    tiny.add_notebook(name)
    tiny.replace(tiny.wave, "10_look: {outcome: pain}", json.dumps(name))
    assert "has a name that no page can have" in faults(tiny)[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"results": [{}]},
        {"results": ["x"]},
        {"results": [{"key": "x", "notes": None}]},
        {"rows": [1]},
        {"rows": None},
        {"columns": 3},
        {"caption": 3},
        {"kind": "../y"},
        {"name": "n" * 300},
    ],
)
def test_a_payload_that_is_wrong_inside_is_the_report_s_failure(wrong: dict[str, Any]) -> None:
    payload: dict[str, Any] = {"schema": 1, "kind": "table", "name": "t", "caption": "c", "columns": ["a"]}
    payload |= {"rows": [[1]], "results": []} | wrong
    book = {"cells": [{"outputs": [{"data": {MIME: payload}}]}]}
    with pytest.raises(RunError, match="Exhibit 1 of r"):
        collect.exhibits(book, "r")


@pytest.mark.parametrize("where", ["reports/.locks", "reports/.staging", "reports/.failed"])
def test_what_stands_in_the_way_is_told_before_anything_runs(tiny: Any, where: str) -> None:
    (tiny.root / "reports").mkdir()
    (tiny.root / where).write_text("mine")
    [plan] = plan_waves([tiny.wave], tiny.workspace)
    with pytest.raises(InputError, match="is a file"), claimed(tiny.workspace, [plan]):
        pytest.fail("claimed all the same")


def test_a_published_wave_that_is_a_link_is_told_and_left(tiny: Any) -> None:
    elsewhere = tiny.root / "elsewhere"
    elsewhere.mkdir()
    link = tiny.workspace.published("tiny", 1)
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    (tiny.workspace.reports / "index.html").mkdir()
    [plan] = plan_waves([tiny.wave], tiny.workspace)
    with pytest.raises(InputError) as caught, claimed(tiny.workspace, [plan]):
        pytest.fail("claimed all the same")
    told = str(caught.value)
    assert "wave-1: is a link" in told
    assert "index.html: is a folder" in told
    assert link.is_symlink()


def test_an_interrupted_run_leaves_nothing_half_made(tiny: Any) -> None:
    [plan] = plan_waves([tiny.wave], tiny.workspace)
    spot = place(tiny.workspace, "tiny", 1)

    def interrupted() -> None:
        with claimed(tiny.workspace, [plan]):
            spot.staged.mkdir(parents=True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not spot.staged.exists()


def test_listing_passes_over_what_cannot_be_a_study_or_a_wave(tiny: Any) -> None:
    odd = tiny.workspace.params / "my study" / "study.yaml"
    odd.parent.mkdir()
    odd.write_text("title: x\n")
    tiny.wave.with_name("wave-01.yaml").write_text("wave: 1\n")
    assert [(each.study, each.file.name) for each in list_waves(tiny.workspace)] == [
        ("tiny", "wave-0.yaml"),
        ("tiny", "wave-1.yaml"),
    ]


def test_a_window_in_block_style_is_left_out_whole_of_a_new_wave(tiny: Any) -> None:
    block = "window:\n  - 2024-01-01\n  - 2024-06-30\n"
    tiny.replace(tiny.wave, "window: [2024-01-01, 2024-06-30]\n", block)
    made = new_wave(tiny.workspace, "tiny")
    assert read_wave_file(made.file).window is None


def test_a_new_wave_may_lie_in_the_declared_folder_and_pages_name_it_without_the_machine(
    tiny: Any, tmp_path: Path
) -> None:
    secure = tmp_path / "secure"
    secure.mkdir()
    tiny.table("sites").parent.rename(secure / "wave-1")
    tiny.replace(tiny.wave, "../../data/tiny/wave-1", str(secure / "wave-1"))
    tiny.append(tiny.study, f"data: {secure}\n")
    assert new_wave(tiny.workspace, "tiny").data == secure / "wave-2"
    [plan] = plan_waves([tiny.wave], tiny.workspace)
    assert not [each.path for each in plan.inputs if os.path.isabs(each.path)]  # noqa: PTH117


@pytest.mark.parametrize(
    ("file", "word"), [("a/study.yaml", "key"), ("a.ipynb", "parameter"), ("a.csv", "column")]
)
def test_a_fault_calls_its_place_as_its_file_does(file: str, word: str) -> None:
    assert str(Fault(file=file, column="x", problem="is 3")) == f"{file}, {word} x: is 3"
