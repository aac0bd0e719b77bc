"""The authors' own words: ``params/<study>/wave-N.text.md``, whose numbers are references to results.

Under ``# <report>``, ``## Interpretation``, ``## What we will do`` and ``## Limits`` hold Markdown. In it,
``{{fatigue.estimate}}`` is the key result of the report on fatigue; any other result is named by its key:
``{{20_effect--fatigue/effect/gee.interval}}``. An empty slot prints nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qieval.errors import Fault, InputError
from qieval.exhibits.format import decimals_for, degrees, fixed, integer, p_value
from qieval.exhibits.marks import in_units_shown, key_rows
from qieval.exhibits.phrases import interval
from qieval.pipeline.faults import suggestion

SLOTS = ("Interpretation", "What we will do", "Limits")
_REMARK = re.compile(r"<!--.*?-->", re.DOTALL)
_REFERENCE = re.compile(r"\{\{\s*(.*?)\s*\}\}")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slot of one report.

    Attributes
    ----------
    report, name : str
        Which.
    line : int
        Where its words begin in the file, from 1.
    words : str
        Markdown with references.
    """

    report: str
    name: str
    line: int
    words: str


def read_slots(text: str, *, file: str, reports: Iterable[str]) -> tuple[Slot, ...]:
    """Read the slots of a wave that hold words.

    Raises
    ------
    InputError
        With every report and slot that is unknown or named twice, and every word that stands outside of one.
    """
    known, found, faults = list(reports), list[Slot](), list[Fault]()
    plain = _REMARK.sub(lambda remark: "\n" * remark[0].count("\n"), text)
    for report, name, line, words in _parted(plain):
        here = (line,)
        if report not in known:
            said = f"there is no report {report!r}{suggestion(report, known)}"
            faults.append(Fault(file=file, rows=here, problem=said, expected="# <report>"))
        elif name not in SLOTS:
            said, one_of = (
                f"there is no slot {name!r}{suggestion(name, SLOTS)}",
                "one of ## " + ", ## ".join(SLOTS),
            )
            faults.append(Fault(file=file, rows=here, problem=said, expected=one_of))
        elif any((each.report, each.name) == (report, name) for each in found):
            faults.append(
                Fault(file=file, rows=here, problem=f"{name} of {report} stands here a second time")
            )
        elif words.strip():
            found.append(Slot(report=report, name=name, line=line, words=words))
    if faults:
        raise InputError(faults)
    return tuple(found)


def _parted(text: str) -> Iterator[tuple[str, str, int, str]]:
    """Part a text at its headings: report, slot, line, words; the space between headings does not count."""
    report, name, start, lines = "", "", 1, list[str]()
    for number, line in enumerate([*text.splitlines(), "# "], start=1):
        if not line.startswith(("# ", "## ")):
            lines.append(line)
            continue
        if name or "".join(lines).strip():
            yield report, name, start, "\n".join(lines)
        level, _, words = line.partition(" ")
        report, name = (words.strip(), "") if level == "#" else (report, words.strip())
        start, lines = number, []


def filled(slots: Iterable[Slot], rows: Iterable[Row], *, file: str) -> dict[str, list[list[str]]]:
    """Fill the references from a wave's results: of each report the names of its slots and their words.

    Raises
    ------
    InputError
        With every reference that names no result, several, or a number that there is not.
    """
    known = {row["key"]: row for row in rows}
    first = key_rows(known.values())
    done: dict[str, list[list[str]]] = {}
    faults: list[Fault] = []

    def write(reference: str, line: int) -> str:
        try:
            return _written(reference, known, first)
        except LookupError as error:
            said = f"{{{{{reference}}}}}: {error.args[0]}"
            faults.append(Fault(file=file, rows=(line,), problem=said))
            return ""

    for slot in sorted(slots, key=lambda slot: SLOTS.index(slot.name)):
        lines = [
            _REFERENCE.sub(lambda found, at=number: write(found[1], at), words)  # type: ignore[misc]
            for number, words in enumerate(slot.words.split("\n"), start=slot.line + 1)
        ]
        done.setdefault(slot.report, []).append([slot.name, "\n".join(lines)])
    if faults:
        raise InputError(faults)
    return done


def _written(reference: str, known: Mapping[str, Row], first: Mapping[str, Row]) -> str:
    name, _, asked = reference.rpartition(".")
    row = known.get(name) or _key_row(name, first)
    if asked not in NUMBERS:
        raise LookupError(
            f"there is no number {asked!r}{suggestion(asked, NUMBERS)}; expected one of {', '.join(NUMBERS)}"
        )
    needed = ("ci_low", "ci_high") if asked == "interval" else (asked,)
    if any(row[each] is None for each in needed):
        why = "; ".join(row["notes"])
        raise LookupError(f"this result has no {asked}" + (f" ({why})" if why else ""))
    return NUMBERS[asked](in_units_shown(row))


def _key_row(name: str, first: Mapping[str, Row]) -> Row:
    """Find the key result of a report, named whole or by what it is about."""
    meant = [report for report in first if name in (report, report.partition("--")[2])]
    if len(meant) == 1:
        return first[meant[0]]
    if meant:
        raise LookupError(f"several reports are meant: {', '.join(meant)}; name one of them whole")
    short = [report.partition("--")[2] or report for report in first]
    raise LookupError(f"there is no such result{suggestion(name, short)}; expected one of {', '.join(short)}")


def _decimals(row: Row) -> int:
    """As many as the index and the bottom line show: by the interval, or by the error where there is none."""
    bounded = None not in (row["ci_low"], row["ci_high"])
    return decimals_for((row["ci_high"] - row["ci_low"]) / 2 if bounded else row["se"] or 0)


def _number(name: str) -> Callable[[Row], str]:
    return lambda row: fixed(_decimals(row))(row[name])


NUMBERS: dict[str, Callable[[Row], str]] = {
    **{name: _number(name) for name in ("estimate", "se", "ci_low", "ci_high")},
    "interval": lambda row: interval(row["level"], row["ci_low"], row["ci_high"], fixed(_decimals(row))),
    "p_value": lambda row: p_value(row["p_value"]),
    "df": lambda row: degrees(row["df"]),
    "n": lambda row: integer(row["n"]),
    "n_clusters": lambda row: integer(row["n_clusters"]),
    "unit": lambda row: str(row["unit"]),
}
