"""What coded interviews show, and how far the coders agree, as sentences, tables and figures."""

from __future__ import annotations

import pandas as pd

from qieval.coding import Corpus, Project, Quotes, Tally, TextAgreement
from qieval.coding.text_agreement import OVERALL
from qieval.exhibits.coding_figures import group_figure, tally_figure
from qieval.exhibits.coding_words import (
    COEFFICIENTS,
    agreed,
    agreement_notes,
    found_in,
    held_back,
    interval,
    listed,
    read,
    set_aside,
)
from qieval.exhibits.columns import count, words
from qieval.exhibits.columns import interval as bounds
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.format import fixed, integer, is_absent, percent, text
from qieval.exhibits.phrases import capital, counted
from qieval.results import Estimate, Record

__all__ = [
    "agreement_table",
    "codebook_table",
    "coders_table",
    "corpus_table",
    "group_figure",
    "headline",
    "quotes_table",
    "tally_figure",
    "tally_table",
]

RULES = {"include": "Given to", "exclude": "Not given to"}
INDENT = "\N{EM SPACE}"


def headline(corpus: Corpus, tally: Tally, agreement: TextAgreement, *, until: str = "") -> Statement:
    """Say what came up most, in how many of how many sources, and how far the coders agree.

    Parameters
    ----------
    corpus, tally, agreement
        Of the same project; the tally without groups.
    until : str
        Label of the wave up to which sources are counted.
    """
    themes, codes = (tally.most_widespread(themes=level) for level in (True, False))
    if themes.empty:
        say = f"No code was found in any of {counted(corpus.total['sources'] or 0, 'source')}."
    else:
        each = " each" if len(themes) > 1 else ""
        say = (
            f"{listed(themes['name'])}{each} came up in **{found_in(themes)} sources** "
            f"({interval(themes, tally)})."
        )
    more = []
    if not codes.empty:
        more.append(
            f"Of the codes under the themes, {listed(codes['name'])} came up most: in {found_in(codes)} "
            f"sources ({interval(codes, tally)})."
        )
    records = [
        Record(key=role, estimate=_estimate(tally, rows), status="descriptive")
        for role, rows in (("theme", themes), ("code", codes))
        if not rows.empty
    ]
    more += [read(corpus, until), agreed(agreement)]
    return Statement(name="headline", role="headline", say=say, more=more, records=records)


def corpus_table(corpus: Corpus, *, until: str = "") -> Table:
    """Table what was read: sources by kind, who speaks in them, how much was coded."""
    named = f", up to and including {until}" if until else ""
    columns = [
        words("kind", "Kind of source"),
        count("sources", "Sources"),
        count("cases", "Cases"),
        count("sites", "Sites"),
        words("languages", "Language", unit="sources"),
        count("translated", "Read in translation", unit="sources"),
        count("characters", "Length", unit="characters"),
        count("coded", "With a coded passage", unit="sources"),
        count("double_coded", "Two or more coders", unit="sources"),
        count("segments", "Coded segments"),
    ]
    frame = corpus.kinds.assign(kind=[capital(kind) for kind in corpus.kinds["kind"]])
    return Table(
        name="corpus",
        caption=f"What was read{named}.",
        frame=frame,
        columns=_known(frame, columns),
        emphasis=(len(frame) - 1,) if len(frame) > 1 else (),
        notes=set_aside(corpus),
    )


def coders_table(corpus: Corpus) -> Table:
    """Table who coded how much."""
    columns = [
        words("coder", "Coder"),
        count("assigned", "Sources assigned"),
        count("coded", "Sources with a segment"),
        count("segments", "Coded segments"),
        count("codes", "Codes used"),
    ]
    return Table(
        name="coders",
        caption="Who coded. Names are left out.",
        frame=corpus.coders,
        columns=_known(corpus.coders, columns),
    )


def codebook_table(project: Project) -> Table:
    """Table the codes with their definitions, each under its theme."""
    frame = project.codes.frame
    return Table(
        name="codebook",
        caption=f"The codebook: {counted(len(frame), 'code')}, each indented under the one it belongs to.",
        frame=frame.assign(name=_indented(frame)),
        columns=[
            words("name", "Code"),
            words("definition", "Definition", show=_words),
            *(words(name, label, show=_words) for name, label in RULES.items() if name in frame),
            words("code", "Id"),
        ],
    )


