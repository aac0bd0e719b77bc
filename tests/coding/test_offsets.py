"""Positions counted in every known way end on the same words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qieval.coding.offsets import CONVENTIONS, MARK, Named, Offsets, StoredText, calibrate

LINES = "Naïve start.\nTeam 😀 met; coach’s tip — équipe.\nEnd 👩\u200d⚕️ cafe\u0301.\n"
QUOTES = ("start", "😀 met", "coach’s tip", "équipe", "equipe", "👩\u200d⚕️", "cafe\u0301", "End")


def counted(stored: str, quote: str, offsets: Offsets) -> tuple[int, int]:
    """Find a quote's positions by counting as another program would, written out."""
    seen = stored if offsets.mark_counted else stored.removeprefix(MARK)
    seen = seen if offsets.crlf == 2 else seen.replace("\r\n", "\n")
    start = seen.index(quote)
    return start, start + len(quote) - offsets.end_inclusive


def named(stored: str, offsets: Offsets, names: bool = True) -> Named:
    quotes = [quote for quote in QUOTES if quote in stored]
    spans = np.array([counted(stored, quote, offsets) for quote in quotes], dtype=float)
    shown = quotes if names else [""] * len(quotes)
    return Named(text=StoredText.of(stored), start=spans[:, 0], end=spans[:, 1], names=shown)


@pytest.mark.parametrize("offsets", CONVENTIONS, ids=str)
@pytest.mark.parametrize("stored", [LINES, LINES.replace("\n", "\r\n"), MARK + LINES.replace("\n", "\r\n")])
def test_names_settle_how_positions_are_counted(stored: str, offsets: Offsets) -> None:
    given = named(stored, offsets)
    found = calibrate([given])
    assert found.decided
    assert found.votes[found.offsets] == found.named == len(given.names)
    start, end = given.text.spans(given.start, given.end, found.offsets)
    words = [given.text.text[int(a) : int(b)] for a, b in zip(start, end, strict=True)]
    assert words == list(given.names)


def test_without_names_the_default_is_taken_and_not_decided() -> None:
    found = calibrate([named(LINES, Offsets(), names=False)])
    assert (found.offsets, found.decided, found.named) == (Offsets(), False, 0)
    assert calibrate([]).decided  # nothing can be shifted


def test_titles_do_not_vote_and_a_tie_is_no_decision() -> None:
    text = StoredText.of("aaaa")
    spans = {"start": np.array([0.0, 0.0]), "end": np.array([1.0, 2.0])}
    titles = calibrate([Named(text=text, names=["a title", "another"], **spans)])
    assert (max(titles.votes.values()), titles.named, titles.decided) == (0, 2, False)
    tie = calibrate([Named(text=text, names=["a", "aaa"], **spans)])  # one exclusive, one inclusive
    assert (tie.rival, tie.decided) == (1, False)


def test_line_ends_in_a_name_are_spaces_in_xml() -> None:
    stored = "one\r\ntwo"
    given = Named(text=StoredText.of(stored), start=np.array([0.0]), end=np.array([8.0]), names=["one two"])
    assert calibrate([given]).offsets.crlf == 2


def test_positions_out_of_range_stay_out_of_range() -> None:
    text = StoredText.of(MARK + "a\r\nb\r\n")
    positions = np.array([-5.0, 0.0, 99.0, np.nan])
    for offsets in CONVENTIONS:
        placed = text.place(positions, offsets)
        assert placed[0] == -5
        assert placed[1] == 0
        assert placed[2] > len(text.text)
        assert np.isnan(placed[3])


def test_the_four_systems_of_the_shared_case(reference: Path) -> None:
    case: dict[str, Any] = json.loads((reference / "qual" / "spans" / "cases.json").read_text())[
        "offset_systems"
    ]
    text = StoredText.of(case["text"])
    ways = {
        "codepoint": Offsets(),
        "codepoint_after_crlf_to_lf": Offsets(crlf=1),
        "refi_inclusive_end": Offsets(end_inclusive=True),
    }
    for expected in case["expected"]:
        for way, offsets in ways.items():
            start, end = (np.array([float(each)]) for each in expected[way])
            assert [int(x[0]) for x in text.spans(start, end, offsets)] == expected["codepoint"]
