from __future__ import annotations

import pandas as pd
import pytest

from qieval.errors import InputError
from qieval.pipeline import validation
from qieval.pipeline.workspace import VARIABLE, Workspace
from qieval.trial.characteristics import cells


def test_passes_add_up_and_say_how_they_were_made(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "params").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(validation, "PASS", 30)
    monkeypatch.setattr(validation, "SLOW", 0)
    monkeypatch.setattr(validation, "cells", lambda: cells([(3, 3)], [0.1]))
    assert validation.main(["--passes", "2"]) == 0
    assert "2 of 2 passes" in capsys.readouterr().out
    found = validation.recorded(Workspace(tmp_path))
    assert (found.table["replicates"] == 60).all()
    assert not found.table.duplicated([*validation.KEYS, "method"]).any()
    assert found.record["seeds"] == [validation.SEED, validation.SEED + 3]
    assert set(found.record["source"]) == {"stats", "trial"}
    first = validation.characteristics(cells([(3, 3)], [0.1]), replicates=30, seed=validation.SEED)
    second = validation.characteristics(cells([(3, 3)], [0.1]), replicates=30, seed=validation.SEED + 2)
    assert found.table["rejected"].tolist() == (first["rejected"] + second["rejected"]).tolist()
    pd.testing.assert_frame_equal(found.table[validation.KEYS], first[validation.KEYS])


def test_a_workspace_without_it_is_told_where_it_comes_from(tmp_path) -> None:
    with pytest.raises(InputError, match="no recorded simulation"):
        validation.recorded(Workspace(tmp_path))
