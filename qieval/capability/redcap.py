"""A form of a REDCap data dictionary as an instrument file."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from qieval.capability.instrument import Instrument
from qieval.errors import Fault, InputError, refuse

CHOSEN = {"radio", "dropdown", "select", "yesno", "truefalse"}
NO_ANSWER = re.compile(
    r"do(n['\u2019]?t| not) know|not applicable|unknown|prefer not|\bn/?a\b", re.IGNORECASE
)
TO_CHECK = (
    "Made of a REDCap data dictionary, which knows no reversed items, no subscales and no rule for missing",
    "answers: add them before you score.",
)
COLUMNS = {
    "id": ("Variable / Field Name", "field_name"),
    "form": ("Form Name", "form_name"),
    "type": ("Field Type", "field_type"),
    "label": ("Field Label", "field_label"),
    "choices": ("Choices, Calculations, OR Slider Labels", "select_choices_or_calculations"),
    "group": ("Matrix Group Name", "matrix_group_name"),
}


def from_redcap(dictionary: str | Path, target: str | Path, *, form: str, licence: str) -> Instrument:
    """Write the questions of one form that share an answer scale as an instrument file, and read it.

    Parameters
    ----------
    dictionary : path
        Data dictionary as REDCap exports it (CSV).
    target : path
        Instrument file to write; its stem becomes the id. An existing file is not overwritten.
    form : str
        REDCap's name of the form.
    licence : str
        Under which the wording may be shown: the dictionary cannot tell.

    Raises
    ------
    InputError
        If there is no such form, or its questions do not share one scale of numbers; every question that does
        not fit is named.
    """
    target, shown = Path(target), Path(dictionary).name
    questions = _questions(pd.read_csv(dictionary, dtype=str, keep_default_na=False), form, shown)
    asked: list[dict[str, str]] = questions.to_dict("records")  # type: ignore[assignment]
    scales = {each["id"]: _choices(each) for each in asked}
    scale = scales[asked[0]["id"]]
    odd = [name for name, other in scales.items() if other != scale or not all(map(_is_number, other))]
    if odd:
        raise InputError(
            Fault(
                file=shown,
                column=name,
                problem="its choices are not those of the form's first question, or not numbers",
                remedy="give all questions one scale, or split the form",
            )
            for name in odd
        )
    codes = [float(code) for code, words in scale.items() if NO_ANSWER.search(words)]
    answers = {float(code): words for code, words in scale.items() if float(code) not in codes}
    content = {
        "id": target.stem,
        "title": form.replace("_", " ").capitalize(),
        "version": "1",
        "source": {"cite": f"REDCap data dictionary {shown}", "licence": licence, "wording": "authors"},
        "response": {"min": min(answers), "max": max(answers), "labels": answers, "na_codes": codes},
        "items": [
            {"id": each["id"], "label": re.sub(r"<[^>]+>", "", each["label"]).strip(), "group": each["group"]}
            for each in asked
        ],
    }
    if target.exists():
        refuse(target.name, "there is such a file already", remedy="move it, or choose another name")
    with target.open("w", encoding="utf-8") as file:
        file.writelines(f"# {line}\n" for line in TO_CHECK)
        YAML().dump(content, file)
    return Instrument.read(target)


def _questions(table: pd.DataFrame, form: str, shown: str) -> pd.DataFrame:
    names = {old: new for new, olds in COLUMNS.items() for old in olds}
    found = table.rename(columns=names)
    if absent := [COLUMNS[name][0] for name in COLUMNS if name not in found.columns]:
        refuse(shown, f"is no REDCap data dictionary: no column {', '.join(absent)}")
    found = found[found["form"].eq(form) & found["type"].isin(CHOSEN)]
    if found.empty:
        forms = ", ".join(dict.fromkeys(table.rename(columns=names)["form"]))
        refuse(shown, f"no question with choices in a form {form!r}", expected=f"one of {forms}")
    return found


def _choices(question: dict[str, str]) -> dict[str, str]:
    if question["type"] in {"yesno", "truefalse"}:
        return {"0": "No", "1": "Yes"} if question["type"] == "yesno" else {"0": "False", "1": "True"}
    parts = (part.partition(",") for part in question["choices"].split("|"))
    return {code.strip(): words.strip() or code.strip() for code, _, words in parts}


def _is_number(code: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", code) is not None
