"""Projects: what is counted, what is set aside, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qieval.coding import Project
from qieval.coding.project import REASONS
from qieval.errors import InputError


def with_row(tables, **changes: object) -> Project:
    segments, sources, codes = tables
    row = {**segments.iloc[0].to_dict(), **changes}
    return Project.from_frames(pd.concat([segments, pd.DataFrame([row])], ignore_index=True), sources, codes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "i9"}, "unknown source"),
        ({"code": "nothing"}, "unknown code"),
        ({"coder": None}, "unknown coder"),
        ({"coder": "zoe"}, "unknown coder"),
        ({"source": "i3", "coder": "bo"}, "coder not assigned to the source"),
        ({"source": "i6"}, "coder not assigned to the source"),
        ({"start": None}, "offsets missing or not whole numbers"),
        ({"end": 7.5}, "offsets missing or not whole numbers"),
        ({"end": np.inf}, "offsets missing or not whole numbers"),
        ({"start": 12, "end": 3}, "end before start"),
        ({"start": 10}, "no characters"),
        ({"end": 101}, "beyond the source's text"),
        ({"start": -1}, "beyond the source's text"),
    ],
)
def test_what_cannot_be_counted_is_set_aside_with_its_reason(tables, changes: dict, reason: str) -> None:
    project = with_row(tables, **changes)
    assert len(project.segments) == len(tables[0])
    assert project.excluded[["row", "reason"]].to_numpy().tolist() == [[len(tables[0]) + 2, reason]]
    assert project.excluded_by_reason() == {reason: 1}


def test_every_reason_is_one_of_those_listed(tables) -> None:
    assert set(with_row(tables, source="i9").excluded["reason"]) <= set(REASONS)


def test_the_last_character_may_be_coded(tables) -> None:
    assert with_row(tables, start=99, end=100).excluded.empty


def test_repeated_rows_stay_and_are_counted(tables) -> None:
    project = with_row(tables)
    assert project.repeated == 1
    assert len(project.segments) == len(tables[0]) + 1


def test_zero_length_of_the_reference_project_is_set_aside(small: Project) -> None:
    assert small.excluded["seg"].tolist() == ["s20"]
    assert small.repeated == 1


def test_input_is_left_alone(tables) -> None:
    copies = [table.copy() for table in tables]
    Project.from_frames(*tables)
    for table, copy in zip(tables, copies, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_a_source_without_case_stands_for_itself_where_others_have_one(project: Project) -> None:
    assert project.cases["case"].tolist() == ["ann", "ben", "cat", "dan", "eve", "fay", "source f1"]


def test_without_cases_each_source_speaks_for_itself(tables) -> None:
    segments, sources, codes = tables
    project = Project.from_frames(segments, sources.drop(columns="case"), codes)
    assert project.cases.empty
    assert project.speakers()["case"].tolist() == sources["source"].tolist()


def test_coders_are_those_asked_and_those_who_coded(tables, project: Project) -> None:
    assert project.coders == ("amy", "bo")
    unrecorded = Project.from_frames(tables[0], tables[1].drop(columns="coders"), tables[2])
    assert unrecorded.coders == ("amy", "bo")
    assert unrecorded.assigned.shape == (7, 0)


def test_numbers_as_ids_are_read_as_text() -> None:
    segments = pd.DataFrame({"source": [1], "code": [7], "coder": [3], "start": [0], "end": [2]})
    project = Project.from_frames(
        segments, pd.DataFrame({"source": [1], "characters": [5]}), pd.DataFrame({"code": [7]})
    )
    assert project.segments[["source", "code", "coder"]].astype(str).to_numpy().tolist() == [["1", "7", "3"]]


def test_an_empty_project_is_a_project(tables) -> None:
    project = Project.from_frames(tables[0].iloc[:0], tables[1], tables[2])
    assert project.segments.empty
    assert project.excluded.empty
    assert project.repeated == 0


def test_missing_columns_come_all_at_once(tables) -> None:
    with pytest.raises(InputError) as caught:
        Project.from_frames(tables[0].drop(columns=["coder", "end"]), pd.DataFrame({"id": [1]}), tables[2])
    assert [fault.column for fault in caught.value.faults] == ["coder", "end", "source"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("source", None, "row 3: the source has no id"),
        ("source", "i1", "rows 2, 3: ids occur more than once"),
        ("characters", -4, "row 3: not a length of text"),
        ("characters", "long", "row 3: not a length of text"),
    ],
)
def test_faulty_sources_are_refused(tables, column: str, value: object, said: str) -> None:
    sources = tables[1].astype({column: object})
    sources.loc[1, column] = value
    with pytest.raises(InputError, match="sources, column") as caught:
        Project.from_frames(tables[0], sources, tables[2])
    assert said in str(caught.value)
