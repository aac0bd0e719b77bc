"""Taguette's database and tables: the same highlights, on the same words."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.coding import Project, read_codebook, read_project, tally
from qieval.coding.taguette import code_points, words
from qieval.errors import InputError

COUNTS = ["applications", "references", "sources", "own_applications", "own_references", "own_sources"]


@pytest.fixture
def folder(reference: Path) -> Path:
    return reference / "qual" / "formats" / "taguette"


def by_path(project: Project) -> pd.DataFrame:
    frame = tally(project).frame
    return frame.assign(path=[project.codes.path(code) for code in frame["code"]]).set_index("path")[COUNTS]


def test_bytes_become_code_points(reference: Path) -> None:
    case: dict[str, Any] = json.loads((reference / "qual" / "spans" / "cases.json").read_text())[
        "offset_systems"
    ]
    for expected in case["expected"]:
        found = code_points(case["text"], np.array(expected["utf8_bytes"]))
        assert found.tolist() == expected["codepoint"]
    assert code_points("é", np.array([-1, 2, 5])).tolist() == [-1, 1, 4]


def test_the_database_gives_the_words_of_each_highlight(folder: Path) -> None:
    project = read_project(folder / "project.sqlite3")
    exported = pd.read_csv(folder / "highlights_all.csv", dtype="str")
    wanted = sorted(zip(exported["id"], exported["content"], strict=True))
    assert (
        sorted(zip(project.segments["selection"].astype("str"), project.segments["text"], strict=True))
        == wanted
    )
    assert project.notes == ("Highlights without a tag, not counted: 1.",)
    assert project.sources["characters"].tolist() == [94, 40]
    with closing(sqlite3.connect(folder / "project.sqlite3")) as database:
        pages = [html for (html,) in database.execute("SELECT contents FROM documents ORDER BY id")]
    assert [len(words(page)) for page in pages] == [94, 40]


@pytest.mark.parametrize("name", ["highlights_all.csv", "highlights_all.xlsx"])
def test_tables_and_database_give_the_same_tally(name: str, folder: Path) -> None:
    table = read_project(folder / name, codebook=folder / "codebook.csv")
    assert not table.placed
    assert "database" in table.notes[0]
    pd.testing.assert_frame_equal(
        by_path(table).sort_index(), by_path(read_project(folder / "project.sqlite3")).sort_index()
    )


def test_the_codebook_counts_are_the_own_ones(folder: Path) -> None:
    printed = pd.read_csv(folder / "codebook.csv")
    book = read_codebook(folder / "codebook.xlsx")
    assert sorted(book.codes) == sorted(printed["tag"])
    found = tally(
        read_project(folder / "highlights_all.csv", codebook=folder / "codebook.csv")
    ).frame.set_index("code")
    assert found.loc[printed["tag"], "own_references"].tolist() == printed["number of highlights"].tolist()
    assert found.loc[printed["tag"], "own_sources"].tolist() == printed["number of documents"].tolist()
    assert found.loc["Barriers", "references"] == 2


def test_rows_repeated_by_the_export_of_a_parent_count_once(folder: Path) -> None:
    project = read_project(folder / "highlights_Barriers.csv")
    assert project.repeated == 0
    assert tally(project).frame["applications"].sum() == 3


def changed(folder: Path, to: Path, *statements: str) -> Path:
    path = to / "project.sqlite3"
    shutil.copyfile(folder / "project.sqlite3", path)
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def test_the_last_to_save_a_highlight_is_its_coder(folder: Path, tmp_path: Path) -> None:
    add = "INSERT INTO commands (date, user_login, project_id, payload) VALUES ('2024', '{}', 1, '{}')"
    said = '{"type": "highlight_add", "highlight_id": 1}'
    path = changed(
        folder, tmp_path, add.format("admin", said), add.format("bo", said), add.format("bo", "{no")
    )
    coders = read_project(path).segments.set_index("selection")["coder"]
    assert coders.loc[1] == "bo"
    assert set(coders.drop(1)) == {"unknown"}


def test_impossible_offsets_are_set_aside_and_shifted_words_told(folder: Path, tmp_path: Path) -> None:
    path = changed(
        folder,
        tmp_path,
        "UPDATE highlights SET end_offset = 99999 WHERE id = 1",
        "UPDATE highlights SET start_offset = 'x' WHERE id = 3",
        "UPDATE highlights SET start_offset = 1 WHERE id = 4",
    )
    project = read_project(path)
    assert project.excluded_by_reason() == {"beyond the source's text": 2}
    assert any("other text" in note for note in project.notes)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DROP TABLE tags", "no project of Taguette"),
        ("INSERT INTO projects (name, description, created) VALUES ('b', '', '2024')", "holds 2 projects"),
        ("ALTER TABLE tags RENAME COLUMN path TO way", "cannot|can be read"),
    ],
)
def test_other_databases_are_refused(statement: str, problem: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=problem):
        read_project(changed(folder, tmp_path, statement))


def test_a_view_in_place_of_a_table_is_refused(folder: Path, tmp_path: Path) -> None:
    path = changed(folder, tmp_path, "ALTER TABLE tags RENAME TO t", "CREATE VIEW tags AS SELECT * FROM t")
    with pytest.raises(InputError, match="no project of Taguette"):
        read_project(path)
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    with pytest.raises(InputError, match="can be read"):
        read_project(path)
