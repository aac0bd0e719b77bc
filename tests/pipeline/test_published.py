from __future__ import annotations

import json
from pathlib import Path

import pytest

from qieval.errors import InputError
from qieval.pipeline.published import COLUMNS, published_results
from qieval.pipeline.study import open_study


def publish(path: Path, estimate: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    row = {
        "key": "20/effect/t",
        "report": "20",
        "exhibit": 1,
        "estimate": estimate,
        "notes": ["a"],
        "ci_low": None,
    }
    path.write_text(json.dumps({"schema": 1, "study": "tiny", "wave": 0, "results": [row]}))
    return path


def test_results_of_all_waves_up_to_this_one_are_gathered(tiny) -> None:
    for wave in (0, 1, 2):
        publish(tiny.workspace.published("tiny", wave) / "results.json", 10.0 + wave)
    frame = published_results(tiny.workspace, "tiny", 1)
    assert list(frame.columns) == [*COLUMNS, "wave", "wave_label"]
    assert frame["estimate"].tolist() == [10.0, 11.0]
    assert frame["wave"].tolist() == [0, 1]
    assert frame["wave_label"].tolist() == ["baseline", "month 6"]


def test_the_run_in_progress_stands_for_its_own_wave_only(
    tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wave in (0, 1):
        publish(tiny.workspace.published("tiny", wave) / "results.json", 10.0 + wave)
    monkeypatch.setenv("QIEVAL_RESULTS", str(publish(tmp_path / "now.json", 99.0)))
    assert open_study("tiny", 1, workspace=tiny.workspace).results()["estimate"].tolist() == [10.0, 99.0]


def test_nothing_published_is_an_empty_table(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QIEVAL_RESULTS", raising=False)
    frame = published_results(tiny.workspace, "tiny", 1)
    assert len(frame) == 0
    assert "estimate" in frame


@pytest.mark.parametrize("words", ["{", "[]", '{"results": [1]}', '{"results": 1}', "{}"])
def test_a_broken_results_file_is_told(tiny, words: str) -> None:
    path = tiny.workspace.published("tiny", 0) / "results.json"
    path.parent.mkdir(parents=True)
    path.write_text(words)
    with pytest.raises(InputError, match=r"reports/tiny/wave-0/results\.json: is no results file"):
        published_results(tiny.workspace, "tiny", 1)
