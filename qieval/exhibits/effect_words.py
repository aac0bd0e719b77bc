"""The effect of an intervention in sentences: the bottom line and what to be careful about."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qieval.exhibits.core import Statement
from qieval.exhibits.designs import Design, not_by_lot, supposing
from qieval.exhibits.format import (
    DASH,
    Shower,
    decimals_for,
    difference_unit,
    factor_of,
    fixed,
    integer,
    percent,
    plural,
)
from qieval.exhibits.phrases import capital, care, counted, level_of, lower
from qieval.results import Estimate, Quantity
from qieval.trial import Effect, SteppedWedge
from qieval.trial import cautions as trial_cautions
from qieval.trial.cautions import FEW

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


def scale_of(effect: Effect | SteppedWedge, quantity: Quantity) -> Scale:
    """Choose how the numbers of this effect are shown: as its primary estimate is."""
    return scale_for(effect.primary, quantity)


def scale_for(estimate: Estimate, quantity: Quantity) -> Scale:
    """Choose how the numbers of an estimate, and of others like it, are shown."""
    factor = factor_of(quantity)
    half = (estimate.ci_high - estimate.ci_low) / 2
    decimals = decimals_for(factor * half if math.isfinite(half) else 2 * factor * estimate.se)
    if round(factor * estimate.estimate, decimals) == 0 != estimate.estimate:
        decimals = min(4, decimals + 1)
    return Scale(factor=factor, unit=difference_unit(quantity), decimals=decimals)


def headline(
    effect: Effect,
    quantity: Quantity,
    *,
    site: str = "site",
    standing: str = "",
    design: Design = "randomised",
) -> Statement:
    """Say the effect in one sentence, and in the next ones what it means and on whom it rests.

    Parameters
    ----------
    effect : Effect
        From `qieval.trial.estimate`.
    quantity : Quantity
        Words and unit of the outcome.
    site : str
        What a cluster is called.
    standing : str
        What the plan says of this outcome at this wave, in a sentence.
    design : {"randomised", "controlled", "uncontrolled"}
        As the study file says: whether the permutation test rests on a lot.
    """
    scale = scale_of(effect, quantity)
    if effect.interim:
        more = [f"{effect.interim} No test is made and no conclusion drawn.", _who(effect, site)]
    else:
        more = [
            *_reading(effect.primary, quantity, scale),
            f"{_who(effect, site)} {_chance(effect, scale, site, design)}",
        ]
    said = _said(effect, quantity, scale, site)
    return Statement(name="headline", role="headline", say=said, more=[*more, standing] if standing else more)


def cautions(
    effect: Effect, quantity: Quantity, *, site: str = "site", design: Design = "randomised"
) -> Statement:
    """Say what weighs on this design, the gravest first: no lot, then few clusters."""
    said = not_by_lot(design, site=site)
    said += trial_cautions(effect.facts, cluster=site, clusters=plural(site))
    if effect.size_matters:
        said.append(_by_size(effect, scale_of(effect, quantity), site))
    return care(
        said,
        otherwise=(
            f"None of the fixed rules for few or lost {plural(site)} and their sizes applies; the smaller "
            f"arm has {counted(min(effect.facts.per_arm), site)}."
        ),
    )


def _by_size(effect: Effect, scale: Scale, site: str) -> str:
    show = scale.show(plus=True)
    return (
        f"Large and small {plural(site)} differ: the difference is {show(effect.by_cluster.estimate)} "
        f"{scale.unit} with every {site} counted once, {show(effect.by_participant)} with every participant "
        f"counted once. Say which of the two a conclusion is about."
    )


def inline(quantity: Quantity) -> str:
    """Name the outcome as it reads within a sentence."""
    lead = {"binary": "the proportion with ", "count": "the rate of "}
    return lead.get(quantity.kind, "") + lower(quantity.label)


def interval_words(estimate: Estimate, scale: Scale) -> str:
    """Write an interval from one direction to the other: ``2.8 lower to 1.2 higher``."""
    show = scale.show()
    low, high = estimate.ci_low, estimate.ci_high
    if math.isinf(low):
        return "without limits"
    if low < 0 < high:
        return f"{show(-low)} lower to {show(high)} higher"
    near, far = sorted((abs(low), abs(high)))
    side = (" lower" if low < 0 else " higher") if near == 0 else ""
    return f"{show(near)} to {show(far)}{side}"


def _said(effect: Effect, quantity: Quantity, scale: Scale, site: str) -> str:
    estimate, show = effect.primary, scale.show()
    amount, way = show(abs(estimate.estimate)), " lower" if estimate.estimate < 0 else " higher"
    found = "so far {} is" if effect.interim else "{} was"
    if amount == show(0):
        found, way = "so far {} differs by" if effect.interim else "{} differed by", ""
    where = f"{'in' if site in HOLDS_PEOPLE else 'at'} {effect.facts.labels[1]} {plural(site)}"
    doubt = ""
    if not effect.interim and estimate.ci_low <= 0 <= estimate.ci_high:
        touches = 0 in (estimate.ci_low, estimate.ci_high)
        doubt = ", but the data are compatible with "
        doubt += "no difference at all" if touches else "a difference in either direction"
    interval = f"{level_of(estimate.level)} interval {interval_words(estimate, scale)}{_span(quantity)}"
    said = f"{found.format(inline(quantity))} **{amount} {scale.unit}**{way} {where}{doubt} ({interval})."
    return capital(f"{_lead(effect, site)}{said}")


def _lead(effect: Effect, site: str) -> str:
    """The number of clusters, where it is so small that the page must lead with it."""
    if not effect.facts.few:
        return ""
    control, intervention = effect.facts.per_arm
    of_treated = f"{effect.facts.labels[1]} {site}"
    if intervention < FEW:
        return f"with only {counted(intervention, of_treated)} against {control}, "
    return f"with {counted(intervention, of_treated)} against only {control}, "


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
    best, mcid = sign * estimate.estimate, quantity.mcid
    low, high = sorted((sign * estimate.ci_low, sign * estimate.ci_high))
    least = f"{scale.factor * mcid:g} {scale.unit}"
    matters = f"the {least} that matter to participants"
    if low >= mcid:
        return [f"The whole interval is at least as large as {matters}."]
    if high < 0:
        return [f"The whole interval lies in the unwanted direction; a gain of {least} is ruled out."]
    gain, loss = ("a gain", "a loss") if quantity.better else ("a rise", "a fall")
    if quantity.better is None and sign < 0:
        gain, loss = loss, gain
    if high < mcid:
        if low <= -mcid:
            return [f"These data rule out {gain} of {least}, but not {loss} of that size."]
        return [f"The whole interval lies below {matters}."]
    place = "at least as large as" if best >= mcid else "smaller than"
    if best < 0:
        place = "in the unwanted direction, away from"
    left = "a negligible nor a noticeable difference"
    if low <= -mcid:
        left = f"{gain} nor {loss} of that size"
    return [f"The best estimate is {place} {matters}; these data rule out neither {left}."]


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
    if 0.99 < p < 1:
        return f"more than {percent()(0.99)}"
    return percent(0 if p >= 0.1 else 1 if p >= 0.01 else 2)(p)


def _chance(effect: Effect, scale: Scale, site: str, design: Design) -> str:
    """Say the permutation test in words."""
    test = effect.permutation
    share = share_of(test.estimate.p_value)
    ways = (
        f"the {integer(test.allocations)} possible arrangements"
        if test.exact
        else f"{integer(len(test.distribution))} possible arrangements drawn at random"
    )
    gap = "a gap at least this large"
    if effect.primary.method not in SITE_LEVEL:
        shown = f"{scale.show()(abs(test.estimate.estimate))} {scale.unit}"
        gap = f"a gap between the average {site} of the arms at least as large as the {shown} seen"
    lead = supposing(design, what="the intervention", chance="formed the arms")
    return f"{lead} {share} of {ways} would give {gap}."
