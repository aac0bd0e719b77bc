"""REDCap data dictionaries as instrument files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from qieval.capability import Instrument, from_redcap
from qieval.errors import InputError

COLUMNS = [
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
    "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name",
    "Matrix Ranking?", "Field Annotation",
]  # fmt: skip
SCALE = "1, Low | 2, Middle | 3, High, or more | 9, Don't know"


@pytest.fixture
def dictionary(tmp_path: Path):
    def _write(*rows: tuple[str, str, str, str, str]) -> Path:
        table = pd.DataFrame("", index=range(len(rows)), columns=COLUMNS)
        for place, (name, form, kind, label, choices) in enumerate(rows):
            table.loc[place, [*COLUMNS[:2], *COLUMNS[3:6]]] = [name, form, kind, label, choices]
        path = tmp_path / "dictionary.csv"
        table.to_csv(path, index=False)
        return path

    return _write


def test_a_form_becomes_an_instrument_file(dictionary, tmp_path: Path) -> None:
    path = dictionary(
        ("record_id", "people", "text", "Record", ""),
        ("c1", "culture", "radio", "<b>We</b> talk", SCALE),
        ("c2", "culture", "dropdown", "We try: often", SCALE),
        ("c3", "culture", "text", "Remarks", ""),
    )
    made = from_redcap(path, tmp_path / "culture.yaml", form="culture", licence="Own")
    assert made == Instrument.read(tmp_path / "culture.yaml")
    assert (made.id, made.item_ids, made.items[0].label) == ("culture", ["c1", "c2"], "We talk")
    assert (made.response.min, made.response.max, made.response.na_codes) == (1, 3, (9,))
    assert made.response.labels[3] == "High, or more"
    with pytest.raises(InputError, match="such a file already"):
        from_redcap(path, tmp_path / "culture.yaml", form="culture", licence="Own")


def test_questions_of_another_scale_are_all_named(dictionary, tmp_path: Path) -> None:
    path = dictionary(
        ("a", "f", "radio", "A", "1, x | 2, y"),
        ("b", "f", "yesno", "B", ""),
        ("c", "f", "radio", "C", "1, x | 2, y | 3, z"),
    )
    with pytest.raises(InputError) as caught:
        from_redcap(path, tmp_path / "f.yaml", form="f", licence="Own")
    assert [fault.column for fault in caught.value.faults] == ["b", "c"]
    assert not (tmp_path / "f.yaml").exists()


def test_what_is_no_dictionary_and_a_form_that_is_not_there_are_refused(dictionary, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no REDCap data dictionary"):
        from_redcap(other, tmp_path / "x.yaml", form="f", licence="Own")
    path = dictionary(("a", "f", "yesno", "A", ""))
    with pytest.raises(InputError, match="expected one of f"):
        from_redcap(path, tmp_path / "x.yaml", form="g", licence="Own")
    assert from_redcap(path, tmp_path / "f.yaml", form="f", licence="Own").response.max == 1
