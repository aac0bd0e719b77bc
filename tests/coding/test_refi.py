"""REFI-QDA projects: every dialect of one project says the same; what is hostile is refused or set aside."""

from __future__ import annotations

import json
import re
import warnings
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qieval.coding import (
    Codebook,
    Offsets,
    OffsetsWarning,
    Project,
    read_codebook,
    read_project,
    tally,
    write_qdc,
)
from qieval.errors import ArgumentError, InputError

DIALECTS = ("braces_lower", "capital_names", "exclusive", "noname", "vendor_named")
TEXT = "sources/2F12D5C3-943E-5BD1-86C0-C2D9695CE75B.txt"


@pytest.fixture
def folder(reference: Path) -> Path:
    return reference / "qual" / "refi"


@pytest.fixture
def expected(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "qic_expected.json").read_text())
    return found


def quietly(path: Path, **given: Any) -> Project:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OffsetsWarning)
        return read_project(path, **given)


def changed(path: Path, to: Path, *changes: tuple[str, str], text: bytes | None = None) -> Path:
    """Copy a project with words of its XML, or its text file, replaced."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".qde"):
                words = content.decode("utf-8")
                for before, after in changes:
                    assert before in words
                    words = words.replace(before, after)
                content = words.encode("utf-8")
            new.writestr(name, text if text is not None and name == TEXT else content)
    return to


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_expected_counts(
    dialect: str, folder: Path, expected: dict[str, Any]
) -> None:
    project = quietly(folder / f"qic_{dialect}.qdpx")
    by = tally(project).frame.set_index("name")
    for name, count in expected["per_code_references_own"].items():
        assert by.loc[name, "own_references"] == count
    for name, count in expected["per_code_references_rollup"].items():
        assert by.loc[name, "references"] == count
    for name, count in expected["per_code_sources_rollup"].items():
        assert by.loc[name, "sources"] == count
    assert len(project.codes) == expected["codes"]
    assert int(project.codes.frame["codable"].sum()) == expected["codable"]
    assert int(project.codes.frame["depth"].max()) + 1 == expected["max_depth"]
    assert len(project.segments) == expected["unique_quotation_applications"]
    assert len(project.coders) == expected["users"]
    assert project.excluded_by_reason() == {
        "a selection without a code": expected["uncoded_selections"],
        "the source as a whole is coded, no passage": expected["codings_whole_source"],
    }
    spans = project.segments.set_index("text")[["start", "end"]]
    for text, span in expected["spans_codepoint_half_open"].items():
        assert (spans.loc[[text]].to_numpy() == span).all()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("by", [None, "Site", "Wave", "source_kind"])
def test_every_dialect_gives_identical_tallies(dialect: str, by: str | None, folder: Path) -> None:
    first = tally(read_project(folder / "qic_exclusive.qdpx"), by=by).frame
    pd.testing.assert_frame_equal(tally(quietly(folder / f"qic_{dialect}.qdpx"), by=by).frame, first)


def test_without_names_a_warning_says_what_was_assumed(folder: Path) -> None:
    with pytest.warns(OffsetsWarning, match="end exclusive"):
        project = read_project(folder / "qic_noname.qdpx")
    assert any("may be shifted" in note for note in project.notes)
    told = read_project(folder / "qic_noname.qdpx", offsets=Offsets())  # being told is enough
    assert told.notes[0].startswith("Positions: end exclusive")


def test_cases_coders_and_variables_go_by_id(folder: Path) -> None:
    project = read_project(folder / "qic_exclusive.qdpx")
    by = project.sources.set_index("name")
    assert by.loc["Interview 1", ["Site", "Wave"]].tolist() == ["Alpha", 1]
    assert pd.isna(by.loc["Minutes.pdf", "Site"])
    assert project.cases["case"].nunique() == 3
    assert project.cases["case"].iloc[2].startswith("source ")
    whole = project.segments.astype("str").to_csv() + project.excluded.to_csv() + project.codes.frame.to_csv()
    assert "real" not in whole.lower()  # users' names and the base path


def test_media_are_listed_and_only_passages_counted(folder: Path) -> None:
    project = quietly(folder / "qic_media.qdpx")
    assert project.sources["source_kind"].tolist() == ["picture", "audio", "video"]
    assert project.segments[["start", "end", "text", "coder"]].to_numpy().tolist() == [
        [0, 12, "Hello coach.", "unknown"]
    ]
    assert sum(project.excluded_by_reason().values()) == 3


TWINS = {
    "LF": (lambda text: text.replace("\r\n", "\n"), 1),
    "CRLF counted as one": (lambda text: text, 1),
    "mark": (lambda text: "\ufeff" + text, 2),
}


@pytest.mark.parametrize("twin", TWINS)
def test_twins_with_other_line_ends_say_the_same(twin: str, folder: Path, tmp_path: Path) -> None:
    whole = folder / "qic_exclusive.qdpx"
    with zipfile.ZipFile(whole) as found:
        text = found.read(TEXT).decode("utf-8")
    assert "\r\n" in text
    make, crlf = TWINS[twin]
    spans = ((26, 37, 1), (53, 74, 1), (64, 74, 1), (77, 94, 2))  # and the line ends before each
    words = 'startPosition="{}" endPosition="{}"'
    shifts = [(words.format(a, b), words.format(a - n, b - n)) for a, b, n in spans if crlf == 1]
    path = changed(whole, tmp_path / "twin.qdpx", *shifts, text=make(text).encode("utf-8"))
    first, second = read_project(whole), read_project(path)
    assert second.segments["text"].tolist() == first.segments["text"].tolist()
    drop = [name for name in tally(first).frame if "cover" in name or name == "n_characters"]
    pd.testing.assert_frame_equal(
        tally(second).frame.drop(columns=drop), tally(first).frame.drop(columns=drop)
    )


def test_an_inclusive_end_is_found_out(folder: Path, tmp_path: Path) -> None:
    ends = [(f'endPosition="{end}"', f'endPosition="{end - 1}"') for end in (37, 74, 94, 52, 70, 23)]
    project = read_project(changed(folder / "qic_exclusive.qdpx", tmp_path / "inclusive.qdpx", *ends))
    pd.testing.assert_frame_equal(project.segments, read_project(folder / "qic_exclusive.qdpx").segments)
    assert "end inclusive" in project.notes[0]


REFUSED = {
    "two_qde": "2 project files",
    "no_qde": "0 project files",
    "zip_slip": "outside the archive",
    "billion_laughs": "document type",
    "bomb_200MB": "200 times its size",
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_archives_are_refused_whole(name: str, folder: Path, tmp_path: Path) -> None:
    before = sorted(Path("/").glob("qieval_pwned*")) + sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=REFUSED[name]):
        read_project(folder / "hostile" / f"{name}.qdpx")
    assert sorted(Path("/").glob("qieval_pwned*")) + sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["path_escape_attr", "absolute_attr"])
def test_texts_outside_the_archive_are_never_opened(name: str, folder: Path) -> None:
    project = read_project(folder / "hostile" / f"{name}.qdpx")
    assert project.sources["characters"].isna().tolist() == [True, False, False]
    assert "Sources whose texts point outside the archive: 1." in project.notes
    assert project.segments["text"].isna().sum() == 6


def test_dangling_and_impossible_selections_are_set_aside(folder: Path) -> None:
    dangling = read_project(folder / "hostile" / "dangling_refs.qdpx")
    assert dangling.excluded_by_reason()["unknown code"] == 1
    beyond = read_project(folder / "hostile" / "out_of_range.qdpx")
    assert beyond.excluded_by_reason()["beyond the source's text"] == 1
    pd.testing.assert_frame_equal(
        tally(beyond).frame, tally(read_project(folder / "qic_exclusive.qdpx")).frame
    )


CODES = "<CodeBook><Codes><Code guid='{a}' name='A'/></Codes></CodeBook>"
CODING = "<Coding guid='k'{user}><CodeRef targetGUID='A'/></Coding>"


def written(to: Path, body: str) -> Project:
    with zipfile.ZipFile(to, "w") as made:
        made.writestr("project.qde", f"<Project xmlns='urn:QDA-XML:project:0:4'>{body}</Project>")
    return quietly(to)


def test_the_coder_falls_back_on_the_selection(tmp_path: Path) -> None:
    selection = "<PlainTextSelection guid='s{}' startPosition='{}' endPosition='4'{}>{}</PlainTextSelection>"
    selections = (
        selection.format(1, 0, " creatingUser='{u1}'", CODING.format(user=" creatingUser='U2'"))
        + selection.format(2, 1, " creatingUser='{u1}'", CODING.format(user=""))
        + selection.format(3, 2, " modifyingUser='U3'", CODING.format(user=""))
        + selection.format(4, "1e3", "", CODING.format(user=""))
        + selection.format(5, 4, "", CODING.format(user=""))
    )
    source = f"<TextSource guid='t'><PlainTextContent>word</PlainTextContent>{selections}</TextSource>"
    project = written(tmp_path / "made.qdpx", f"{CODES}<Sources>{source}</Sources>")
    assert project.segments["coder"].tolist() == ["U2", "U1", "U3"]
    assert project.excluded_by_reason() == {"offsets missing or not whole numbers": 1, "no characters": 1}


def test_variables_on_sources_and_speakers_by_selection(tmp_path: Path) -> None:
    variables = "".join(
        f"<Variable guid='v{n}' name='{name}' typeOfVariable='Text'/>"
        for n, name in enumerate(("role", "role", "name"))
    )
    value = "<VariableValue><VariableRef targetGUID='v{}'/><{kind}>{}</{kind}></VariableValue>"
    cases = (
        f"<Case guid='c1'>{value.format(0, 'nurse', kind='TextValue')}<SelectionRef targetGUID='s1'/></Case>"
        f"<Case guid='c2'>{value.format(0, 'coach', kind='TextValue')}<SourceRef targetGUID='t'/></Case>"
    )
    own = value.format(1, 3, kind="IntegerValue") + value.format(2, "x", kind="TextValue")
    source = (
        "<TextSource guid='t' name='FG'><PlainTextContent>word</PlainTextContent>"
        "<PlainTextSelection guid='s1' startPosition='0' endPosition='4'/>" + own + "</TextSource>"
    )
    body = f"{CODES}<Variables>{variables}</Variables><Cases>{cases}</Cases><Sources>{source}</Sources>"
    project = written(tmp_path / "made.qdpx", body)
    assert project.cases.to_numpy().tolist() == [["T", "C1"], ["T", "C2"]]
    row = project.sources.iloc[0]
    assert (row["name"], row["role (2)"], row["name (2)"]) == ("FG", 3, "x")
    assert "role" not in project.sources  # its speakers differ


def test_an_empty_project_is_a_project(tmp_path: Path) -> None:
    project = written(tmp_path / "made.qdpx", "")
    assert (len(project.sources), len(project.codes), len(project.segments)) == (0, 0, 0)


def test_codebooks_of_the_exchange_format(folder: Path, reference: Path, tmp_path: Path) -> None:
    book = read_codebook(reference / "qual" / "formats" / "taguette" / "codebook.qdc")
    assert book.frame["name"].tolist()[:2] == ["Barriers", "Barriers.Data burden"]
    deep = tmp_path / "deep.qdc"
    nested = "".join(f"<Code guid='g{n}' name='c' isCodable='true'>" for n in range(3000)) + "</Code>" * 3000
    deep.write_text(f"<CodeBook xmlns='urn:QDA-XML:codebook:1.0'><Codes>{nested}</Codes></CodeBook>")
    assert int(read_codebook(deep).frame["depth"].max()) == 2999


def test_the_standard_s_own_codebook(outside: Path) -> None:
    book = read_codebook(outside / "qual" / "refi" / "refi15_annexA1_codebook.qdc").frame
    assert (len(book), int(book["depth"].max()), int((~book["codable"]).sum())) == (6, 0, 2)


def test_a_codebook_written_is_the_codebook_read(tables, tmp_path: Path) -> None:
    book = Codebook.from_frame(tables[2])
    read = read_codebook(write_qdc(book, tmp_path / "book.qdc"))
    assert read.frame[["name", "definition", "depth"]].equals(book.frame[["name", "definition", "depth"]])
    assert read.parents.tolist() == book.parents.tolist()
    again = read_codebook(write_qdc(read, tmp_path / "again.qdc"))
    assert again.codes.equals(read.codes)
    assert (tmp_path / "again.qdc").read_bytes() == (tmp_path / "book.qdc").read_bytes()


def test_a_written_codebook_keeps_to_the_schema(tmp_path: Path) -> None:
    """Order of elements, attributes and the form of GUIDs are those of the standard's schema."""
    codes = {
        "code": ["a", "b"],
        "parent": ["", "a"],
        "name": ["Time \x0b<1>", "B"],
        "definition": ["", "d & e"],
    }
    book = Codebook.from_frame(pd.DataFrame({**codes, "codable": [False, True]}))
    root = ET.parse(write_qdc(book, tmp_path / "book.qdc")).getroot()
    space = "{urn:QDA-XML:codebook:1.0}"
    assert root.tag == f"{space}CodeBook"
    assert [child.tag for child in root] == [f"{space}Codes"]
    for code in root.iter(f"{space}Code"):
        assert set(code.attrib) == {"guid", "name", "isCodable"}
        assert re.fullmatch("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", code.get("guid", ""))
        assert code.get("isCodable") in {"true", "false"}
        tags = [child.tag.removeprefix(space) for child in code]
        assert tags == sorted(tags, key=["Description", "Code"].index)
        assert tags.count("Description") <= 1
    assert [code.get("name") for code in root.iter(f"{space}Code")] == ["Time <1>", "B"]


@pytest.mark.parametrize(("codes", "name"), [([], "x.qdc"), (["a"], "x.csv")])
def test_what_cannot_be_written_is_refused(codes: list[str], name: str, tmp_path: Path) -> None:
    book = Codebook.from_frame(pd.DataFrame({"code": codes}))
    with pytest.raises(ArgumentError, match="write_qdc"):
        write_qdc(book, tmp_path / name)
