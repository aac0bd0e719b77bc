"""Sentences and tables about a change over time, whatever changed."""

from __future__ import annotations

import math
from dataclasses import replace

from qieval.capability import ArmChange, Comparison
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.format import decimals_for, degrees, fixed, integer, p_value, percent
from qieval.results import Estimate, Quantity, Record, tidy

READINGS = {
    "team-t": "Mean of the teams\N{RIGHT SINGLE QUOTATION MARK} changes, t",
    "paired-t": "All pairs, paired t",
    "wilcoxon": "Hodges\N{EN DASH}Lehmann shift, Wilcoxon",
    "dz": "dz: change ÷ SD of the changes",
    "gz": "gz: dz, corrected for small samples",
    "dav": "dav: change ÷ mean SD of the scores",
    "gav": "gav: dav, corrected for small samples",
}
FEW_TEAMS = 10
MOST_LOST = 0.2
LEAST_ALPHA = 0.7
FEWEST_FOR_ALPHA = 30
STRONG_REGRESSION = -0.5


def headline(
    change: Comparison, *, labels: tuple[str, str] = ("before", "after"), arms: ArmChange | None = None
) -> Statement:
    """Say in one sentence whether it rose or fell, and in the next ones who was compared."""
    estimate, quantity = change.headline, change.quantity
    if not math.isfinite(estimate.estimate):
        return Statement(
            name="headline",
            role="headline",
            say=f"Whether the {_inline(quantity)} changed {_when(labels)} **cannot be said**.",
            more=change.notes,
        )
    more = [_compared(change)]
    if arms is not None and arms.difference is not None:
        more.append(_arms_sentence(arms.difference, quantity))
    else:
        more.append("There is nothing to hold it against: a change over time is not an effect.")
    return Statement(
        name="headline", role="headline", say=_change_sentence(estimate, quantity, labels), more=more
    )


def cautions(change: Comparison) -> Statement:
    """Say what these data cannot carry, by fixed rules."""
    found = [*_few(change), *_weak_instrument(change), *_regression(change), *change.notes]
    if not found:
        return Statement(name="cautions", role="note", say="None of the rules for special caution applies.")
    return Statement(name="cautions", role="caution", say=f"**Read with care.** {found[0]}", more=found[1:])


def readings(change: Comparison, *, labels: tuple[str, str] = ("before", "after")) -> Table:
    """Every reading of the same pairs side by side; the first is the headline."""
    frame = tidy(change.estimates)
    frame["reading"] = frame["method"].map(READINGS)
    level = change.headline.level
    signed = fixed(2, plus=True)
    clusters = any(each.n_clusters is not None for each in change.estimates)
    return Table(
        name="change",
        caption=f"Change of the {_inline(change.quantity)} {_when(labels)}, by every reading.",
        frame=frame,
        columns=[
            Column(source="reading", label="Reading", align="left"),
            Column(source="estimate", label="Change", show=signed),
            Column(source="unit", label="Unit", align="left"),
            Column(source="ci_low", upper="ci_high", label=f"{percent()(level)} interval", show=signed),
            Column(source="df", label="df", show=degrees),
            Column(source="p_value", label="p", show=p_value),
            Column(source="n", label="Pairs", show=integer),
            *([Column(source="n_clusters", label="Teams", show=integer)] if clusters else []),
        ],
        records=[Record(key=each.method, estimate=each) for each in change.estimates],
        emphasis=[0],
        notes=_reading_notes(change),
    )


def by_arm(arms: ArmChange) -> Table | Statement:
    """The teams' mean change in each arm, and the difference; or why there is none."""
    if arms.difference is None and not arms.arms:
        return Statement(name="arms", role="note", say=arms.reason)
    rows = [*arms.arms, *([arms.difference] if arms.difference else [])]
    keys = ("control", "intervention", "difference")
    signed = fixed(2, plus=True)
    return Table(
        name="arms",
        caption="Mean change of the teams in each arm, and the difference; teams are the units.",
        frame=tidy(rows),
        columns=[
            Column(source="term", label="Teams", align="left"),
            Column(source="estimate", label="Change", unit=rows[0].unit, show=signed),
            Column(
                source="ci_low", upper="ci_high", label=f"{percent()(rows[0].level)} interval", show=signed
            ),
            Column(source="df", label="df", show=degrees),
            Column(source="p_value", label="p", show=p_value),
            Column(source="n_clusters", label="Teams", show=integer),
        ],
        records=[Record(key=key, estimate=row) for key, row in zip(keys, rows, strict=False)],
        emphasis=[2] if arms.difference else [],
        notes=[arms.reason] if arms.reason else [],
    )


