"""Archives, XML and tables made to harm are refused before they do."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from qieval.coding import archive
from qieval.errors import InputError


def packed(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("sources/a.txt")
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../a.txt", "outside"),
        ("sources/../../a.txt", "outside"),
        ("/etc/a.txt", "outside"),
        ("sources\\..\\a.txt", "outside"),
        ("C:a.txt", "outside"),
        ("a\nb.txt", "outside"),
        (link(), "is a link"),
    ],
)
def test_members_that_point_elsewhere_are_refused(
    name: str | zipfile.ZipInfo, problem: str, tmp_path: Path
) -> None:
    path = packed(tmp_path / "made.qdpx", ("project.qde", b"<a/>"), (name, b"x"))
    with pytest.raises(InputError, match=problem), archive.opened(path):
        pass


def test_names_that_only_look_odd_are_read(tmp_path: Path) -> None:
    names = ("sources/a..b.txt", "sources/Gespräch 10:30.txt", "sources/..hidden.txt")
    path = packed(tmp_path / "made.qdpx", *((name, b"x") for name in names))
    with archive.opened(path) as found:
        assert [found.read(name) for name in names] == [b"x"] * 3


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "made.qdpx", ("sources/a.txt", b"1"), ("Sources/A.TXT", b"2"))
    with pytest.raises(InputError, match="same name"), archive.opened(path):
        pass


def test_what_unfolds_too_far_is_refused_but_only_where_it_would_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = b"0" * (2 * archive.MIB)
    with archive.opened(packed(tmp_path / "film.qdpx", ("sources/a.mp4", zeros))):
        pass
    bomb = packed(tmp_path / "bomb.qdpx", ("sources/a.txt", zeros))
    with pytest.raises(InputError, match="200 times"), archive.opened(bomb):
        pass
    for limit, problem in (
        ("LARGEST_SUM", "of text"),
        ("LARGEST", "that are read"),
        ("MOST_MEMBERS", "members"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(archive, limit, 0)
            small = packed(tmp_path / "small.qdpx", ("sources/a.txt", b"ab"))
            with pytest.raises(InputError, match=problem), archive.opened(small):
                pass


def test_a_member_that_lies_about_its_size_is_not_unfolded(tmp_path: Path) -> None:
    path = packed(tmp_path / "lie.qdpx", ("sources/a.txt", b"0" * 100_000))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(struct.pack("<I", 100_000), struct.pack("<I", 10)))
    with pytest.raises(InputError, match="not an archive"), archive.opened(path) as found:
        assert len(found.read("sources/a.txt")) <= 11


def test_damaged_and_encrypted_archives_are_refused(tmp_path: Path) -> None:
    whole = packed(tmp_path / "made.qdpx", ("project.qde", b"<a/>")).read_bytes()
    locked = bytearray(whole)
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    for content, problem in (
        (whole[:40], "not an archive"),
        (bytes(locked), "encrypted"),
        (b"", "not an archive"),
    ):
        path = tmp_path / "other.qdpx"
        path.write_bytes(content)
        with pytest.raises(InputError, match=problem), archive.opened(path):
            pass


XXE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (XXE, "document type"),
        (b"<!DOCTYPE a><a/>", "document type"),
        (b"<?xml version='1.0'?><!--" + b" " * 200_000 + b"-->" + XXE, "document type"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "document type"),
        (b"<a>&x;</a>", "not XML"),
        (b"<a>", "not XML"),
        (b"", "not XML"),
        (b"<?xml version='1.0' encoding='nothing'?><a/>", "not XML"),
    ],
)
def test_xml_that_could_fetch_or_expand_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        list(archive.elements(io.BytesIO(content), "made"))


def test_xml_may_be_deep_but_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"<a>" * 5000 + b"</a>" * 5000
    assert sum(1 for _ in archive.elements(io.BytesIO(deep), "made")) == 5000
    monkeypatch.setattr(archive, "MOST_ELEMENTS", 10)
    with pytest.raises(InputError, match="more than 10 XML"):
        list(archive.elements(io.BytesIO(deep), "made"))


def test_a_workbook_with_a_document_type_or_a_bomb_is_refused(tmp_path: Path) -> None:
    good = tmp_path / "good.xlsx"
    pd.DataFrame({"id": ["007"], "tag": ["a"]}).to_excel(good, index=False)
    assert archive.table(good)["id"].tolist() == ["007"]
    with zipfile.ZipFile(good) as found:
        members = [(name, found.read(name)) for name in found.namelist()]
    changed = [(n, XXE if n.endswith("sheet1.xml") else content) for n, content in members]
    with pytest.raises(InputError, match="document type"):
        archive.table(packed(tmp_path / "bad.xlsx", *changed))
    with pytest.raises(InputError, match="200 times"):
        archive.table(packed(tmp_path / "bomb.xlsx", *members, ("xl/more.xml", b" " * (2 * archive.MIB))))
    (tmp_path / "no.xlsx").write_bytes(b"no")
    with pytest.raises(InputError, match="not an archive"):
        archive.table(tmp_path / "no.xlsx")


def test_tables_that_are_none_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,tag\n\xff,1\n")
    with pytest.raises(InputError, match="not a table"):
        archive.table(path)
    monkeypatch.setattr(archive, "LARGEST", 3)
    with pytest.raises(InputError, match="larger than"):
        archive.table(path)


def test_damage_inside_a_member_is_refused_and_no_other_fault_is_called_damage(
    tmp_path: Path,
) -> None:
    path = packed(tmp_path / "made.qdpx", ("project.qde", b"<a>" + b"text " * 2_000 + b"</a>"))
    whole = bytearray(path.read_bytes())
    whole[60] ^= 255
    broken = tmp_path / "broken.qdpx"
    broken.write_bytes(whole)
    with archive.opened(broken) as found, pytest.raises(InputError, match="archive that can be read"):
        found.read("project.qde")
    wrong = pytest.raises(InputError, match="can be read")
    with archive.opened(broken) as found, found.stream("project.qde") as stream, wrong:
        list(archive.elements(stream, broken.name))
    with pytest.raises(ValueError, match="our own"), archive.opened(path):
        raise ValueError("our own")
