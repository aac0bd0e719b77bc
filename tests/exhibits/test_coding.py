"""The coding report says what was counted, and shows nobody."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from qieval.coding import (
    Project,
    corpus,
    quotes,
    small_groups_joined,
    suppressed,
    tally,
    text_agreement,
)
from qieval.exhibits import coding as show
from qieval.exhibits.core import MIME

TEXT = "{http://www.w3.org/2000/svg}text"
PRIVATE = ("Anna Testperson", "Ben Testperson", "secret-file-1", "Coder Realname", "Other Realname")


def frames(coders: str = "Coder Realname;Other Realname", n: int = 10) -> tuple[pd.DataFrame, ...]:
    """Ten interviews of two roles; two themes, one never used; every passage marked by both coders."""
    codes = pd.DataFrame(
        {
            "code": ["t", "t.a", "t.b", "u"],
            "parent": ["", "t", "t", ""],
            "name": ["Theme <one>", "Code A", "Code B", "Unused"],
            "definition": ["Top & first.", "", None, "Never."],
        }
    )
    sources = pd.DataFrame(
        {
            "source": [f"secret-file-{place}" for place in range(n)],
            "source_kind": "interview",
            "site": [f"S{place % 3}" for place in range(n)],
            "case": ["Anna Testperson", "Ben Testperson", *(f"case {place}" for place in range(2, n))],
            "role": ["coach" if place < 1 else "nurse" if place < 6 else "manager" for place in range(n)],
            "characters": 200,
            "coders": coders,
        }
    )
    rows = [
        (source, code, coder, start, start + 20 + shift, f"Words of {code} & more", True)
        for place, source in enumerate(sources["source"][: n - 1])
        for code, start in (("t.a", 0), ("t.b", 100))
        if not (code == "t.b" and place % 2)
        for shift, coder in enumerate(coders.split(";"))
    ]
    columns = ["source", "code", "coder", "start", "end", "text", "approved"]
    return pd.DataFrame(rows, columns=columns), sources, codes


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.from_frames(*frames())


@pytest.fixture(scope="module")
def exhibits(project: Project) -> list:
    return everything(project)


def everything(project: Project) -> list:
    read, total = corpus(project), tally(project)
    agreed = text_agreement(project, draws=200)
    grouped = suppressed(tally(small_groups_joined(project, by="role"), by="role"))
    return [
        show.headline(read, total, agreed, until="wave 2 (month 12)"),
        show.corpus_table(read, until="wave 2 (month 12)"),
        show.coders_table(read),
        show.codebook_table(project),
        show.tally_table(total),
        show.tally_figure(total),
        show.group_figure(grouped),
        show.agreement_table(agreed),
        show.quotes_table(quotes(project, by="role")),
    ]


def test_names_and_keys_are_stable(exhibits: list) -> None:
    assert [exhibit.name for exhibit in exhibits] == (
        ["headline", "corpus", "coders", "codebook", "tally", "shares", "groups", "agreement", "quotes"]
    )
    assert [record.key for record in exhibits[4].records] == ["t", "t.a", "t.b", "u"]
    assert [record.key for record in exhibits[7].records] == ["overall", "t", "t.a", "t.b", "u"]
    records = [record for exhibit in exhibits for record in getattr(exhibit, "records", ())]
    assert {record.status for record in records} == {"descriptive"}


def test_numbers_shown_are_the_numbers_published(project: Project) -> None:
    total = tally(project)
    payload = show.tally_table(total)._repr_mimebundle_()[MIME]
    published = {row["key"]: row for row in payload["results"]}
    for row in total.frame.itertuples():
        assert published[row.code]["estimate"] == row.share
        assert (published[row.code]["ci_low"], published[row.code]["ci_high"]) == (row.ci_low, row.ci_high)
        assert published[row.code]["n"] == 10


def test_the_bottom_line_counts_sources_and_names_the_agreement(project: Project) -> None:
    read, total, agreed = corpus(project), tally(project), text_agreement(project, draws=200)
    plain = show.headline(read, total, agreed, until="wave 2 (month 12)").plain()
    row, overall = total.frame.iloc[0], agreed.frame.iloc[-1]
    assert "“Theme <one>” came up in 9 of 10 sources (95\N{NO-BREAK SPACE}% interval" in plain
    assert f"{100 * row.ci_low:.0f}\N{NO-BREAK SPACE}% to {100 * row.ci_high:.0f}\N{NO-BREAK SPACE}%" in plain
    assert "“Code A” came up most: in 9 of 10 sources" in plain
    assert "10 interviews" not in plain
    assert "10 sources at 3 sites, coded by 2 coders; 10 of them were given to at least two." in plain
    assert "up to and including wave 2 (month 12)" in plain
    assert f"Cohen's kappa was **{overall.kappa:.2f}**" in plain


def test_nothing_coded_is_said_plainly() -> None:
    segments, sources, codes = frames()
    empty = Project.from_frames(segments.iloc[:0], sources, codes)
    exhibits = everything(empty)
    assert exhibits[0].say == "No code was found in any of 10 sources."
    assert "Agreement between coders is not given: no coder used the code" in exhibits[0].plain()
    assert all(exhibit.html() for exhibit in exhibits)


def test_one_coder_is_no_failure() -> None:
    exhibits = everything(Project.from_frames(*frames(coders="Coder Realname")))
    assert "coded by 1 coder." in exhibits[0].plain()
    assert "no source was assigned to two of the coders" in exhibits[0].plain()
    assert all(record.estimate.notes for record in exhibits[7].records)


def test_three_coders_get_alpha() -> None:
    exhibits = everything(Project.from_frames(*frames(coders="a1;b2;c3")))
    assert "Krippendorff's alpha" in exhibits[0].plain()
    assert "Krippendorff&#x27;s alpha" in exhibits[7].html()


def test_few_sources_give_no_interval_and_say_so() -> None:
    plain = everything(Project.from_frames(*frames(n=5)))[0].plain()
    assert "(no interval: fewer than 8 sources were coded by two coders)" in plain


def test_nobody_is_shown(exhibits: list) -> None:
    for exhibit in exhibits:
        shown = exhibit.html() + json.dumps(exhibit.payload(), ensure_ascii=False)
        for name in PRIVATE:
            assert name not in shown, exhibit.name


def test_words_of_others_are_escaped(exhibits: list) -> None:
    for exhibit in exhibits:
        assert "Theme <one>" not in exhibit.html()
    assert "Theme &lt;one&gt;" in exhibits[3].html()


def test_small_cells_stay_hidden_in_drawing_and_numbers(project: Project) -> None:
    figure = show.group_figure(suppressed(tally(project, by="role"), below=3))
    payload = figure.payload()
    coach = [row for row in payload["rows"] if row[0] == "coach"]
    assert all(cell is None for row in coach for cell in row[2:])
    assert "coach: Theme <one> hidden" in figure.alt
    assert "hidden" in figure.svg
    assert "fewer than 3 cases are hidden" in figure.caption
    published = {row["key"]: row for row in payload["results"]}
    assert published["coach: t"]["estimate"] is None
    assert "suppressed" in published["coach: t"]["notes"][0]


def test_themes_stand_out_and_codes_are_indented(project: Project) -> None:
    table = show.tally_table(tally(project))
    assert list(table.emphasis) == [0, 3]
    assert table.frame["name"].tolist() == [
        "Theme <one>",
        "\N{EM SPACE}Code A",
        "\N{EM SPACE}Code B",
        "Unused",
    ]


def test_unused_codes_leave_the_agreement_table_but_not_the_results(project: Project) -> None:
    table = show.agreement_table(text_agreement(project, draws=200))
    assert table.frame["code"].tolist() == ["overall", "t.a", "t.b"]
    assert "Left out: 2 codes that no coder used in these sources." in table.notes
    assert len(table.records) == 5


def test_columns_in_which_nothing_is_known_are_left_out() -> None:
    segments, sources, codes = frames()
    bare = Project.from_frames(segments, sources[["source"]], codes)
    labels = [column.label for column in show.corpus_table(corpus(bare)).columns]
    assert labels == ["Kind of source", "Sources", "With a coded passage", "Coded segments"]


def test_what_was_set_aside_is_told() -> None:
    segments, sources, codes = frames()
    wrong = Project.from_frames(pd.concat([segments, segments.iloc[:2].assign(end=900)]), sources, codes)
    assert (
        "2 segments could not be counted: 2 beyond the source's text."
        in show.corpus_table(corpus(wrong)).notes
    )


def test_figures_are_drawn_alike_twice_with_words_for_all(project: Project) -> None:
    for draw, result in ((show.tally_figure, tally(project)), (show.group_figure, tally(project, by="role"))):
        figure = draw(result)
        assert figure.svg == draw(result).svg
        said = " ".join("".join(element.itertext()) for element in ET.fromstring(figure.svg).iter(TEXT))
        for name in ("Theme <one>", "Code A", "Unused"):
            assert name in said
            assert name in figure.alt
    assert re.search(r"9 of 10", show.tally_figure(tally(project)).svg)
