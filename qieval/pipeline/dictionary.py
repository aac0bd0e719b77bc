"""What each column of a wave's tables means and may hold, and how much of it is empty; no row is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from qieval.capability import Instrument
from qieval.pipeline.convert import texts
from qieval.pipeline.extract import Extract
from qieval.pipeline.flow import plain_words, variables_of
from qieval.pipeline.model import StudyFile
from qieval.pipeline.roles import SHAPES, Rule, Scope, Shape

PEOPLE = {"participant", "respondent", "source", "selection"}  # a table with one of them tells of people
UNKNOWN = "Not declared by the study file"


def dictionary(extract: Extract) -> pd.DataFrame:
    """Describe every column of every table of a wave, by the study, its instruments and its measures.

    Values that the data hold are not looked at, only those that are declared.

    Parameters
    ----------
    extract : Extract
        The wave's files.

    Returns
    -------
    DataFrame
        Columns `column` (its own name), `table`, `meaning` (with what it serves as), `values` (those that may
        stand in it), `rows` (those without withdrawn participants; of an item, those of its instruments),
        `missing` (how many of them are empty), `people` (whether rows tell of people).
    """
    instruments = {name: extract.instrument(name) for name in extract.spec.instruments}
    scope = Scope(spec=extract.spec, wave=extract.wave.wave, instruments=instruments)
    rows = [row for role in extract.roles for row in _table(extract, role, scope)]
    names = ["column", "table", "meaning", "values", "rows", "missing", "people"]
    return pd.DataFrame(rows, columns=names)


def _table(extract: Extract, role: str, scope: Scope) -> Iterator[tuple[object, ...]]:
    raw, recode = extract.raw(role), extract.table(role)[1].recode
    frame = raw.frame
    if role == "outcomes" and (gone := extract.withdrawn()):
        frame = frame[~texts(frame["participant"]).isin(gone)]
    forms = texts(frame["instrument"]) if "instrument" in frame else None
    shape = SHAPES[role](scope) if role in SHAPES else Shape(rules=())
    rules = {rule.name: rule for rule in shape.rules}
    said = _said(scope, role, list(map(str, frame)))
    people = bool(PEOPLE & set(frame))
    for name in map(str, frame):
        known = _meanings().get((role, name)) or _meanings().get(("", name)) or UNKNOWN
        meaning, part = said.get(name, (known, "key" if name in shape.key else ""))
        meaning = f"{meaning} ({part})" if part and part not in meaning.lower() else meaning
        values = _values(rules.get(name, Rule(name=name, kind="any")), scope)
        codes = [f"{theirs} for {ours}" for theirs, ours in recode.get(name, {}).items() if ours is not None]
        values += f"; in the file {', '.join(codes)}" if codes else ""
        having = [key for key, each in scope.instruments.items() if name in each.item_ids]
        asked = frame[name] if forms is None or not having else frame.loc[forms.isin(having), name]
        yield raw.own.get(name, name), role, meaning, values, len(asked), int(asked.isna().sum()), people


def _said(scope: Scope, role: str, there: list[str]) -> Mapping[str, tuple[str, str]]:
    """Say what the study and its instruments declare of a table's columns: meaning and part, by name."""
    spec = scope.spec
    if role == "outcomes":
        units = {name: _with_unit(spec, name) for name in spec.outcomes}
        return {name: (units.get(name, label), part) for name, label, part in variables_of(spec, there)}
    if role == "capability":
        return {
            name: (_item(found, name), ", ".join(each.title for each in found))
            for name in there
            if (found := _having(scope, name))
        }
    if role == "sites" and spec.allocation:
        parts = {
            spec.stratum: "stratum of the allocation",
            spec.allocation.start: "start of the intervention",
        }
        return {name: (f"{plain_words(name)} of the site", part) for name, part in parts.items() if name}
    return {name: (plain_words(name), "group") for name in spec.equity.strata}


def _with_unit(spec: StudyFile, name: str) -> str:
    outcome = spec.outcomes[name]
    return f"{outcome.label}, {outcome.unit}" if outcome.unit else outcome.label


def _having(scope: Scope, item: str) -> list[Instrument]:
    return [each for each in scope.instruments.values() if item in each.item_ids]


def _item(having: list[Instrument], name: str) -> str:
    return next(item.label for item in having[0].items if item.id == name)


def _values(rule: Rule, scope: Scope) -> str:
    """Say what may stand in a column, with what its codes mean."""
    if rule.name in scope.spec.equity.ordered:
        return f"one of {', '.join(scope.spec.equity.ordered[rule.name])}, the worst off first"
    names: dict[str, Mapping[str, str]] = {
        "measure": {name: each.label for name, each in scope.spec.measures.items()},
        "instrument": {name: each.title for name, each in scope.instruments.items()},
    }
    if rule.levels and rule.name in names:
        return "one of " + ", ".join(f"{code} ({words})" for code, words in names[rule.name].items())
    if rule.kind == "whole" and (rule.low, rule.high) == (0, 1):
        return "1 (yes) or 0 (no)"
    expected = "a number, or words" if rule.kind == "covariate" else rule.expected
    return f"{expected}, or {', '.join(rule.besides)}" if rule.besides else expected


@cache
def _meanings() -> dict[tuple[str, str], str]:
    frame = pd.read_csv(Path(__file__).with_name("columns.csv"), dtype=str, keep_default_na=False)
    return dict(zip(zip(frame["table"], frame["column"], strict=True), frame["meaning"], strict=True))
