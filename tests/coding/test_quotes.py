"""Only approved words leave, under names that lead nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from qieval.coding import Project, quotes
from qieval.coding.quotes import PARTICIPANT, attributions
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


def test_labels_drop_attributes_until_enough_cases_share_them(small: Project, reference: Path) -> None:
    """The shared cases: at two cases only nurses may be told apart, whatever wave and site they spoke at."""
    expected = json.loads((reference / "qual" / "deid" / "cases.json").read_text(encoding="utf-8"))
    labels = attributions(small, ["wave", "site", "role"], 2)
    for named, label in expected["expected_label_k2"].items():
        assert labels[named.partition("(")[2].removesuffix(")")] == label
    assert set(attributions(small, ["wave", "site", "role"], 3)) == {PARTICIPANT}


def test_each_attribute_counts_as_in_the_shared_cells(small: Project, reference: Path) -> None:
    cells = json.loads((reference / "qual" / "deid" / "cases.json").read_text(encoding="utf-8"))
    joined = small.cases.merge(small.sources.drop(columns="case"), on="source")
    for names, sizes in cells["attribution_cells_cases"].items():
        keys = joined[names.split("+")].astype("str").agg("|".join, axis=1)
        found = joined.groupby(keys)["case"].nunique().to_dict()
        assert {key: found[key] for key in sizes} == sizes


def test_finer_labels_where_cells_allow_them(tables) -> None:
    segments, sources, codes = tables
    project = Project.from_frames(segments, sources.assign(role="nurse"), codes)
    labels = attributions(project, ["site", "role"], 3)
    assert set(labels) == {"A, nurse", "B, nurse"}
    assert set(attributions(project, ["site", "role"], 4)) <= {"A, nurse", "B, nurse", "nurse", PARTICIPANT}


def test_what_may_point_at_a_person_is_blocked_or_put_in_brackets(tables) -> None:
    segments, sources, codes = tables
    telling = segments.assign(text=segments["text"].replace("words one", "Ann rang 555-010-2345"))
    found = quotes(Project.from_frames(telling, sources, codes), names={"Words": "people"})
    assert dict(found.blocked) == {"phone": 1}
    assert not found.frame["text"].str.contains("555|Ann").any()
    assert "[people] three" in set(found.frame["text"])
    assert found.n_approved == 4