def spoken_interval(estimate: Estimate, *, plus: bool = True) -> str:
    """Write an interval as a sentence does: ``95 % interval −1.0 to 3.4``."""
    if not (math.isfinite(estimate.ci_low) and math.isfinite(estimate.ci_high)):
        return "no bounded interval"
    show = fixed(_decimals(estimate), plus=plus)
    return f"{percent()(estimate.level)} interval {show(estimate.ci_low)} to {show(estimate.ci_high)}"


def _decimals(estimate: Estimate) -> int:
    return decimals_for(estimate.se, estimate.ci_high - estimate.ci_low)


def _inline(quantity: Quantity) -> str:
    """The label as it reads within a sentence; acronyms keep their capitals."""
    label = quantity.label
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _change_sentence(estimate: Estimate, quantity: Quantity, labels: tuple[str, str]) -> str:
    size = fixed(_decimals(estimate))(abs(estimate.estimate))
    unit = f" {quantity.unit}" if quantity.unit else ""
    scale = f", on a {quantity.span[0]:g}\N{EN DASH}{quantity.span[1]:g} scale" if quantity.span else ""
    if estimate.ci_low > 0 or estimate.ci_high < 0:
        went = "rose" if estimate.estimate > 0 else "fell"
        inside = spoken_interval(_as_size(estimate), plus=False)
        return f"The {_inline(quantity)} {went} by **{size}{unit}** {_when(labels)} ({inside}{scale})."
    signed = fixed(_decimals(estimate), plus=True)(estimate.estimate)
    return (
        f"The {_inline(quantity)} changed by **{signed}{unit}** {_when(labels)} "
        f"({spoken_interval(estimate)}{scale}): these data do not show whether it rose or fell."
    )


def _when(labels: tuple[str, str]) -> str:
    return f"from {labels[0]} to {labels[1]}"


def _as_size(estimate: Estimate) -> Estimate:
    """The interval of a rise or a fall, whose direction is said in words."""
    low, high = sorted((abs(estimate.ci_low), abs(estimate.ci_high)))
    return replace(estimate, ci_low=low, ci_high=high)


def _compared(change: Comparison) -> str:
    answered, estimate = change.answered, change.headline
    people = integer(answered.compared)
    if estimate.n_clusters is not None:
        return (
            f"Mean of the mean changes of {estimate.n_clusters} teams, over {people} people scored each "
            "time. People of one team are not independent, so the teams are the units."
        )
    return f"Paired t over {people} pairs with a value both times."


def _arms_sentence(difference: Estimate, quantity: Quantity) -> str:
    size = fixed(_decimals(difference), plus=True)(difference.estimate)
    shown = difference.ci_low > 0 or difference.ci_high < 0
    tail = "" if shown else ": not shown to differ"
    return (
        f"Difference between the arms, {difference.term.replace(' - ', ' minus ')}: {size} {quantity.unit} "
        f"({spoken_interval(difference)}; {difference.n_clusters} randomised teams){tail}."
    )


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


def _reading_notes(change: Comparison) -> list[str]:
    ranks = change.signed_rank
    how = "exact" if ranks.exact else "by the normal approximation"
    used = ranks.n - ranks.n_zero
    floor = (
        f"; the smallest p that {used} changed pairs can give is {ranks.smallest_p:.4g}"
        if 0 < used <= 12
        else ""
    )
    notes = [f"Wilcoxon\N{RIGHT SINGLE QUOTATION MARK}s test is {how}{floor}."]
    notes += [note for note in ranks.shift.notes if "smallest" not in note]
    notes.append("The interval of dz inverts the non-central t; those of gz, dav and gav rescale it.")
    return notes
