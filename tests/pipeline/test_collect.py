from __future__ import annotations

import csv
import json
from typing import Any

import pandas as pd
import pytest

from qieval.errors import RunError
from qieval.exhibits import MIME, Column, Statement, Table
from qieval.pipeline.collect import as_csv, as_json, exhibits, headline, result_rows, results_document
from qieval.results import TIDY, Estimate, Record

CONTRACT = (
    "key report exhibit term method estimate se df statistic p_value ci_low ci_high level n n_clusters unit "
    "primary status notes"
)


def executed(*payloads: Any) -> dict[str, Any]:
    """A notebook as it is read back from disk, with other outputs between the exhibits."""
    outputs = [{"output_type": "display_data", "data": {MIME: each}} for each in payloads]
    stream = {"output_type": "stream", "name": "stdout", "text": "hello"}
    cells = [{"cell_type": "code", "outputs": [stream, output]} for output in outputs]
    return json.loads(json.dumps({"cells": [{"cell_type": "markdown", "source": "# Why?"}, *cells]}))


def table(name: str = "effect", estimate: float = -3.1, **more: Any) -> dict[str, Any]:
    numbers = Estimate(term="b - a", method="cluster-t", estimate=estimate, **more)
    shown = Table(
        name=name,
        caption="Means.",
        records=[Record(key="cluster-t", estimate=numbers)],
        frame=pd.DataFrame({"arm": ["=a", "b"], "mean": [1 / 3, float("nan")]}),
        columns=[Column(source="arm", label="Arm"), Column(source="mean", label="Mean")],
    )
    return shown.payload()


def say(name: str = "line", role: Any = "headline") -> dict[str, Any]:
    return Statement(name=name, role=role, say="It was **3** lower.").payload()


def test_exhibits_are_numbered_through_and_statements_have_no_file() -> None:
    shown = exhibits(executed(say(), table(), table("again")), "20_effect--pain")
    assert [each.number for each in shown] == [1, 2, 3]
    assert [each.file for each in shown] == [
        None,
        "exhibits/20_effect--pain--2-effect.csv",
        "exhibits/20_effect--pain--3-again.csv",
    ]
    assert headline(shown) == "It was 3 lower."
    assert headline(shown[1:]) == ""


def test_a_row_has_the_contract_s_fields_in_their_order_and_full_precision() -> None:
    [row] = result_rows(exhibits(executed(say(), table(estimate=1 / 3, se=0.1)), "20_effect--pain"))
    assert list(row) == CONTRACT.split()
    assert row["key"] == "20_effect--pain/effect/cluster-t"
    assert (row["report"], row["exhibit"], row["estimate"], row["status"]) == (
        "20_effect--pain",
        2,
        1 / 3,
        "final",
    )


def test_an_absent_number_is_null_and_has_a_reason() -> None:
    [row] = result_rows(exhibits(executed(table(se=0.1, df=float("inf"))), "r"))
    assert row["df"] is None
    assert row["notes"] == ["no finite value: df, statistic, p_value, ci_low, ci_high"]
    [said] = result_rows(exhibits(executed(table(notes=("interim",))), "r"))
    assert said["notes"] == ["interim"]


def test_the_same_numbers_shown_twice_stand_once() -> None:
    rows = result_rows(exhibits(executed(table(), table()), "r"))
    assert [row["exhibit"] for row in rows] == [1]


def test_other_numbers_under_the_same_key_are_refused() -> None:
    said = r"r/effect/cluster-t is shown twice .*\(estimate\): in exhibits 1 and 2"
    with pytest.raises(RunError, match=said):
        result_rows(exhibits(executed(table(), table(estimate=-3.2)), "r"))


@pytest.mark.parametrize("bad", [{}, [], "x", {"schema": 2}, {"schema": 1, "name": "x"}])
def test_what_only_claims_to_be_an_exhibit_is_refused(bad: Any) -> None:
    with pytest.raises(RunError, match="Exhibit 1 of r"):
        exhibits(executed(bad), "r")


@pytest.mark.parametrize("name", ["../x", "a b", "", "-a", "é"])
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(RunError, match="letters, digits"):
        exhibits(executed(say(name=name)), "r")


def test_the_document_is_valid_json_of_one_form() -> None:
    document = results_document("tiny", 2, exhibits(executed(table()), "r"))
    text = as_json(document)
    assert json.loads(text) == document
    assert (document["schema"], document["study"], document["wave"]) == (1, "tiny", 2)
    assert set(TIDY) <= set(document["results"][0])
    assert text.endswith("}\n")
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"x": float("nan")})


def test_a_csv_file_keeps_full_precision_and_holds_no_formula() -> None:
    text = as_csv(["-a", "b"], [["=1+1", 1 / 3], ["+x", None], ["@x", True], ["\tx", -2], ["plain, ü", "−3"]])
    assert "\r" not in text
    rows = list(csv.reader(text.splitlines()))
    assert rows[0] == ["'-a", "b"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+x", "'@x", "'\tx", "plain, ü"]
    assert float(rows[1][1]) == 1 / 3
    assert [row[1] for row in rows[2:]] == ["", "true", "-2", "−3"]
