"""Agreement on characters against counts of characters, and under changes of the input."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qieval.coding import Project, agreement, category_agreement, text_agreement
from qieval.coding.text_agreement import (
    EVERYWHERE,
    FEW_DOCUMENTS,
    MEASURES,
    NOT_TWO,
    UNASSIGNED,
    UNSTABLE,
    UNUSED,
)
from qieval.errors import ArgumentError
from qieval.results import TIDY

NAMES = {
    "percent": "percent_agreement",
    "kappa": "cohen_kappa",
    "alpha": "alpha_nominal",
    "ac1": "gwet_ac1",
    "jaccard": "jaccard_coded_only",
}
PAIRS = [
    "nvivo_help_1000",
    "self_overlap",
    "identical",
    "disjoint",
    "adjacent_half_open",
    "none_coded",
    "all_coded",
    "only_one_coder_used",
    "rare_code_long_text",
    "zero_length",
]


def project_of(rows: list, lengths: dict[str, int], coders: dict[str, str], codes: list[str]) -> Project:
    sources = pd.DataFrame(
        {"source": list(lengths), "characters": list(lengths.values()), "coders": list(coders.values())}
    )
    segments = pd.DataFrame(rows, columns=["coder", "source", "code", "start", "end"])
    return Project.from_frames(segments, sources, pd.DataFrame({"code": codes}))


def simulated(n_sources: int = 12, seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    rows = []
    for source in range(n_sources):
        for code in ("x", "y", "z"):
            for start in rng.choice(90, size=3, replace=False) * 10:
                for coder in ("amy", "bo"):
                    if rng.random() < 0.8:
                        shift = int(rng.integers(-4, 5))
                        rows.append((coder, f"s{source}", code, max(0, start + shift), start + 10))
    segments = pd.DataFrame(rows, columns=["coder", "source", "code", "start", "end"])
    names = [f"s{source}" for source in range(n_sources)]
    sources = pd.DataFrame({"source": names, "characters": 1_000, "coders": "amy;bo"})
    return segments, sources, pd.DataFrame({"code": ["x", "y", "z"]})


@pytest.fixture(scope="module")
def cases(reference: Path) -> dict:
    return json.loads((reference / "qual" / "spans" / "cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAIRS)
def test_two_coders_agree_as_counted_character_by_character(cases: dict, name: str) -> None:
    case = cases[name]
    rows = [(coder, "d", "x", start, end) for coder in "AB" for start, end in case[coder]]
    result = text_agreement(project_of(rows, {"d": case["length"]}, {"d": "A;B"}, ["x"]))
    one, overall = result.frame.iloc[0], result.frame.iloc[1]
    for ours, theirs in NAMES.items():
        wanted = case["expected"][theirs]
        wanted = math.nan if wanted is None else wanted
        assert one[ours] == pytest.approx(wanted, abs=1e-9, nan_ok=True), ours
        if name != "none_coded":
            assert overall[ours] == pytest.approx(wanted, abs=1e-9, nan_ok=True), ours
    marked = case["expected"]["a_chars"] + case["expected"]["b_chars"]
    assert one["prevalence"] == pytest.approx(marked / (2 * case["length"]), abs=1e-12)
    assert one["both"] == case["expected"]["both"]
    assert one["either"] == marked - case["expected"]["both"]


def test_three_coders_of_whom_one_read_less(cases: dict) -> None:
    case = cases["three_coders_two_docs"]
    coders = {source: ";".join(names) for source, names in case["assigned"].items()}
    rows = [tuple(row) for row in case["segments"]]
    result = text_agreement(project_of(rows, case["docs"], coders, list(case["expected"])))
    assert result.coefficient == "alpha"
    for row in result.frame.iloc[:-1].itertuples():
        assert row.alpha == pytest.approx(case["expected"][row.code]["alpha_nominal"], abs=1e-9)
        assert math.isnan(row.kappa)
    notes = [estimate.notes for estimate in result.estimates("kappa")]
    assert notes == [(NOT_TWO,)] * 4


def test_characters_give_what_a_row_per_character_gives() -> None:
    segments, sources, codes = simulated()
    result = text_agreement(Project.from_frames(segments, sources, codes))
    marks = {
        (row.coder, row.source, row.code, place)
        for row in segments.itertuples()
        for place in range(row.start, row.end)
    }
    observed = expected = 0.0
    for position, code in enumerate(codes["code"]):
        table = pd.DataFrame(
            [
                [int((coder, source, code, place) in marks) for coder in ("amy", "bo")]
                for source in sources["source"]
                for place in range(1_000)
            ]
        )
        for measure, coefficient in (
            ("kappa", "kappa"),
            ("alpha", "alpha"),
            ("ac1", "ac1"),
            ("percent", "percent"),
        ):
            naive = agreement(table, coefficient=coefficient)
            assert result.frame[measure].iloc[position] == pytest.approx(naive.value, abs=1e-9)
            if coefficient == "kappa":
                observed, expected = observed + naive.observed, expected + naive.expected
    assert result.frame["kappa"].iloc[-1] == pytest.approx(1 - observed / expected, abs=1e-9)


def test_swapped_coders_shuffled_rows_and_renamed_codes_agree_alike() -> None:
    segments, sources, codes = simulated()
    before = text_agreement(Project.from_frames(segments, sources, codes), seed=3).frame
    other = {"amy": "zed", "bo": "abe"}
    new = {"x": "p", "y": "q", "z": "r"}
    changed = segments.sample(frac=1, random_state=2)
    changed = changed.assign(coder=changed["coder"].map(other), code=changed["code"].map(new))
    after = text_agreement(
        Project.from_frames(
            changed, sources.assign(coders="abe; zed"), codes.assign(code=codes["code"].map(new))
        ),
        seed=3,
    ).frame
    numbers = [*MEASURES, "prevalence", "both", "either", "ci_low", "ci_high"]
    pd.testing.assert_frame_equal(after[numbers], before[numbers], rtol=1e-12)


def test_repeats_and_sources_of_one_coder_change_nothing() -> None:
    segments, sources, codes = simulated()
    more = pd.concat([sources, pd.DataFrame({"source": ["t"], "characters": [500], "coders": ["amy"]})])
    rows = pd.concat(
        [segments, segments.iloc[[0]], pd.DataFrame([("amy", "t", "x", 0, 400)], columns=segments.columns)]
    )
    before, after = (
        text_agreement(Project.from_frames(part, where, codes), seed=3)
        for part, where in ((segments, sources), (rows, more))
    )
    pd.testing.assert_frame_equal(after.frame, before.frame)
    assert after.n_sources == 12


def test_the_interval_resamples_sources() -> None:
    segments, sources, codes = simulated()
    project = Project.from_frames(segments, sources, codes)
    result = text_agreement(project, level=0.9, draws=30, seed=11)
    rng = np.random.default_rng(11)
    weights = rng.multinomial(12, np.full(12, 1 / 12), size=30)
    values = []
    for draw in weights:
        names = [
            (f"{name}-{copy}", name)
            for name, times in zip(sources["source"], draw, strict=True)
            for copy in range(times)
        ]
        table = pd.DataFrame(names, columns=["new", "source"])
        rows = table.merge(segments, on="source").drop(columns="source").rename(columns={"new": "source"})
        drawn = pd.DataFrame({"source": table["new"], "characters": 1_000, "coders": "amy;bo"})
        values.append(text_agreement(Project.from_frames(rows, drawn, codes), draws=1).frame["kappa"].iloc[0])
    low, high = np.quantile(values, [0.05, 0.95])
    assert result.frame[["ci_low", "ci_high"]].iloc[0].tolist() == pytest.approx([low, high], abs=1e-9)
    again = text_agreement(project, level=0.9, draws=30, seed=11)
    pd.testing.assert_frame_equal(again.frame, result.frame)


def test_below_eight_sources_there_is_no_interval() -> None:
    result = text_agreement(Project.from_frames(*simulated(7)))
    assert result.frame["ci_low"].isna().all()
    assert set(result.frame["reason"]) == {FEW_DOCUMENTS}
    assert result.notes == (FEW_DOCUMENTS,)


def test_a_code_in_one_source_has_no_stable_interval() -> None:
    segments, sources, _ = simulated()
    rare = pd.DataFrame([(who, "s0", "w", 0, 5) for who in ("amy", "bo")], columns=segments.columns)
    codes = pd.DataFrame({"code": ["x", "y", "z", "w"]})
    row = text_agreement(Project.from_frames(pd.concat([segments, rare]), sources, codes)).frame.iloc[3]
    assert (row["kappa"], row["reason"]) == (1, UNSTABLE)
    assert math.isnan(row["ci_low"])


def test_undefined_is_missing_and_says_why() -> None:
    rows = [(who, "d", "all", 0, 10) for who in "AB"]
    result = text_agreement(project_of(rows, {"d": 10}, {"d": "A;B"}, ["all", "none"]))
    assert result.frame["reason"].tolist()[:2] == [EVERYWHERE, UNUSED]
    tidied = result.estimates("kappa")
    assert [math.isnan(estimate.estimate) for estimate in tidied[1:]] == [True, True]
    assert tidied[1].notes == (EVERYWHERE,)


@pytest.mark.parametrize("coders", [{"d": "A"}, {"d": ""}])
def test_one_coder_is_no_agreement_and_no_error(coders: dict) -> None:
    result = text_agreement(project_of([], {"d": 10}, coders, ["x"]))
    assert result.n_sources == 0
    assert result.frame["reason"].tolist() == [UNASSIGNED, UNASSIGNED]
    assert result.frame["alpha"].isna().all()


def test_without_assignments_nothing_is_claimed(tables) -> None:
    segments, sources, codes = tables
    result = text_agreement(Project.from_frames(segments, sources.drop(columns="coders"), codes))
    assert result.notes == (UNASSIGNED,)


def test_a_pair_may_be_chosen() -> None:
    rows = [("A", "d", "x", 0, 5), ("B", "d", "x", 0, 5), ("C", "d", "x", 50, 80)]
    project = project_of(rows, {"d": 100}, {"d": "A;B;C"}, ["x"])
    assert text_agreement(project, coders=["A", "B"]).frame["kappa"].iloc[0] == 1
    assert text_agreement(project, coders=["B", "A"]).coefficient == "kappa"
    for wrong in (["A"], ["A", "A"], ["A", "Z"]):
        with pytest.raises(ArgumentError, match="names two or more of 'A', 'B', 'C'"):
            text_agreement(project, coders=wrong)


def test_tidy_starts_with_the_headline() -> None:
    tidied = text_agreement(Project.from_frames(*simulated())).tidy()
    assert tuple(tidied.columns) == TIDY
    assert tidied[["term", "method", "n_clusters"]].iloc[0].tolist() == ["overall", "kappa", 12]
    assert len(tidied) == 4 * len(MEASURES)


RATED = ["kripp2011_c", "fleiss1971", "kripp1995_A", "cohen1960_ex1", "wikipedia_alpha", "paradox_118_5_2_0"]


def rated(reference: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(reference / "qual" / "irr" / f"{name}.csv", index_col=0)


@pytest.mark.parametrize("name", RATED)
def test_each_category_against_the_others_is_the_coefficient_of_a_table_of_two(
    name: str, reference: Path
) -> None:
    ratings = rated(reference, name)
    ratings = ratings[ratings.notna().sum(axis=1) >= 2]
    frame = category_agreement(ratings).frame.set_index("code")
    observed, expected = 0.0, 0.0
    for category in sorted(pd.unique(ratings.to_numpy().ravel()[~pd.isna(ratings.to_numpy().ravel())])):
        alone = ratings.eq(category).astype(float).where(ratings.notna())
        for measure in ("alpha", "percent", "ac1"):
            value = agreement(alone, coefficient=measure).value
            assert frame.loc[str(category), measure] == pytest.approx(value, abs=1e-9, nan_ok=True), measure
        found = agreement(alone, coefficient="alpha")
        observed, expected = observed + found.observed, expected + found.expected
    assert frame.loc["overall", "alpha"] == pytest.approx(1 - observed / expected, abs=1e-9)


def test_two_coders_have_kappa_by_category_as_fleiss_counts_them(reference: Path) -> None:
    ratings = rated(reference, "cohen1960_ex1")
    frame = category_agreement(ratings).frame.set_index("code")
    for category in frame.index.drop("overall"):
        alone = (ratings.astype(str) == category).astype(int)
        assert frame.loc[category, "kappa"] == pytest.approx(
            agreement(alone, coefficient="kappa").value, abs=1e-9
        )


def test_fleiss_category_kappas_are_those_of_its_table(reference: Path) -> None:
    """Fleiss 1971 prints .245 .245 .520 .471 .566; alpha of a category differs from them by its 1/(n r)."""
    ratings = rated(reference, "fleiss1971")
    frame = category_agreement(ratings).frame.set_index("code")
    n = ratings.size
    for printed, code in zip((0.245, 0.245, 0.520, 0.471, 0.566), frame.index[:-1], strict=True):
        alpha = frame.loc[code, "alpha"]
        assert (alpha - 1 / n) / (1 - 1 / n) == pytest.approx(printed, abs=0.0006)


def test_units_are_drawn_by_their_documents() -> None:
    rng = np.random.default_rng(4)
    document = np.repeat(np.arange(12), 20)
    truth = (rng.random(240) < rng.random(12)[document]).astype(int)
    ratings = pd.DataFrame({c: np.where(rng.random(240) < 0.1, 1 - truth, truth) for c in "abc"})
    with_documents, without = category_agreement(ratings, documents=document), category_agreement(ratings)
    assert (with_documents.n_sources, with_documents.n_units, with_documents.unit) == (12, 240, "units")
    row = with_documents.frame.iloc[-1]
    assert row["ci_low"] < row["alpha"] < row["ci_high"]
    assert without.frame["ci_low"].isna().all()
    assert set(without.frame["reason"]) == {FEW_DOCUMENTS}
    shuffled = ratings.sample(frac=1, random_state=1)
    again = category_agreement(shuffled, documents=document[shuffled.index])
    pd.testing.assert_frame_equal(again.frame[list(MEASURES)], with_documents.frame[list(MEASURES)])


def test_presence_in_sources_is_the_agreement_of_a_table_of_sources() -> None:
    segments, sources, codes = simulated(9)
    segments = segments[(segments["source"].str[-1].astype(int) + segments["code"].map(ord)) % 3 > 0]
    dropped = (segments["coder"] == "bo") & (segments["source"] == "s1") & (segments["code"] == "x")
    project = Project.from_frames(segments[~dropped], sources, codes)
    found = text_agreement(project, unit="sources", draws=50)
    assert (found.unit, found.n_units) == ("sources", 9)
    used = segments[~dropped].drop_duplicates(["source", "code", "coder"]).assign(one=1)
    for code in ("x", "y", "z"):
        table = used[used["code"] == code].pivot_table(
            index="source", columns="coder", values="one", fill_value=0
        )
        table = table.reindex(index=sources["source"], fill_value=0).fillna(0)
        for measure in ("kappa", "alpha", "ac1", "percent"):
            value = agreement(table, coefficient=measure).value
            row = found.frame.set_index("code").loc[code]
            assert row[measure] == pytest.approx(value, abs=1e-9), measure


def test_impossible_tables_of_units_are_refused() -> None:
    ratings = pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    with pytest.raises(ArgumentError, match="two coders"):
        category_agreement(ratings[["a"]])
    with pytest.raises(ArgumentError, match="as many as its units"):
        category_agreement(ratings, documents=["d"])
    empty = category_agreement(ratings.iloc[:0])
    assert empty.frame["alpha"].isna().all()
    assert set(empty.frame["reason"]) == {UNASSIGNED}
