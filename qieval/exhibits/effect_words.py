"""The effect of an intervention in sentences: the bottom line and what to be careful about."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qieval.exhibits.core import Statement
from qieval.exhibits.format import DASH, Shower, decimals_for, fixed, integer, percent, plural
from qieval.results import Estimate, Quantity
from qieval.trial import Effect
from qieval.trial import cautions as trial_cautions

SITE_LEVEL = {"cluster-t", "permutation"}
HOLDS_PEOPLE = {"area", "class", "community", "county", "district", "school", "village", "ward"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How an effect's numbers are shown: proportions in percentage points, all others in their own unit.

    Attributes
    ----------
    factor : float
        What raw numbers are multiplied by.
    unit : str
        Unit as shown.
    decimals : int
        Enough for two figures of half the interval; one more where the estimate would round to nothing.
    """

    factor: float
    unit: str
    decimals: int

    def show(self, *, plus: bool = False) -> Shower:
        """Give a writer of raw numbers in the shown unit."""
        inner = fixed(self.decimals, plus=plus)
        return lambda value: inner(None if value is None else self.factor * value)


def scale_of(effect: Effect, quantity: Quantity) -> Scale:
    """Choose how the numbers of this effect are shown."""
    binary = quantity.kind == "binary"
    factor = 100.0 if binary else 1.0
    primary = effect.primary
    half = (primary.ci_high - primary.ci_low) / 2
    decimals = decimals_for(factor * half if math.isfinite(half) else 2 * factor * primary.se)
    if round(factor * primary.estimate, decimals) == 0 != primary.estimate:
        decimals = min(4, decimals + 1)
    return Scale(
        factor=factor,
        unit="percentage points" if binary else quantity.unit,
        decimals=decimals,
    )


def headline(effect: Effect, quantity: Quantity, *, site: str = "site") -> Statement:
    """Say the effect in one sentence, and in the next ones what it means and on whom it rests.

    Parameters
    ----------
    effect : Effect
        From `qieval.trial.estimate`.
    quantity : Quantity
        Words and unit of the outcome.
    site : str
        What a cluster is called.
    """
    scale = scale_of(effect, quantity)
    if effect.interim:
        more = [f"{effect.interim} No test is made and no conclusion drawn.", _who(effect, site)]
    else:
        more = [
            *_reading(effect.primary, quantity, scale),
            f"{_who(effect, site)} {_chance(effect, scale, site)}",
        ]
    return Statement(name="headline", role="headline", say=_said(effect, quantity, scale, site), more=more)


def cautions(effect: Effect, *, site: str = "site") -> Statement:
    """Say what weighs on this design, the gravest first; few clusters before all else."""
    found = trial_cautions(effect.facts, cluster=site, clusters=plural(site))
    if not found:
        fewest = min(effect.facts.per_arm)
        return Statement(
            name="cautions",
            role="note",
            say=f"No rule for special caution applies; the smaller arm has {fewest} {plural(site)}.",
        )
    return Statement(name="cautions", role="caution", say=f"**Read with care.** {found[0]}", more=found[1:])


def inline(quantity: Quantity) -> str:
    """Name the outcome as it reads within a sentence; acronyms keep their capitals."""
    label = quantity.label
    plain = label if label[1:2].isupper() else label[:1].lower() + label[1:]
    lead = {"binary": "the proportion with ", "count": "the rate of "}
    return lead.get(quantity.kind, "") + plain


def interval_words(estimate: Estimate, scale: Scale) -> str:
    """Write an interval from one direction to the other: ``2.8 lower to 1.2 higher``."""
    show = scale.show()

    def side(value: float) -> str:
        if math.isinf(value):
            return "no limit"
        return f"{show(abs(value))} {_direction(value)}"

    low, high = estimate.ci_low, estimate.ci_high
    if math.isinf(low) and math.isinf(high):
        return "without limits"
    if low < 0 < high or 0 in (low, high):
        return f"{side(low)} to {side(high)}"
    near, far = sorted((low, high), key=abs)
    return f"{show(abs(near))} to {show(abs(far))}" if math.isfinite(far) else f"{show(abs(near))} or more"


def _direction(value: float) -> str:
    return "lower" if value < 0 else "higher"


