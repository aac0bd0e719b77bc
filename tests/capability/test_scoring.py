"""Scores against hand-made answers, psych::scoreItems, and the edges of every rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qieval.capability import Instrument, score
from qieval.capability.instrument import Item, Missing, Response, Scale, Source
from qieval.capability.scoring import band_of
from qieval.errors import ArgumentError, InputError

EXACT = 1e-9


def shipped(repo: Path, name: str) -> Instrument:
    return Instrument.read(repo / "params" / "instruments" / f"{name}.yaml")


@pytest.fixture(scope="module")
def musiq(repo: Path) -> Instrument:
    return shipped(repo, "musiq")


def forms(instrument: Instrument, *answers: Any) -> pd.DataFrame:
    return pd.DataFrame(list(answers), columns=instrument.item_ids, dtype=float)


def values(reference: Path, name: str) -> dict[str, Any]:
    return json.loads((reference / "qi" / f"{name}_expected.json").read_text())


def test_musiq_cases(musiq: Instrument, reference: Path) -> None:
    for case in values(reference, "musiq")["cases"]:
        total = score(forms(musiq, case["items"]), musiq).frame["total"].item()
        expected = case["total_prorated"]
        assert np.isnan(total) if expected is None else total == pytest.approx(expected, rel=EXACT), case[
            "name"
        ]


def test_musiq_bands_at_every_edge(musiq: Instrument, reference: Path) -> None:
    expected = values(reference, "musiq")
    order = [label for _, _, label in expected["bands"]]
    totals = np.array([edge["total"] for edge in expected["edge"]], dtype=float)
    assert band_of(totals, musiq).codes.tolist() == [order.index(edge["band"]) for edge in expected["edge"]]


def test_a_total_of_24_has_a_band(musiq: Instrument) -> None:
    frame = score(forms(musiq, [1] * 24), musiq).frame
    assert frame["total"].item() == 24
    assert frame["band"].item() == "Lowest possible score"


def test_a_prorated_total_between_printed_bands_stays_in_the_lower(musiq: Instrument) -> None:
    frame = score(forms(musiq, [4.0] * 7 + [3.0] * 16 + [np.nan]), musiq).frame  # 76 of 23 answers
    assert frame["total"].item() == pytest.approx(76 * 24 / 23, rel=EXACT)
    assert frame["band"].item() == "Serious contextual issues"


def test_a_prorated_total_on_a_bound_reaches_it(musiq: Instrument) -> None:
    frame = score(forms(musiq, [4.0] * 7 + [3.0] * 14 + [np.nan] * 3), musiq).frame  # 70 of 21 answers
    assert frame["total"].item() == 80
    assert frame["band"].item() == "Could be successful, possible contextual barriers"


def test_simulated_capability_scores_equal_those_of_r(musiq: Instrument, reference: Path) -> None:
    answers = pd.read_csv(reference / "qi" / "capability_sim.csv")
    expected = pd.read_csv(reference / "qi" / "capability_scored.csv")
    frame = score(answers, musiq).frame
    np.testing.assert_allclose(frame["total"], expected["total_prorated"], rtol=EXACT)
    np.testing.assert_array_equal(frame["n_missing"], expected["n_miss"])


@pytest.mark.parametrize(("blank", "scored"), [(0, True), (4, True), (5, False), (24, False)])
def test_the_missing_limit_is_exact(musiq: Instrument, blank: int, scored: bool) -> None:
    frame = score(forms(musiq, [5.0] * (24 - blank) + [np.nan] * blank), musiq).frame
    assert frame["total"].notna().item() == scored
    assert frame["n_missing"].item() == blank
    reason = {0: "", 4: "", 5: "more than 4 answers missing", 24: "no answers"}[blank]
    assert frame["reason"].item() == reason
    assert frame["band"].notna().item() == scored


def test_sus_cases(repo: Path, reference: Path) -> None:
    sus = shipped(repo, "sus")
    cases = values(reference, "sus")["cases"]
    found = score(forms(sus, *(case["r"] for case in cases)), sus).frame["total"]
    assert found.tolist() == pytest.approx([case["sus"] for case in cases], rel=EXACT)
    assert score(forms(sus, [3] * 9 + [np.nan]), sus).frame["reason"].item() == "an answer is missing"


@pytest.mark.parametrize("scale", ["aim", "iam", "fim"])
def test_aim_iam_fim_cases(repo: Path, reference: Path, scale: str) -> None:
    instrument = shipped(repo, "aim-iam-fim")
    for case in values(reference, "aim_iam_fim")["cases"]:
        answers = dict.fromkeys(instrument.item_ids, 3.0)
        answers |= {f"{scale}{place}": value for place, value in enumerate(case["items"], start=1)}
        found = score(pd.DataFrame([answers], dtype=float), instrument).frame[scale].item()
        assert np.isnan(found) if case["score"] is None else found == pytest.approx(case["score"], rel=EXACT)


def test_scales_with_reversed_items_equal_psych(outside: Path) -> None:
    expected = json.loads((outside / "qi" / "instruments" / "scoreitems_expected.json").read_text())
    answers = pd.read_csv(outside / "qi" / "reliability" / "bfi500.csv")
    scores = pd.read_csv(outside / "qi" / "instruments" / "bfi500_scores.csv")
    for name, keys in expected["keys"].items():
        found = score(answers, keyed(keys, expected["min"], expected["max"])).frame["total"]
        np.testing.assert_allclose(found, scores[f"{name}_mean_none"], rtol=EXACT)


def keyed(keys: list[str], low: float, high: float) -> Instrument:
    items = tuple(Item(id=key.lstrip("-"), label=key, reverse=key.startswith("-")) for key in keys)
    return Instrument(
        id="keyed",
        title="Keyed",
        version="1",
        source=Source(cite="psych", licence="GPL"),
        response=Response(min=low, max=high),
        items=items,
        total=Scale(method="mean"),
        missing=Missing(rule="max_missing", value=len(keys) - 1),
    )


def every_instrument(repo: Path) -> list[Instrument]:
    return [Instrument.read(path) for path in sorted((repo / "params" / "instruments").glob("*.yaml"))]


def test_every_shipped_file_scores_its_edge_rows(repo: Path) -> None:
    for instrument in every_instrument(repo):
        low, high = instrument.response.min, instrument.response.max
        members = instrument.members(instrument.total)
        most = (instrument.total.missing or instrument.missing).most(len(members))
        rows = pd.DataFrame(np.nan, index=range(5), columns=instrument.item_ids)
        for item in instrument.items:
            rows.loc[1:, item.id] = high if item.reverse else low
            rows.loc[2, item.id] = low if item.reverse else high
        rows.loc[3, members[:most]] = np.nan
        rows.loc[4, members[: most + 1]] = np.nan
        frame = score(rows, instrument).frame
        assert frame["total"].iloc[1:3].tolist() == list(instrument.span(instrument.total)), instrument.id
        assert frame["total"].iloc[3] == frame["total"].iloc[1], instrument.id
        assert np.isnan(frame["total"].iloc[[0, 4]]).all(), instrument.id
        assert (frame["reason"] == "").tolist() == [False, True, True, True, False], instrument.id
        assert frame["reason"].iloc[0] == "no answers"


def test_every_shipped_file_reversed_twice_is_as_it_was(repo: Path) -> None:
    rng = np.random.default_rng(5)
    for instrument in every_instrument(repo):
        response = instrument.response
        steps = round((response.max - response.min) / response.step) + 1
        drawn = response.min + response.step * rng.integers(0, steps, (6, len(instrument.items)))
        rows = pd.DataFrame(drawn, columns=instrument.item_ids)
        again = score(score(rows, instrument).items, instrument).items
        pd.testing.assert_frame_equal(again, rows, check_exact=False, rtol=1e-12)


def test_a_count_that_is_not_prorated_counts_what_is_there(repo: Path) -> None:
    steps = shipped(repo, "toolkit-steps")
    frame = score(forms(steps, [2] * 5 + [1] * 5 + [np.nan] * 2, [2] * 9 + [np.nan] * 3), steps).frame
    assert frame["total"].iloc[0] == 5
    assert np.isnan(frame["total"].iloc[1])
    doubled = steps.model_copy(update={"total": steps.total.model_copy(update={"prorate": True})})
    assert score(forms(steps, [2] * 5 + [1] * 5 + [np.nan] * 2), doubled).frame["total"].item() == 6


def test_importance_is_no_part_of_the_score(repo: Path) -> None:
    guide = shipped(repo, "self-assessment")
    frame = score(forms(guide, [2] * 8 + [5] * 8, [np.nan] * 8 + [5] * 8), guide).frame
    assert frame["total"].iloc[0] == 2
    assert frame["importance"].tolist() == [5, 5]
    assert frame["reason"].tolist() == ["", "no answers"]


def test_reversing_twice_changes_nothing() -> None:
    answers = pd.DataFrame({"A": [1.0, 4, 6, np.nan], "B": [2.0, 2, 5, 3]})
    once = score(answers, keyed(["-A", "-B"], 1, 6)).items
    np.testing.assert_array_equal(score(once, keyed(["-A", "-B"], 1, 6)).items, answers)


@pytest.mark.parametrize("value", [0, 8, -1, 3.5, np.inf, "often"])
def test_a_value_off_the_scale_is_refused_by_row_and_item(musiq: Instrument, value: Any) -> None:
    answers = forms(musiq, [4] * 24, [4] * 24).astype({"q03": object})
    answers.loc[1, "q03"] = value
    with pytest.raises(InputError, match=r"column q03, row 3: .* is not an answer on the scale"):
        score(answers, musiq)


def test_all_faults_of_all_items_come_back_at_once(musiq: Instrument) -> None:
    answers = forms(musiq, [4] * 24, [4] * 24)
    answers.loc[0, "q01"], answers.loc[1, "q24"] = 9, 0
    with pytest.raises(InputError) as caught:
        score(answers, musiq)
    assert [(fault.column, fault.rows) for fault in caught.value.faults] == [("q01", (2,)), ("q24", (3,))]


def test_codes_for_no_answer_are_missing_and_counted(musiq: Instrument) -> None:
    answers = forms(musiq, [4] * 24, [4] * 24).astype({"q01": object})
    answers.loc[0, "q01"] = "DK"
    found = score(answers, musiq)
    assert found.not_applicable["q01"] == 1
    assert found.not_applicable["q02"] == 0
    assert found.frame["n_missing"].tolist() == [1, 0]
    assert found.frame["total"].tolist() == [96, 96]


def test_numeric_codes_count_in_numbers_and_in_words() -> None:
    coded = keyed(["A", "B"], 1, 6).model_copy(update={"response": Response(min=1, max=6, na_codes=(9.0,))})
    for column in ([9.0, 3.0], ["9", "3"]):
        found = score(pd.DataFrame({"A": column, "B": [1.0, 1.0]}), coded)
        assert found.not_applicable == {"A": 1, "B": 0}


def test_an_absent_item_is_named(musiq: Instrument) -> None:
    with pytest.raises(InputError, match=r"column q07: this item has no column"):
        score(forms(musiq, [4] * 24).drop(columns="q07"), musiq)


def test_a_column_that_scoring_makes_may_not_be_there(musiq: Instrument) -> None:
    with pytest.raises(ArgumentError, match="total"):
        score(forms(musiq, [4] * 24).assign(total=1), musiq)


def test_the_frame_of_the_user_is_left_as_it_was(musiq: Instrument) -> None:
    answers = forms(musiq, [4] * 24).assign(respondent="x")
    before = answers.copy(deep=True)
    score(answers, musiq)
    pd.testing.assert_frame_equal(answers, before)


def test_nobody_answered(musiq: Instrument) -> None:
    found = score(forms(musiq), musiq)
    assert found.frame.empty
    assert found.tidy()["n"].tolist() == [0] * 7


def test_tidy_leads_with_the_total(musiq: Instrument) -> None:
    tidied = score(forms(musiq, [4] * 24, [5] * 24), musiq).tidy()
    assert tidied["term"].iloc[0] == "MUSIQ score"
    assert tidied["estimate"].iloc[0] == 108
