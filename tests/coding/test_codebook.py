"""Codebooks: order, families and every fault of a hierarchy."""

from __future__ import annotations

import pandas as pd
import pytest

from qieval.coding import Codebook
from qieval.errors import InputError


def test_codes_stand_in_reading_order_under_their_theme(tables) -> None:
    given = tables[2].copy()
    book = Codebook.from_frame(tables[2])
    assert book.frame["code"].tolist() == ["help", "help.time", "help.coach", "hurt", "hurt.time"]
    assert book.frame["depth"].tolist() == [0, 1, 1, 0, 1]
    assert len(book) == 5
    pd.testing.assert_frame_equal(tables[2], given)


def test_equal_names_stay_two_codes(tables) -> None:
    book = Codebook.from_frame(tables[2])
    assert book.path("help.time") == "Helps > Time"
    assert book.path("hurt.time") == "Hinders > Time"


def test_families_hold_every_ancestor_and_the_code_itself(frames) -> None:
    book = Codebook.from_frame(frames("small")[2])
    code, ancestor = book.families()
    pairs = set(zip(book.codes[code], book.codes[ancestor], strict=True))
    assert {("C121", "C121"), ("C121", "C12"), ("C121", "C1"), ("C4", "C4")} <= pairs
    assert len(pairs) == len(code) == 9 + 5 + 1
    assert (code[:-1] <= code[1:]).all()


def test_ids_alone_make_a_codebook() -> None:
    book = Codebook.from_frame(pd.DataFrame({"code": [1, 2]}))
    assert book.frame["name"].tolist() == ["1", "2"]
    assert book.frame["parent"].tolist() == ["", ""]


def test_further_columns_come_along(frames) -> None:
    assert "codable" in Codebook.from_frame(frames("small")[2]).frame


@pytest.mark.parametrize(
    ("codes", "parents", "said"),
    [
        (["a", "b", "a"], ["", "", ""], "rows 2, 4: ids occur more than once ('a')"),
        (["a", None], ["", ""], "row 3: the code has no id"),
        (["a", "b"], ["", "z"], "row 3: the parent is no code of this codebook ('z')"),
        (
            ["a", "b", "c", "d"],
            ["c", "a", "b", "c"],
            "rows 2, 3, 4, 5: codes stand under themselves ('c', 'a', 'b')",
        ),
        (["a"], ["a"], "row 2: codes stand under themselves ('a')"),
    ],
)
def test_a_faulty_hierarchy_is_refused_by_name(codes: list, parents: list, said: str) -> None:
    with pytest.raises(InputError) as caught:
        Codebook.from_frame(pd.DataFrame({"code": codes, "parent": parents}), file="codebook.csv")
    assert said in str(caught.value)
    assert "codebook.csv, column " in str(caught.value)


def test_all_faults_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Codebook.from_frame(pd.DataFrame({"code": ["a", "a", ""], "parent": ["z", "", ""]}))
    assert len(caught.value.faults) == 3


def test_deep_codebooks_need_no_recursion() -> None:
    depth = 3_000
    names = [f"c{level}" for level in range(depth)]
    book = Codebook.from_frame(pd.DataFrame({"code": names, "parent": ["", *names[:-1]]}))
    assert book.frame["depth"].iloc[-1] == depth - 1


def test_a_codebook_without_ids_says_so() -> None:
    with pytest.raises(InputError, match="the column is missing"):
        Codebook.from_frame(pd.DataFrame({"name": ["a"]}))


@pytest.mark.parametrize("replaces", [["old", "old"], ["b", ""]])
def test_an_earlier_code_has_one_heir_and_is_out_of_use(replaces: list[str]) -> None:
    with pytest.raises(InputError, match="replaced twice, or still a code"):
        Codebook.from_frame(pd.DataFrame({"code": ["a", "b"], "replaces": replaces}))