def _said(effect: Effect, quantity: Quantity, scale: Scale, site: str) -> str:
    estimate = effect.primary
    where = f"{'in' if site in HOLDS_PEOPLE else 'at'} {effect.facts.labels[1]} {plural(site)}"
    amount = f"**{scale.show()(abs(estimate.estimate))} {scale.unit}**"
    way = _direction(estimate.estimate)
    span = _span(quantity)
    interval = f"{percent()(estimate.level)} interval {interval_words(estimate, scale)}{span}"
    if effect.interim:
        return _led(effect, site, f"so far {inline(quantity)} is {amount} {way} {where} ({interval}).")
    if estimate.ci_low > 0 or estimate.ci_high < 0:
        return _led(effect, site, f"{inline(quantity)} was {amount} {way} {where} ({interval}).")
    return _led(
        effect,
        site,
        f"{inline(quantity)} was {amount} {way} {where}, but the data are compatible with a difference in "
        f"either direction ({interval}).",
    )


def _led(effect: Effect, site: str, sentence: str) -> str:
    """Put the number of clusters first where it is so small that the page must lead with it."""
    if effect.facts.few:
        control, intervention = effect.facts.per_arm
        treated = f"{intervention} {effect.facts.labels[1]} {site if intervention == 1 else plural(site)}"
        sentence = f"with only {treated} against {control}, {sentence}"
    return sentence[:1].upper() + sentence[1:]


def _span(quantity: Quantity) -> str:
    if quantity.kind != "continuous" or quantity.span is None:
        return ""
    low, high = quantity.span
    return f", on a {low:g}{DASH}{high:g} scale"


def _reading(estimate: Estimate, quantity: Quantity, scale: Scale) -> list[str]:
    """Read the interval against the smallest difference that matters."""
    if quantity.mcid is None:
        return []
    sign = _wanted(estimate, quantity)
    best = sign * estimate.estimate
    low, high = sorted((sign * estimate.ci_low, sign * estimate.ci_high))
    least = f"{scale.factor * quantity.mcid:g} {scale.unit}"
    matters = f"the {least} that matter to participants"
    if low >= quantity.mcid:
        return [f"The whole interval is at least as large as {matters}."]
    if high <= 0:
        return [f"The whole interval lies in the unwanted direction; a gain of {least} is ruled out."]
    if high < quantity.mcid:
        return [f"The whole interval lies below {matters}."]
    size = "smaller" if best < quantity.mcid else "at least as large"
    than = "than" if size == "smaller" else "as"
    left = "neither a negligible nor a noticeable effect"
    if low <= -quantity.mcid:
        left = "neither a gain nor a loss of that size"
    return [f"The best estimate is {size} {than} {matters}; these data rule out {left}."]


def _wanted(estimate: Estimate, quantity: Quantity) -> int:
    if quantity.better is None:
        return 1 if estimate.estimate >= 0 else -1
    return 1 if quantity.better == "higher" else -1


def _who(effect: Effect, site: str) -> str:
    estimate = effect.primary
    _, intervention = effect.facts.per_arm
    return (
        f"{integer(estimate.n_clusters)} {plural(site)}, {intervention} {effect.facts.labels[1]}; "
        f"{integer(estimate.n)} participants."
    )


def share_of(p: float) -> str:
    """Write a p as the share of allocations that it is: ``2.2 %``."""
    if p < 0.001:
        return f"fewer than {percent(1)(0.001)}"
    return percent(0 if p >= 0.1 else 1 if p >= 0.01 else 2)(p)


def _chance(effect: Effect, scale: Scale, site: str) -> str:
    """Say the randomisation test in words."""
    test = effect.permutation
    share = share_of(test.estimate.p_value)
    ways = (
        f"the {integer(test.allocations)} possible allocations"
        if test.exact
        else f"{integer(len(test.distribution))} possible allocations drawn at random"
    )
    gap = "a gap at least this large"
    if effect.primary.method not in SITE_LEVEL:
        shown = f"{scale.show()(abs(test.estimate.estimate))} {scale.unit}"
        gap = f"a gap between the average {site} of the arms at least as large as the {shown} seen"
    return f"If the intervention made no difference, {share} of {ways} would give {gap}."
