from __future__ import annotations

import pytest

from qieval.cli import main
from qieval.errors import InputError
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.plans import open_plan
from qieval.pipeline.waves import list_waves
from qieval.pipeline.workspace import PLAN, stage, stage_words, wave_of
from qieval.trial import SteppedWedgeDesign

PLANNED = "study: tiny\nreports:\n  - 00_ahead\n"
ROSTER = "site,region\nA,North\nB,North\nC,South\nD,South\nE,South\n"
CARD = 'study: str = "tiny"  # study\noutcome: str = ""  # outcome\n'


@pytest.fixture
def planned(tiny):
    """The tiny study with a plan and a roster on which nothing is allocated yet."""
    tiny.add_notebook("00_ahead", CARD)
    (tiny.root / "data" / "tiny" / "plan").mkdir(parents=True)
    (tiny.root / "data" / "tiny" / "plan" / "sites.csv").write_text(ROSTER)
    file = tiny.workspace.wave_file("tiny", PLAN)
    file.write_text(PLANNED + "data: ../../data/tiny/plan\n")
    return tiny


def test_a_plan_has_its_own_file_folder_and_words() -> None:
    assert (wave_of("plan.yaml"), wave_of("wave-3.yaml"), wave_of("wave-03.yaml")) == (PLAN, 3, None)
    assert (stage(PLAN), stage(2), stage_words(PLAN), stage_words(2)) == ("plan", "wave-2", "plan", "wave 2")


def test_a_plan_is_bound_and_listed_like_a_wave(planned) -> None:
    file = planned.workspace.wave_file("tiny", PLAN)
    [plan] = plan_waves([file], planned.workspace)
    assert [each.path for each in plan.inputs][-1] == "data/tiny/plan/sites.csv"
    assert [job.report for job in plan.jobs] == ["00_ahead"]
    assert list_waves(planned.workspace)[0].state == "not run yet"


def test_a_plan_needs_no_roster_and_no_data(planned) -> None:
    file = planned.workspace.wave_file("tiny", PLAN)
    file.write_text(PLANNED)
    [plan] = plan_waves([file], planned.workspace)
    assert all(each.rows is None for each in plan.inputs)
    assert (
        open_plan("tiny", workspace=planned.workspace).draw(covariates=[], keep=1, steps=[], seed=1) is None
    )
    with pytest.raises(InputError, match="no roster to count"):
        open_plan("tiny", workspace=planned.workspace).outlook(
            "pain", clusters=[], size=20, iccs=[0.1], effect=1
        )


def test_a_report_that_reads_a_wave_is_refused_in_a_plan(planned) -> None:
    planned.add_notebook("10_look")
    file = planned.workspace.wave_file("tiny", PLAN)
    file.write_text(PLANNED + "  - 10_look\n")
    with pytest.raises(InputError, match="reads a wave, and the plan has none"):
        plan_waves([file], planned.workspace)
    file.write_text(PLANNED + "wave: 2\n")
    with pytest.raises(InputError, match="wave"):
        plan_waves([file], planned.workspace)


def test_the_design_is_the_rosters_and_the_effect_the_one_that_matters(planned) -> None:
    opened = open_plan("tiny", workspace=planned.workspace)
    assert opened.primary() == "pain"
    assert opened.interim
    found = opened.outlook("pain", clusters=[], size=20, iccs=[0.01, 0.1], effect=-1.0)
    assert found.design.clusters == [(1, 1), (2, 1)]
    assert found.effect == -1
    with pytest.raises(InputError, match="no mcid"):
        opened.outlook("pain", clusters=[3, 3], size=20, iccs=[0.1])
    with pytest.raises(InputError, match="under control"):
        opened.outlook("fall", clusters=[3, 3], size=20, iccs=[0.1], effect=0.1)
    falls = opened.outlook("fall", clusters=[3, 4], size=20, iccs=[0.1], effect=0.1, control=0.2)
    assert (falls.design.clusters, falls.design.family) == ((3, 4), "binomial")
    drawn = opened.draw(covariates=[], keep=1, steps=[], seed=1)
    assert drawn.record["scheme"] == "stratified"
    assert drawn.sites["cluster"].tolist() == list("ABCDE")


def test_a_smallest_difference_goes_in_the_better_direction_and_a_wedge_by_its_steps(planned) -> None:
    words = planned.study.read_text().replace("better: lower,\n", "better: lower, mcid: 2,\n", 1)
    planned.study.write_text(words)
    opened = open_plan("tiny", workspace=planned.workspace)
    assert opened.outlook("pain", clusters=[3, 3], size=20, iccs=[0.1]).effect == -2
    planned.study.write_text(
        words.replace("scheme: stratified\n", "scheme: stepped-wedge\n  start: begins\n")
    )
    wedge = open_plan("tiny", workspace=planned.workspace)
    found = wedge.outlook("fall", clusters=[2, 1, 2], size=20, iccs=[0.1], effect=0.1, control=0.2)
    assert isinstance(found.design, SteppedWedgeDesign)
    assert found.design.sd == pytest.approx(0.4)


def test_the_command_writes_a_plan_to_start_from_and_keeps_one_that_is_there(planned, capsys) -> None:
    file = planned.workspace.wave_file("tiny", PLAN)
    file.unlink()
    assert main(["plan", "tiny", "--workspace", str(planned.root)]) == 2  # no notebook 00_plan here
    assert "no notebook '00_plan'" in capsys.readouterr().err
    assert "00_plan: {clusters: [12, 12]" in file.read_text()
    file.write_text(PLANNED + "data: ../../data/tiny/absent\n")
    assert main(["plan", "tiny", "--workspace", str(planned.root)]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert main(["plan", "absent", "--workspace", str(planned.root)]) == 2
