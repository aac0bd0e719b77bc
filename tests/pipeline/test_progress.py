from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from qieval.pipeline import progress as module
from qieval.pipeline.progress import Bars, Lines, progress, tell

WAVE: Any = SimpleNamespace(study_name="tiny", wave=1, jobs=(1, 2))
JOB: Any = SimpleNamespace(report="20_effect--[red]")


def told(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> tuple[str, object]:
    out = io.StringIO()
    place: dict[str, Any] = {"file": out, "force_terminal": terminal, "width": 80, "_environ": {}}
    monkeypatch.setattr(module, "Console", lambda **given: Console(**given, **place))
    with progress([WAVE]) as listener:
        listener.cell(WAVE, JOB, 1, 4)
        listener.cell(WAVE, JOB, 2, 4)
        listener.report(WAVE, JOB, 1.25, failed=False)
        listener.report(WAVE, JOB, 0.5, failed=True)
    return out.getvalue(), listener


def test_where_nobody_watches_each_report_is_one_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    said, listener = told(monkeypatch, terminal=False)
    assert isinstance(listener, Lines)
    assert said == (
        "[1/2] tiny wave 1: 20_effect--[red] made in 1.2 s\n"
        "[2/2] tiny wave 1: 20_effect--[red] FAILED after 0.5 s\n"
    )


def test_on_a_terminal_there_are_bars_for_reports_and_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    said, listener = told(monkeypatch, terminal=True)
    assert isinstance(listener, Bars)
    assert "made in 1.2 s" in said
    assert "reports" in said
    assert "20_effect--[red]" in said


def test_a_program_hears_every_event_as_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    with progress([WAVE], as_json=True) as listener:
        listener.starts(WAVE, JOB, "its notebook changed")
        listener.starts(WAVE, JOB, "")
        listener.cell(WAVE, JOB, 1, 4)
        listener.report(WAVE, JOB, 1.25, failed=True)
    tell("published", WAVE, "in words", as_json=True, folder="reports/tiny/wave-1")
    where = {"study": "tiny", "wave": 1}
    report = where | {"report": "20_effect--[red]"}
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"event": "starts", **report, "why": "its notebook changed"},
        {"event": "up to date", **report},
        {"event": "cell", **report, "done": 1, "of": 4},
        {"event": "failed", **report, "seconds": 1.25},
        {"event": "published", **where, "folder": "reports/tiny/wave-1"},
    ]
