"""What a study's files seem to hold, by transparent rules: parts, roles, outcomes, arms, and every doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qieval.pipeline.look import Look, Sheet
from qieval.pipeline.outcomes import Table, propose_outcomes
from qieval.pipeline.recognise import USES, column_roles, instrument_items, part
from qieval.pipeline.tables import Scalar

WORDED = {"arm", "stratum", "site", "role", "sex", "race_ethnicity", "language", "status", "kind"}
CONTROL = re.compile(
    r"\b(control|kontroll|usual|standard|comparison|waiting|waitlist|uncoached|placebo)|\b(none|sham|tau|soc)\b"
)
ADDED = re.compile(r"\+|\b(plus|and|with|enhanced)\b")  # usual care plus coaching is no control
FIRST = re.compile(r"\b(baseline|before|pre|start|beginn|vorher|antes|inicio)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a study's files seem to hold.

    Attributes
    ----------
    tables : dict of str to Table
        By role.
    outcomes : dict of str to dict
        By name: the keys of the study file, and `why`.
    arms : tuple of str
        Levels of the arm, the likely control first; empty where there are none.
    control_known : bool
        Whether a word says which level is the control.
    stratum, start : bool
        Whether the roster has a stratum, or a start period.
    instruments : tuple of str
        Those whose items were found.
    waves : tuple of int
        The waves that the tables hold.
    strata : tuple of str
        Groups of people for questions of equity.
    doubts : tuple of str
        What could not be told.
    """

    tables: dict[str, Table]
    outcomes: dict[str, dict[str, Any]]
    arms: tuple[str, ...]
    control_known: bool
    stratum: bool
    start: bool
    instruments: tuple[str, ...]
    waves: tuple[int, ...]
    strata: tuple[str, ...]
    doubts: tuple[str, ...]


def propose(
    sheets: Sequence[Sheet],
    instruments: Mapping[str, Sequence[str]],
    choices: Mapping[str, Mapping[str, str]] | None = None,
) -> Proposal:
    """Propose the parts that sheets play.

    Parameters
    ----------
    sheets : sequence of Sheet
        From `qieval.pipeline.look.look`.
    instruments : mapping of str to sequence of str
        Items of the instruments that the workspace has.
    choices : mapping of str to mapping of str to str, optional
        Own column -> code -> what it stands for, from a data dictionary.
    """
    doubts = [
        f"{_called(sheet)}: {said}" for sheet in sheets for said in sheet.found if said.startswith("WHICH")
    ]
    tables: dict[str, Table] = {}
    found_items: dict[str, dict[str, str]] = {}
    for sheet in sheets:
        roles = column_roles(sheet.looks)
        items = instrument_items(sheet.looks, instruments)
        role = part(sheet, roles, items)
        if role is None or role in tables:
            why = "another sheet plays that part already" if role else "no part could be told"
            doubts.append(f"WHAT IS {_called(sheet)}? It is not used: {why}.")
            continue
        columns = {name: roles[name] for name in USES[role] if name in roles}
        if role == "capability":
            columns |= {own: column for each in items.values() for own, column in each.items()}
            found_items = items
        tables[role] = Table(sheet=sheet, columns=columns)
    _take_sites(tables)
    _arm_by_levels(tables)
    for table in tables.values():
        table.recode.update(_decoded(table, choices or {}))
    arms, known = _arms(tables)
    tables, waves, order = _waves(tables)
    outcomes, more = propose_outcomes(tables.get("outcomes"))
    strata = tuple(name for name in ("race_ethnicity", "language") if _has(tables, "outcomes", name))
    return Proposal(
        tables=tables,
        outcomes=outcomes,
        arms=arms,
        control_known=known,
        stratum=_has(tables, "sites", "stratum"),
        start=_has(tables, "sites", "start_period") and not arms,
        instruments=tuple(found_items),
        waves=waves,
        strata=strata,
        doubts=(*doubts, *order, *more, *_missing(tables, arms)),
    )


def _called(sheet: Sheet) -> str:
    return f"{sheet.file.name}, sheet {sheet.name!r}" if sheet.name else sheet.file.name


def _has(tables: Mapping[str, Table], role: str, column: str) -> bool:
    return role in tables and column in tables[role].columns


