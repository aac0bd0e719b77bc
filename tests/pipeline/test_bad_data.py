"""The list of bad extracts: each is one clear fault, or read right, with a note where it matters."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from qieval.errors import QievalError
from qieval.pipeline.extract import open_extract
from qieval.pipeline.study import open_study
from qieval.pipeline.workspace import Workspace
from qieval.trial import estimate

from .conftest import OUTCOMES, SITES

HEAD, *LINES = OUTCOMES.splitlines()
COLUMNS = HEAD.split(",")


def with_cell(name: str, value: str, row: int = 1) -> str:
    """The outcomes with one cell changed; row 0 is the first after the header."""
    rows = [line.split(",") for line in LINES]
    rows[row][COLUMNS.index(name)] = value
    return "\n".join([HEAD, *(",".join(cells) for cells in rows)]) + "\n"


def with_column(name: str, value: str) -> str:
    rows = [line.split(",") for line in LINES]
    for cells in rows:
        cells[COLUMNS.index(name)] = value
    return "\n".join([HEAD, *(",".join(cells) for cells in rows)]) + "\n"


FAULTS = {
    "a value that is no number": (with_cell("pain", "severe"), "severe"),
    "decimal commas": (with_cell("pain", '"4,5"'), "4,5"),
    "thousands separators": (with_cell("visits", '"1,234"'), "1,234"),
    "not a number spelt out": (with_cell("pain", "unknown"), "unknown"),
    "infinity": (with_cell("pain", "inf"), "inf"),
    "minus infinity": (with_cell("age", "-inf"), "-inf"),
    "a word among numbers": (with_cell("age", "about 60"), "expected a number, as in most rows"),
    "a negative count": (with_cell("visits", "-3"), "-3"),
    "beyond the range": (with_cell("pain", "11"), "11"),
    "half an event": (with_cell("fall", "0.5"), "0.5"),
    "an unknown site": (with_cell("site", "Z"), "Z"),
    "a missing site": (with_cell("site", ""), "site"),
    "an id twice": (with_cell("participant", "001", 1).replace("001,A,1", "001,A,0"), "rows 2, 3"),
    "a wave of the future": (with_cell("wave", "9"), "9"),
    "a column twice": (OUTCOMES.replace(HEAD, HEAD.replace("age", "pain")), "pain"),
    "a row too long": (OUTCOMES + "007,A,1,5,5,60,0,0,1,English,more\n", "row 8"),
    "a totals row": (OUTCOMES + "Total,,,27.5,30,375,3,10,,\n", "row 8"),
    "an empty file": ("", "has no header"),
    "only a header": (HEAD + "\n", "rows"),
    "a title above the header": (f"An extract\n\n{OUTCOMES}", "outcomes.csv"),
    "a cell of a million characters": (with_cell("site", "x" * 1_000_000), "outcomes.csv"),
    "Latin-1": (OUTCOMES.replace("English", "Français", 1).encode("latin-1"), "UTF-8"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_told_in_a_list_of_faults(tiny: Any, name: str) -> None:
    content, word = FAULTS[name]
    tiny.table("outcomes").write_bytes(content.encode() if isinstance(content, str) else content)
    found = open_extract(tiny.workspace, "tiny", 1).check()
    told = " | ".join(map(str, [*found.faults, *found.remarks]))
    assert found.faults, name
    assert word in told, told[:500]
    assert len(told) < 3_000
    assert all("outcomes.csv" in str(fault) for fault in found.faults), told


READ = {
    "semicolons": OUTCOMES.replace(",", ";"),
    "tabs": OUTCOMES.replace(",", "\t"),
    "a byte-order mark": OUTCOMES.encode("utf-8-sig"),
    "UTF-16": OUTCOMES.encode("utf-16"),
    "ends of lines of Windows": OUTCOMES.replace("\n", "\r\n"),
    "spaces about names": OUTCOMES.replace(HEAD, HEAD.replace(",age,", ", age ,")),
    "quoted cells": "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in OUTCOMES.splitlines()),
}


@pytest.mark.parametrize("name", READ)
def test_it_is_read_as_if_nothing_were_wrong(tiny: Any, name: str) -> None:
    right = open_extract(tiny.workspace, "tiny", 1).check().frames["outcomes"]
    content = READ[name]
    tiny.table("outcomes").write_bytes(content.encode() if isinstance(content, str) else content)
    found = open_extract(tiny.workspace, "tiny", 1).check()
    assert found.faults == ()
    assert found.frames["outcomes"].equals(right)


@pytest.mark.parametrize(
    ("value", "said"), [("", "nothing is known of pain at wave 1"), ("5", "pain is 5 in every row of wave 1")]
)
def test_nothing_known_and_one_value_throughout_are_worth_a_note(tiny: Any, value: str, said: str) -> None:
    tiny.table("outcomes").write_text(with_column("pain", value))
    found = open_extract(tiny.workspace, "tiny", 1).check()
    assert found.faults == ()
    assert said in " | ".join(found.remarks)


@pytest.mark.parametrize(
    "arms", [{"A": "coached"}, dict.fromkeys("ABCD", "coached"), {"A": "coached", "B": "usual care"}]
)
def test_one_arm_or_one_site_in_an_arm_is_answered_in_words(tiny: Any, arms: dict[str, str]) -> None:
    """By a fault of the roster, or by the analysis, which says what it cannot do."""
    head, *lines = SITES.splitlines()
    kept = [line.split(",") for line in lines if line[0] in arms]
    roster = "\n".join([head, *(",".join([cells[0], arms[cells[0]], "North"]) for cells in kept)]) + "\n"
    tiny.table("sites").write_text(roster)
    rows = [line for line in LINES if line.split(",")[1] in arms]
    tiny.table("outcomes").write_text("\n".join([HEAD, *rows]) + "\n")

    def analysed() -> None:
        analysis = open_study("tiny", 1, workspace=tiny.workspace).analysis("pain")
        estimate(analysis.data, **analysis.design)

    with pytest.raises(QievalError) as caught:
        analysed()
    assert any(word in str(caught.value) for word in ("arm", "cluster", "site"))


def test_numerators_above_denominators_and_future_dates_are_told(repo: Path, tmp_path: Path) -> None:
    shutil.copytree(repo / "params", tmp_path / "params")
    shutil.copytree(repo / "data" / "demo-collab" / "wave-1", tmp_path / "data" / "demo-collab" / "wave-1")
    for name, column, value in (("measures", "numerator", "99"), ("coaching", "date", "2099-01-01")):
        path = tmp_path / "data" / "demo-collab" / "wave-1" / f"{name}.csv"
        head, first, *rest = path.read_text(encoding="utf-8").splitlines()
        cells = first.split(",")
        cells[head.split(",").index(column)] = value
        path.write_text("\n".join([head, ",".join(cells), *rest]) + "\n", encoding="utf-8")
    found = open_extract(Workspace(tmp_path), "demo-collab", 1).check(["sites", "measures", "coaching"])
    [told] = [str(fault) for fault in found.faults]
    assert "measures.csv, column numerator, row 2: is above denominator" in told
    assert "coaching: date lies after the wave’s last day (2024-12-31) in row 2" in found.remarks
