"""An extract that nobody tidied becomes a study whose numbers are those of the tidy one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from qieval.errors import InputError
from qieval.pipeline.declared import read_study_file, read_wave_file
from qieval.pipeline.extract import open_extract
from qieval.pipeline.init import NewStudy, Question, init, shipped
from qieval.pipeline.init_words import told
from qieval.pipeline.mapping_words import mapping_words
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.study import open_study
from qieval.trial import estimate

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo-collab" / "wave-2"


def demo(role: str) -> pd.DataFrame:
    return pd.read_csv(DEMO / f"{role}.csv", dtype=str, keep_default_na=False)


def number(word: str) -> Any:
    try:
        return float(word)
    except ValueError:
        return word or "n/a"


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's sites and participants as a register would hand them over."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Kliniken"
    for row in (["Beteiligte Kliniken"], [], ["Klinik-ID", "Gruppe", "Region", "Status"]):
        sheet.append(row)
    for row in demo("sites").itertuples():
        sheet.append([row.site, {"coached": 1, "usual care": 2}[row.arm], row.region, row.status])
    sheet.append(["Total", 24])
    sheet = book.create_sheet("Patienten")
    sheet.append(["Auszug"])
    sheet.append(
        ["Patient ID", "Zentrum", "Wave", "Age (years)", "Sex", "Fatigue baseline", "Fatigue", "Relapse"]
    )
    names = ["participant", "site", "wave", "age", "sex", "fatigue_0", "fatigue", "relapse"]
    for place, row in enumerate(demo("outcomes")[names].itertuples(index=False)):
        site = row.site if place % 7 else row.site.lower()
        sheet.append([row.participant, site, *map(number, row[2:])])
    book.create_sheet("Notizen").append(["Bitte nicht löschen"])
    path = tmp_path_factory.mktemp("extract") / "extract.xlsx"
    book.save(path)
    return path


@pytest.fixture(scope="module")
def made(workbook: Path, tmp_path_factory: pytest.TempPathFactory) -> NewStudy:
    return init("mine", [workbook], place=tmp_path_factory.mktemp("somewhere"))


def test_a_new_workspace_has_all_that_a_run_takes(made: NewStudy) -> None:
    root = made.workspace.root
    names = {path.name for path in root.iterdir()}
    assert names == {"notebooks", "params", "data", "reports", ".gitignore", "README.md"}
    assert (root / "notebooks" / "20_effect.ipynb").is_file()
    assert (root / "params" / "instruments" / "musiq.yaml").is_file()
    assert (root / "data" / "mine" / "wave-2" / "extract.xlsx").is_file()
    assert read_wave_file(made.wave_file).wave == 2
    assert "data/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_what_was_seen_and_what_is_left_is_said(made: NewStudy) -> None:
    said = "\n".join(told(made))
    assert "extract.xlsx, sheet 'Kliniken': 24 rows; sites" in said
    assert "the header stands in row 3" in said
    assert "Gruppe: numbers from 1 to 2" in said
    assert "Yours to settle in it:" in said
    assert 'arms: {control: "1", intervention: "2"}   # CHECK: is the first the control?' in said
    assert "dated" in made.study_file.read_text(encoding="utf-8")
    assert read_study_file(made.study_file).plan.dated is None  # never invented


def test_it_passes_the_checks_as_proposed_and_the_numbers_are_those_of_the_tidy_tables(
    made: NewStudy,
) -> None:
    plan_waves([made.wave_file], made.workspace)
    words = made.study_file.read_text(encoding="utf-8")
    edits = {
        'arms: {control: "1", intervention: "2"}': "arms: {control: usual care, intervention: coached}",
        "      status: Status": "      status: Status",
        "baseline: fatigue_0}": "baseline: fatigue_0, covariates: [age, sex]}",
        "  outcomes:\n    file": "    recode: {arm: {1: coached, 2: usual care}}\n  outcomes:\n    file",
        "design: controlled": "design: randomised",
        "  unit: site": "  unit: site\n  scheme: stratified",
    }
    for old, new in edits.items():
        assert words.count(old) == 1, old
        words = words.replace(old, new)
    made.study_file.write_text(words, encoding="utf-8")
    found = open_study("mine", 2, workspace=made.workspace).analysis("fatigue")
    tidy = open_study("demo-collab", 2, workspace=DEMO.parents[2]).analysis("fatigue")
    numbers = [
        estimate(each.data, outcome="fatigue", arm="arm", cluster="site", stratum=each.stratum).tidy()
        for each in (found, tidy)
    ]
    pd.testing.assert_frame_equal(*numbers, check_exact=True)
    pd.testing.assert_frame_equal(found.flow, tidy.flow)
    assert found.covariates == tidy.covariates


def test_a_colleague_can_read_the_mapping(made: NewStudy) -> None:
    said = list(mapping_words(open_extract(made.workspace, "mine", 2)))
    assert "sites: data/mine/wave-2/extract.xlsx, sheet 'Kliniken', names in row 3" in said
    assert "  - column 'Zentrum' is the site" in said
    assert "  - rows where 'Klinik-ID' is 'Total' are left out" in said
    assert "  - 'n/a' and empty cells count as missing" in said
    assert "Everywhere, site 's01' is 'S01'." in said


def test_questions_are_at_most_three_and_their_answers_are_kept(workbook: Path, tmp_path: Path) -> None:
    asked: list[Question] = []

    def last(question: Question) -> str:
        asked.append(question)
        return question.choices[-1]

    found = init("mine", [workbook], place=tmp_path, ask=last)
    assert [question.words for question in asked] == [
        "Which arm is the control?",
        "Which outcome is the primary one?",
    ]
    study = read_study_file(found.study_file)
    assert study.arms == ("2", "1")
    assert study.plan.primary.outcome == "relapse"


def test_one_flat_file_gives_its_sites_and_a_word_says_which_arm_is_the_control(tmp_path: Path) -> None:
    flat = demo("outcomes").merge(demo("sites")[["site", "arm", "region"]], on="site")
    flat = flat[flat["wave"] == "2"].drop(columns="wave")
    flat.to_csv(tmp_path / "flat.csv", index=False, sep=";", decimal=",")
    found = init("flat", [tmp_path / "flat.csv"], place=tmp_path)
    study = read_study_file(found.study_file)
    assert study.arms == ("usual care", "coached")
    assert study.tables["sites"].distinct
    assert {name: each.type for name, each in study.outcomes.items()} == {
        "fatigue": "continuous", "relapse": "binary", "visits": "count",
    }  # fmt: skip
    roster = open_study("flat", 1, workspace=found.workspace).table("sites")
    assert len(roster) == 24


def test_typed_dates_decimal_commas_and_words_for_waves(tmp_path: Path) -> None:
    rows = (
        "Patient;Klinik;Gruppe;Visit;Datum;Score\n1;A;Kontrolle;Beginn;31.01.2025;1,5\n"
        "2;B;Kurs;Ende;01.02.2025;-\n3;A;Kontrolle;Ende;02.02.2025;2,5\n"
    )
    (tmp_path / "t.csv").write_bytes(rows.encode("utf-16"))
    found = init("words", [tmp_path / "t.csv"], place=tmp_path)
    table = read_study_file(found.study_file).tables["outcomes"]
    assert (table.decimal, table.missing) == (",", ("", "-"))
    assert table.recode["wave"] == {"Beginn": 0, "Ende": 1}
    assert table.dates == {"Datum": "%d.%m.%Y"}
    rows = open_study("words", 1, workspace=found.workspace).table("outcomes")
    assert rows["score"].tolist()[::2] == [1.5, 2.5]


def test_a_redcap_export_maps_itself_by_its_dictionary(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(
        "record_id,site,arm,pain\n1,1,1,3.5\n2,1,1,4\n3,2,2,6\n4,2,2,7\n", encoding="utf-8"
    )
    (tmp_path / "dictionary.csv").write_text(
        '"Variable / Field Name","Field Label","Choices, Calculations, OR Slider Labels"\n'
        'site,Site,"1, North clinic | 2, South clinic"\narm,Arm,"1, Usual care | 2, Coached"\npain,Pain,\n',
        encoding="utf-8",
    )
    found = init("red", [tmp_path / "export.csv", tmp_path / "dictionary.csv"], place=tmp_path)
    study = open_study("red", 1, workspace=found.workspace)
    assert study.arms == ("Usual care", "Coached")
    assert study.table("sites")["site"].tolist() == ["North clinic", "South clinic"]


def test_in_a_workspace_a_study_is_added_and_nothing_there_is_touched(tiny: Any, workbook: Path) -> None:
    before = sorted(str(path) for path in tiny.root.rglob("*"))
    found = init("second", [workbook], place=tiny.workspace)
    assert found.workspace.root == tiny.root
    assert set(before) < {str(path) for path in tiny.root.rglob("*")}
    with pytest.raises(InputError, match="is there already"):
        init("second", [workbook], place=tiny.workspace)


@pytest.mark.parametrize(
    ("study", "files", "expected"),
    [
        ("no/way", ["x.csv"], ["cannot be the name", "there is no such file"]),
        ("fine", ["a/x.csv", "b/x.csv"], ["two files have this name"]),
    ],
)
def test_what_cannot_be_started_is_refused_at_once_and_nothing_is_made(
    tmp_path: Path, study: str, files: list[str], expected: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        init(study, [tmp_path / file for file in files], place=tmp_path)
    assert all(words in str(refused.value) for words in expected)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_table_is_said_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"no workbook")
    with pytest.raises(InputError, match="not an Excel workbook"):
        init("mine", [tmp_path / "x.xlsx"], place=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x.xlsx"]


def test_without_files_there_is_a_skeleton_with_its_questions(tmp_path: Path) -> None:
    found = init("bare", [], place=tmp_path)
    assert any("WHICH FILE holds the participants?" in line for line in told(found))
    assert read_study_file(found.study_file).design == "uncontrolled"


def test_data_on_people_under_version_control_are_warned_of(tiny: Any) -> None:
    tiny.add_notebook("10_look")
    tiny.replace(tiny.study, "synthetic: true\n", "")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(tiny.root), *words], check=True)
    warnings = plan_waves([tiny.wave], tiny.workspace)[0].warnings
    assert any("data/tiny/wave-1/outcomes.csv is under version control" in each for each in warnings)
    tiny.replace(tiny.study, "design:", "synthetic: true\ndesign:")
    assert not [w for w in plan_waves([tiny.wave], tiny.workspace)[0].warnings if "version control" in w]


def test_the_package_finds_its_notebooks_in_a_clone() -> None:
    assert (shipped("notebooks") / "10_data.ipynb").is_file()
    assert (shipped("instruments") / "musiq.yaml").is_file()


def test_another_language_another_style(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in (["Programa"], ["Centro", "Brazo"], ["San Juan", "Control"], ["Del Mar", "Activo"]):
        sheet.append(row)
    people = book.create_sheet("Pacientes")
    people.append(["Paciente", None, "Dolor", None, "Caída", "Fecha"])
    people.append(["Nº", "Centro", "antes", "ahora", None, None])
    people.merge_cells("A1:B1")
    people.merge_cells("C1:D1")
    for place in range(8):
        site = ["San Juan", "DEL MAR", "San  Juan", "Del Mar"][place % 4]
        now = "s/d" if place == 3 else f"{place},5"
        people.append([f"{place:04d}", site, f"{place},2", now, ["sí", "no"][place % 2], f"1{place}/02/2025"])
    people.append(["Total"])
    book.save(tmp_path / "p.xlsx")
    found = init("dolor", [tmp_path / "p.xlsx"], place=tmp_path)
    study = read_study_file(found.study_file)
    assert study.arms == ("Control", "Activo")
    table = study.tables["outcomes"]
    assert (table.header, table.decimal, table.missing) == ((1, 2), ",", ("", "s/d"))
    assert any("WHICH MEANING have ['s/d']" in line for line in told(found))
    assert study.unite == {"site": {"San Juan": ("San  Juan",), "Del Mar": ("DEL MAR",)}}
    data = open_study("dolor", 1, workspace=found.workspace).analysis("dolor_ahora").data
    assert data["participant"].tolist() == [f"{place:04d}" for place in range(8) if place != 3]
    assert data["dolor_ahora_0"].tolist()[:2] == [0.2, 1.2]
    assert data["caída"].tolist()[:2] == [1, 0]


def test_a_comma_before_three_digits_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('id,site,arm,cost\n1,A,0,"1,234"\n2,B,1,"12,500"\n', encoding="utf-8")
    found = init("cost", [tmp_path / "t.csv"], place=tmp_path)
    assert read_study_file(found.study_file).tables["outcomes"].decimal == "."
    words = found.study_file.read_text(encoding="utf-8")
    added = "outcomes:\n  cost: {label: Cost, type: continuous}"
    found.study_file.write_text(words.replace("outcomes: {}", added, 1), encoding="utf-8")
    with pytest.raises(InputError, match="the numbers without commas, or"):
        open_study("cost", 1, workspace=found.workspace).table("outcomes")


@pytest.mark.parametrize("content", ["", "id,site,arm\n", "only words\n"])
def test_a_file_without_a_table_is_asked_about(content: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    found = init("none", [tmp_path / "t.csv"], place=tmp_path)
    assert any("WHAT IS t.csv? No table was found in it." in line for line in told(found))


def test_a_name_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,site,site\n1,A,B\n2,B,B\n", encoding="utf-8")
    with pytest.raises(InputError, match="column site: the header has this name 2 times"):
        init("twice", [tmp_path / "t.csv"], place=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def started(tmp_path: Path, content: str) -> tuple[NewStudy, Any]:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    found = init("made", [tmp_path / "t.csv"], place=tmp_path)
    return found, read_study_file(found.study_file)


def test_waves_in_words_are_numbered_by_what_they_say_and_asked_about(tmp_path: Path) -> None:
    found, study = started(
        tmp_path, "id,site,arm,visit,pain\n1,A,0,12 months,1.5\n1,A,0,baseline,2\n2,B,1,3 months,3\n"
    )
    assert study.tables["outcomes"].recode["wave"] == {"baseline": 0, "3 months": 1, "12 months": 2}
    assert any("WHICH ORDER have the waves?" in line for line in told(found))


@pytest.mark.parametrize(
    ("one", "other", "control"),
    [
        ("TAU", "usual care plus coaching", "TAU"),
        ("standard dose", "placebo", None),
        ("taught", "usual care", "usual care"),
    ],
)
def test_a_control_is_known_only_if_one_name_is_one(
    one: str, other: str, control: str | None, tmp_path: Path
) -> None:
    found, study = started(tmp_path, f"id,site,arm,pain\n1,A,{one},1.5\n2,B,{other},2\n")
    assert found.proposal.control_known is (control is not None)
    assert control is None or study.arms[0] == control


def test_names_that_end_alike_are_not_taken_for_more_than_they_are(tmp_path: Path) -> None:
    _, study = started(
        tmp_path,
        "id,site,arm,ed_visit,pain_10,pain_12,Pain VAS,Pain (VAS)\n1,A,0,0,1.5,2,1,70\n2,B,1,1,2.5,3,2,80\n",
    )
    assert "wave" not in study.tables["outcomes"].columns
    assert {name: each.baseline for name, each in study.outcomes.items()} == dict.fromkeys(
        ["ed_visit", "pain_10", "pain_12", "pain_vas", "pain_vas_2"]
    )


def test_a_word_that_means_an_arm_is_not_missing_elsewhere(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'AB'[n % 2]},{['none', 'coached'][n % 2]},{n}.5\n" for n in range(8))
    _, study = started(tmp_path, f"id,site,arm,pain\n{rows}9,A,none,none\n")
    assert study.arms == ("none", "coached")
    assert study.tables["outcomes"].missing == ("",)


def test_line_breaks_and_mixed_dates_do_no_harm(tmp_path: Path) -> None:
    found, study = started(
        tmp_path, 'id,clinic code,arm,day,pain\n1,"A\nx",0,01/02/2024,1\n2,"B\ny",1,03.04.2024,2.5\n'
    )
    assert study.tables["sites"].columns["site"] == "clinic code"
    assert any("HOW are the dates in 'day' typed?" in line for line in told(found))


def test_data_that_are_there_already_are_kept(tiny: Any, tmp_path: Path) -> None:
    there = tiny.workspace.data / "other" / "wave-1" / "t.csv"
    there.parent.mkdir(parents=True)
    there.write_text("id,site,arm,pain\n1,A,0,1.5\n2,B,1,2\n", encoding="utf-8")
    (tmp_path / "t.csv").write_text("id,site\n1,A\n2,A\n", encoding="utf-8")
    with pytest.raises(InputError, match="another file of this name is in data/other"):
        init("other", [tmp_path / "t.csv"], place=tiny.workspace)
    assert not (tiny.workspace.params / "other").exists()
    assert init("other", [there], place=tiny.workspace).study_file.exists()
    assert there.read_text(encoding="utf-8").startswith("id,site,arm")
