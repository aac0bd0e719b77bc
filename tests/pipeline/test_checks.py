from __future__ import annotations

import pandas as pd
import pytest

from qieval.errors import Fault
from qieval.pipeline.checks import CheckedTables
from qieval.pipeline.extract import open_extract


def check(tiny, *roles: str) -> CheckedTables:
    return open_extract(tiny.workspace, "tiny", 1).check(roles or None)


def only_fault(tiny, *roles: str) -> Fault:
    [fault] = check(tiny, *roles).faults
    return fault


def test_tables_in_order_are_typed(tiny) -> None:
    checked = check(tiny)
    assert checked.faults == ()
    rows = checked.frames["outcomes"]
    assert rows["participant"].tolist()[0] == "001"
    assert rows["wave"].dtype == "int64"
    assert rows["pain"].dtype == rows["fall"].dtype == rows["age"].dtype == "float64"
    assert rows.index.tolist() == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("old", "new", "column", "row", "problem", "expected"),
    [
        ("1,9,7", "1,99,7", "pain", 7, "holds '99'", "a number from 0 to 10"),
        ("1,9,7", "1,-1,7", "pain", 7, "holds '-1'", "a number from 0 to 10"),
        ("1,9,7", "1,nine,7", "pain", 7, "holds 'nine'", "a number from 0 to 10"),
        ("1,9,7", "1,inf,7", "pain", 7, "holds 'inf'", "a number from 0 to 10"),
        ("64,0,1,0.5", "64,2,1,0.5", "fall", 6, "holds '2'", "a whole number from 0 to 1"),
        ("64,0,1,0.5", "64,0.5,1,0.5", "fall", 6, "holds '0.5'", "a whole number from 0 to 1"),
        ("64,0,1,0.5", "64,0,-1,0.5", "visits", 6, "holds '-1'", "a whole number, 0 or more"),
        ("64,0,1,0.5", "64,0,1.5,0.5", "visits", 6, "holds '1.5'", "a whole number, 0 or more"),
        ("64,0,1,0.5", "64,0,1,0", "person_years", 6, "holds '0'", "a number above 0"),
        ("005,C,1", "005,C,2", "wave", 6, "holds '2'", "a whole number from 0 to 1"),
        ("005,C,1", "005,C,", "wave", 6, "is empty", "a whole number from 0 to 1"),
        ("005,C,1", ",C,1", "participant", 6, "is empty", "text"),
        (
            "005,C,1",
            "005,E,1",
            "site",
            6,
            "site 'E' not in data/tiny/wave-1/sites.csv",
            "a site listed there",
        ),
    ],
)
def test_one_wrong_cell_is_one_message(
    tiny, old: str, new: str, column: str, row: int, problem: str, expected: str
) -> None:
    tiny.replace(tiny.table("outcomes"), old, new)
    fault = only_fault(tiny)
    assert fault.file == "data/tiny/wave-1/outcomes.csv"
    assert (fault.column, fault.rows, fault.problem, fault.expected) == (column, (row,), problem, expected)


def test_a_missing_column_is_told_with_a_near_one(tiny) -> None:
    tiny.replace(tiny.table("outcomes"), "pain_0", "pain0")
    fault = only_fault(tiny)
    assert fault.column == "pain_0"
    assert fault.problem == "there is no such column (did you mean 'pain0'?)"
    assert "tables.outcomes.columns" in (fault.remedy or "")


def test_arms_are_exactly_those_declared(tiny) -> None:
    tiny.replace(tiny.table("sites"), "A,coached", "A,Coached")
    fault = only_fault(tiny)
    assert (fault.column, fault.rows, fault.expected) == ("arm", (2,), "one of usual care, coached")
    assert "did you mean 'coached'?" in (fault.remedy or "")


def test_an_arm_that_varies_within_a_site_is_told_apart_from_a_row_that_stands_twice(tiny) -> None:
    tiny.append(tiny.table("sites"), "A,usual care,North\n")
    fault = only_fault(tiny)
    assert (fault.column, fault.rows) == ("arm", (2, 6))
    assert fault.problem == "arm varies within site A: 'coached' and 'usual care'"
    tiny.replace(tiny.table("sites"), "A,usual care,North\n", "B,usual care,North\n")
    again = only_fault(tiny)
    assert (again.column, again.rows) == ("site", (3, 6))
    assert again.problem == "the same key stands in several rows"


