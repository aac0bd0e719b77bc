"""Results that earlier waves published, and those that the wave in progress has so far."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from qieval.errors import refuse
from qieval.pipeline.collect import COLUMNS
from qieval.pipeline.declared import read_wave_file
from qieval.pipeline.workspace import Workspace

VARIABLE = "QIEVAL_RESULTS"


def published_results(workspace: Workspace, study: str, wave: int) -> pd.DataFrame:
    """Gather the results of all waves up to one.

    Parameters
    ----------
    workspace, study, wave
        Whose results, and up to which wave. For that wave itself the file named by the environment variable
        ``QIEVAL_RESULTS`` counts, if set: the results of the run in progress.

    Returns
    -------
    DataFrame
        A row a result: `COLUMNS`, then `wave` and `wave_label`; without rows if nothing is published.
    """
    rows: list[dict[str, Any]] = []
    for number in range(wave + 1):
        path = workspace.published(study, number) / "results.json"
        in_progress = os.environ.get(VARIABLE) if number == wave else None
        if in_progress:
            path = Path(in_progress)
        if path.is_file():
            label = _label(workspace, study, number)
            shown = workspace.shown(path)
            rows += [{**row, "wave": number, "wave_label": label} for row in _rows(path, shown)]
    return pd.DataFrame(rows, columns=[*COLUMNS, "wave", "wave_label"])


def _rows(path: Path, shown: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["results"]
        return [{name: row.get(name) for name in COLUMNS} for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        refuse(shown, "is no results file that can be read", remedy="run that wave again")


def _label(workspace: Workspace, study: str, wave: int) -> str:
    path = workspace.wave_file(study, wave)
    return read_wave_file(path, shown=workspace.shown(path)).label if path.is_file() else f"wave {wave}"
