"""Codes that meet, against counts made character by character, and what must not change them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.coding import Project, cooccurrence
from qieval.errors import ArgumentError, DesignError

module = sys.modules["qieval.coding.cooccurrence"]
KEYS = {"any": "cooccurrence_any_coder", "within": "cooccurrence_same_coder"}
COLUMNS = {
    "overlap": {
        "overlap_pairs": "pairs",
        "a_refs_overlapping_b": "meeting_a",
        "b_refs_overlapping_a": "meeting_b",
        "chars": "characters",
        "sources_with_overlap": "sources",
        "sources_with_both": "sources_with_both",
        "char_jaccard": "jaccard",
        "c_coefficient_refs": "c",
    },
    "same-segment": {"exact_pairs": "pairs"},
    "inclusion": {"inclusion_pairs": "pairs"},
    "near": {"near_pairs_gap_le_20": "pairs"},
}


def rows_of(found: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """Both directions of every pair."""
    rows = {}
    for row in found.to_dict(orient="records"):
        rows[row["code_a"], row["code_b"]] = row
        back = {**row, "meeting_a": row["meeting_b"], "meeting_b": row["meeting_a"]}
        rows[row["code_b"], row["code_a"]] = back
    return rows


@pytest.mark.parametrize("name", ["small", "medium"])
@pytest.mark.parametrize("coders", ["any", "within"])
@pytest.mark.parametrize("definition", list(COLUMNS))
def test_every_pair_is_as_counted_by_sets(
    name: str, coders: Any, definition: Any, frames: Callable[[str], Any], reference: Path
) -> None:
    project = Project.from_frames(*frames(name))
    expected = json.loads((reference / "qual" / "tally" / f"{name}_expected.json").read_text())[KEYS[coders]]
    within = 20 if definition == "near" else 0
    found = rows_of(cooccurrence(project, definition=definition, coders=coders, within=within).frame)
    for pair, values in expected.items():
        row = found[tuple(pair.split("|"))]
        for theirs, ours in COLUMNS[definition].items():
            assert row[ours] == pytest.approx(values[theirs], abs=1e-9), (pair, theirs)


def test_touching_passages_are_near_but_do_not_overlap(small: Project, reference: Path) -> None:
    expected = json.loads((reference / "qual" / "tally" / "small_expected.json").read_text())[KEYS["any"]]
    near = rows_of(cooccurrence(small, definition="near", coders="any").frame)
    over = rows_of(cooccurrence(small, coders="any").frame)
    for pair, values in expected.items():
        key = tuple(pair.split("|"))
        assert near[key]["pairs"] - over[key]["pairs"] == values["touching_pairs"]


def test_by_the_same_source_a_source_counts_once(project: Project) -> None:
    found = rows_of(cooccurrence(project, definition="same-source").frame)
    row = found["help.time", "hurt"]
    assert (row["pairs"], row["both"], row["references_a"], row["references_b"]) == (1, 1, 2, 1)
    assert row["c"] == pytest.approx(1 / 2)


def changed(frames: Any, how: str) -> Project:
    segments, sources, codes = frames
    if how == "shuffled":
        segments = segments.sample(frac=1, random_state=3)
    elif how == "coders swapped":
        segments = segments.assign(coder=segments["coder"].map({"amy": "cy", "bo": "amy", "cy": "bo"}))
    elif how == "an uncoded source":
        sources = pd.concat([sources, sources.iloc[:1].assign(source="new")])
    elif how == "shifted":
        segments = segments.assign(start=segments["start"] + 7, end=segments["end"] + 7)
        sources = sources.assign(characters=sources["characters"] + 7)
    return Project.from_frames(segments, sources, codes)


@pytest.mark.parametrize("how", ["shuffled", "coders swapped", "an uncoded source", "shifted"])
def test_what_must_not_change_a_count(how: str, frames: Callable[[str], Any]) -> None:
    before, after = changed(frames("medium"), ""), changed(frames("medium"), how)
    for definition in ("overlap", "same-source"):
        pd.testing.assert_frame_equal(
            cooccurrence(before, definition=definition).frame,
            cooccurrence(after, definition=definition).frame,
        )


def test_a_repeated_row_adds_pairs_but_no_references(frames: Callable[[str], Any]) -> None:
    segments, sources, codes = frames("small")
    twice = Project.from_frames(pd.concat([segments, segments]), sources, codes)
    once, again = (
        cooccurrence(each).frame for each in (Project.from_frames(segments, sources, codes), twice)
    )
    pd.testing.assert_series_equal(again["pairs"], 4 * once["pairs"])
    pd.testing.assert_frame_equal(again.drop(columns="pairs"), once.drop(columns="pairs"))


def test_many_nested_segments_come_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 120
    segments = pd.DataFrame(
        {"source": "s", "code": np.where(np.arange(n) % 2, "a", "b"), "coder": "k", "start": np.arange(n)}
    ).assign(end=2 * n - np.arange(n))
    project = Project.from_frames(
        segments, pd.DataFrame({"source": ["s"], "characters": 2 * n}), pd.DataFrame({"code": ["a", "b"]})
    )
    whole = cooccurrence(project).frame
    monkeypatch.setattr(sys.modules["qieval.coding.cooccurrence"], "CHUNK", 50)
    pd.testing.assert_frame_equal(cooccurrence(project).frame, whole)
    assert whole["pairs"].tolist() == [n * n // 4]
    assert np.isnan(whole["c"]).all()  # one reference meets many: more pairs than references


def test_nothing_coded_gives_zeros_and_no_coefficient(project: Project) -> None:
    found = cooccurrence(replace(project, segments=project.segments.iloc[:0]))
    assert (found.frame[["pairs", "both", "sources", "characters"]] == 0).all().all()
    assert found.tidy()["estimate"].isna().all()


def test_the_matrix_is_symmetric(small: Project) -> None:
    matrix = cooccurrence(small).matrix()
    assert matrix.loc["C11", "C12"] == matrix.loc["C12", "C11"] == 2
    assert np.isnan(matrix.loc["C11", "C11"])


def test_bad_arguments_are_refused(project: Project) -> None:
    with pytest.raises(ArgumentError, match="definition"):
        cooccurrence(project, definition="close")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="within"):
        cooccurrence(project, definition="near", within=-1)
    with pytest.raises(DesignError, match="same-segment"):
        cooccurrence(replace(project, placed=False))


@pytest.mark.parametrize("coders", ["any", "within"])
def test_sources_counted_in_blocks_add_up_to_all_at_once(
    coders: Any, frames: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.from_frames(*frames("medium"))
    whole = cooccurrence(project, coders=coders).frame
    for size in (1, 37):
        monkeypatch.setattr(module, "BLOCK", size)
        pd.testing.assert_frame_equal(cooccurrence(project, coders=coders).frame, whole)