def _arm_by_levels(tables: dict[str, Table]) -> None:
    """Take a column of two levels for the arm if one of them is a word for a control."""
    if "sites" not in tables or "arm" in tables["sites"].columns:
        return
    table = tables["sites"]
    for each in table.sheet.looks:
        words = [level.lower() for level in each.levels]
        if len(words) == 2 and sum(map(_is_control, words)) == 1:
            table.columns.setdefault("arm", each.name)


def _take_sites(tables: dict[str, Table]) -> None:
    """Take the roster out of the participants' table where no sheet is one."""
    if "sites" in tables or "outcomes" not in tables:
        return
    whole = tables["outcomes"]
    roles = column_roles(whole.sheet.looks)
    wanted = ("site", "arm", "stratum", "start_period")
    columns = {str(name): roles[name] for name in wanted if name in roles}
    tables["sites"] = Table(sheet=whole.sheet, columns=columns, distinct=True)


def _is_control(level: str) -> bool:
    words = level.lower()
    return level == "0" or bool(CONTROL.search(words) and not ADDED.search(words))


def _arms(tables: Mapping[str, Table]) -> tuple[tuple[str, ...], bool]:
    """Find the two levels of the arm, the likely control first, and whether a word says which it is."""
    if not _has(tables, "sites", "arm"):
        return (), False
    known = tables["sites"].recode.get("arm", {})
    levels = [str(known.get(level, level)) for level in _look(tables["sites"], "arm").levels]
    if len(levels) != 2:
        return (), False
    control = [level for level in levels if _is_control(level)]
    if len(control) != 1:
        return tuple(sorted(levels)), False
    return (control[0], *(level for level in levels if level != control[0])), True


def _decoded(table: Table, choices: Mapping[str, Mapping[str, str]]) -> dict[str, dict[Scalar, Scalar]]:
    """Give coded words their labels; numbers that are answers to items stay numbers."""
    found: dict[str, dict[Scalar, Scalar]] = {}
    for role, own in table.columns.items():
        if role in WORDED and own in choices:
            found[role] = {code: label for code, label in choices[own].items()}  # noqa: C416 (wider types)
    return found


def _look(table: Table, role: str) -> Look:
    return next(each for each in table.sheet.looks if each.name == table.columns[role])


def _waves(tables: dict[str, Table]) -> tuple[dict[str, Table], tuple[int, ...], list[str]]:
    """Number the waves; words for them once for all tables: a baseline first, then by the number in them."""
    seen = {role: _look(table, "wave") for role, table in tables.items() if "wave" in table.columns}
    counted = {role for role, each in seen.items() if each.kind == "number" and each.whole and each.low >= 0}
    found = {int(float(level)) for role in counted for level in seen[role].levels}
    words = [level for role, each in seen.items() if role not in counted for level in each.levels]
    ordered = sorted(dict.fromkeys(words), key=_when)
    numbers: dict[Scalar, Scalar] = {word: place for place, word in enumerate(ordered)}
    changed = dict(tables)
    for role in seen:
        if role not in counted and numbers:
            changed[role] = replace(tables[role], recode={**tables[role].recode, "wave": numbers})
    doubts = [f"WHICH ORDER have the waves? Numbered {numbers}."] if numbers else []
    return changed, tuple(sorted(found | set(range(len(numbers))))), doubts


def _when(word: str) -> tuple[bool, int]:
    number = re.search(r"\d+", word)
    return not FIRST.search(word), int(number[0]) if number else 0


def _missing(tables: Mapping[str, Table], arms: Sequence[str]) -> list[str]:
    doubts = []
    if "outcomes" not in tables:
        doubts.append(
            "WHICH FILE holds the participants? A column for them and one for their site are needed."
        )
    siteless = [role for role in ("outcomes", "sites") if role in tables and not _has(tables, role, "site")]
    doubts += [f"WHICH COLUMN of {role} is the site?" for role in siteless]
    if "sites" in tables and not arms and not _has(tables, "sites", "start_period"):
        doubts.append("WHICH COLUMN is the arm? Without one nothing is compared; the design is uncontrolled.")
    return doubts
