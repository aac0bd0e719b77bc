"""What a run publishes of a project with planted names, paths and GUIDs: none of them."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from qieval.cli import main
from qieval.pipeline.extract import open_extract
from qieval.pipeline.workspace import Workspace

STUDY = """title: Talks
design: uncontrolled
tables:
  segments: {file: planted.qdpx}
  sources: {file: planted.qdpx}
  substitutions: {file: substitutions.csv}
  approvals: {file: approvals.csv}
codebook: planted.qdpx
"""
WAVE = """
study: talks
wave: 1
label: first
data: ../../data/talks/wave-1
reports: [40_coding: {by: source_kind}]
"""
PLANTED = ("Jane Okafor", "Okafor-transcript", "C:/Users/okafor", "Coder Realname", "Case Realname")
GUID = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""Names of the project, its sources, people and folders; any GUID at all."""


def planted() -> bytes:
    """A project of nine interviews by two coders, with names wherever the format has room for them."""

    def guid(place: int) -> str:
        return f"{place:08X}-0000-4000-8000-000000000000"

    text = "We met every week. Jane Okafor rang the ward."
    spans = ((0, 18, 20), (19, len(text), 21))
    sources = "".join(
        f'<TextSource guid="{guid(100 + n)}" name="Okafor-transcript-{n}.docx" '
        f'currentPath="C:/Users/okafor/{n}">'
        f"<PlainTextContent>{text}</PlainTextContent>"
        + "".join(
            f'<PlainTextSelection guid="{guid(1000 + 100 * n + 10 * k + c)}" name="{text[start:end]}" '
            f'startPosition="{start}" endPosition="{end}"><Coding guid="{guid(9000 + 100 * n + 10 * k + c)}" '
            f'creatingUser="{guid(c)}"><CodeRef targetGUID="{guid(code)}"/></Coding></PlainTextSelection>'
            for k, (start, end, code) in enumerate(spans)
            for c in (1, 2)
        )
        + "</TextSource>"
        for n in range(9)
    )
    cases = "".join(
        f'<Case guid="{guid(500 + n)}" name="Case Realname {n}">'
        f'<SourceRef targetGUID="{guid(100 + n)}"/></Case>'
        for n in range(9)
    )
    users = "".join(f'<User guid="{guid(c)}" name="Coder Realname {c}"/>' for c in (1, 2))
    codes = "".join(
        f'<Code guid="{guid(place)}" name="{name}" isCodable="true"/>'
        for place, name in ((20, "Time"), (21, "Talk"))
    )
    return (
        '<?xml version="1.0"?><Project xmlns="urn:QDA-XML:project:1.0" name="Jane Okafor" '
        f'basePath="C:/Users/okafor"><Users>{users}</Users><CodeBook><Codes>{codes}</Codes></CodeBook>'
        f"<Cases>{cases}</Cases><Sources>{sources}</Sources></Project>"
    ).encode()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for folder in ("params/talks", "data/talks/wave-1"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "params/talks/study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "params/talks/wave-1.yaml").write_text(WAVE, encoding="utf-8")
    names = "name,instead\nJane Okafor,nurse 1\n"
    (tmp_path / "data/talks/wave-1/substitutions.csv").write_text(names, encoding="utf-8")
    approved = [
        f"{1000 + 100 * n + 10 + c:08X}-0000-4000-8000-000000000000,true" for n in range(9) for c in (1, 2)
    ]
    listed = "\n".join(["selection,approved", *approved]) + "\n"
    (tmp_path / "data/talks/wave-1/approvals.csv").write_text(listed, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "data/talks/wave-1/planted.qdpx", "w") as archive:
        archive.writestr("project.qde", planted())
    return tmp_path


def test_no_planted_name_path_or_guid_is_in_what_a_run_publishes(workspace: Path, repo: Path) -> None:
    """Every file of the wave's folder but the record of the run, which names the files read."""
    (workspace / "notebooks").mkdir()
    shutil.copy(repo / "notebooks" / "40_coding.ipynb", workspace / "notebooks")
    assert main(["run", str(workspace / "params/talks/wave-1.yaml"), "--workspace", str(workspace)]) == 0
    published = workspace / "reports/talks/wave-1"
    page = (published / "40_coding--source_kind.html").read_text(encoding="utf-8")
    assert "[nurse 1] rang the ward" in page
    assert "We met every week" not in page, "that selection was not approved"
    assert "2 coders" in page
    files = {path: path.read_text(encoding="utf-8") for path in published.rglob("*") if path.is_file()}
    assert len(files) > 15
    for path, words in files.items():
        assert [name for name in PLANTED if name.lower() in words.lower()] == [], path
        assert GUID.search(words) is None, path


def test_an_approval_of_no_selection_is_a_fault(workspace: Path) -> None:
    with (workspace / "data/talks/wave-1/approvals.csv").open("a") as file:
        file.write("no-such-selection,true\n")
    checked = open_extract(Workspace(workspace), "talks", 1).check()
    assert [(fault.column, fault.rows) for fault in checked.faults] == [("selection", (20,))]
