"""The dictionary of columns: what is declared of each, how much of it is empty; no value is told."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from qieval.pipeline.study import open_study

INSTRUMENT = """\
id: two
title: Two
version: "1"
source: {cite: Own wording, licence: CC0, wording: own}
respondent: individual
response: {min: 1, max: 5, labels: {1: Never, 5: Always}, na_codes: [DK]}
items:
  - {id: q1, label: Asks}
  - {id: q2, label: Answers}
total: {items: [q1, q2], method: mean}
missing: {rule: strict}
better: higher
"""


def described(place: Any) -> pd.DataFrame:
    return open_study("tiny", 1, workspace=place.workspace).dictionary().set_index(["table", "column"])


def test_every_column_of_every_table_stands_once_with_its_meaning(tiny: Any) -> None:
    found = described(tiny)
    assert found.index.is_unique
    assert found.loc["sites"].index.tolist() == ["site", "arm", "region"]
    assert found.loc[("outcomes", "pain"), ["meaning", "values"]].tolist() == [
        "Pain, points (outcome)",
        "a number from 0 to 10",
    ]
    assert found.loc[("outcomes", "fall"), "values"] == "1 (yes) or 0 (no)"
    assert found.loc[("outcomes", "pain_0"), "meaning"] == "Pain, baseline"
    assert found.loc[("sites", "region"), "meaning"] == "Region of the site (stratum of the allocation)"
    assert found.loc[("outcomes", "participant"), "meaning"] == "Participant, by a code (key)"


def test_empty_cells_are_counted_without_those_who_withdrew(tiny: Any) -> None:
    assert described(tiny).loc[("outcomes", "fall"), ["rows", "missing"]].tolist() == [6, 1]
    tiny.replace(tiny.study, "equity:", "  withdrawals: {file: withdrawals.csv}\nequity:")
    tiny.table("withdrawals").write_text("participant\n004\n", encoding="utf-8")
    assert described(tiny).loc[("outcomes", "fall"), ["rows", "missing"]].tolist() == [5, 0]


def test_an_own_name_its_codes_and_an_undeclared_column_are_told_and_no_value(tiny: Any) -> None:
    tiny.replace(tiny.table("sites"), "site,arm,region", "centre,group,region")
    for old, new in (("coached", "1"), ("usual care", "2")):
        tiny.replace(tiny.table("sites"), old, new)
    mapped = (
        "{file: sites.csv, columns: {site: centre, arm: group}, recode: {arm: {1: coached, 2: usual care}}}"
    )
    tiny.replace(tiny.study, "{file: sites.csv}", mapped)
    tiny.replace(tiny.table("outcomes"), "language\n001,", "secret\n001,")
    tiny.replace(tiny.study, "equity: {strata: [language]}\n", "")
    found = described(tiny)
    assert found.loc[("sites", "group"), "values"] == (
        "one of usual care, coached; in the file 1 for coached, 2 for usual care"
    )
    assert found.loc[("outcomes", "secret"), "meaning"] == "Not declared by the study file"
    assert not found.astype(str).apply(lambda column: column.str.contains("English|Spanish")).any().any()


def test_an_item_is_told_in_its_instruments_words_of_the_forms_that_have_it(tiny: Any) -> None:
    tiny.replace(tiny.study, "equity:", "  capability: {file: capability.csv}\ninstruments: [two]\nequity:")
    path = tiny.workspace.instruments / "two.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(INSTRUMENT, encoding="utf-8")
    forms = "respondent,site,wave,instrument,q1,q2\na,A,1,two,1,DK\nb,B,1,two,,3\n"
    tiny.table("capability").write_text(forms, encoding="utf-8")
    found = described(tiny)
    assert found.loc[("capability", "instrument"), "values"] == "one of two (Two)"
    item = found.loc[("capability", "q1")]
    assert item[["meaning", "values"]].tolist() == ["Asks (Two)", "a number from 1 to 5, or DK"]
    assert item[["rows", "missing"]].tolist() == [2, 1]


@pytest.mark.parametrize("study", ["demo-collab", "demo-ms"])
def test_no_column_of_the_demonstrations_is_left_unexplained(study: str, repo: Any) -> None:
    found = open_study(study, 2, workspace=repo).dictionary()
    assert not found["meaning"].str.startswith("Not declared").any()
