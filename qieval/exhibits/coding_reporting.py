"""What a report of interviews must say (COREQ), with what the data tell and what only its authors can."""

from __future__ import annotations

from qieval.coding import Corpus, Project, Quotes, Saturation
from qieval.exhibits.checklists import filled, table
from qieval.exhibits.coding_patterns import saturation_words
from qieval.exhibits.core import Statement, Table
from qieval.exhibits.format import integer
from qieval.exhibits.phrases import counted


def coreq_table(
    project: Project, corpus: Corpus, saturation: Saturation, quotes: Quotes
) -> Table | Statement:
    """Table the items of COREQ; those that data cannot fill stay open."""
    total, depth = corpus.total, project.codes.frame["depth"]
    kinds = corpus.kinds.iloc[:-1] if len(corpus.kinds) > 1 else corpus.kinds.assign(kind="source")
    parts = [counted(number, kind) for number, kind in zip(kinds["sources"], kinds["kind"], strict=True)]
    people = f"; {counted(total['cases'], 'case')}" if total["cases"] else ""
    sites = f" at {counted(total['sites'], 'site')}" if total["sites"] else ""
    double = total["double_coded"]
    shared = f"; {integer(double)} of {integer(total['sources'])} sources had two or more" if double else ""
    shown, levels = quotes.frame, counted(depth.nunique(), "level")
    answers = {
        "12": f"{', '.join(parts)}{sites}{people}.",
        "22": saturation_words(saturation).replace("**", ""),
        "24": f"{counted(len(corpus.coders), 'coder')}{shared}.",
        "25": f"{counted(len(depth), 'code')} in {levels}; see the codebook.",
        "27": "Tallies and agreement: qieval. The program used for coding: for the authors to say.",
        "29": f"{counted(len(shown), 'quotation')} of {counted(shown['speaker'].nunique(), 'source')}, "
        "each with a stable number."
        if len(shown)
        else "None was approved for publication.",
        "31": f"{counted(int((depth == 0).sum()), 'theme')}, each with its share.",
        "32": f"{counted(int((depth > 0).sum()), 'code')} under them, zeros shown.",
    }
    return table("coreq", {"coreq": filled("coreq", answers)})
