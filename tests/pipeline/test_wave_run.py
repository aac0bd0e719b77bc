"""A job as a worker takes it."""

from __future__ import annotations

from typing import Any

import pytest

from qieval.pipeline.planning import plan_waves
from qieval.pipeline.progress import quiet
from qieval.pipeline.wave_run import WaveRun

LAST_DAY = "1719705600"  # 30 June 2024, the end of the wave's window, in seconds since 1970 (UTC)


def test_dates_in_files_are_the_data_cut_s_unless_another_is_asked_for(
    tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.add_notebook("10_look")
    [plan] = plan_waves([tiny.wave], tiny.workspace)
    wave = WaveRun(plan, tiny.workspace, quiet(), force=True)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert wave.order(plan.jobs[0])["environment"]["SOURCE_DATE_EPOCH"] == LAST_DAY
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert wave.order(plan.jobs[0])["environment"]["SOURCE_DATE_EPOCH"] == "86400"
