"""Reporting items: what data tell is filled, the rest stays open."""

from __future__ import annotations

import pandas as pd

from qieval.coding import Project, corpus, quotes, saturation
from qieval.exhibits.checklists import AUTHORS
from qieval.exhibits.coding_reporting import coreq_table


def test_items_that_data_tell_are_filled_and_the_others_left_to_the_authors() -> None:
    codes = pd.DataFrame({"code": ["t", "a"], "parent": ["", "t"]})
    sources = pd.DataFrame(
        {"source": ["x", "y"], "source_kind": "interview", "characters": 50, "coders": "amy;bo"}
    )
    row = {
        "source": "x",
        "code": "a",
        "coder": "amy",
        "start": 0,
        "end": 9,
        "text": "Word.",
        "approved": True,
    }
    project = Project.from_frames(pd.DataFrame([row]), sources, codes)
    table = coreq_table(project, corpus(project), saturation(project), quotes(project))
    answers = dict(zip(table.frame["item"], table.frame["answer"], strict=True))
    assert answers["12"] == "2 sources."
    assert answers["24"] == "2 coders; 2 of 2 sources had two or more."
    assert answers["25"] == "2 codes in 2 levels; see the codebook."
    assert answers["29"] == "1 quotation of 1 source, each with a stable number."
    assert answers["26"] == AUTHORS
    assert answers["13"] == AUTHORS
