from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from qieval.errors import InputError
from qieval.pipeline import validation
from qieval.pipeline.workspace import VARIABLE, Workspace
from qieval.trial.characteristics import KEYS, Scenario


class Few:
    """A study of estimators with few cells."""

    def __init__(self, name: str) -> None:
        self.whole = validation.STUDIES[name]
        self.KEYS = self.whole.KEYS
        self.characteristics = self.whole.characteristics

    def cells(self) -> list[object]:
        return [*self.whole.cells()][-2:]


CELL = Scenario(clusters=(3, 3), icc=0.1, sizes="unequal", family="binomial", control=0.3)
OTHER = Scenario(clusters=(3, 3), icc=0.3, sizes="unequal", family="binomial", control=0.3)
RARE = Scenario(clusters=(2, 2), icc=0.1, sizes="unequal", family="binomial", control=0.02)
GAPS = Scenario(clusters=(4, 4), icc=0.02, sizes="unequal", course="gaps")


def test_cells_add_up_go_on_where_they_stopped_and_say_how_they_were_made(
    tmp_path, monkeypatch, capsys
) -> None:
    (tmp_path / "params").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    asked = ["--replicates", "60", "--models", "40"]
    monkeypatch.setattr(validation, "cells", lambda: [CELL])
    few = {name: Few(name) for name in validation.STUDIES}
    monkeypatch.setattr(validation, "STUDIES", few)
    monkeypatch.setattr(validation, "BATCH", 2)
    assert validation.main([*asked, "--waves", "4"]) == 0
    assert "1 of 1 cells" in capsys.readouterr().out
    monkeypatch.setattr(validation, "cells", lambda: [CELL, OTHER])
    assert validation.main([*asked, "--part", "trial"]) == 0
    assert "1 of 1 cells" in capsys.readouterr().out
    found = validation.recorded(Workspace(tmp_path))
    counts = found.table[found.table["icc"] == 0.1].set_index("method")["replicates"]
    assert (counts["cluster-t"], counts["mixed-model-kr"], counts["glmm-t"], len(counts)) == (60, 40, 40, 12)
    assert (found.series["method"].nunique(), found.series["replicates"].max()) == (7, 30)
    assert found.waves["replicates"].unique().tolist() == [60]
    assert found.record["made_by"].endswith("validation --part trial --replicates 60 --models 40")
    assert set(found.record["source"]) == {"stats", "trial"}
    counts = found.estimators["capability"]
    assert counts["replicates"].tolist() == [4] * len(counts)
    assert found.estimators_record["seeds"] == [validation.SEED, validation.SEED + 1]
    assert set(found.estimators_record["source"]) == {"stats", "capability", "measures"}


def test_a_part_of_the_recorded_estimators_is_found_again() -> None:
    """What stands under `data/validation`, simulated with another seed, lies within Monte-Carlo error."""
    again = validation.resimulated(validation.recorded(), replicates=60, seed=5)
    assert len(again) > 40
    assert (again["z"].abs() < 4.5).all()
    assert (validation.recorded().estimators["capability"]["replicates"] >= 5_000).all()


def test_the_command_that_the_record_names_gives_the_recorded_counts() -> None:
    """Two cells of the long run, with its own seeds and numbers of trials: every count the same."""
    found = validation.recorded(Workspace(Path(__file__).parents[2]))
    *_, replicates, _, models = found.record["made_by"].split()
    assert found.record["seeds"] == [validation.SEED, validation.SEED + 1]
    for scenario in (RARE, GAPS):
        fresh = validation.one_cell((scenario, int(replicates), int(models)))
        there = pd.DataFrame([scenario.words]).merge(found.table, on=KEYS)
        assert fresh.to_numpy().tolist() == there.to_numpy().tolist()


def test_a_workspace_without_it_is_told_where_it_comes_from(tmp_path) -> None:
    with pytest.raises(InputError, match="no recorded simulation"):
        validation.recorded(Workspace(tmp_path))