def test_an_arm_that_another_table_repeats_must_be_the_sites(make_workspace, tiny) -> None:
    words = "participant,site,wave,arm,pain,pain_0,age,fall,visits,person_years,language\n"
    rows = "1,A,1,coached,1,1,1,1,1,1,x\n2,A,1,usual care,1,1,1,1,1,1,x\n"
    tiny.table("outcomes").write_text(words + rows)
    fault = only_fault(tiny)
    assert (fault.column, fault.rows) == ("arm", (3,))
    assert "differs from the site's arm" in fault.problem


def test_a_participant_stands_once_a_wave(tiny) -> None:
    tiny.replace(tiny.table("outcomes"), "003,B,1", "002,B,1")
    fault = only_fault(tiny)
    assert (fault.column, fault.rows) == ("participant + wave", (3, 4))


def test_an_empty_table_is_a_fault_only_where_rows_are_expected(tiny) -> None:
    for role in ("outcomes", "sites"):
        head = tiny.table(role).read_text().splitlines()[0]
        tiny.table(role).write_text(head + "\n")
    faults = check(tiny).faults
    assert [(fault.file[-12:], fault.problem) for fault in faults if "no rows" in fault.problem] == [
        ("-1/sites.csv", "the table has no rows"),
        ("outcomes.csv", "the table has no rows"),
    ]


def test_messages_use_the_owners_names(make_workspace) -> None:
    tiny = make_workspace()
    tiny.replace(tiny.table("outcomes"), "participant,site,wave,pain,", "id,centre,visit,score,")
    tiny.replace(tiny.table("outcomes"), "1,9,7", "1,99,7")
    tiny.replace(tiny.table("outcomes"), "003,B,1", "003,X,1")
    mapping = "{participant: id, site: centre, wave: visit, pain: score}"
    tiny.replace(tiny.study, "{file: outcomes.csv}", "{file: outcomes.csv, columns: " + mapping + "}")
    assert [(fault.column, fault.rows) for fault in check(tiny).faults] == [("score", (7,)), ("centre", (4,))]


def test_every_fault_of_every_table_comes_at_once(tiny) -> None:
    tiny.replace(tiny.table("sites"), "B,usual care,North", "B,usual,")
    tiny.replace(tiny.table("outcomes"), "1,9,7", "1,99,7")
    tiny.replace(tiny.table("outcomes"), "64,0,1,0.5", "64,0,1,0")
    tiny.append(tiny.study, "instruments: [musiq]\ncodebook: codes.csv\n")
    told = [(fault.file.rsplit("/")[-1], fault.column) for fault in check(tiny).faults]
    assert told == [
        ("codes.csv", None),
        ("study.yaml", "instruments"),
        ("sites.csv", "arm"),
        ("sites.csv", "region"),
        ("outcomes.csv", "pain"),
        ("outcomes.csv", "person_years"),
    ]


def test_a_table_that_qieval_does_not_know_is_read_and_remarked(make_workspace) -> None:
    tiny = make_workspace(outcome="site,beds,code\nA,10,007\nZ,,008\n")
    tiny.replace(tiny.study, "tables:\n", "tables:\n  outcome: {file: outcome.csv}\n")
    checked = check(tiny, "outcome")
    assert checked.frames["outcome"]["beds"].tolist()[0] == 10.0
    assert checked.frames["outcome"]["code"].tolist() == ["007", "008"]
    assert "did you mean 'outcomes'?" in checked.remarks[0]
    assert "site 'Z'" in checked.faults[0].problem


def test_a_site_without_participants_is_remarked(tiny) -> None:
    tiny.append(tiny.table("sites"), "E,coached,South\n")
    checked = check(tiny)
    assert checked.faults == ()
    assert checked.remarks == ("outcomes: 1 site has no rows at wave 1: E",)


def test_tables_are_not_changed_by_their_check(tiny) -> None:
    extract = open_extract(tiny.workspace, "tiny", 1)
    before = extract.raw("outcomes").frame.copy()
    extract.check()
    pd.testing.assert_frame_equal(extract.raw("outcomes").frame, before)
