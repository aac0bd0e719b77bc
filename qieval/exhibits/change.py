"""Sentences and tables about a change over time, whatever changed."""

from __future__ import annotations

import math
from dataclasses import replace

from qieval.capability import ArmChange, Comparison
from qieval.exhibits.columns import DF, P, count, interval, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import rounded, rounds
from qieval.exhibits.format import DASH, fixed, integer, p_value, percent
from qieval.exhibits.phrases import care, decimals_of, lower
from qieval.exhibits.phrases import interval as spoken
from qieval.results import Estimate, Quantity, Record, tidy

READINGS = {
    "team-t": "Mean of the teams\N{RIGHT SINGLE QUOTATION MARK} changes, t",
    "paired-t": "All pairs, paired t",
    "wilcoxon": "Hodges\N{EN DASH}Lehmann shift, Wilcoxon",
    "sign": "Chance to rise (ties halved), sign test",
    "dz": "dz: change ÷ SD of the changes",
    "gz": "gz: dz, corrected for small samples",
    "dav": "dav: change ÷ mean SD of the scores",
    "gav": "gav: dav, corrected for small samples",
    "partially-paired-t": "Everybody, linked or not: T of Derrick et al.",
    "team-means-t": "Differences of the teams\N{RIGHT SINGLE QUOTATION MARK} means, t",
    "welch": "Everybody as if unrelated, Welch\N{RIGHT SINGLE QUOTATION MARK}s t",
    "cliffs-delta": "Cliff\N{RIGHT SINGLE QUOTATION MARK}s delta, rank-sum test",
    "mixed-model-kr": "Mixed model of all waves, Kenward\N{EN DASH}Roger",
    "ordinal-mixed": "Ordinal mixed model, log odds of a higher score",
}
FEW_TEAMS = 10
MOST_LOST = 0.2
LEAST_ALPHA = 0.7
FEWEST_FOR_ALPHA = 30
STRONG_REGRESSION = -0.5


def headline(
    change: Comparison, *, labels: tuple[str, str] = ("before", "after"), arms: ArmChange | None = None
) -> Statement:
    """Say in one sentence whether it rose or fell; where there are arms, first how they differ."""
    estimate, quantity, when = change.headline, change.quantity, f"from {labels[0]} to {labels[1]}"
    difference = arms.difference if arms is not None else None
    if not math.isfinite(estimate.estimate):
        say, more = f"Whether the {lower(quantity.label)} changed {when} **cannot be said**.", [*change.notes]
    elif difference is not None:
        say = _arms_sentence(difference, quantity, when)
        overall = lower(_change_sentence(estimate, quantity, when)).replace("**", "")
        more = [f"Over all teams, {overall}", _compared(change)]
    else:
        say = _change_sentence(estimate, quantity, when)
        reason = arms.reason if arms is not None else "There is nothing to hold it against."
        more = [_compared(change), f"{reason.rstrip('.')}: nothing tells what a change over time comes from."]
    return Statement(name="headline", role="headline", say=say, more=more)


def cautions(change: Comparison) -> Statement:
    """Say what these data cannot carry, by fixed rules."""
    found = [*_few(change), *_weak_instrument(change), *_regression(change), *change.notes]
    return care(found, otherwise="None of the rules for special caution applies.")


def readings(
    change: Comparison, *, labels: tuple[str, str] = ("before", "after"), interim: str = ""
) -> Table:
    """Every reading of the same pairs side by side; the first is the headline.

    Parameters
    ----------
    labels : tuple of str
        The two times in words.
    interim : str
        Why p-values are held back; empty for a final result.
    """
    rows = [_by_rounded(each) for each in change.estimates]
    frame = tidy(rows)
    frame["reading"] = frame["method"].map(READINGS)
    signed = fixed(2, plus=True)
    clusters = any(each.n_clusters is not None for each in change.estimates)
    return Table(
        name="change",
        caption=f"Change of the {lower(change.quantity.label)} from {labels[0]} to {labels[1]}, "
        "by every reading.",
        frame=frame,
        columns=[
            words("reading", "Reading"),
            Column(source="estimate", label="Change", show=signed),
            words("unit", "Unit"),
            interval(change.headline.level, signed),
            DF,
            *([] if interim else [P]),
            count("n", "Pairs"),
            *([count("n_clusters", "Teams")] if clusters else []),
        ],
        records=[record(each.method, each, interim) for each in rows],
        emphasis=[0],
        notes=[*_reading_notes(change), *([interim] if interim else [])],
    )


