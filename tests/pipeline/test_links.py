from __future__ import annotations

import pytest

from qieval.errors import Fault, InputError
from qieval.pipeline.extract import open_extract

CODES = "code,parent,name,definition\nhelp,,Help,What helps\nhelp.time,help,Time,Time made free\n"
SOURCES = (
    "source,source_kind,site,role,wave,date,characters,coders\nS1,interview,A,nurse,1,2024-02-01,100,X;Y\n"
)
SEGMENTS = "source,coder,code,start,end,text,approved\nS1,X,help.time,0,10,ten words,true\n"
MEASURES = """\
site,measure,period,numerator,denominator,language
A,seen,2024-01,3,4,English
A,seen,2024-02,0,0,English
"""
COACHING = "site,date,kind,step,minutes\nA,2024-01-31,contact,,30\nC,2024-02-29,step,3,\n"
WITHDRAWALS = "participant,date\n"
MORE = """\
  sources: {file: sources.csv}
  segments: {file: segments.csv}
  measures: {file: measures.csv}
  coaching: {file: coaching.csv}
  withdrawals: {file: withdrawals.csv}
codebook: codebook.csv
measures: {seen: {label: Seen}}
"""


@pytest.fixture
def whole(make_workspace):
    tiny = make_workspace(
        codebook=CODES,
        sources=SOURCES,
        segments=SEGMENTS,
        measures=MEASURES,
        coaching=COACHING,
        withdrawals=WITHDRAWALS,
    )
    tiny.replace(
        tiny.study, "  outcomes: {file: outcomes.csv}\n", "  outcomes: {file: outcomes.csv}\n" + MORE
    )
    return tiny


def faults(tiny, *roles: str) -> tuple[Fault, ...]:
    return open_extract(tiny.workspace, "tiny", 1).check(roles or None).faults


def test_tables_that_fit_each_other_pass(whole) -> None:
    assert faults(whole) == ()
    remarks = open_extract(whole.workspace, "tiny", 1).check().remarks
    assert remarks == ("withdrawals: data/tiny/wave-1/withdrawals.csv has no rows",)


@pytest.mark.parametrize(
    ("role", "old", "new", "column", "problem"),
    [
        ("segments", "S1,X", "S9,X", "source", "source 'S9' not in"),
        ("segments", "help.time", "help.tme", "code", "did you mean 'help.time'?"),
        ("segments", "0,10", "20,10", "start", "is above end"),
        ("segments", "true", "perhaps", "approved", "holds 'perhaps'"),
        ("measures", "01,3,4", "01,5,4", "numerator", "is above denominator"),
        ("measures", "A,seen,2024-02", "A,sen,2024-02", "measure", "holds 'sen'"),
        ("measures", "2024-02", "2024-01", "site + measure + period + language", "same key"),
        ("coaching", "step,3", "step,13", "step", "holds '13'"),
        ("coaching", "2024-02-29", "29.02.2024", "date", "holds '29.02.2024'"),
        ("coaching", "C,", "Q,", "site", "site 'Q' not in"),
        ("codebook", "help.time,help,", "help.time,hlp,", "parent", "the parent is no code"),
        ("sources", "S1,interview,A", "S1,interview,Z", "site", "site 'Z' not in"),
        ("sources", ",1,2024", ",2,2024", "wave", "holds '2'"),
    ],
)
def test_one_break_is_one_message(whole, role: str, old: str, new: str, column: str, problem: str) -> None:
    whole.replace(whole.table(role), old, new)
    [fault] = faults(whole)
    assert fault.file == f"data/tiny/wave-1/{role}.csv"
    assert fault.column == column
    assert problem in f"{fault.problem} {fault.remedy}"


def test_a_rate_may_count_more_than_its_denominator(whole) -> None:
    whole.replace(whole.study, "{label: Seen}", "{label: Seen, kind: rate}")
    whole.replace(whole.table("measures"), "01,3,4", "01,5,4")
    assert faults(whole) == ()


def test_an_ordered_group_is_one_of_the_strata(whole) -> None:
    whole.replace(whole.study, "strata: [language]", "strata: [language], ordered: {fifth: [a, b]}")
    with pytest.raises(InputError, match="fifth is ordered but not a stratum"):
        faults(whole)


def test_an_interview_may_belong_to_no_site(whole) -> None:
    whole.replace(whole.table("sources"), "interview,A", "interview,")
    assert faults(whole) == ()


def test_a_group_must_be_known_from_some_table(whole) -> None:
    whole.replace(whole.study, "strata: [language]", "strata: [langage]")
    [fault] = faults(whole)
    assert (fault.column, "did you mean 'language'?" in fault.problem) == ("langage", True)
    assert faults(whole, "measures") == ()


def test_answers_lie_on_the_instruments_scale(whole, repo) -> None:
    words = (repo / "params" / "instruments" / "musiq.yaml").read_text()
    (whole.workspace.instruments).mkdir()
    (whole.workspace.instruments / "musiq.yaml").write_text(words)
    whole.append(whole.study, "instruments: [musiq]\n")
    whole.replace(whole.study, "codebook:", "  capability: {file: capability.csv}\ncodebook:")
    items = open_extract(whole.workspace, "tiny", 1).instrument("musiq").item_ids
    head = ",".join(["respondent", "site", "role", "wave", *items])
    good = ",".join(["P1", "A", "nurse", "0", *["4"] * len(items)])
    bad = ",".join(["P1", "A", "nurse", "1", "9", *["4"] * (len(items) - 1)])
    whole.table("capability").write_text("\n".join([head, good, bad]) + "\n")
    [fault] = faults(whole)
    assert (fault.column, fault.rows, fault.problem) == (items[0], (3,), "holds '9'")
