"""What a capability report shows of who was asked, and of how forms were filled in."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qieval.capability import Comparison, Response
from qieval.exhibits.columns import count, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import count_or_fewer, withheld_note, withhold
from qieval.exhibits.format import percent

MUCH = 0.15


def rates(found: Sequence[Response], *, suppress_below: int = 5) -> Table | Statement:
    """Show how many of each team's roster answered; rates of withheld counts are withheld too."""
    if not found:
        return Statement(
            name="rates",
            role="note",
            say="The roster of sites has no column “invited”, so response rates cannot be told.",
        )
    frame = pd.DataFrame({"team": [each.team for each in found]})
    frame["invited"] = pd.array([each.invited for each in found], dtype="Int64")
    for place, when in enumerate(("before", "after")):
        *teams, whole = [getattr(each, when) for each in found]
        kept = [*withhold(teams, suppress_below), *withhold([whole], suppress_below)]
        frame[when] = pd.array(kept, dtype="Int64")
        frame[f"{when}_rate"] = [
            None if known is None else each.rates[place] for known, each in zip(kept, found, strict=True)
        ]
    show = count_or_fewer(suppress_below)
    return Table(
        name="rates",
        caption="People on each team\N{RIGHT SINGLE QUOTATION MARK}s roster, and how many of them answered.",
        frame=frame,
        columns=[
            words("team", "Team"),
            count("invited", "Invited", unit="people"),
            count("before", "Before", unit="people", show=show),
            Column(source="before_rate", label="Rate", show=percent()),
            count("after", "After", unit="people", show=show),
            Column(source="after_rate", label="Rate", show=percent()),
        ],
        emphasis=[len(frame) - 1],
        notes=withheld_note(frame[["before", "after"]], suppress_below),
    )


def filled(change: Comparison, *, suppress_below: int = 5) -> Table | Statement:
    """Count the forms without a score, at the ends of the scale, and answered alike throughout."""
    if not change.forms:
        return Statement(name="forms", role="note", say="There are no forms, only scores.")

    def hide(number: int | None) -> int | None:
        return None if number is None else withhold([number], suppress_below)[0]

    frame = pd.DataFrame(
        [
            {
                "time": when,
                "forms": hide(each.forms),
                "unscored": hide(each.forms - each.scored),
                "lowest": hide(each.lowest),
                "highest": hide(each.highest),
                "alike": hide(each.alike),
            }
            for when, each in zip(("before", "after"), change.forms, strict=True)
        ]
    ).convert_dtypes()
    show = count_or_fewer(suppress_below)
    heads = {"forms": "Handed in", "unscored": "Without a score", "lowest": "Lowest score possible"}
    heads |= {"highest": "Highest score possible", "alike": "One answer throughout"}
    if change.forms[0].alike is None:
        del heads["alike"]
    return Table(
        name="forms",
        caption="Forms of each time, and those at the ends of the scale or with one answer to every item.",
        frame=frame,
        columns=[
            words("time", "Time"),
            *(count(name, label, unit="forms", show=show) for name, label in heads.items()),
        ],
        notes=[*_ends(change), *withheld_note(frame[list(heads)], suppress_below)],
    )


def _ends(change: Comparison) -> list[str]:
    found = []
    for when, each in zip(("before", "after"), change.forms, strict=True):
        for end, number in (("lowest", each.lowest), ("highest", each.highest)):
            if each.scored and number / each.scored >= MUCH:
                found.append(
                    f"{percent()(number / each.scored)} of the scores {when} are the {end} possible: "
                    "a change beyond it cannot be seen."
                )
    return found