def tally_table(tally: Tally) -> Table:
    """Table how often each code was found, with its denominators; the numbers behind `tally_figure`."""
    frame = tally.frame.assign(name=_indented(tally.frame))
    columns = [
        words("name", "Code"),
        count("sources", "Sources"),
        count("n_sources", "of"),
        Column(source="share", label="Share of sources", show=percent()),
        bounds(tally.level, percent()),
        count("cases", "Cases"),
        count("references", "Passages"),
        Column(source="coverage", label="Share of text", show=percent(1)),
    ]
    return Table(
        name="tally",
        caption="How often each code was found. A theme counts the codes under it, each passage once.",
        frame=frame,
        columns=_known(frame, columns),
        records=[
            Record(key=str(estimate.term), estimate=estimate, status="descriptive")
            for estimate in tally.estimates()
        ],
        emphasis=[
            place for place, depth in enumerate(frame["depth"]) if depth == 0 and frame["depth"].max() > 0
        ],
        notes=(
            "Sources without any code stay in the denominators; a focus group is one source, however many "
            "speak in it. Numbers of passages depend on how coders cut the text; the share of sources does "
            "not.",
            *tally.notes,
        ),
    )


def agreement_table(agreement: TextAgreement) -> Table | Statement:
    """Table how far the coders agree, code by code and overall, by measures that fail in different ways."""
    records = [
        Record(key=estimate.term, estimate=estimate, status="descriptive")
        for estimate in agreement.estimates(agreement.coefficient)
    ]
    if is_absent(agreement.frame[agreement.coefficient].iloc[-1]):
        return Statement(name="agreement", role="note", say=agreed(agreement), records=records)
    frame = agreement.frame
    used = frame[(frame["prevalence"] > 0) | (frame["code"] == OVERALL)]
    ordered = pd.concat([used[used["code"] == OVERALL], used[used["code"] != OVERALL]], ignore_index=True)
    columns = [
        words("name", "Code"),
        Column(source=agreement.coefficient, label=COEFFICIENTS[agreement.coefficient], show=fixed(2)),
        bounds(agreement.level, fixed(2)),
        Column(source="jaccard", label="Agreed of what either marked", show=percent()),
        Column(source="percent", label="Agreed of all", unit="characters", show=percent(1)),
        Column(source="ac1", label="Gwet's AC1", show=fixed(2)),
        Column(source="prevalence", label="Marked", unit="of characters", show=percent(1)),
    ]
    return Table(
        name="agreement",
        caption=f"Agreement on {integer(agreement.n_units)} {agreement.unit}, of "
        f"{counted(agreement.n_sources, 'source')} that two or more coders were asked to code; each code "
        "against its absence.",
        frame=ordered,
        columns=columns,
        records=records,
        emphasis=(0,),
        notes=agreement_notes(agreement, unused=len(frame) - len(used)),
    )


def quotes_table(quotes: Quotes) -> Table | Statement:
    """Table approved quotes under pseudonyms."""
    if quotes.frame.empty:
        say = "No passage was approved for publication."
        return Statement(name="quotes", role="note", say=say, more=held_back(quotes))
    frame = quotes.frame.assign(
        who=quotes.frame["speaker"] + ", " + quotes.frame["label"],
        said="\N{LEFT DOUBLE QUOTATION MARK}" + quotes.frame["text"] + "\N{RIGHT DOUBLE QUOTATION MARK}",
    )
    spread = frame["speaker"].value_counts()
    notes = [
        f"A speaker is named by group only where the group has at least {quotes.min_cell} cases.",
        f"Sources quoted: {len(spread)}; none has more than {spread.max()} of the {len(frame)} quotes.",
        *held_back(quotes),
    ]
    if quotes.n_wordless:
        notes.append(f"Approved segments that came without their text: {quotes.n_wordless}.")
    return Table(
        name="quotes",
        caption=f"{integer(len(frame))} of {integer(quotes.n_approved)} passages approved for publication, "
        "spread over speakers.",
        frame=frame,
        columns=[
            words("path", "Code"),
            words("said", "Quote"),
            words("who", "Who"),
        ],
        notes=notes,
    )


def _indented(frame: pd.DataFrame) -> list[str]:
    return [
        INDENT * int(depth) + str(name) for name, depth in zip(frame["name"], frame["depth"], strict=True)
    ]


def _known(frame: pd.DataFrame, columns: list[Column]) -> list[Column]:
    """Leave out columns in which nothing is known: cases where none are named, sites where none are."""
    return [column for column in columns if not frame[column.source].isna().all() or column.source == "share"]


def _words(value: object) -> str:
    return text(None) if is_absent(value) or value == "" else str(value)


def _estimate(tally: Tally, rows: pd.DataFrame) -> Estimate:
    """Find the estimate of the first of some rows of a tally."""
    return next(estimate for estimate in tally.estimates() if estimate.term == rows["code"].iloc[0])
