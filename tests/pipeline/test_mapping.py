"""A messy file read with its mapping is the clean one; what is not mapped is one clear question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from qieval.errors import InputError
from qieval.pipeline.hints import folded
from qieval.pipeline.readers import RawTable, read_table
from qieval.pipeline.study import open_study
from qieval.pipeline.tables import TableSpec

Tables = dict[str, pd.DataFrame]


def clean(tiny: Any) -> Tables:
    study = open_study("tiny", 1, workspace=tiny.workspace)
    return {role: study.table(role) for role in ("sites", "outcomes")}


def replace_tables(tiny: Any, spec: str) -> None:
    words = tiny.study.read_text(encoding="utf-8")
    start, end = words.index("tables:\n"), words.index("equity:")
    tiny.study.write_text(words[:start] + spec + words[end:], encoding="utf-8")


def same(tiny: Any, expected: Tables, **dropped: str) -> None:
    study = open_study("tiny", 1, workspace=tiny.workspace)
    for role, frame in expected.items():
        pd.testing.assert_frame_equal(study.table(role)[list(frame)], frame, check_dtype=False)


def raw(tiny: Any, role: str) -> pd.DataFrame:
    return pd.read_csv(tiny.table(role), dtype=str, keep_default_na=False)


def test_utf_16_with_semicolons_and_decimal_commas(tiny: Any) -> None:
    expected = clean(tiny)
    rows = raw(tiny, "outcomes").rename(columns={"participant": "Fall-Nr.", "site": "Zentrum"})
    for name in ("pain", "person_years"):
        rows[name] = rows[name].str.replace(".", ",").replace("", "-")
    tiny.table("outcomes").write_bytes(rows.to_csv(index=False, sep=";").encode("utf-16"))
    replace_tables(
        tiny,
        "tables:\n  sites: {file: sites.csv}\n"
        "  outcomes: {file: outcomes.csv, columns: {participant: Fall-Nr., site: Zentrum}, decimal: ',', "
        "missing: ['', '-']}\n",
    )
    same(tiny, expected)


def test_a_workbook_with_a_title_merged_headers_a_totals_row_and_coded_arms(tiny: Any) -> None:
    expected = clean(tiny)
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    write_sites(sheet, raw(tiny, "sites"))
    write_outcomes(book.create_sheet("Daten"), raw(tiny, "outcomes"))
    book.save(tiny.table("outcomes").with_name("extract.xlsx"))
    replace_tables(
        tiny,
        "tables:\n"
        "  sites: {file: extract.xlsx, header: 3, columns: {site: Klinik, arm: Gruppe, region: Region},\n"
        "          recode: {arm: {1: coached, 2: usual care}}, leave_out: {site: [Total]}}\n"
        "  outcomes: {file: extract.xlsx, sheet: Daten, header: [2, 3], missing: ['', n/a],\n"
        "             columns: {participant: Person - ID, site: Person - Klinik, wave: Welle,\n"
        "                       pain: Schmerz - jetzt, pain_0: Schmerz - vorher}}\n",
    )
    same(tiny, expected)


def write_sites(sheet: Worksheet, rows: pd.DataFrame) -> None:
    sheet.append(["Beteiligte Kliniken"])
    sheet.append([])
    sheet.append(["Klinik", "Gruppe", "Region"])
    for row in rows.itertuples():
        sheet.append([row.site, {"coached": 1, "usual care": 2}[row.arm], row.region])
    sheet.append(["Total", len(rows), None])


def write_outcomes(sheet: Worksheet, rows: pd.DataFrame) -> None:
    lower = ["ID", "Klinik", None, "jetzt", "vorher", None, None, None, None, None]
    upper = ["Person", None, "Welle", "Schmerz", None, "age", "fall", "visits", "person_years", "language"]
    sheet.append(["Auszug"])
    sheet.append(upper)
    sheet.append(lower)
    sheet.merge_cells("A2:B2")
    sheet.merge_cells("D2:E2")
    for row in rows.itertuples(index=False):
        numbers = [float(each) if each else "n/a" for each in row[2:9]]
        sheet.append([row[0], row[1], *numbers, row[9]])


def test_spellings_of_a_site_are_united_in_every_table_and_may_differ_by_wave(tiny: Any) -> None:
    expected = clean(tiny)
    rows = raw(tiny, "outcomes")
    rows["site"] = rows["site"].replace({"A": "a.", "C": "C "}).where(rows.index != 1, "Clinic A")
    rows.to_csv(tiny.table("outcomes"), index=False)
    with pytest.raises(InputError) as told:
        clean(tiny)
    assert 'write unite: {site: {"A": ["a."]}} in study.yaml' in str(told.value)
    tiny.append(tiny.study, 'unite: {site: {A: ["a."]}}\n')
    tiny.append(tiny.wave, 'unite: {site: {A: ["a.", Clinic A]}}\n')
    same(tiny, expected)


def test_a_table_without_a_wave_is_taken_as_this_wave_s_and_it_is_said(tiny: Any) -> None:
    rows = raw(tiny, "outcomes")
    rows[rows["wave"] == "1"].drop(columns="wave").to_csv(tiny.table("outcomes"), index=False)
    study = open_study("tiny", 1, workspace=tiny.workspace)
    assert set(study.table("outcomes")["wave"]) == {1}
    remarks = study._extract.check().remarks
    assert "outcomes: has no column 'wave'; every row is taken as wave 1's" in remarks


def test_sites_can_be_taken_out_of_a_table_of_participants(tiny: Any) -> None:
    expected = clean(tiny)
    flat = raw(tiny, "outcomes").merge(raw(tiny, "sites"), on="site")
    flat.to_csv(tiny.table("outcomes"), index=False)
    replace_tables(
        tiny,
        "tables:\n"
        "  sites: {file: outcomes.csv, distinct: true, columns: {site: site, arm: arm, region: region}}\n"
        "  outcomes: {file: outcomes.csv}\n",
    )
    found = open_study("tiny", 1, workspace=tiny.workspace).table("sites")
    assert found.sort_values("site").to_dict("list") == expected["sites"].to_dict("list")


@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_spss_and_stata_keep_their_labels(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"site": ["01", "02"], "arm": [1.0, 2.0], "q01": [1.0, 7.0], "n": [3.0, None]})
    path = tmp_path / f"t{ending}"
    write = pyreadstat.write_sav if ending == ".sav" else pyreadstat.write_dta
    labels = {"arm": {1: "coached", 2: "usual care"}, "q01": {1: "never"}}
    write(frame, str(path), variable_value_labels=labels)
    found = read(path).frame
    assert found["arm"].tolist() == ["coached", "usual care"]
    assert found["q01"].tolist() == [1.0, 7.0], "only some values are labelled"
    assert found["n"].isna().tolist() == [False, True]
    assert found["site"].tolist() == ["01", "02"]
    assert read(path, labels=False).frame["arm"].tolist() == [1.0, 2.0]
    path.write_bytes(b"no such thing")
    with pytest.raises(InputError, match="is not a"):
        read(path)


def read(path: Path, **spec: object) -> RawTable:
    return read_table(path, TableSpec(file=path.name, **spec), role="coaching", file=path.name)


def save(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    return path


def test_decimal_commas_and_groups_of_three(tmp_path: Path) -> None:
    path = save(tmp_path, "a;b;c;d;e\n1.234,5;1.234;12.345;A 1,5;01\n-0,5;2'000;x;;02\n7;;;1,5;\n")
    frame = read(path, decimal=",").frame
    assert frame["a"].tolist() == ["1234.5", "-0.5", "7"]
    assert frame["b"].tolist()[:2] == ["1234", "2000"]
    assert frame["c"].tolist()[:2] == ["12.345", "x"], "not a column of numbers"
    assert frame["d"].tolist()[::2] == ["A 1,5", "1.5"]
    assert frame["e"].tolist()[:2] == ["01", "02"], "leading zeros stay"
    assert read(path).frame["a"].tolist() == ["1.234,5", "-0,5", "7"]


def test_dates_typed_serial_and_real(tmp_path: Path) -> None:
    typed = read(save(tmp_path, "date\n31.01.2025\n1.2.2025\n2025-13-01\n"), dates={"date": "%d.%m.%Y"})
    assert typed.frame["date"].tolist() == ["2025-01-31", "2025-02-01", "2025-13-01"]
    book = openpyxl.Workbook()
    assert isinstance(book.active, Worksheet)
    for cell in ("date", 45688, dt.date(2025, 2, 1), "soon"):
        book.active.append([cell])
    book.save(tmp_path / "t.xlsx")
    found = read(tmp_path / "t.xlsx", dates={"date": "excel"}).frame["date"].tolist()
    assert found[0] == "2025-01-31"
    assert found[1] == dt.datetime(2025, 2, 1)
    assert found[2] == "soon"


def test_rows_left_out_are_counted_and_keys_that_are_not_there_refused(tmp_path: Path) -> None:
    path = save(tmp_path, "centre,n\nA,1\nSum,1\n")
    table = read(path, columns={"site": "centre"}, leave_out={"site": ["Sum", "All"]})
    assert table.frame["site"].tolist() == ["A"]
    assert table.remarks == ("coaching: rows where 'centre' is 'Sum' or 'All': 1 left out (row 3)",)
    for key, value in (
        ("dates", {"dat": "excel"}),
        ("leave_out", {"centr": ["x"]}),
        ("recode", {"m": {1: 2}}),
    ):
        with pytest.raises(InputError, match=f"is named under {key} but not there"):
            read(path, **{key: value})


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda rows: rows.assign(pain=rows["pain"].str.replace("4.5", "4,5")), 'write decimal: ","'),
        (lambda rows: rows.assign(pain=rows["pain"].replace("", "n/a")), 'write missing: ["", "n/a"]'),
        (lambda rows: rows.assign(site=rows["site"].replace("D", "Total")), 'leave_out: {site: ["Total"]}'),
        (lambda rows: rows.assign(site=rows["site"].replace("D", "d-")), 'unite: {site: {"D": ["d-"]}}'),
    ],
)
def test_what_is_not_mapped_is_one_question_with_the_key_that_answers_it(
    tiny: Any, spoil: Callable[[pd.DataFrame], pd.DataFrame], expected: str
) -> None:
    spoil(raw(tiny, "outcomes")).to_csv(tiny.table("outcomes"), index=False)
    with pytest.raises(InputError) as told:
        clean(tiny)
    assert len(told.value.faults) == 1
    assert expected in str(told.value)


@pytest.mark.parametrize(
    ("cell", "expected"), [("31.01.2025", 'dates: {date: "%d.%m.%Y"}'), ("45688", "dates: {date: excel}")]
)
def test_a_date_of_another_form_is_asked_about(tiny: Any, cell: str, expected: str) -> None:
    (tiny.root / "data/tiny/wave-1/coaching.csv").write_text(
        f"site,date,kind,step\nA,{cell},contact,\n", encoding="utf-8"
    )
    tiny.replace(tiny.study, "  outcomes: {file", "  coaching: {file: coaching.csv}\n  outcomes: {file")
    with pytest.raises(InputError) as told:
        open_study("tiny", 1, workspace=tiny.workspace).table("coaching")
    assert expected in str(told.value)


def test_names_are_folded_by_what_spellings_differ_in() -> None:
    assert folded("St. Mary's") == folded("ST MARYS") == folded("st-marys")
    assert folded("Straße") == folded("STRASSE")


def test_answers_one_a_row_become_forms(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(
        "respondent,site,wave,item,answer\np2,S1,0,q1,4\np1,S1,0,q1,3\np1,S1,0,q2,DK\np2,S1,1,q2,5\n"
    )
    frame = read_table(
        path, TableSpec(file="answers.csv"), role="capability", file="answers.csv", unite={}
    ).frame
    assert frame.index.tolist() == [2, 3, 5]
    assert frame[["respondent", "wave"]].to_numpy().tolist() == [["p2", "0"], ["p1", "0"], ["p2", "1"]]
    assert frame["q1"].tolist()[:2] == ["4", "3"]
    assert frame["q2"].isna().tolist() == [True, False, False]


def test_a_form_that_answers_an_item_twice_is_refused_by_row(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("respondent,site,wave,item,answer\np1,S1,0,q1,4\np1,S1,0,q1,3\n")
    with pytest.raises(InputError, match="rows 2, 3: one form answers an item twice"):
        read_table(path, TableSpec(file="answers.csv"), role="capability", file="answers.csv", unite={})
