"""A study may name a coding program's project or export where its tables would stand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from qieval.coding import read_codebook, read_project, tally
from qieval.errors import InputError
from qieval.pipeline.study import open_study

STUDY = """title: Talks
synthetic: true
design: uncontrolled
tables:
  segments: {{file: {segments}}}
  sources: {{file: {sources}}}
codebook: {codebook}
"""
WAVE = "study: talks\nwave: 1\nlabel: first\ndata: ../../data/talks/wave-1\nreports: [40_coding]\n"


@pytest.fixture
def opened(tmp_path: Path):
    def build(*files: Path, segments: str, sources: str, codebook: str):
        for folder in ("params/talks", "data/talks/wave-1"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        study = STUDY.format(segments=segments, sources=sources, codebook=codebook)
        (tmp_path / "params/talks/study.yaml").write_text(study, encoding="utf-8")
        (tmp_path / "params/talks/wave-1.yaml").write_text(WAVE, encoding="utf-8")
        for file in files:
            shutil.copy(file, tmp_path / "data/talks/wave-1")
        return open_study("talks", 1, workspace=tmp_path)

    return build


def counts(project) -> pd.DataFrame:
    kept = ["name", "depth", "applications", "references", "sources", "cases", "characters", "n_sources"]
    return tally(project).frame[kept]


@pytest.mark.parametrize(
    "name", ["qic_exclusive", "qic_vendor_named", "qic_braces_lower", "qic_capital_names"]
)
def test_a_project_file_gives_the_tallies_that_its_reader_gives(name: str, opened, reference: Path) -> None:
    path = reference / "qual" / "refi" / f"{name}.qdpx"
    study = opened(path, segments=path.name, sources=path.name, codebook=path.name)
    read, found = read_project(path), study.coded()
    pd.testing.assert_frame_equal(counts(found.project), counts(read))
    assert found.project.excluded_by_reason() == read.excluded_by_reason()
    assert set(read.notes) < set(found.project.notes)
    assert found.triangulation is None
    assert found.codebook_before is None


def test_an_earlier_wave_whose_extract_is_gone_leaves_no_codebook_to_compare_with(
    opened, reference: Path, tmp_path: Path
) -> None:
    path = reference / "qual" / "refi" / "qic_exclusive.qdpx"
    study = opened(path, segments=path.name, sources=path.name, codebook=path.name)
    before = WAVE.replace("wave: 1", "wave: 0").replace("wave-1", "wave-0")
    (tmp_path / "params" / "talks" / "wave-0.yaml").write_text(before, encoding="utf-8")
    assert study.coded().codebook_before is None


def test_codes_of_a_project_go_by_their_path_and_nothing_goes_by_a_guid(opened, reference: Path) -> None:
    path = reference / "qual" / "refi" / "qic_exclusive.qdpx"
    project = opened(path, segments=path.name, sources=path.name, codebook=path.name).coded().project
    codes = project.codes.codes.tolist()
    assert len(set(codes)) == len(codes)
    assert not any(len(code) == 36 and code.count("-") == 4 for code in codes)
    assert {"name", "selection"}.isdisjoint([*project.sources, *project.segments])


def test_a_database_and_its_exports_give_the_same_tallies(opened, reference: Path) -> None:
    folder = reference / "qual" / "formats" / "taguette"
    files = [folder / name for name in ("project.sqlite3", "highlights_all.csv", "highlights_all.xlsx")]
    books = [folder / name for name in ("codebook.csv", "codebook.qdc", "codebook.xlsx")]
    database = "project.sqlite3"
    whole = opened(*files, *books, segments=database, sources=database, codebook=database).coded().project
    for table, book in (("highlights_all.csv", "codebook.csv"), ("highlights_all.xlsx", "codebook.xlsx")):
        study = opened(segments=table, sources=table, codebook=book)
        part = study.coded().project
        assert not part.placed
        named = [each.frame.set_index("name")["references"] for each in (tally(part), tally(whole))]
        pd.testing.assert_series_equal(*[each.sort_index() for each in named])


def test_a_codebook_in_the_exchange_format_stands_beside_tables(
    opened, reference: Path, tmp_path: Path
) -> None:
    book = reference / "qual" / "formats" / "taguette" / "codebook.qdc"
    codes = read_codebook(book).codes
    pd.DataFrame({"source": ["a"], "characters": [50]}).to_excel(tmp_path / "sources.xlsx", index=False)
    rows = [("a", "amy", codes[0], 0, 9, "words")] * 2
    names = ["source", "coder", "code", "start", "end", "text"]
    pd.DataFrame(rows, columns=names).to_excel(tmp_path / "segments.xlsx", index=False)
    study = opened(
        book,
        tmp_path / "sources.xlsx",
        tmp_path / "segments.xlsx",
        segments="segments.xlsx",
        sources="sources.xlsx",
        codebook="codebook.qdc",
    )
    project = study.coded().project
    assert project.repeated == 1
    assert tally(project).frame["references"].max() == 1


def test_a_hostile_project_is_one_error_of_the_study(opened, reference: Path) -> None:
    path = reference / "qual" / "refi" / "hostile" / "zip_slip.qdpx"
    study = opened(path, segments=path.name, sources=path.name, codebook=path.name)
    with pytest.raises(InputError, match="points outside the archive"):
        study.coded()
