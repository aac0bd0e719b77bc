"""What a table's owner probably meant: the key of the study file that would read the cells as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from qieval.pipeline.convert import Kind
from qieval.pipeline.mapping import COMMA, THREES

MISSING = {
    "-",
    "--",
    "\N{EN DASH}",
    ".",
    "?",
    "n/a",
    "na",
    "n.a.",
    "none",
    "null",
    "nan",
    "missing",
    "unknown",
    "k.a.",
}
TOTALS = {"total", "totals", "sum", "all", "overall", "gesamt", "summe", "grand total", "mean", "average"}
DAY_FIRST = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}")
SERIAL = re.compile(r"[2-6]\d{4}(\.\d+)?")


def likely(shown: pd.Series[Any], kind: Kind, column: str) -> str:
    """Name the key that would read cells that cannot be read; empty where nothing is likely."""
    words = [str(word).strip() for word in shown]
    if not words or kind in ("text", "any", "flag"):
        return ""
    if all(word.lower() in MISSING for word in words):
        return f"missing: {listed(['', *words])}"
    if kind != "date":
        if all(re.fullmatch(THREES, word) for word in words):
            return 'the numbers without commas, or (if the comma stands before decimals) decimal: ","'
        return 'decimal: ","' if all(re.fullmatch(COMMA, word) for word in words) else ""
    if all(SERIAL.fullmatch(word) for word in words):
        return f"dates: {{{column}: excel}}"
    if all(DAY_FIRST.fullmatch(word) for word in words):
        sign = words[0][-5]
        return f'dates: {{{column}: "%d{sign}%m{sign}%Y"}} (with %m before %d if the month stands first)'
    return ""


def listed(words: Sequence[str]) -> str:
    """Write a list as YAML does."""
    return json.dumps(list(dict.fromkeys(words)), ensure_ascii=False)


def remedy_for(names: Sequence[str], known: Collection[str], *, column: str, role: str) -> str:
    """Say how to mend names that the table of their kind does not list."""
    totals = [name for name in names if str(name).strip().lower() in TOTALS]
    if totals:
        return f"leave such rows out: leave_out: {{{column}: {listed(totals)}}} under tables.{role}"
    alike = {folded(each): each for each in known}
    for name in names:
        if own := alike.get(folded(name)):
            spellings = [other for other in names if folded(other) == folded(name)]
            return f'write unite: {{{column}: {{"{own}": {listed(spellings)}}}}} in study.yaml, or mend them'
    return f"mend the name, or add the {column} there"


def folded(name: object) -> str:
    """Write a name without what spellings of it differ in: case, spaces, points and other signs."""
    return re.sub(r"[\W_]+", "", str(name)).casefold()
