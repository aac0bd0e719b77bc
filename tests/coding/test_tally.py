"""Tallies against counts made by hand and by sets of characters, and under changes of the input."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qieval.coding import Project, tally
from qieval.errors import ArgumentError, InputError
from qieval.results import TIDY

TOLERANCE = 1e-9
NAMES = {
    "applications": "applications",
    "references": "references",
    "sources": "sources",
    "cases": "cases",
    "characters": "chars",
    "coverage": "coverage_of_group_text",
}
COUNTED = [*NAMES, *(f"own_{name}" for name in NAMES), "n_sources", "n_cases", "n_characters", "share"]


def cell(frame: pd.DataFrame, code: str, group: object = None) -> pd.Series:
    rows = frame[frame["code"] == code]
    return (rows if group is None else rows[rows["group"] == group]).iloc[0]


@pytest.mark.parametrize(
    ("name", "part", "by"),
    [
        ("small", "all", None),
        ("small", "by_site", "site"),
        ("small", "by_role", "role"),
        ("small", "by_wave", "wave"),
        ("medium", "all", None),
        ("medium", "by_site", "site"),
    ],
)
def test_every_count_is_that_of_the_reference(
    frames, reference: Path, name: str, part: str, by: str | None
) -> None:
    expected = json.loads((reference / "qual" / "tally" / f"{name}_expected.json").read_text())[part]
    groups = {"None": expected} if by is None else expected
    frame = tally(Project.from_frames(*frames(name)), by=by).frame
    assert list(dict.fromkeys(map(str, frame["group"]))) == sorted(groups)
    assert len(frame) == sum(len(group["codes"]) for group in groups.values())
    for row in frame.to_dict(orient="records"):
        group = groups[str(row["group"])]
        assert [row["n_sources"], row["n_cases"], row["n_characters"]] == [
            group["n_sources"],
            group["n_cases"],
            group["chars"],
        ]
        for prefix, layer in (("", "rollup"), ("own_", "own")):
            for ours, theirs in NAMES.items():
                wanted = group["codes"][row["code"]][layer][theirs]
                assert row[prefix + ours] == pytest.approx(wanted, abs=TOLERANCE), (
                    row["code"],
                    prefix + ours,
                )


def test_references_by_case_are_those_of_the_reference(frames, reference: Path) -> None:
    expected = json.loads((reference / "qual" / "tally" / "small_expected.json").read_text())
    frame = tally(Project.from_frames(*frames("small")), by="case").frame
    for code, cases in expected["code_by_case_references_rollup"].items():
        assert {case: cell(frame, code, case)["references"] for case in cases} == cases


def test_a_theme_is_a_union_and_not_a_sum(small: Project) -> None:
    row = cell(tally(small).frame, "C1")
    assert (row["applications"], row["references"], row["sources"], row["own_applications"]) == (10, 8, 5, 0)


def test_zeros_are_shown(small: Project) -> None:
    frame = tally(small, by="site").frame
    assert cell(frame, "C4", "Alpha")["sources"] == 0
    assert cell(frame, "C11", "Gamma")[["sources", "n_sources", "share"]].tolist() == [0, 1, 0.0]


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_the_interval_is_wilsons(small: Project, level: float) -> None:
    for row in tally(small, level=level).frame.itertuples():
        wilson = stats.binomtest(int(row.sources), int(row.n_sources)).proportion_ci(level, method="wilson")
        assert row.share == pytest.approx(row.sources / row.n_sources, abs=1e-12)
        assert (row.ci_low, row.ci_high) == pytest.approx((wilson.low, wilson.high), abs=1e-12)
        assert 0 <= row.ci_low <= row.ci_high <= 1


def test_shuffled_rows_give_the_same_counts(frames) -> None:
    segments, sources, codes = frames("medium")
    shuffled = segments.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        tally(Project.from_frames(shuffled, sources, codes), by="role").frame,
        tally(Project.from_frames(segments, sources, codes), by="role").frame,
    )


def test_renamed_codes_give_the_same_counts(frames) -> None:
    segments, sources, codes = frames("medium")
    new = {code: f"zz{place % 7}-{place}" for place, code in enumerate(codes["code"])}
    renamed = codes.assign(code=codes["code"].map(new), parent=codes["parent"].map(new))
    before = tally(Project.from_frames(segments, sources, codes), by="site").frame
    after = tally(
        Project.from_frames(segments.assign(code=segments["code"].map(new)), sources, renamed), by="site"
    ).frame
    pd.testing.assert_frame_equal(after[COUNTED], before[COUNTED])


def test_a_repeated_row_is_an_application_and_no_reference(tables) -> None:
    segments, sources, codes = tables
    doubled = pd.concat([segments, segments.iloc[[2]]], ignore_index=True)
    before, after = (
        tally(Project.from_frames(rows, sources, codes)).frame.set_index("code")
        for rows in (segments, doubled)
    )
    assert (after["applications"] - before["applications"])[["hurt", "help"]].tolist() == [1, 0]
    others = [name for name in COUNTED if name not in {"applications", "own_applications"}]
    pd.testing.assert_frame_equal(after[others], before[others])


def test_an_uncoded_source_changes_denominators_alone(tables) -> None:
    segments, sources, codes = tables
    silent = pd.DataFrame({"source": ["i7"], "role": ["nurse"], "case": ["gil"], "characters": [300]})
    longer = pd.concat([sources, silent], ignore_index=True)
    before = tally(Project.from_frames(segments, sources, codes)).frame
    after = tally(Project.from_frames(segments, longer, codes)).frame
    counts = ["applications", "references", "sources", "cases", "characters"]
    pd.testing.assert_frame_equal(after[counts], before[counts])
    assert (after["n_sources"] == 8).all()
    assert after["coverage"].to_numpy() == pytest.approx(before["coverage"].to_numpy() * 700 / 1000)


def test_groups_that_are_not_recorded_are_a_group(tables) -> None:
    segments, sources, codes = tables
    frame = tally(
        Project.from_frames(segments, sources.assign(role=[None, *sources["role"][1:]]), codes), by="role"
    ).frame
    assert list(dict.fromkeys(frame["group"])) == ["manager", "nurse", "team", "not recorded"]
    assert frame["n_sources"].iloc[-1] == 1


def test_ordered_groups_keep_their_order(tables) -> None:
    segments, sources, codes = tables
    role = pd.Categorical(sources["role"], categories=["team", "nobody", "nurse", "manager"], ordered=True)
    frame = tally(Project.from_frames(segments, sources.assign(role=role), codes), by="role").frame
    assert list(dict.fromkeys(frame["group"])) == ["team", "nurse", "manager"]


def test_counts_without_cases_or_lengths_are_missing_not_zero(tables) -> None:
    segments, sources, codes = tables
    frame = tally(Project.from_frames(segments, sources.drop(columns=["case", "characters"]), codes)).frame
    assert frame["cases"].isna().all()
    assert frame["coverage"].isna().all()
    assert frame["sources"].notna().all()


def test_bare_segments_are_tallied_with_a_caution(tables) -> None:
    result = tally(tables[0])
    assert cell(result.frame, "help.time")[["references", "sources", "n_sources"]].tolist() == [2, 2, 6]
    assert result.notes


def test_nothing_coded_is_counted_as_nothing(tables) -> None:
    frame = tally(Project.from_frames(tables[0].iloc[:0], tables[1], tables[2])).frame
    assert (frame[["applications", "sources", "characters"]] == 0).all(axis=None)


def test_tidy_keeps_the_vocabulary(small: Project) -> None:
    tidied = tally(small, by="site").tidy()
    assert tuple(tidied.columns) == TIDY
    assert tidied["term"].iloc[0] == "Alpha: C1"
    assert tidied[["method", "estimate", "n", "unit"]].iloc[0].tolist() == ["wilson", 1.0, 3, "proportion"]


def test_the_most_widespread_share_first_place(small: Project) -> None:
    result = tally(small)
    assert result.most_widespread(themes=True)["code"].tolist() == ["C1", "C2"]
    most = result.frame.set_index("code").loc[["C11", "C121", "C21", "C22"], "sources"].max()
    assert set(result.most_widespread(themes=False)["sources"]) == {most}


def test_what_cannot_be_tallied_is_refused(small: Project) -> None:
    with pytest.raises(ArgumentError, match=r"'case', 'site', 'role', 'wave'\); not 'ward'"):
        tally(small, by="ward")
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        tally(small, level=95)
    with pytest.raises(InputError, match="the column is missing"):
        tally(pd.DataFrame({"source": [1], "code": ["a"]}))


def test_the_project_is_left_alone(small: Project) -> None:
    before = small.segments.copy()
    tally(small, by="site")
    pd.testing.assert_frame_equal(small.segments, before)


def test_large_offsets_do_not_overflow() -> None:
    far = 10**9
    segments = pd.DataFrame(
        {"source": ["a", "b"], "code": "x", "coder": "k", "start": [0, far - 5], "end": [10, far]}
    )
    sources = pd.DataFrame({"source": ["a", "b"], "characters": [far, far]})
    frame = tally(Project.from_frames(segments, sources, pd.DataFrame({"code": ["x"]}))).frame
    assert frame["characters"].tolist() == [15]
    assert math.isclose(frame["coverage"].iloc[0], 15 / (2 * far))
    assert np.isfinite(frame["share"]).all()