def by_arm(arms: ArmChange, *, interim: str = "") -> Table | Statement:
    """The teams' mean change in each arm, and the difference; or why there is none.

    Parameters
    ----------
    interim : str
        Why p-values are held back; empty for a final result.
    """
    if not arms.arms:
        return Statement(name="arms", role="note", say=arms.reason)
    rows = [*arms.arms, *([arms.difference] if arms.difference else [])]
    keys = ["control", "intervention", "difference"]
    records = [record(key, row, interim) for key, row in zip(keys, rows, strict=False)]
    signed = fixed(2, plus=True)
    return Table(
        name="arms",
        caption="Mean change of the teams in each arm, and the difference; teams are the units.",
        frame=tidy(rows),
        columns=[
            words("term", "Teams"),
            Column(source="estimate", label="Change", unit=rows[0].unit, show=signed),
            interval(rows[0].level, signed),
            DF,
            *([] if interim else [P]),
            count("n_clusters", "Teams"),
        ],
        records=[*records[2:], *records[:2]],  # what is compared over the waves comes first
        emphasis=[2] if arms.difference else [],
        notes=[note for note in (arms.reason, interim) if note],
    )


def record(key: str, estimate: Estimate, interim: str) -> Record:
    """Publish an estimate, before the plan's wave without its p."""
    if interim:
        return Record(key=key, estimate=estimate.without_p(interim), status="interim")
    return Record(key=key, estimate=estimate)


def _span(estimate: Estimate, quantity: Quantity, *, plus: bool) -> str:
    """The interval, and where the scale has ends, the scale; a fall is said in words and so without signs."""
    low, high = estimate.ci_low, estimate.ci_high
    if not plus:
        low, high = sorted((abs(low), abs(high)))
    said = spoken(estimate.level, low, high, fixed(decimals_of(estimate), plus=plus))
    scale = quantity.span
    return f"({said}, on a {scale[0]:g}{DASH}{scale[1]:g} scale)" if scale else f"({said})"


def _is_sure(estimate: Estimate) -> bool:
    return estimate.ci_low > 0 or estimate.ci_high < 0


def _size(estimate: Estimate, quantity: Quantity, *, plus: bool) -> str:
    size = estimate.estimate if plus else abs(estimate.estimate)
    return f"**{fixed(decimals_of(estimate), plus=plus)(size)} {quantity.unit}".rstrip() + "**"


def _change_sentence(estimate: Estimate, quantity: Quantity, when: str) -> str:
    sure = _is_sure(estimate)
    went = "changed" if not sure else "rose" if estimate.estimate > 0 else "fell"
    said = (
        f"The {lower(quantity.label)} {went} by {_size(estimate, quantity, plus=not sure)} {when} "
        f"{_span(estimate, quantity, plus=not sure)}"
    )
    if math.isnan(estimate.ci_low):
        return f"{said}: how sure that is cannot be told."
    return f"{said}." if sure else f"{said}: these data do not show whether it rose or fell."


def _arms_sentence(difference: Estimate, quantity: Quantity, when: str) -> str:
    treated, _, control = difference.term.partition(" - ")
    way = "higher" if difference.estimate > 0 else "lower"
    said = (
        f"The change in {lower(quantity.label)} {when} was {_size(difference, quantity, plus=False)} {way} "
        f"in {treated} teams than in {control} teams"
    )
    if _is_sure(difference):
        return f"{said} {_span(difference, quantity, plus=False)}."
    return (
        f"{said}, but the data are compatible with a difference in either direction "
        f"{_span(difference, quantity, plus=True)}."
    )


