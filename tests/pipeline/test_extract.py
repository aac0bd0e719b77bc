from __future__ import annotations

from pathlib import Path

import pytest

from qieval.errors import InputError
from qieval.pipeline.extract import open_extract


def test_a_study_or_wave_that_is_not_there_is_told(tiny) -> None:
    with pytest.raises(InputError, match=r"there is no study 'tinny' \(did you mean 'tiny'\?\)"):
        open_extract(tiny.workspace, "tinny", 1)
    with pytest.raises(InputError, match=r"params/tiny/wave-9\.yaml: there is no such file"):
        open_extract(tiny.workspace, "tiny", 9)


def test_a_wave_file_is_where_it_says(tiny) -> None:
    tiny.replace(tiny.wave, "study: tiny", "study: tony")
    tiny.replace(tiny.wave, "wave: 1", "wave: 2")
    with pytest.raises(InputError) as caught:
        open_extract(tiny.workspace, "tiny", 1)
    assert [fault.column for fault in caught.value.faults] == ["study", "wave"]


def test_faults_of_both_files_come_together(tiny) -> None:
    tiny.wave.write_text("study: [tiny\n")
    tiny.study.write_text("title: 1\n")
    with pytest.raises(InputError) as caught:
        open_extract(tiny.workspace, "tiny", 1)
    assert {fault.file for fault in caught.value.faults} == {
        "params/tiny/study.yaml",
        "params/tiny/wave-1.yaml, line 2",
    }


def test_a_table_may_not_lie_outside(tiny) -> None:
    tiny.replace(tiny.study, "file: sites.csv", "file: ../../../../sites.csv")
    [fault] = open_extract(tiny.workspace, "tiny", 1).check(["sites"]).faults
    assert (fault.file, fault.column) == ("params/tiny/study.yaml", "tables.sites.file")
    assert "leads out of the workspace" in fault.problem


def test_data_may_lie_in_the_folder_that_the_study_declares(tiny, tmp_path: Path) -> None:
    secure = tmp_path / "secure" / "wave-1"
    secure.parent.mkdir()
    tiny.table("sites").parent.rename(secure)
    tiny.replace(tiny.wave, "../../data/tiny/wave-1", str(secure))
    with pytest.raises(InputError, match=r"key data: .* leads out of the workspace"):
        _ = open_extract(tiny.workspace, "tiny", 1).data
    tiny.append(tiny.study, f"data: {secure.parent}\n")
    assert open_extract(tiny.workspace, "tiny", 1).check().faults == ()


def test_a_data_folder_that_is_not_there_is_told_once(tiny) -> None:
    tiny.replace(tiny.wave, "wave-1  ", "wave-x  ")
    [fault] = open_extract(tiny.workspace, "tiny", 1).check().faults
    assert (fault.column, fault.problem) == ("data", "there is no folder data/tiny/wave-x")


def test_a_wave_may_read_a_table_otherwise(tiny) -> None:
    tiny.table("sites").rename(tiny.table("roster"))
    tiny.append(tiny.wave, "tables: {sites: {file: roster.csv}}\n")
    assert open_extract(tiny.workspace, "tiny", 1).check().faults == ()


def test_an_unknown_table_is_told_with_a_near_one(tiny) -> None:
    with pytest.raises(InputError, match=r"no table 'outcme' \(did you mean 'outcomes'\?\)"):
        open_extract(tiny.workspace, "tiny", 1).raw("outcme")
