"""What a report of interviews must say (COREQ), with what the data tell and what only its authors can."""

from __future__ import annotations

import pandas as pd

from qieval.coding import Corpus, Project, Quotes, Saturation
from qieval.exhibits.coding_patterns import saturation_words
from qieval.exhibits.columns import words
from qieval.exhibits.core import Table
from qieval.exhibits.format import integer
from qieval.exhibits.phrases import capital, counted

AUTHORS = "for the authors to say"


def coreq_table(project: Project, corpus: Corpus, saturation: Saturation, quotes: Quotes) -> Table:
    """Table the items of COREQ on sample, analysis and findings; those that data cannot fill stay open."""
    total, depth = corpus.total, project.codes.frame["depth"]
    kinds = corpus.kinds.iloc[:-1] if len(corpus.kinds) > 1 else corpus.kinds.assign(kind="source")
    parts = [counted(number, kind) for number, kind in zip(kinds["sources"], kinds["kind"], strict=True)]
    people = f"; {counted(total['cases'], 'case')}" if total["cases"] else ""
    sites = f" at {counted(total['sites'], 'site')}" if total["sites"] else ""
    double = total["double_coded"]
    shared = f"; {integer(double)} of {integer(total['sources'])} sources had two or more" if double else ""
    items = [
        (12, "Sample size", f"{', '.join(parts)}{sites}{people}."),
        (13, "Non-participation", ""),
        (16, "Description of sample", ""),
        (20, "Field notes", ""),
        (22, "Data saturation", saturation_words(saturation).replace("**", "")),
        (23, "Transcripts returned", ""),
        (24, "Number of data coders", f"{counted(len(corpus.coders), 'coder')}{shared}."),
        (
            25,
            "Description of the coding tree",
            f"{counted(len(depth), 'code')} in {counted(depth.nunique(), 'level')}; see the codebook.",
        ),
        (26, "Derivation of themes", ""),
        (27, "Software", "Tallies and agreement: qieval. The program used for coding: " + AUTHORS + "."),
        (28, "Participant checking", ""),
        (
            29,
            "Quotations presented",
            f"{counted(len(quotes.frame), 'quotation')} of "
            f"{counted(quotes.frame['speaker'].nunique(), 'source')}, each with a stable number."
            if len(quotes.frame)
            else "None was approved for publication.",
        ),
        (30, "Data and findings consistent", ""),
        (31, "Clarity of major themes", f"{counted(int((depth == 0).sum()), 'theme')}, each with its share."),
        (
            32,
            "Clarity of minor themes",
            f"{counted(int((depth > 0).sum()), 'code')} under them, zeros shown.",
        ),
    ]
    frame = pd.DataFrame(items, columns=["item", "topic", "answer"])
    return Table(
        name="coreq",
        caption="Items of COREQ on sample, analysis and findings.",
        frame=frame.assign(answer=[answer or capital(AUTHORS) + "." for answer in frame["answer"]]),
        columns=[words("item", "Item"), words("topic", "Topic"), words("answer", "Answer")],
        notes=[
            "Tong A, Sainsbury P, Craig J (2007). Consolidated criteria for reporting qualitative research. "
            "https://doi.org/10.1093/intqhc/mzm042"
        ],
    )
