from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qieval.exhibits.effect_words import cautions, headline, share_of
from qieval.exhibits.format import plural
from qieval.results import Quantity
from qieval.trial import Effect, estimate

FATIGUE = Quantity(name="fatigue", label="Fatigue", unit="points", better="lower", mcid=4, span=(0, 63))
WAIT = "This wave lies before the plan’s primary one."


def trial(means: list[float], arms: list[int]) -> Effect:
    """An effect on clusters with exactly these means."""
    site = np.repeat(np.arange(len(means)), 4)
    noise = np.tile([-1.0, -0.5, 0.5, 1.0], len(means))
    rows = pd.DataFrame({"site": site, "y": np.asarray(means)[site] + noise})
    labels = np.where(np.asarray(arms)[site] == 1, "coached", "usual care")
    rows["arm"] = pd.Categorical(labels, ["usual care", "coached"], ordered=True)
    return estimate(rows, outcome="y", arm="arm", cluster="site", unit="points")


@pytest.fixture(scope="module")
def seven() -> Effect:
    """Seven sites an arm, 6 points lower where coached, little noise."""
    return trial(
        [30.0 + (place % 3) for place in range(7)] + [24.0 + (place % 3) for place in range(7)],
        [0] * 7 + [1] * 7,
    )


def with_primary(effect: Effect, **numbers: float) -> Effect:
    row = replace(effect.primary, **numbers)
    return replace(effect, primary=row, ladder=(row, *effect.ladder[1:]))


def test_a_difference_is_said_with_its_direction_interval_and_scale(seven) -> None:
    low, high = -seven.primary.ci_high, -seven.primary.ci_low
    assert headline(seven, FATIGUE).say == (
        f"Fatigue was **6.0 points** lower at coached sites (95\N{NO-BREAK SPACE}% interval {low:.1f} to "
        f"{high:.1f}, on a 0–63 scale)."
    )


def test_who_and_chance_are_said_in_words(seven) -> None:
    more = headline(seven, FATIGUE).more
    assert more[-1] == (
        "14 sites, 7 coached; 56 participants. If the intervention made no difference, fewer than "
        "0.1\N{NO-BREAK SPACE}% of the 3,432 possible arrangements would give a gap at least this large."
    )


def test_an_interval_around_zero_gives_no_verdict(seven) -> None:
    said = headline(with_primary(seven, estimate=-1.2, ci_low=-3.1, ci_high=0.7), FATIGUE).say
    assert said == (
        "Fatigue was **1.2 points** lower at coached sites, but the data are compatible with a difference in "
        "either direction (95\N{NO-BREAK SPACE}% interval 3.1 lower to 0.7 higher, on a 0–63 scale)."
    )


def test_an_interim_look_gives_neither_verdict_nor_chance(seven) -> None:
    said = headline(seven.without_p(WAIT), FATIGUE)
    assert said.say.startswith("So far fatigue is **6.0 points** lower at coached sites (95")
    assert said.more[0] == f"{WAIT} No test is made and no conclusion drawn."
    assert "allocations" not in said.plain()
    assert "matter" not in said.plain()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-9.0, -4.5, "The whole interval is at least as large as the 4 points that matter to participants."),
        (-3.0, -1.0, "The whole interval lies below the 4 points that matter to participants."),
        (0.5, 3.0, "The whole interval lies in the unwanted direction; a gain of 4 points is ruled out."),
        (-5.0, -1.0, "these data rule out neither a negligible nor a noticeable difference."),
        (-9.0, 8.0, "these data rule out neither a gain nor a loss of that size."),
    ],
)
def test_the_interval_is_read_against_what_matters(seven, low, high, expected) -> None:
    effect = with_primary(seven, estimate=(low + high) / 2, ci_low=low, ci_high=high)
    assert headline(effect, FATIGUE).more[0].endswith(expected)
    flipped = with_primary(seven, estimate=-(low + high) / 2, ci_low=-high, ci_high=-low)
    assert headline(flipped, replace(FATIGUE, better="higher")).more[0].endswith(expected)
    assert len(headline(effect, replace(FATIGUE, mcid=None)).more) == 1


def test_where_no_lot_decided_that_comes_first(seven) -> None:
    said = cautions(seven, FATIGUE, design="controlled").plain()
    assert said.startswith("Read with care. No lot decided which sites joined")
    assert "No lot" not in cautions(seven, FATIGUE).plain()


def test_few_clusters_lead_the_sentence() -> None:
    effect = trial([30.0, 26.0, 24.0, 27.0], [0, 1, 1, 1])
    said = headline(effect, FATIGUE, site="centre")
    assert said.say.startswith("With only 3 coached centres against 1, fatigue was **4.3 points** lower")
    warned = cautions(effect, FATIGUE, site="centre")
    assert warned.role == "caution"
    assert warned.say.startswith("**Read with care.** Only one centre is in “usual care”")
    assert "cannot give a p-value below 0.25" in warned.more[-2]
    assert "which one centre in an arm cannot show" in warned.more[-1]


def test_enough_clusters_need_no_caution(seven) -> None:
    said = cautions(seven, FATIGUE, site="class")
    assert said.role == "note"
    assert said.say == (
        "None of the fixed rules for few or lost classes and their sizes applies; the smaller arm has "
        "7 classes."
    )


