from __future__ import annotations

import numpy as np
import pytest

from qieval.simulate import DEMO_SEED, SimulatedStudy, simulate


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    return simulate(DEMO_SEED)


def test_offsets_cut_the_quoted_words_out_of_the_source(study: SimulatedStudy) -> None:
    for row in study.segments.itertuples():
        assert study.texts[row.source].text[row.start : row.end] == row.text


def test_only_assigned_coders_code(study: SimulatedStudy) -> None:
    assigned = study.sources.set_index("source")["coders"].str.split(";")
    pairs = study.segments[["source", "coder"]].drop_duplicates().to_numpy()
    assert all(coder in assigned[source] for source, coder in pairs)


def test_one_coders_spans_of_one_code_do_not_overlap(study: SimulatedStudy) -> None:
    for _, spans in study.segments.groupby(["source", "coder", "code"]):
        ordered = spans.sort_values("start")
        assert (ordered["start"].to_numpy()[1:] >= ordered["end"].to_numpy()[:-1]).all()


def test_three_in_ten_segments_may_be_quoted(study: SimulatedStudy) -> None:
    assert study.segments["approved"].mean() == pytest.approx(0.3, abs=0.05)


def marked(study: SimulatedStudy, coder: str, code: str) -> np.ndarray:
    both = study.sources[study.sources["coders"] == "coder-1;coder-2"]
    own = study.segments.query("coder == @coder and code == @code")
    flags = []
    for source, characters in zip(both["source"], both["characters"], strict=True):
        flag = np.zeros(characters, dtype=bool)
        for start, end in own.loc[own["source"] == source, ["start", "end"]].to_numpy():
            flag[start:end] = True
        flags.append(flag)
    return np.concatenate(flags)


def test_two_coders_agree_as_people_do(study: SimulatedStudy) -> None:
    kappas = []
    for code in study.codebook.loc[study.codebook["parent"] != "", "code"]:
        first, second = marked(study, "coder-1", code), marked(study, "coder-2", code)
        chance = first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean())
        kappas.append(((first == second).mean() - chance) / (1 - chance))
    assert 0.6 < np.mean(kappas) < 0.8
    assert min(kappas) > 0.45
