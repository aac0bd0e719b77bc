from __future__ import annotations

import pandas as pd
import pytest

from qieval.simulate import DEMO_SEED, sites
from qieval.simulate.interviews import Transcript, codebook, sources
from qieval.simulate.phrases import CODES, FILLERS


@pytest.fixture(scope="module")
def spoken() -> tuple[pd.DataFrame, dict[str, Transcript]]:
    frame, texts = sources(DEMO_SEED)
    return frame, dict(texts)


def test_the_codebook_has_five_themes_with_two_to_four_codes_each() -> None:
    book = codebook()
    themes = book.loc[book["parent"] == "", "code"]
    assert len(themes) == 5
    assert book["code"].is_unique
    assert book[book["parent"] != ""].groupby("parent").size().between(2, 4).all()
    assert set(book["parent"]) - {""} == set(themes)
    assert book["definition"].ne("").all()


def test_each_wave_has_twelve_interviews_and_four_other_sources(
    spoken: tuple[pd.DataFrame, dict[str, Transcript]],
) -> None:
    frame, _ = spoken
    kinds = pd.crosstab(frame["wave"], frame["source_kind"])
    assert kinds["interview"].tolist() == [12, 12, 12]
    assert kinds["focus group"].tolist() == [2, 2, 2]
    assert frame["source"].is_unique


def test_people_keep_site_and_role_over_waves(spoken: tuple[pd.DataFrame, dict[str, Transcript]]) -> None:
    interviews = spoken[0].query("source_kind == 'interview'")
    assert interviews.groupby("case")[["site", "role"]].nunique().eq(1).all(axis=None)
    assert interviews["case"].nunique() == 16


def test_coaches_belong_to_coached_sites(spoken: tuple[pd.DataFrame, dict[str, Transcript]]) -> None:
    arm = sites(DEMO_SEED).set_index("site")["arm"]
    assert spoken[0].query("role == 'coach'")["site"].map(arm).eq("coached").all()


def test_about_six_sources_in_ten_have_a_second_coder(
    spoken: tuple[pd.DataFrame, dict[str, Transcript]],
) -> None:
    both = spoken[0]["coders"].eq("coder-1;coder-2").groupby(spoken[0]["wave"]).sum()
    assert both.tolist() == [9, 9, 9]
    assert spoken[0]["coders"].str.startswith("coder-1").all()


def test_texts_are_as_long_as_said_and_made_of_their_passages(
    spoken: tuple[pd.DataFrame, dict[str, Transcript]],
) -> None:
    frame, texts = spoken
    for source, characters in zip(frame["source"], frame["characters"], strict=True):
        transcript = texts[source]
        sentences = [transcript.text[p.start : p.end] for p in transcript.passages]
        assert len(transcript.text) == characters
        assert " ".join(sentences) == transcript.text
        assert all(s[0].isupper() and s.endswith(".") for s in sentences)
        uncoded = [s for s, p in zip(sentences, transcript.passages, strict=True) if not p.code]
        assert set(uncoded) <= set(FILLERS)


def test_every_code_is_heard_somewhere(spoken: tuple[pd.DataFrame, dict[str, Transcript]]) -> None:
    heard = {p.code for transcript in spoken[1].values() for p in transcript.passages}
    assert heard - {""} == {code.code for code in CODES if code.templates}