def test_what_large_and_small_sites_show_is_told_apart() -> None:
    """Large coached sites like usual care, small ones far below: two questions, two answers."""
    size = np.array([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 60])
    means = np.array([32.0, 33, 34, 32, 33, 34, 26, 27, 28, 26, 27, 33])
    site = np.repeat(np.arange(12), size)
    rows = pd.DataFrame({"site": site, "arm": (site >= 6).astype(int), "y": means[site]})
    rows["y"] += np.where(np.arange(len(rows)) % 2, 0.5, -0.5)
    effect = estimate(rows, outcome="y", arm="arm", cluster="site", unit="points")
    overall = rows.groupby("arm")["y"].mean()
    assert effect.by_participant == pytest.approx(overall[1] - overall[0], rel=1e-12)
    assert effect.size_matters
    said = cautions(effect, FATIGUE).say
    assert "the difference is −5.2 points with every site counted once, −1.6 with every participant" in said


def test_the_plans_word_on_an_outcome_stands_last(seven) -> None:
    assert headline(seven, FATIGUE, standing="A secondary outcome.").more[-1] == "A secondary outcome."


def test_an_unbounded_primary_interval_is_said(seven) -> None:
    said = headline(with_primary(seven, ci_low=-math.inf, ci_high=math.inf), FATIGUE).say
    assert "interval without limits" in said


def test_proportions_and_rates_have_their_own_words(seven) -> None:
    effect = with_primary(seven, estimate=-0.054, ci_low=-0.111, ci_high=-0.003)
    relapse = Quantity(name="r", label="Relapse in the last year", kind="binary", unit="proportion")
    assert headline(effect, relapse).say == (
        "The proportion with relapse in the last year was **5.4 percentage points** lower at coached sites "
        "(95\N{NO-BREAK SPACE}% interval 0.3 to 11.1)."
    )
    visits = Quantity(name="v", label="Unplanned visits", kind="count", unit="visits per person-year")
    assert headline(effect, visits).say.startswith(
        "The rate of unplanned visits was **0.054 visits per person-year**"
    )


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0002, "fewer than 0.1"),
        (0.0065, "0.65"),
        (0.022, "2.2"),
        (0.22, "22"),
        (0.997, "more than 99"),
        (1, "100"),
    ],
)
def test_a_p_is_a_share_of_allocations(p, expected) -> None:
    assert share_of(p) == f"{expected}\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("site", "sites"),
        ("class", "classes"),
        ("county", "counties"),
        ("survey", "surveys"),
        ("practice", "practices"),
    ],
)
def test_plurals(noun, expected) -> None:
    assert plural(noun) == expected


def test_another_primary_method_keeps_the_test_apart(seven) -> None:
    mixed = replace(seven, primary=replace(seven.ladder[1], estimate=-5.0))
    said = headline(mixed, FATIGUE, site="class")
    assert "lower in coached classes" in said.say
    assert said.more[-1].endswith(
        "would give a gap between the average class of the arms at least as large as the 6.0 points seen."
    )


@pytest.mark.parametrize(
    ("better", "low", "high", "expected"),
    [
        ("lower", -3.9, 9.0, "These data rule out a gain of 4 points, but not a loss of that size."),
        (
            "lower",
            -4.5,
            16.0,
            "The best estimate is in the unwanted direction, away from the 4 points that matter",
        ),
        (None, -5.0, 9.0, "these data rule out neither a rise nor a fall of that size."),
        (None, -9.0, 5.0, "these data rule out neither a fall nor a rise of that size."),
        ("lower", 0.0, 3.0, "The whole interval lies below the 4 points that matter to participants."),
    ],
)
def test_a_possible_loss_is_never_passed_over(seven, better, low, high, expected) -> None:
    effect = with_primary(seven, estimate=(low + high) / 2, ci_low=low, ci_high=high)
    assert expected in headline(effect, replace(FATIGUE, better=better)).more[0]


def test_an_interval_that_ends_at_zero_is_compatible_with_no_difference(seven) -> None:
    said = headline(with_primary(seven, estimate=-4.5, ci_low=-9.0, ci_high=0.0), FATIGUE).say
    assert "compatible with no difference at all (95" in said
    assert "interval 0.0 to 9.0 lower" in said


def test_no_difference_has_no_direction(seven) -> None:
    none = with_primary(seven, estimate=0.0, ci_low=-2.0, ci_high=2.0)
    assert headline(none, FATIGUE).say.startswith("Fatigue differed by **0.0 points** at coached sites, but")
    held = headline(none.without_p(WAIT), FATIGUE).say
    assert held.startswith("So far fatigue differs by **0.0 points** at coached sites (95")


def test_only_the_arm_of_few_clusters_is_called_so() -> None:
    effect = trial([20.0 + place for place in range(9)], [1] * 7 + [0] * 2)
    assert headline(effect, FATIGUE).say.startswith("With 7 coached sites against only 2, fatigue was")


def test_a_level_is_written_in_full(seven) -> None:
    assert "97.5\N{NO-BREAK SPACE}% interval" in headline(with_primary(seven, level=0.975), FATIGUE).say
