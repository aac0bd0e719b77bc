"""What a codebook became and what was decided by talking: revisions and the consensus log, for readers."""

from __future__ import annotations

import pandas as pd

from qieval.coding import Codebook, Triangulation, flags, revisions
from qieval.exhibits.columns import count, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.format import DASH, integer, percent
from qieval.exhibits.phrases import capital, counted, joined
from qieval.results import Record

HELD_BACK = "held back: the words may point at a person"


def revisions_table(before: Codebook | None, after: Codebook, *, since: str = "") -> Table | Statement:
    """Table what changed in the codebook since an earlier wave; say so where nothing did."""
    when = since or "the last wave"
    if before is None:
        say = "There is no codebook of an earlier wave to compare with."
        return Statement(name="revisions", role="note", say=say)
    frame = revisions(before, after)
    if frame.empty:
        say = f"The codebook is that of {when}: no code was added, taken over, renamed or dropped."
        return Statement(name="revisions", role="note", say=say)
    mapped = (frame["change"] == "took over").any()
    return Table(
        name="revisions",
        caption=f"What changed in the codebook since {when}.",
        frame=frame.assign(was=frame["was"].replace("", DASH), change=frame["change"].map(capital)),
        columns=[words("name", "Code"), words("change", "Change"), words("was", "Before")],
        notes=["What was coded with a code that another took over counts for that one, in every wave."]
        if mapped
        else [],
    )


def triangulation_statement(found: Triangulation | None, *, coders: int) -> Statement:
    """Say how the coding was checked by people who talked it over, and what that changed."""
    if found is None:
        say = (
            "One person coded, and no log of a second opinion was kept."
            if coders < 2
            else "No log of talks about single passages was kept."
        )
        return Statement(name="triangulation", role="note", say=say)
    total = found.total
    who = "One coder, investigators triangulated" if coders < 2 else "Beside the coders, a log was kept"
    say = (
        f"{who}: {counted(total['discussed'], 'passage')} talked over by "
        f"{'1 person' if found.investigators == 1 else f'{found.investigators} people'}; "
        f"**{integer(total['changed'])} changed code**."
    )
    more = [
        f"The second opinion was another one for {integer(total['differed'])} of them; "
        f"{integer(total['open'])} are still open."
    ]
    if found.rules:
        more.append("Decided by " + joined([f"{rule} ({n})" for rule, n in found.rules.items()]) + ".")
    more.append(
        "Passages are talked over because they are doubtful, so their shares say nothing of the rest, and no "
        "coefficient of agreement is made of them."
    )
    records = [Record(key=each.term, estimate=each, status="descriptive") for each in found.estimates()]
    return Statement(name="triangulation", role="note", say=say, more=more, records=records)


def triangulation_table(found: Triangulation | None) -> Table | Statement:
    """Table which codes were talked over and what came of it."""
    if found is None or found.codes.empty:
        return Statement(name="discussed", role="note", say="There is no entry to count.")
    share = found.codes["changed"] / found.codes["discussed"]
    return Table(
        name="discussed",
        caption="Passages talked over, by the code that they had at first.",
        frame=found.codes.assign(share=share),
        columns=[
            words("name", "First code"),
            count("discussed", "Talked over"),
            count("differed", "Second opinion differed"),
            count("changed", "Changed"),
            Column(source="share", label="Share changed", show=percent()),
            count("open", "Open"),
        ],
    )


def changes_table(found: Triangulation | None) -> Table | Statement:
    """Table which code became which, and why; reasons that may point at a person are held back."""
    if found is None or found.moves.empty:
        return Statement(name="changed", role="note", say="No code was changed.")
    reasons = [HELD_BACK if flags(why) else why for why in found.moves["why"]]
    return Table(
        name="changed",
        caption="Which code became which, and the reasons given.",
        frame=found.moves.assign(why=pd.Series(reasons, dtype="str")),
        columns=[
            words("first", "First code"),
            words("decision", "Decided"),
            count("entries", "Passages"),
            words("why", "Why"),
        ],
    )