def _compared(change: Comparison) -> str:
    answered, estimate = change.answered, change.headline
    if estimate.method in {"team-means-t", "welch"}:
        units = "the teams" if estimate.n_clusters else "forms, taken as unrelated,"
        return f"Nobody is linked over time: {integer(estimate.n)} forms, and {units} are the units."
    people = integer(answered.compared)
    if estimate.n_clusters is not None:
        return (
            f"Mean of the mean changes of {estimate.n_clusters} teams, over {people} people scored each "
            "time. People of one team are not independent, so the teams are the units."
        )
    return f"Paired t over {people} pairs with a value both times."


def _few(change: Comparison) -> list[str]:
    answered, found = change.answered, []
    clusters = change.headline.n_clusters
    if clusters is not None and clusters < FEW_TEAMS:
        found.append(
            f"Only {clusters} teams are compared: the interval leans on their changes being alike in shape."
        )
    started = answered.before_only + answered.both
    if started and answered.before_only / started > MOST_LOST:
        share = percent()(answered.before_only / started)
        found.append(
            f"{share} of those who answered first did not answer again; who stays may differ from who leaves."
        )
    stayers = change.stayers
    if stayers.ci_low > 0 or stayers.ci_high < 0:
        way = "higher" if stayers.estimate > 0 else "lower"
        found.append(
            f"Those scored again started {fixed(decimals_of(stayers))(abs(stayers.estimate))} "
            f"{stayers.unit} {way} than those who were not: they do not stand for all who started."
        )
    smallest = change.signed_rank.smallest_p
    moved = change.signed_rank.n - change.signed_rank.n_zero
    if moved and smallest > 1 - change.headline.level:
        found.append(
            f"With {moved} changed pairs the exact test cannot give a p below {smallest:.4g}, come what may."
        )
    return found


def _weak_instrument(change: Comparison) -> list[str]:
    known = [each.alpha for each in (change.alpha_before, change.alpha_after) if each is not None]
    found = []
    if low := [each for each in known if each.estimate < LEAST_ALPHA]:
        listed = " and ".join(f"{fixed(2)(each.estimate)} {each.term}" for each in low)
        found.append(
            f"Cronbach\N{RIGHT SINGLE QUOTATION MARK}s alpha is {listed}: the items hang together loosely."
        )
    if any((each.n or 0) < FEWEST_FOR_ALPHA for each in known):
        found.append(f"Reliability rests on fewer than {FEWEST_FOR_ALPHA} complete forms.")
    return found


def _regression(change: Comparison) -> list[str]:
    pull = change.regression
    if not pull.baseline_r <= STRONG_REGRESSION:
        return []
    show = fixed(2)
    return [
        f"Change goes with the starting value (r = {show(pull.baseline_r)}): those that started furthest out "
        "moved back most, which chance alone brings about in part (regression to the mean). Held against the "
        f"middle of both values instead, r = {show(pull.oldham_r)} (p = {p_value(pull.oldham_p)})."
    ]


def _reading(change: Comparison, method: str) -> Estimate:
    return next(each for each in change.estimates if each.method == method)


def _by_rounded(row: Estimate) -> Estimate:
    """Give the share who rose from rounded counts, where the study rounds them, and not how many did."""
    if row.method != "sign" or not rounds() or not row.n:
        return row
    return replace(row, estimate=float(rounded(row.n * row.estimate) / rounded(row.n)), statistic=math.nan)


def _reading_notes(change: Comparison) -> list[str]:
    ranks = change.signed_rank
    how = "exact" if ranks.exact else "by the normal approximation"
    used = ranks.n - ranks.n_zero
    floor = (
        f"; the smallest p that {used} changed pairs can give is {ranks.smallest_p:.4g}"
        if 0 < used <= 12
        else ""
    )
    notes = [f"Wilcoxon\N{RIGHT SINGLE QUOTATION MARK}s test is {how}{floor}."] if used else []
    notes += [note for note in ranks.shift.notes if "smallest" not in note]
    scaled = "The interval of dz inverts the non-central t; those of gz, dav and gav rescale it."
    kept = "Which intervals hold the truth where people of one team change alike: see 90_validation."
    return [*notes, *(_reading(change, "gav").notes or [scaled]), kept]
