from __future__ import annotations

import pytest

from qieval.errors import InputError
from qieval.pipeline import validation
from qieval.pipeline.workspace import VARIABLE, Workspace
from qieval.trial.characteristics import Scenario


class Few:
    """A study of estimators with few cells."""

    def __init__(self, name: str) -> None:
        self.whole = validation.STUDIES[name]
        self.KEYS = self.whole.KEYS
        self.characteristics = self.whole.characteristics

    def cells(self) -> list[object]:
        return [*self.whole.cells()][-2:]


CELL = Scenario(clusters=(3, 3), icc=0.1, sizes="unequal", family="binomial", control=0.3)


def test_passes_add_up_and_say_how_they_were_made(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "params").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(validation, "PASS", 1)
    monkeypatch.setattr(validation, "cells", lambda: [CELL])
    few = {name: Few(name) for name in validation.STUDIES}
    monkeypatch.setattr(validation, "STUDIES", few)
    monkeypatch.setattr(validation, "BATCH", 2)
    assert validation.main(["--replicates", "60", "--models", "40", "--passes", "2", "--waves", "4"]) == 0
    assert "2 of 2 passes" in capsys.readouterr().out
    found = validation.recorded(Workspace(tmp_path))
    counts = found.table.set_index("method")["replicates"]
    made = counts["cluster-t"], counts["mixed-model-kr"], counts["glmm-t"], len(counts)
    assert made == (60, 40, 2, 12)
    assert (found.series["method"].nunique(), found.series["replicates"].max()) == (7, 30)
    assert found.waves["replicates"].unique().tolist() == [60]
    assert found.record["seeds"] == [validation.SEED, validation.SEED + 5]
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


def test_a_workspace_without_it_is_told_where_it_comes_from(tmp_path) -> None:
    with pytest.raises(InputError, match="no recorded simulation"):
        validation.recorded(Workspace(tmp_path))
