"""Names are put in brackets and patterns found as in the shared cases."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from qieval.coding import flags, substituted


@pytest.fixture(scope="module")
def shared(reference: Path) -> dict:
    return json.loads((reference / "qual" / "deid" / "cases.json").read_text(encoding="utf-8"))


def test_every_shared_case_is_met(shared: dict) -> None:
    names = dict(shared["mapping"])
    met = []
    for case in shared["cases"]:
        if "out" in case:
            assert substituted(case["in"], names) == case["out"], case["id"]
        elif "flags" in case:
            assert set(flags(case["in"])) == set(case["flags"])
        else:
            start, end = case["segment"]
            assert case["text"][start:end] == case["quote_raw"] == substituted(case["quote_raw"], names)
            assert substituted(case["text"], names)[start:end] != case["quote_raw"]
        met.append(case["id"])
    assert len(met) == 8


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ring me on 555-010-2345.", "phone"),
        ("It was +46 8 123 456 78, I think.", "phone"),
        ("Write to a.b@example.org!", "email"),
        ("See www.example.org for it.", "web address"),
        ("MRN 00123456 was hers.", "mrn"),
        ("943 476 5919", "nhs_number"),
        ("on 3 March 2024", "date"),
        ("since 2024-03-05", "date"),
        ("a 97-year-old man", "age_over_89"),
        ("she is aged 103", "age_over_89"),
    ],
)
def test_each_pattern_is_found_alone(text: str, kind: str) -> None:
    assert kind in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "We met 12 times in 2024, and 30 or 40 people came.",
        "From 15 % to 85 %: half of the 1,200 charts.",
        "I am 45 and may go on until I am 89.",
        "Step 3 of 12, at ten past 9.",
        "",
    ],
)
def test_plain_words_are_let_through(text: str) -> None:
    assert flags(text) == ()


def test_without_names_nothing_changes() -> None:
    assert substituted("Ann’s plan", {}) == "Ann’s plan"
    assert substituted("Ann’s plan", {"Ann": "nurse"}) == "[nurse]’s plan"


@pytest.mark.parametrize("piece", ["x", "1", "1 ", "a.", "@", "(1", "+1", "jan"])
def test_a_long_passage_is_scanned_in_no_time(piece: str) -> None:
    start = time.process_time()
    flags(piece * (100_000 // len(piece)))
    assert time.process_time() - start < 5, "an expression that goes back over the text takes minutes"
