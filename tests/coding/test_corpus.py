"""The corpus counts what was read and who coded it."""

from __future__ import annotations

import pandas as pd

from qieval.coding import Project, corpus


def test_kinds_and_all(project: Project) -> None:
    kinds = corpus(project).kinds.set_index("kind")
    assert kinds.index.tolist() == ["focus group", "interview", "All sources"]
    wanted = {
        "sources": [1, 6, 7],
        "cases": [1, 6, 7],
        "sites": [1, 2, 2],
        "characters": [100, 600, 700],
        "coded": [1, 5, 6],
        "double_coded": [0, 3, 3],
        "segments": [1, 8, 9],
    }
    assert {name: kinds[name].tolist() for name in wanted} == wanted


def test_coders_are_counted_and_not_named(project: Project) -> None:
    coders = corpus(project).coders
    assert coders.to_numpy().tolist() == [["Coder 1", 5, 5, 6, 4], ["Coder 2", 4, 3, 3, 3]]


def test_what_is_not_recorded_is_missing(tables) -> None:
    segments, sources, codes = tables
    bare = sources[["source"]]
    result = corpus(Project.from_frames(segments, bare, codes))
    assert result.kinds["kind"].tolist() == ["All sources"]
    assert result.kinds[["cases", "sites", "characters", "double_coded"]].isna().all(axis=None)
    assert result.coders["assigned"].isna().all()
    assert result.total["cases"] is None


def test_what_was_set_aside_is_counted_by_reason(tables) -> None:
    segments, sources, codes = tables
    wrong = pd.concat([segments, segments.assign(code="nothing")], ignore_index=True)
    result = corpus(Project.from_frames(pd.concat([wrong, segments.iloc[[0]]]), sources, codes))
    assert result.excluded == {"unknown code": len(segments)}
    assert result.repeated == 1


def test_languages_and_translations_are_counted_by_kind(tables) -> None:
    segments, sources, codes = tables
    told = sources.assign(language=["English", "Swedish", "English"] + ["English"] * (len(sources) - 3))
    told["translated_from"] = [None, "Swedish"] + [None] * (len(sources) - 2)
    kinds = corpus(Project.from_frames(segments, told, codes)).kinds
    assert kinds["languages"].iloc[-1] == f"English {len(sources) - 1}, Swedish 1"
    assert kinds["translated"].iloc[-1] == 1
    bare = corpus(
        Project.from_frames(segments, sources.drop(columns="language", errors="ignore"), codes)
    ).kinds
    assert bare[["languages", "translated"]].isna().all(axis=None)
