"""What is read, by its ending; and what is refused with a word of help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qieval.coding import Project, read_codebook, read_project, tally
from qieval.errors import InputError


@pytest.mark.parametrize("kind", [".csv", ".xlsx"])
def test_the_kit_s_own_tables(kind: str, tmp_path: Path, frames: Callable[[str], Any]) -> None:
    tables = frames("small")
    for name, frame in zip(("segments", "sources", "codebook"), tables, strict=True):
        path = tmp_path / f"{name}{kind}"
        frame.to_csv(path, index=False) if kind == ".csv" else frame.to_excel(path, index=False)
    found = tally(read_project(tmp_path), by="wave").frame
    pd.testing.assert_frame_equal(
        found, tally(Project.from_frames(*tables), by="wave").frame, check_dtype=False
    )
    assert read_codebook(tmp_path / f"codebook{kind}").codes.tolist() == list(dict.fromkeys(found["code"]))


def test_ids_keep_their_leading_zeros(tmp_path: Path) -> None:
    (tmp_path / "segments.csv").write_text("source,code,coder,start,end\n01,001,1,0,5\n")
    (tmp_path / "sources.csv").write_text("source,characters\n01,10\n1,10\n")
    (tmp_path / "codebook.csv").write_text("code,parent\n001,\n1,001\n")
    project = read_project(tmp_path)
    assert project.segments.loc[0, ["source", "code", "coder"]].tolist() == ["01", "001", "1"]
    assert tally(project).frame["own_references"].tolist() == [1, 0]


def test_what_is_not_read_says_why(tmp_path: Path) -> None:
    for name, text in (("a.txt", ""), ("a.csv", "x,y\n1,2\n"), ("none", "")):
        (tmp_path / name).write_text(text)
    for name, problem in (
        ("a.txt", "kind of project"),
        ("a.csv", "table of highlights"),
        ("b.qdpx", "no such file"),
    ):
        with pytest.raises(InputError, match=problem):
            read_project(tmp_path / name)
    with pytest.raises(InputError, match="0 tables called segments"):
        read_project(tmp_path)
    with pytest.raises(InputError, match="kind of codebook"):
        read_codebook(tmp_path / "a.txt")
    with pytest.raises(InputError, match="column is missing"):
        read_codebook(tmp_path / "a.csv")
