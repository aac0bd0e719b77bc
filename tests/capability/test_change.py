"""Comparisons of two times against R, against plain pandas, and at their edges."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from qieval.capability import Instrument, answers_at, compare, score
from qieval.errors import ArgumentError, DesignError, InputError
from qieval.results import TIDY, Quantity

EXACT = 1e-9


@pytest.fixture(scope="module")
def musiq(repo: Path) -> Instrument:
    return Instrument.read(repo / "params" / "instruments" / "musiq.yaml")


@pytest.fixture(scope="module")
def answers(reference: Path) -> pd.DataFrame:
    return pd.read_csv(reference / "qi" / "capability_sim.csv")


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict[str, Any]:
    return json.loads((reference / "qi" / "prepost_expected.json").read_text())


@pytest.fixture(scope="module")
def change(answers: pd.DataFrame, musiq: Instrument) -> Any:
    return compare(
        answers_at(answers, wave=0),
        answers_at(answers, wave=2),
        by="respondent",
        instrument=musiq,
        team="team",
    )


def by_method(change: Any) -> dict[str, Any]:
    return {each.method: each for each in change.estimates}


def test_every_reading_is_that_of_r(change: Any, expected: dict[str, Any]) -> None:
    paired, found = expected["capability_paired_0_2"], by_method(change)
    assert found["paired-t"].estimate == pytest.approx(paired["mean_diff"], rel=EXACT)
    assert found["paired-t"].statistic == pytest.approx(paired["t"], rel=EXACT)
    assert found["paired-t"].p_value == pytest.approx(paired["p_t"], rel=EXACT)
    assert found["paired-t"].n == paired["n"]
    assert found["wilcoxon"].p_value == pytest.approx(paired["wilcoxon"]["p_exact_wilcoxzero"], rel=EXACT)
    assert found["dz"].estimate == pytest.approx(paired["dz"], rel=EXACT)
    assert found["gz"].estimate == pytest.approx(paired["gz"], rel=EXACT)
    assert found["dav"].estimate == pytest.approx(paired["dav_mean_sd"], rel=EXACT)
    assert found["gav"].estimate == pytest.approx(paired["gav_mean_sd"], rel=EXACT)
    assert change.before.estimate == pytest.approx(paired["mean_pre"], rel=EXACT)
    assert change.after.estimate == pytest.approx(paired["mean_post"], rel=EXACT)


def test_counts_are_those_of_the_partially_paired_table(change: Any, expected: dict[str, Any]) -> None:
    partial, answered = expected["capability_partially_paired"], change.answered
    assert answered.compared == partial["n_pairs"]
    assert answered.before_only == partial["n_pre_only"]
    assert answered.after_only == partial["n_post_only"]


def test_the_headline_takes_teams_as_the_units(change: Any, reference: Path) -> None:
    scored = pd.read_csv(reference / "qi" / "capability_scored.csv")
    wide = scored.pivot_table(index=["team", "respondent"], columns="wave", values="total_prorated")
    means = (wide[2] - wide[0]).dropna().groupby("team").mean()
    plain = ttest_1samp(means, 0)
    interval = plain.confidence_interval(0.95)
    headline = change.headline
    assert headline.method == "team-t"
    assert (headline.df, headline.n_clusters, headline.n) == (len(means) - 1, len(means), 39)
    assert headline.estimate == pytest.approx(means.mean(), rel=EXACT)
    assert headline.statistic == pytest.approx(plain.statistic, rel=EXACT)
    assert headline.p_value == pytest.approx(plain.pvalue, rel=EXACT)
    assert [headline.ci_low, headline.ci_high] == pytest.approx([interval.low, interval.high], rel=EXACT)
    assert [team.change.estimate for team in change.teams] == pytest.approx(means.tolist(), rel=EXACT)


def test_bands_move_as_in_r(change: Any, expected: dict[str, Any]) -> None:
    np.testing.assert_array_equal(change.moves.counts, expected["band_transition"]["table"])


def test_five_sites(reference: Path) -> None:
    sites = pd.read_csv(reference / "qi" / "nhfd_los.csv")
    found = compare(sites[["site", "pre"]], sites[["site", "mid"]], by="site")
    assert found.headline.method == "paired-t"
    assert found.pairs.set_index("site").loc[sites["site"], "change"].tolist() == pytest.approx(
        sites["printed_change"].tolist(), abs=1e-9
    )
    assert found.headline.p_value == pytest.approx(0.0725473581561235, rel=EXACT)  # R 4.2.2, t.test
    assert found.headline.ci_low == pytest.approx(-9.35652134404144, rel=EXACT)
    assert found.headline.ci_high == pytest.approx(0.636521344041446, rel=EXACT)
    assert found.signed_rank.smallest_p == 0.0625


def test_order_of_rows_and_names_of_people_do_not_matter(answers: pd.DataFrame, musiq: Instrument) -> None:
    mixed = answers.sample(frac=1, random_state=1)
    mixed["respondent"] = mixed["respondent"].map(lambda name: name[::-1])
    pair = [
        compare(
            *(answers_at(frame, wave=wave) for wave in (0, 2)), by="respondent", instrument=musiq, team="team"
        )
        for frame in (answers, mixed)
    ]
    left, right = (each.tidy()[["estimate", "ci_low", "ci_high"]].to_numpy() for each in pair)
    np.testing.assert_allclose(left, right, rtol=1e-12)


def test_scores_already_made_give_the_same(change: Any, answers: pd.DataFrame, musiq: Instrument) -> None:
    made = [score(answers_at(answers, wave=wave), musiq) for wave in (0, 2)]
    pd.testing.assert_frame_equal(compare(*made, by="respondent", team="team").tidy(), change.tidy())


def test_the_frames_are_left_as_they_were(answers: pd.DataFrame, musiq: Instrument) -> None:
    before, after = answers_at(answers, wave=0), answers_at(answers, wave=2)
    copies = before.copy(deep=True), after.copy(deep=True)
    compare(before, after, by="respondent", instrument=musiq, team="team")
    pd.testing.assert_frame_equal(before, copies[0])
    pd.testing.assert_frame_equal(after, copies[1])


def test_one_team_makes_people_the_units(answers: pd.DataFrame, musiq: Instrument) -> None:
    one = answers[answers["team"] == "T01"]
    found = compare(
        answers_at(one, wave=0), answers_at(one, wave=1), by="respondent", instrument=musiq, team="team"
    )
    assert found.headline.method == "paired-t"
    assert len(found.teams) == 1


def test_nobody_at_both_times(answers: pd.DataFrame, musiq: Instrument) -> None:
    after = answers_at(answers, wave=2).assign(respondent=lambda frame: frame["respondent"] + "-new")
    found = compare(answers_at(answers, wave=0), after, by="respondent", instrument=musiq, team="team")
    assert found.answered.both == 0
    tidied = found.tidy().set_index("method")
    means = answers.assign(total=score(answers, musiq).frame["total"]).pivot_table(
        index="team", columns="wave", values="total"
    )
    plain = ttest_1samp(means[2] - means[0], 0)
    assert found.headline.method == "team-means-t"
    assert (found.headline.p_value, found.headline.df) == (pytest.approx(plain.pvalue, rel=EXACT), 7)
    assert tidied.loc[["team-means-t", "welch", "cliffs-delta"], "estimate"].notna().all()
    assert tidied.drop(["team-means-t", "welch", "cliffs-delta"])["estimate"].isna().all()
    assert "Nobody has a score at both times" in found.notes[0]


def test_an_empty_wave(answers: pd.DataFrame, musiq: Instrument) -> None:
    found = compare(
        answers_at(answers, wave=0),
        answers_at(answers, wave=9),
        by="respondent",
        instrument=musiq,
        team="team",
    )
    assert found.answered.after_only == 0
    assert math.isnan(found.headline.estimate)


def test_one_respondent(musiq: Instrument, answers: pd.DataFrame) -> None:
    one = answers[answers["respondent"] == "T01-R01"]
    found = compare(*(answers_at(one, wave=wave) for wave in (0, 2)), by="respondent", instrument=musiq)
    assert found.headline.estimate == pytest.approx(140.571428571429 - 115, rel=EXACT)
    assert math.isnan(found.headline.p_value)


def test_all_ties() -> None:
    frame = pd.DataFrame({"id": range(6), "value": [3.0, 3, 4, 5, 5, 1]})
    found = compare(frame, frame, by="id")
    assert found.headline.estimate == 0
    assert math.isnan(found.headline.p_value)
    assert found.signed_rank.n_zero == 6


def test_forms_without_a_score_are_noted(musiq: Instrument, answers: pd.DataFrame) -> None:
    before = answers_at(answers, wave=0).copy()
    before.loc[before.index[0], musiq.item_ids] = np.nan
    found = compare(before, answers_at(answers, wave=2), by="respondent", instrument=musiq, team="team")
    assert found.answered.both - found.answered.compared == 1
    assert any("too much blank" in note for note in found.notes)


def test_repeated_ids_are_refused(answers: pd.DataFrame, musiq: Instrument) -> None:
    with pytest.raises(InputError, match="more than once"):
        compare(answers, answers_at(answers, wave=2), by="respondent", instrument=musiq)


def test_two_versions_of_an_instrument_are_not_comparable(answers: pd.DataFrame, musiq: Instrument) -> None:
    other = musiq.model_copy(update={"version": "2"})
    made = score(answers_at(answers, wave=0), musiq), score(answers_at(answers, wave=2), other)
    with pytest.raises(DesignError, match="What differs: version: 1, then 2"):
        compare(*made, by="respondent")


def test_it_asks_for_the_column_to_compare() -> None:
    frame = pd.DataFrame({"id": [1, 2], "x": [1.0, 2], "y": [1.0, 2]})
    with pytest.raises(ArgumentError, match="found 'x', 'y'"):
        compare(frame, frame, by="id")


def test_a_quantity_gives_words_and_unit() -> None:
    frame = pd.DataFrame({"id": [1, 2, 3], "x": [1.0, 2, 4]})
    days = Quantity(name="los", label="Length of stay", unit="days")
    found = compare(frame, frame.assign(x=[2.0, 2, 9]), by="id", quantity=days)
    assert found.headline.unit == "days"
    assert found.quantity is days


def test_answers_of_another_instrument_are_left_out() -> None:
    table = pd.DataFrame({"wave": [0, 0, 1], "instrument": ["a", "b", "a"], "x": [1, 2, 3]})
    assert answers_at(table, wave=0, instrument="a")["x"].tolist() == [1]
    assert answers_at(table.drop(columns="instrument"), wave=0, instrument="a")["x"].tolist() == [1, 2]


def test_tidy_uses_the_one_vocabulary(change: Any) -> None:
    tidied = change.tidy()
    assert tuple(tidied.columns) == TIDY
    assert tidied["method"].tolist() == [
        "team-t", "paired-t", "wilcoxon", "sign", "dz", "gz", "dav", "gav", "partially-paired-t",
    ]  # fmt: skip
