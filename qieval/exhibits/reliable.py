"""Change of single people beside the error of the instrument, and the change by models of all waves."""

from __future__ import annotations

import pandas as pd

from qieval.capability import Comparison, ReliableChange, Sensitivity
from qieval.exhibits.change import READINGS, record
from qieval.exhibits.columns import DF, P, count, interval, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import count_or_fewer, withheld_note, withhold
from qieval.exhibits.format import fixed, p_value
from qieval.results import tidy

EXPECTED = {"up": "Moved up", "same": "Stayed", "down": "Moved down"}


def reliable(found: ReliableChange, change: Comparison, *, suppress_below: int = 5) -> Table | Statement:
    """Count those who changed more than the instrument errs; small counts are withheld."""
    if not found.mdc > 0:
        return Statement(
            name="reliable", role="note", say=f"No one's change can be held against error: {found.source}."
        )
    show, unit = fixed(1), change.quantity.unit
    kept = withhold([found.improved, found.unchanged, found.worse], suppress_below)
    rows = dict(zip(("Better", "No reliable change", "Worse"), kept, strict=True))
    if found.responders is not None:
        few = withhold([found.responders, found.n - found.responders], suppress_below)[0]
        rows[f"Better by {change.quantity.mcid:g} {unit} or more"] = few
    frame = pd.DataFrame({"group": list(rows), "people": pd.array(list(rows.values()), dtype="Int64")})
    return Table(
        name="reliable",
        caption=f"People whose score changed by more than {show(found.mdc)} {unit}; error alone goes beyond "
        "that in 5 % of people.",
        frame=frame,
        columns=[
            words("group", "Change"),
            count("people", "People", show=count_or_fewer(suppress_below)),
        ],
        notes=[
            f"Reliability {fixed(2)(found.reliability)} ({found.source}); standard error of measurement "
            f"{show(found.sem)} {unit}. Alpha leaves out how people vary from day to day: the limit is low.",
            *withheld_note(frame[["people"]], suppress_below),
        ],
    )


def error_moves(found: ReliableChange, change: Comparison, *, suppress_below: int = 5) -> Table | Statement:
    """Set the moves between bands beside those that error alone would make."""
    moves, expected = change.moves, found.expected
    if moves is None or expected is None:
        why = "The instrument declares no bands."
        why = why if moves is None else f"There is no error to set moves by: {found.source}."
        return Statement(name="error-moves", role="note", say=why)
    size = range(len(expected))
    by_error = {
        "up": sum(expected[row, column] for row in size for column in size if column > row),
        "same": sum(expected[row, row] for row in size),
        "down": sum(expected[row, column] for row in size for column in size if column < row),
    }
    kept = withhold([moves.up, moves.same, moves.down], suppress_below)
    frame = pd.DataFrame(
        {
            "move": list(EXPECTED.values()),
            "people": pd.array(kept, dtype="Int64"),
            "expected": [by_error[name] for name in EXPECTED],
        }
    )
    test, said = moves.test(), []
    if test.n and None not in kept:
        said = [f"Up against down among those who moved: exact p = {p_value(test.p_value)}."]
    return Table(
        name="error-moves",
        caption="Moves between the bands, and how many would come of the "
        "instrument\N{RIGHT SINGLE QUOTATION MARK}s error had nobody changed.",
        frame=frame,
        columns=[
            words("move", "Move"),
            count("people", "People", show=count_or_fewer(suppress_below)),
            Column(source="expected", label="By error alone", unit="people", show=fixed(1)),
        ],
        notes=[*said, *withheld_note(frame[["people"]], suppress_below)],
    )


def sensitivity(found: Sensitivity, change: Comparison, *, interim: str = "") -> Table | Statement:
    """Show the headline beside the readings of all forms of all waves."""
    if not found.readings:
        return Statement(name="sensitivity", role="note", say=" ".join(found.notes))
    rows = [change.headline, *found.readings]
    return Table(
        name="sensitivity",
        caption="The same change from all forms of all waves, also of those who answered once.",
        frame=tidy(rows).assign(reading=[READINGS[each.method] for each in rows]),
        columns=[
            words("reading", "Reading"),
            Column(source="estimate", label="Change", show=fixed(2, plus=True)),
            words("unit", "Unit"),
            interval(change.headline.level, fixed(2, plus=True)),
            DF,
            *([] if interim else [P]),
            count("n", "Forms or pairs"),
        ],
        records=[record(each.method, each, interim) for each in found.readings],
        emphasis=[0],
        notes=[*found.notes, *([interim] if interim else [])],
    )
