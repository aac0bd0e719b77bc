"""Only approved words leave, under names that lead nowhere."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.coding import Project, quotes
from qieval.errors import ArgumentError


def test_only_approved_passages_are_quoted_once_each(project: Project) -> None:
    result = quotes(project, by="role", min_cell=1)
    assert result.frame["text"].tolist() == [
        "words seven",
        "words one",
        "words six",
        "words three",
        "words five",
    ]
    assert result.frame["path"].iloc[1] == "Helps > Time"
    assert (result.n_approved, result.n_wordless) == (5, 1)


@pytest.mark.parametrize("approved", ["yes", "True", 0, None, float("nan")])
def test_nothing_but_true_is_approval(tables, approved: object) -> None:
    segments, sources, codes = tables
    marked = segments.assign(approved=pd.Series([approved] * len(segments), dtype=object))
    assert quotes(Project.from_frames(marked, sources, codes)).frame.empty


@pytest.mark.parametrize("column", ["approved", "text"])
def test_without_approval_or_words_there_are_no_quotes(tables, column: str) -> None:
    segments, sources, codes = tables
    assert quotes(Project.from_frames(segments.drop(columns=column), sources, codes)).frame.empty


def test_small_groups_are_participants_and_never_one_alone(project: Project) -> None:
    labels = quotes(project, by="role", min_cell=3).frame.set_index("speaker")["label"]
    assert set(labels[["P02", "P01"]]) == {"nurse"}
    assert labels["P04"] == "participant"
    only_team_is_small = quotes(project, by="role", min_cell=2).frame.set_index("speaker")["label"]
    assert only_team_is_small["P04"] == "participant"
    everybody = quotes(project, by="role", min_cell=1).frame.set_index("speaker")["label"]
    assert everybody["P04"] == "team"
    assert set(quotes(project).frame["label"]) == {"participant"}


def test_pseudonyms_outlive_later_waves_and_shuffled_rows(tables) -> None:
    segments, sources, codes = tables
    before = quotes(Project.from_frames(segments, sources, codes)).frame
    later = sources.iloc[[0]].assign(source="a0", wave=2, case="new")
    more = pd.concat([sources, later]).sample(frac=1, random_state=4)
    after = quotes(Project.from_frames(segments.sample(frac=1, random_state=4), more, codes)).frame
    pd.testing.assert_frame_equal(after, before)


def test_no_id_of_a_source_or_person_is_among_the_quotes(project: Project) -> None:
    shown = " ".join(quotes(project, by="role").frame.astype(str).to_numpy().ravel())
    for private in [*project.sources["source"], *project.cases["case"], *project.coders]:
        assert private not in shown.split()


def test_quotes_are_spread_over_speakers(tables) -> None:
    segments, sources, codes = tables
    rows = [
        (source, code, "amy", place * 10, place * 10 + 5, f"{source} {code} {place}", True)
        for source in ("i1", "i2", "i4")
        for code in ("hurt", "help.time")
        for place in range(4)
    ]
    project = Project.from_frames(pd.DataFrame(rows, columns=segments.columns), sources, codes)
    result = quotes(project, per_code=2)
    assert result.n_approved == 24
    assert result.frame.groupby("code").size().tolist() == [2, 2]
    assert result.frame.groupby("code")["speaker"].nunique().tolist() == [2, 2]
    assert result.frame["speaker"].nunique() == 3
    assert len(quotes(project, per_code=50).frame) == 24


def test_an_unknown_attribute_is_refused(project: Project) -> None:
    with pytest.raises(ArgumentError, match="attribute of the sources"):
        quotes(project, by="ward")
