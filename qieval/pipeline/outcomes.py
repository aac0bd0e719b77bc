"""Which columns of the participants' table are outcomes, of which kind, with which value before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from qieval.pipeline.look import Look, Sheet
from qieval.pipeline.recognise import USES, column_roles
from qieval.pipeline.tables import Scalar

YES = {"yes", "y", "true", "ja", "sí", "si", "oui"}
NO = {"no", "n", "false", "nein", "non"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A sheet with the part that it plays.

    Attributes
    ----------
    sheet : Sheet
        Where it is and how it is read.
    columns : dict
        Role -> own column.
    recode : dict
        Role -> value -> value meant.
    distinct : bool
        Whether its rows are the distinct ones of a larger table.
    """

    sheet: Sheet
    columns: dict[str, str]
    recode: dict[str, dict[Scalar, Scalar]] = field(default_factory=dict)
    distinct: bool = False


def propose_outcomes(table: Table | None) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Propose the outcomes: numbers of the participants' table that play no other part."""
    if table is None:
        return {}, []
    roles = column_roles(table.sheet.looks)
    covariates = {str(name): roles[name] for name in ("age", "sex") if name in roles}
    exposure = roles.get("exposure")
    used = {*table.columns.values(), *covariates.values(), *filter(None, [exposure])}
    used |= {column for name, column in roles.items() if name in USES["sites"]}
    table.columns.update(covariates)
    found: dict[str, dict[str, Any]] = {}
    names = [each.name for each in table.sheet.looks]
    baselines = {each.name: stem for each in table.sheet.looks if (stem := _before(each.name, table))}
    for each in table.sheet.looks:
        if each.name in used or each.name in baselines or each.kind == "empty":
            continue
        said = _outcome(each, exposure)
        if said is None:
            continue
        name = _identifier(each.name)
        while name in found or (name != each.name and name in (*table.columns, *names)):
            name += "_2"
        if name != each.name:
            table.columns[name] = each.name
        if said.pop("flag", False):
            table.recode[name] = {level: int(level.lower() in YES) for level in each.levels}
        before = next((column for column, stem in baselines.items() if stem == each.name), None)
        if before:
            table.columns[f"{name}_0"] = before
            said["baseline"] = f"{name}_0"
        if said["type"] == "count" and exposure:
            table.columns.setdefault("person_years", exposure)
            said["exposure"] = "person_years"
        found[name] = {"label": each.name, **said}
    doubts = [] if found else ["WHICH COLUMNS are outcomes? None could be told."]
    return found, doubts


def _before(name: str, table: Table) -> str:
    """The column of which this one is the value before, if it is one."""
    found = re.fullmatch(r"(.+?)[ _(-]+(0|baseline|before|pre|vorher|antes)[)]?", name, flags=re.IGNORECASE)
    if not found:
        return ""
    stem = re.compile(re.escape(found[1]) + r"($|[ _(-])", flags=re.IGNORECASE)
    others = (each.name for each in table.sheet.looks if each.name != name)
    return next((other for other in others if stem.match(other)), "")


def _outcome(look: Look, exposure: str | None) -> dict[str, Any] | None:
    if look.kind == "text":
        words = [level.lower() for level in look.levels]
        flags = len(words) == 2 and {word in YES for word in words} == {True, False} and {*words} <= YES | NO
        return {"type": "binary", "flag": True, "why": "two answers, yes and no"} if flags else None
    if look.kind != "number" or look.distinct < 2:
        return None
    if set(look.levels) == {"0", "1"}:
        return {"type": "binary", "why": "holds only 0 and 1"}
    if exposure and look.whole and look.low >= 0 and look.distinct <= 40:
        return {
            "type": "count",
            "why": f"whole numbers from {look.low:g} to {look.high:g}, and {exposure!r} is there",
        }
    return {"type": "continuous", "why": f"numbers from {look.low:g} to {look.high:g}"}


def _identifier(name: str) -> str:
    bare = re.sub(r"\W+", "_", name).strip("_").lower()
    return bare if bare.isidentifier() else f"outcome_{bare}"
