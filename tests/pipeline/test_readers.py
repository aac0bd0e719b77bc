from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from qieval.errors import InputError
from qieval.pipeline.model import TableSpec
from qieval.pipeline.readers import RawTable, read_table

WORDS = "site,n,label\n001,3,é\n002,,x\n"


def read(path: Path, **spec: object) -> RawTable:
    return read_table(path, TableSpec(file=path.name, **spec), role="sites", file=path.name)


def save(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_read_whatever_its_encoding_and_delimiter(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    content = WORDS.replace(",", delimiter).encode(encoding)
    table = read(save(tmp_path, content))
    assert table.frame["site"].tolist() == ["001", "002"]
    assert table.frame["label"].tolist() == ["é", "x"]
    assert table.frame["n"].isna().tolist() == [False, True]
    assert table.frame.index.tolist() == [2, 3]
    assert table.sha256 == hashlib.sha256(content).hexdigest()


def test_rows_are_numbered_as_in_a_spreadsheet(tmp_path: Path) -> None:
    table = read(
        save(tmp_path, 'A title\n\nsite,words\nA,"two\nlines"\n\n,\nB,x\n'),
        header=3,
    )
    assert table.frame["site"].to_dict() == {4: "A", 7: "B"}


def test_missing_is_what_is_declared_and_the_empty_cell(tmp_path: Path) -> None:
    table = read(save(tmp_path, "a,b\n-9,Missing\n-9.0, \n9,-9x\n"), missing=("Missing", -9))
    assert table.frame["a"].isna().tolist() == [True, False, False]
    assert table.frame["b"].isna().tolist() == [True, True, False]


def test_columns_get_their_roles_and_values_their_names(tmp_path: Path) -> None:
    table = read(
        save(tmp_path, "centre,group,site\n01,1,x\n02,2,y\n03,9,z\n04,3,w\n"),
        columns={"site": "centre", "arm": "group"},
        recode={"arm": {1: "coached", "2": "usual care", 9: None}},
    )
    assert table.frame["site"].tolist() == ["01", "02", "03", "04"]
    assert table.frame["arm"].tolist()[:2] == ["coached", "usual care"]
    assert table.frame["arm"].isna().tolist() == [False, False, True, False]
    assert table.frame["arm"].tolist()[3] == "3"
    assert table.own == {"site": "centre", "arm": "group"}
    assert "own column 'site' is not used" in table.remarks[0]


def test_excel_keeps_types_sheet_and_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["not this one"])
    sheet = book.create_sheet("Data")
    for row in (
        ["A title"],
        [],
        ["site", "n", "day", None],
        ["007", 3, dt.datetime(2025, 1, 31)],
        [],
        [8, 1.5, None],
    ):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    for which in ("Data", 2):
        frame = read(tmp_path / "t.xlsx", sheet=which, header=3).frame
        assert frame["site"].to_dict() == {4: "007", 6: 8}
        assert frame["day"].isna().tolist() == [False, True]
        assert list(frame.columns) == ["site", "n", "day"]
    with pytest.raises(
        InputError, match=r"no sheet 'data2' \(did you mean 'Data'\?\); expected one of Sheet, Data"
    ):
        read(tmp_path / "t.xlsx", sheet="data2")


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    pd.DataFrame({"site": ["01", "02"], "n": [1, -9]}, index=[5, 6]).to_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet", missing=(-9,))
    assert table.frame["site"].to_dict() == {2: "01", 3: "02"}
    assert table.frame["n"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "has no header in row 1"),
        ("t.csv", "\n\n", "has no header in row 1"),
        ("t.csv", "a,b,a\n1,2,3\n", "column a: the header has this name 2 times"),
        ("t.csv", "a,,b\n1,2,3\n", "without a name: a column with values has no name"),
        ("t.csv", "a,b\n1,2\n1,2,3\n1\n", "rows 3, 4: another number of cells; expected 2"),
        ("t.csv", 'a,b\n1,"2\n', "not a table that can be read"),
        ("t.csv", b"a,b\n\xe9,1\n", "not text in UTF-8 or UTF-16"),
        ("t.csv", "a,b\n" + "x" * 200_000 + ",1\n", "not a table that can be read"),
        ("t.xlsx", "a,b\n1,2\n", "not an Excel workbook"),
        ("t.parquet", "a,b\n1,2\n", "not a Parquet file"),
        ("t.xls", "a,b\n1,2\n", r"'.xls' is not a kind of file that is read; expected .csv, .xlsx, .parquet"),
        ("t", "a,b\n", "'no ending' is not a kind"),
    ],
)
def test_what_cannot_be_read_is_one_clear_message(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(save(tmp_path, content, name))


def test_an_unnamed_empty_column_is_left_out(tmp_path: Path) -> None:
    assert list(read(save(tmp_path, "a,b,,\n1,2,,\n")).frame.columns) == ["a", "b"]


def test_a_file_that_is_not_there_is_told_with_its_neighbour(tmp_path: Path) -> None:
    save(tmp_path, WORDS, "sites.csv")
    with pytest.raises(InputError, match=r"site\.csv: there is no such file \(did you mean 'sites.csv'\?\)"):
        read(tmp_path / "site.csv")


def test_mapped_columns_that_are_not_there_are_all_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(save(tmp_path, WORDS), columns={"site": "sitte", "arm": "group"}, recode={"army": {1: "a"}})
    assert [(fault.column, "did you mean" in fault.problem) for fault in caught.value.faults] == [
        ("sitte", True),
        ("group", False),
        ("army", True),
    ]
