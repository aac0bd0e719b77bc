from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qieval.errors import DesignError
from qieval.pipeline.moments import write_moments
from qieval.pipeline.study import open_study
from qieval.trial import Moments, mixed_model

DEMO = Path(__file__).resolve().parents[2]


def test_a_wave_s_moments_give_the_fit_on_its_rows(tmp_path: Path) -> None:
    study = open_study("demo-collab", 2, workspace=DEMO)
    workspace = study._extract.workspace
    writing = write_moments([workspace.wave_file("demo-collab", 2)], workspace, tmp_path / "out")
    path = next(writing)
    assert path.name == "demo-collab-wave-2-fatigue.json"
    with pytest.raises(DesignError, match=r"demo-collab-wave-2-relapse.json was not written\. .* S09, S12"):
        next(writing)  # sites with fewer than five relapses
    assert list((tmp_path / "out").iterdir()) == [path]
    fitted = Moments.read(path).fit().estimate
    whole = mixed_model(study.analysis("fatigue").data, outcome="fatigue", arm="arm", cluster="site").estimate
    assert fitted.estimate == pytest.approx(whole.estimate, rel=1e-12)
    assert (fitted.se, fitted.df) == pytest.approx((whole.se, whole.df), rel=1e-10)
    assert fitted.term == "coached - usual care"


def test_small_sites_are_not_handed_over(tiny: Any, tmp_path: Path) -> None:
    tiny.add_notebook("10_look")
    with pytest.raises(DesignError, match="fewer than 5 people"):
        list(write_moments([tiny.wave], tiny.workspace, tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())
