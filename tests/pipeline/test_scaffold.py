from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qieval.cli import main
from qieval.errors import InputError
from qieval.pipeline.declared import read_wave_file
from qieval.pipeline.parameters import read_card
from qieval.pipeline.scaffold import new_notebook, new_wave
from qieval.pipeline.workspace import Workspace


def test_a_new_wave_is_the_last_one_with_what_differs_changed(tiny) -> None:
    made = new_wave(tiny.workspace, "tiny")
    assert (made.wave, made.copied_from) == (2, tiny.wave)
    assert made.data == tiny.workspace.data / "tiny" / "wave-2"
    assert made.data.is_dir()
    old, new = read_wave_file(tiny.wave), read_wave_file(made.file)
    assert (new.wave, new.label, new.window, new.data) == (2, "wave 2", None, "../../data/tiny/wave-2")
    assert new.reports == old.reports
    assert "# the full extract up to this cut" in made.file.read_text()
    assert "# window: [YYYY-MM-DD, YYYY-MM-DD]" in made.file.read_text()


def test_the_number_may_be_chosen_but_not_taken(tiny) -> None:
    assert new_wave(tiny.workspace, "tiny", 7).file.name == "wave-7.yaml"
    before = tiny.wave.read_bytes()
    with pytest.raises(InputError, match=r"params/tiny/wave-1\.yaml: is there already"):
        new_wave(tiny.workspace, "tiny", 1)
    with pytest.raises(InputError, match="below 0"):
        new_wave(tiny.workspace, "tiny", -1)
    assert tiny.wave.read_bytes() == before


def test_a_folder_without_a_number_gets_one(tiny) -> None:
    tiny.replace(tiny.wave, "../../data/tiny/wave-1", "../../data/tiny/latest/")
    assert new_wave(tiny.workspace, "tiny").data.name == "latest-2"


def test_without_a_wave_there_is_nothing_to_copy(tiny) -> None:
    tiny.wave.unlink()
    tiny.workspace.wave_file("tiny", 0).unlink()
    with pytest.raises(InputError, match="no wave file to copy"):
        new_wave(tiny.workspace, "tiny")


def test_a_broken_last_wave_is_told_and_nothing_made(tiny) -> None:
    tiny.wave.write_text("wave: [")
    with pytest.raises(InputError, match="is not YAML"):
        new_wave(tiny.workspace, "tiny")
    assert not tiny.workspace.wave_file("tiny", 2).exists()


def test_a_new_notebook_is_one_that_the_pipeline_knows(tiny: Any, capsys: Any) -> None:
    asked = ["new-notebook", "35_costs", "--workspace", str(tiny.root)]
    assert main(asked) == 0
    assert "Wrote notebooks/35_costs.ipynb" in capsys.readouterr().out
    path = tiny.workspace.notebooks / "35_costs.ipynb"
    card = read_card(path, shown="35_costs")
    assert [(each.name, each.default) for each in card.parameters] == [("study", "tiny"), ("wave", 0)]
    assert main(asked) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["new-notebook", "no/way", "--workspace", str(tiny.root)]) == 2


def test_a_new_notebook_needs_a_wave_to_run_on(tmp_path: Path) -> None:
    (tmp_path / "params").mkdir()
    with pytest.raises(InputError, match="there is no wave to run a notebook on"):
        new_notebook(Workspace(tmp_path), "35_costs")
