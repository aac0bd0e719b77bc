"""A frozen wave is held to its tables: what comes late is refused, and taken in only under a number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qieval.cli import main
from qieval.errors import InputError
from qieval.pipeline.life import Life, read_life
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.provenance import page_metadata
from qieval.pipeline.study import open_study

LATE = "007,D,1,3,4,50,0,1,1,English\n"


@pytest.fixture
def wave(tiny: Any) -> Any:
    """The tiny study with a wave that has no report, so that no kernel is needed."""
    tiny.replace(tiny.wave, "reports:\n  - 10_look: {outcome: pain}", "reports: []")
    return tiny


def does(tiny: Any, *words: str) -> int:
    return main([*words, "--workspace", str(tiny.root)])


def life(tiny: Any) -> Life:
    return read_life(tiny.workspace, "tiny", 1)


def test_a_wave_goes_from_draft_to_frozen_signed_published_and_corrected(wave: Any, capsys: Any) -> None:
    file, published = str(wave.wave), wave.workspace.published("tiny", 1)
    assert life(wave).words == ("Draft: its data may still change.",)
    assert does(wave, "freeze", file) == 0
    assert does(wave, "sign", file, "--by", "A. B.") == 0
    assert does(wave, "run", file) == 0
    record = json.loads((published / "run.json").read_text(encoding="utf-8"))
    assert record["life"]["signatures"][0]["by"] == "A. B."
    assert "Signed by A. B." in (published / "index.html").read_text(encoding="utf-8")

    wave.append(wave.table("outcomes"), LATE)
    wave.replace(wave.table("outcomes"), "003,B,1,7", "003,B,1,6")
    capsys.readouterr()
    assert does(wave, "run", file) == 2
    assert "rows 1 late, 1 corrected" in capsys.readouterr().err
    assert does(wave, "correct", file, "--reason", "Clinic D had sent its list to the wrong address.") == 0
    assert life(wave).signed is None, "what was signed is not what is there now"
    assert does(wave, "run", file) == 0
    kept = published.with_name("wave-1-superseded-0")
    assert json.loads((kept / "run.json").read_text(encoding="utf-8")) == record
    index = (published / "index.html").read_text(encoding="utf-8")
    assert "Clinic D had sent its list" in index
    assert '<a href="../wave-1-superseded-0/index.html">' in index
    assert "superseded" not in (wave.workspace.reports / "index.html").read_text(encoding="utf-8")

    page = wave.root / "diff.html"
    capsys.readouterr()
    assert does(wave, "diff", str(kept), str(published), "--page", str(page)) == 1
    said = "outcomes (data/tiny/wave-1/outcomes.csv): rows 1 late, 1 corrected"
    assert f"Rows: {said}\n" in capsys.readouterr().out
    assert said in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("first", "words", "said"),
    [
        ([], ["sign"], "is a draft; only what is frozen can be signed"),
        ([], ["correct", "--reason", "x"], "is a draft, which needs no correction"),
        (["freeze"], ["freeze"], "was frozen on"),
        (["freeze", "sign"], ["sign"], "was signed by"),
        (["freeze"], ["correct", "--reason", " "], "a correction needs a reason"),
    ],
)
def test_a_step_out_of_turn_is_refused_and_changes_nothing(
    wave: Any, capsys: Any, first: list[str], words: list[str], said: str
) -> None:
    for word in first:
        assert does(wave, word, str(wave.wave)) == 0
    before = life(wave)
    capsys.readouterr()
    assert does(wave, words[0], str(wave.wave), *words[1:]) == 2
    assert said in capsys.readouterr().err
    assert life(wave) == before


def test_a_state_that_cannot_be_read_is_refused(wave: Any) -> None:
    path = wave.wave.with_suffix(".state.json")
    for words in ("{", '{"version": 2}', '{"snapshots": 1}'):
        path.write_text(words, encoding="utf-8")
        with pytest.raises(InputError, match=r"wave-1\.state\.json"):
            plan_waves([wave.wave], wave.workspace)


def test_prespecified_is_said_only_where_the_plan_is_older_than_the_freeze(tiny: Any) -> None:
    def plan_pairs() -> list[tuple[str, str]]:
        [plan] = plan_waves([tiny.wave], tiny.workspace)
        pairs = page_metadata(plan, plan.jobs[0], tiny.workspace)["provenance"]
        return [pair for pair in pairs if pair[0].startswith("Plan")]

    assert "pre-specified" not in plan_pairs()[0][1], "a draft has no freeze to be older than"
    assert does(tiny, "freeze", str(tiny.wave)) == 0
    assert "before the data were frozen" in plan_pairs()[0][1]
    assert "pre-specified" in plan_pairs()[0][1]
    amended = '{outcome: pain, wave: 2}\n  amendments: [{date: 2024-02-02, text: "Age too."}]'
    tiny.replace(tiny.study, "{outcome: pain, wave: 2}", amended)
    assert plan_pairs()[1] == ("Plan amended", "2024-02-02: Age too.")
    tiny.replace(tiny.study, "dated: 2024-01-01", "dated: 2999-01-01")
    tiny.replace(tiny.study, "date: 2024-02-02", "date: 2999-02-02")
    assert "pre-specified" not in plan_pairs()[0][1]
    assert plan_pairs()[1][1].endswith("(after the data were frozen)")


def test_who_withdraws_leaves_every_wave_also_a_frozen_one_and_the_pages_are_named(
    wave: Any, capsys: Any
) -> None:
    wave.replace(wave.study, "equity:", "  withdrawals: {file: withdrawals.csv}\nequity:")
    own = wave.table("withdrawals")
    own.write_text("participant,date\n001,2024-05-01\n", encoding="utf-8")
    assert does(wave, "freeze", str(wave.wave)) == 0
    assert does(wave, "run", str(wave.wave)) == 0
    record = wave.workspace.published("tiny", 1) / "run.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    content["reports"] = [
        {"report": "10_look", "page": "10_look.html", "executed": "x", "made_from": {}, "reads": {}}
    ]
    content["reports"][0]["reads"]["data/tiny/wave-1/outcomes.csv"] = ""
    record.write_text(json.dumps(content), encoding="utf-8")

    later = wave.workspace.wave_file("tiny", 2)
    words = wave.wave.read_text(encoding="utf-8").replace("wave: 1", "wave: 2").replace("wave-1", "wave-2")
    later.write_text(words, encoding="utf-8")
    folder = wave.workspace.data / "tiny" / "wave-2"
    folder.mkdir()
    for path in own.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / own.name).open("a", encoding="utf-8") as file:
        file.write("003,2024-08-01\n")
    assert set(open_study("tiny", 1, workspace=wave.workspace).table("outcomes")["participant"]) == {
        "002", "004", "005", "006",
    }  # fmt: skip
    capsys.readouterr()
    assert does(wave, "check", str(wave.wave)) == 0, "withdrawals are not frozen"
    assert "withdrawn since reports/tiny/wave-1/10_look.html was made" in capsys.readouterr().err
