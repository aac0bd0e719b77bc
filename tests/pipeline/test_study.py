from __future__ import annotations

import pandas as pd
import pytest

from qieval.errors import DesignError, InputError
from qieval.pipeline.study import Study, open_study


@pytest.fixture
def study(tiny) -> Study:
    return open_study("tiny", 1, workspace=tiny.workspace)


def test_it_says_what_it_is(study: Study) -> None:
    assert (study.name, study.spec.title, study.wave, study.wave_label) == (
        "tiny",
        "A tiny collaborative",
        1,
        "month 6",
    )
    assert (study.spec.synthetic, study.seed, study.arms) == (True, 7, ("usual care", "coached"))
    assert repr(study) == "<Study tiny, wave 1 (month 6)>"


def test_it_is_found_from_the_working_directory(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QIEVAL_WORKSPACE", raising=False)
    monkeypatch.chdir(tiny.workspace.notebooks)
    assert open_study("tiny", 1).name == "tiny"
    assert open_study("tiny", 1, workspace=tiny.root).name == "tiny"


def test_a_missing_data_folder_is_told_at_once(tiny) -> None:
    tiny.replace(tiny.wave, "wave-1  ", "wave-x  ")
    with pytest.raises(InputError, match="there is no folder data/tiny/wave-x"):
        open_study("tiny", 1, workspace=tiny.workspace)


def test_arms_are_ordered_control_first(study: Study) -> None:
    arm = study.table("sites")["arm"]
    assert arm.cat.ordered
    assert arm.cat.categories.tolist() == ["usual care", "coached"]


def test_only_the_tables_asked_for_are_read(tiny) -> None:
    tiny.table("outcomes").unlink()
    study = open_study("tiny", 1, workspace=tiny.workspace)
    assert len(study.table("sites")) == 4
    with pytest.raises(InputError, match="no such file"):
        study.table("outcomes")


def test_a_tables_faults_come_with_those_of_the_table_it_must_agree_with(tiny) -> None:
    tiny.replace(tiny.table("sites"), "A,coached", "A,x")
    tiny.replace(tiny.table("outcomes"), "1,9,7", "1,99,7")
    with pytest.raises(InputError) as caught:
        open_study("tiny", 1, workspace=tiny.workspace).table("outcomes")
    assert {fault.column for fault in caught.value.faults} == {"arm", "pain"}


def test_what_a_user_does_to_a_table_stays_with_the_user(study: Study) -> None:
    first = study.table("sites")
    first.loc[0, "site"] = "changed"
    first["more"] = 1
    assert study.table("sites").columns.tolist() == ["site", "arm", "region"]
    assert study.table("sites")["site"].tolist()[0] == "A"


def test_an_analysis_has_its_rows_arms_and_stratum(study: Study) -> None:
    analysis = study.analysis("pain")
    assert analysis.data["participant"].tolist() == ["002", "003", "005", "006"]
    assert analysis.data["arm"].astype(str).tolist() == ["coached", "usual care", "coached", "usual care"]
    assert analysis.data["arm"].cat.categories.tolist() == ["usual care", "coached"]
    assert analysis.data["region"].tolist() == ["North", "North", "South", "South"]
    assert (analysis.cluster, analysis.arm, analysis.stratum) == ("site", "arm", "region")
    assert analysis.covariates == ("pain_0", "age")
    assert (analysis.primary, analysis.interim) == (True, True)
    last = analysis.flow[analysis.flow["step"] == "analysed"].set_index("arm")["rows"]
    assert last.to_dict() == {"usual care": 2, "coached": 2, "all": 4}


def test_a_count_needs_its_exposure(study: Study) -> None:
    analysis = study.analysis("visits")
    assert analysis.exposure == "person_years"
    assert analysis.data["participant"].tolist() == ["002", "003", "005"]
    assert analysis.quantity.unit == "visits per person-year"
    assert not analysis.primary
    steps = analysis.flow[analysis.flow["arm"] == "all"].set_index("step")["rows"]
    assert (steps["no-outcome"], steps["no-exposure"], steps["analysed"]) == (1, 1, 3)


def test_the_plan_says_what_is_primary_and_interim(tiny) -> None:
    tiny.replace(tiny.study, "wave: 2}", "wave: 1}")
    study = open_study("tiny", 1, workspace=tiny.workspace)
    assert (study.is_primary("pain"), study.is_primary("fall")) == (True, False)
    assert not study.interim
    tiny.replace(tiny.study, "wave: 1}", "wave: 0}")
    after = open_study("tiny", 1, workspace=tiny.workspace)
    assert not after.is_primary("pain")


def test_withdrawn_participants_are_nowhere_but_in_the_flow(make_workspace) -> None:
    tiny = make_workspace(withdrawals="participant,date\n003,2024-03-01\n")
    tiny.replace(tiny.study, "tables:\n", "tables:\n  withdrawals: {file: withdrawals.csv}\n")
    study = open_study("tiny", 1, workspace=tiny.workspace)
    assert "003" not in study.table("outcomes")["participant"].tolist()
    assert "003" not in study.analysis("pain").data["participant"].tolist()
    steps = study.flow().set_index(["step", "arm"])["participants"]
    assert steps["withdrawn", "all"] == 1
    assert steps["withdrawn", "usual care"] == 1
    assert steps["this-wave", "all"] == 4


def test_completeness_covers_all_that_analyses_need(study: Study) -> None:
    frame = study.completeness()
    assert list(dict.fromkeys(frame["variable"])) == [
        "pain",
        "fall",
        "visits",
        "pain_0",
        "age",
        "person_years",
        "language",
    ]
    everyone = frame[frame["arm"] == "all"].set_index("variable")
    assert everyone.loc["pain", ["n", "present", "missing"]].tolist() == [5, 4, 1]
    assert everyone.loc["language", "share"] == pytest.approx(4 / 5)


def test_sites_are_counted_by_stratum_and_arm(study: Study) -> None:
    frame = study.allocation()
    assert frame["sites"].tolist() == [1, 1, 1, 1]
    assert frame["stratum"].tolist() == ["North", "North", "South", "South"]


def test_files_are_listed_with_their_hash(study: Study) -> None:
    frame = study.files()
    assert frame["table"].tolist() == ["sites", "outcomes"]
    assert frame["rows"].tolist() == [4, 6]
    assert frame["sha256"].str.len().eq(64).all()


def test_an_outcome_that_is_not_there_is_told_with_a_near_one(study: Study) -> None:
    with pytest.raises(
        InputError, match=r"no outcome 'pian' \(did you mean 'pain'\?\); expected one of pain, fall"
    ):
        study.analysis("pian")
    with pytest.raises(InputError, match="declares no instrument 'musiq'"):
        study.instrument("musiq")


def test_a_study_without_arms_has_no_effect_to_estimate(tiny) -> None:
    words = tiny.study.read_text()
    start, end = words.index("allocation:"), words.index("sampling:")
    tiny.study.write_text(words[:start].replace("randomised", "uncontrolled") + words[end:])
    study = open_study("tiny", 1, workspace=tiny.workspace)
    with pytest.raises(DesignError, match="have no arms"):
        study.analysis("pain")
    assert study.flow()["arm"].unique().tolist() == ["all"]
    assert study.completeness()["arm"].unique().tolist() == ["all"]
    assert study.allocation()["sites"].tolist() == [4]


def test_a_codebook_has_all_its_columns(make_workspace) -> None:
    tiny = make_workspace(codebook="code,parent\nhelp,\nhelp.time,help\n")
    tiny.append(tiny.study, "codebook: codebook.csv\n")
    frame = open_study("tiny", 1, workspace=tiny.workspace).codebook()
    assert frame[["code", "parent", "name"]].to_numpy().tolist() == [
        ["help", "", ""],
        ["help.time", "help", ""],
    ]


def test_the_demonstration_is_in_order(repo) -> None:
    study = open_study("demo-collab", 2, workspace=repo)
    assert {len(study.table(role)) > 0 for role in study.spec.tables} == {True}
    assert study.allocation()["sites"].tolist() == [3] * 8
    analysis = study.analysis("fatigue")
    assert analysis.data["site"].nunique() == 24
    assert analysis.primary
    assert not analysis.interim
    assert pd.api.types.is_float_dtype(analysis.data["fatigue"])


def test_sites_have_codes_in_every_table_where_the_study_says_so(tiny) -> None:
    names = set(open_study("tiny", 1, workspace=tiny.workspace).table("sites")["site"])
    tiny.replace(tiny.study, "title:", "disclosure: {sites: coded}\ntitle:")
    study = open_study("tiny", 1, workspace=tiny.workspace)
    roster = study.table("sites")["site"]
    assert not names & set(roster)
    assert set(study.table("outcomes")["site"]) <= set(roster)
    assert set(study.analysis("pain").data["site"]) <= set(roster)


def test_declined_and_unknown_are_no_groups_of_people(tiny) -> None:
    study = open_study("tiny", 1, workspace=tiny.workspace)
    before = study.completeness()
    tiny.replace(tiny.root / "data" / "tiny" / "wave-1" / "outcomes.csv", "English", "declined")
    study = open_study("tiny", 1, workspace=tiny.workspace)
    assert "declined" not in set(study.analysis("pain").data["language"].dropna())
    language = {
        name: frame[frame["variable"] == "language"]["share"].min()
        for name, frame in (("before", before), ("after", study.completeness()))
    }
    assert language["after"] < language["before"]
