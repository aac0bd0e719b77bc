"""Power and detectable effects of cluster-randomised designs, before there are data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd
from scipy import optimize

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.inference import t_power
from qieval.trial.designs import ParallelDesign, SteppedWedgeDesign, scaled

Design = ParallelDesign | SteppedWedgeDesign
Direction = Literal["increase", "decrease"]
MOST_CLUSTERS, MOST_SIZE = 1_000_000, 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a design can show.

    Attributes
    ----------
    estimate : Estimate
        The quantity asked for: a power (a probability), an effect (in the outcome's unit), a number of
        clusters, or a size of cluster.
    design : ParallelDesign or SteppedWedgeDesign
        The design that it holds for.
    effect, power, se : float
        The effect, the power against it, and its standard error.
    smallest_p : float
        Smallest p of the exact randomisation test of this design.
    """

    estimate: Estimate
    design: Design
    effect: float
    power: float
    se: float
    smallest_p: float

    def tidy(self) -> pd.DataFrame:
        """One row."""
        return self.estimate.tidy()


def power(design: Design, *, effect: float) -> Plan:
    """Give the chance that a design finds an effect of this size (in the outcome's unit).

    Examples
    --------
    >>> round(power(ParallelDesign(clusters=(6, 6), size=50, icc=0.05), effect=0.3).power, 3)
    0.432
    """
    return _at(design, effect)


def detectable_effect(design: Design, *, power: float = 0.8, direction: Direction = "increase") -> Plan:
    """Give the smallest effect (in the outcome's unit) that a design finds with this power.

    Parameters
    ----------
    direction : {"increase", "decrease"}
        Which way the effect goes; proportions and rates have other variances upwards than downwards.

    Raises
    ------
    DesignError
        If no possible effect is found with this power.
    """
    check_choice(direction, Direction, name="direction", owner="detectable_effect")
    _check_power(design, power)
    sign, reach = 1 if direction == "increase" else -1, math.inf
    if isinstance(design, ParallelDesign) and design.control is not None:
        reach = design.most - design.control if sign > 0 else design.control
    high = min(reach, design.se(0.0) or reach)
    while _power(design, sign * high) < power:
        if high == reach:
            raise DesignError(f"No possible {direction} is found with a power of {power:g} in this design.")
        high = min(2 * high, reach)
    size = optimize.brentq(lambda x: _power(design, sign * x) - power, 0.0, high, xtol=1e-15 * high)
    row = Estimate(term="detectable effect", method="", estimate=sign * size)
    return _plan(design, sign * size, row)


def clusters_needed(design: Design, *, effect: float, power: float = 0.8) -> Plan:
    """Give the fewest clusters that find an effect (in the outcome's unit) with this power.

    Parameters
    ----------
    design : ParallelDesign or SteppedWedgeDesign
        Its `clusters` say in which proportions: 2 and 4 stand for one to two. Matched pairs grow in number;
        strata and steps keep theirs and grow in size.
    effect, power : float
        What is to be found, and how surely.

    Returns
    -------
    Plan
        With the design that has so many clusters.

    Raises
    ------
    DesignError
        If a million multiples do not suffice.
    """
    _check_power(design, power)
    multiple = _fewest(lambda number: _reaches(_times(design, number), effect, power), MOST_CLUSTERS)
    if multiple is None:
        raise DesignError(f"No number of clusters finds an effect of {effect:g} with a power of {power:g}.")
    found = replace(design, clusters=scaled(design.clusters, multiple))
    return _plan(found, effect, Estimate(term="clusters needed", method="", estimate=found.total))


def size_needed(design: Design, *, effect: float, power: float = 0.8) -> Plan:
    """Give the smallest whole cluster size that finds an effect (in the outcome's unit) with this power.

    Parameters
    ----------
    design : ParallelDesign or SteppedWedgeDesign
        Its `size` does not matter.
    effect, power : float
        What is to be found, and how surely.

    Returns
    -------
    Plan
        With the design that has this size.

    Raises
    ------
    DesignError
        If no size suffices: between clusters there is then too much variation for so few of them.
    """
    _check_power(design, power)
    if not _reaches(replace(design, size=MOST_SIZE), effect, power):
        raise DesignError(
            f"No size suffices: {design.total} clusters find an effect of {effect:g} with a power of at most "
            f"{_power(replace(design, size=MOST_SIZE), effect):.2g}, however many people each has."
        )
    size = _fewest(lambda number: _reaches(replace(design, size=float(number)), effect, power), MOST_SIZE)
    found = replace(design, size=float(size or MOST_SIZE))
    return _plan(found, effect, Estimate(term="size needed", method="", estimate=found.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a design can show over a range of planning ICCs, never over an observed one.

    Attributes
    ----------
    design : ParallelDesign or SteppedWedgeDesign
        As planned.
    effect, target : float
        The effect that is to be found (in the outcome's unit), and the power wanted.
    power, detectable, clusters, sizes : tuple of Plan or None
        One for each ICC; None where nothing suffices.
    curves : DataFrame
        `icc`, `effect`, `power`: effects from none to twice the one that is to be found.
    """

    design: Design
    effect: float
    target: float
    power: tuple[Plan, ...]
    detectable: tuple[Plan | None, ...]
    clusters: tuple[Plan | None, ...]
    sizes: tuple[Plan | None, ...]
    curves: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Power, detectable effect, clusters and size needed for each ICC, which stands in `term`."""
        every = (self.power, self.detectable, self.clusters, self.sizes)
        rows = [
            replace(plan.estimate, term=f"{plan.estimate.term}, ICC {plan.design.icc:g}")
            for plans in every
            for plan in plans
            if plan is not None
        ]
        return tidy(rows)


def outlook(design: Design, *, effect: float, iccs: Sequence[float], power: float = 0.8) -> Outlook:
    """Look at a design over a range of planning ICCs.

    Parameters
    ----------
    design : ParallelDesign or SteppedWedgeDesign
        As planned; its own `icc` does not matter.
    effect : float
        What is to be found, in the outcome's unit; negative for a decrease.
    iccs : sequence of float
        From earlier studies of such outcomes, the smallest and largest that are plausible among them.
    power : float
        The power wanted.
    """
    if not iccs or effect == 0:
        raise ArgumentError("`outlook` needs an effect other than zero and one planning ICC or more.")
    designs = [replace(design, icc=icc) for icc in iccs]
    powers = tuple(_at(each, effect) for each in designs)
    direction: Direction = "increase" if effect > 0 else "decrease"
    steps = [effect * step / 20 for step in range(41)]
    curves = [
        (each.icc, step, _power(each, step))
        for each in designs
        for step in steps
        if not isinstance(each, ParallelDesign)
        or each.control is None
        or 0 <= each.control + step <= each.most
    ]
    return Outlook(
        design=design,
        effect=effect,
        target=power,
        power=powers,
        detectable=_each(detectable_effect, designs, power=power, direction=direction),
        clusters=_each(clusters_needed, designs, effect=effect, power=power),
        sizes=_each(size_needed, designs, effect=effect, power=power),
        curves=pd.DataFrame(curves, columns=["icc", "effect", "power"]),
    )


def _each(ask: Callable[..., Plan], designs: Sequence[Design], **asked: Any) -> tuple[Plan | None, ...]:
    """Ask the same of each design; None where there is no answer."""
    found: list[Plan | None] = []
    for design in designs:
        try:
            found.append(ask(design, **asked))
        except DesignError:
            found.append(None)
    return tuple(found)


def _at(design: Design, effect: float) -> Plan:
    row = Estimate(term="power", method="", estimate=_power(design, effect), unit="probability")
    return _plan(design, effect, row)


def _power(design: Design, effect: float) -> float:
    se = design.se(effect)
    shift = effect / se if se > 0 else math.copysign(math.inf, effect)
    return t_power(shift, design.df, design.level)


def _check_power(design: Design, power: float) -> None:
    if not 1 - design.level < power < 1:
        raise ArgumentError(f"`power` must lie between {1 - design.level:g} and 1; not {power!r}.")


def _reaches(design: Design | None, effect: float, power: float) -> bool:
    return design is not None and _power(design, effect) >= power


def _times(design: Design, multiple: int) -> Design | None:
    """The design with its clusters in the same proportions; None if that leaves no test."""
    try:
        return replace(design, clusters=scaled(design.clusters, multiple))
    except DesignError:
        return None


def _fewest(suffices: Callable[[int], bool], most: float) -> int | None:
    """Give the smallest whole number that suffices, all larger ones sufficing too."""
    high = 1
    while not suffices(high):
        if high > most:
            return None
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _plan(design: Design, effect: float, row: Estimate) -> Plan:
    notes, se = [], design.se(effect)
    if isinstance(design, ParallelDesign) and design.lone:
        notes.append("An arm has a lone cluster: its own circumstances cannot be told from the difference.")
    if design.smallest_p > 1 - design.level:
        notes.append(f"The permutation test of this design cannot give a p below {design.smallest_p:.2g}.")
    method = "normal" if math.isinf(design.df) else "noncentral-t"
    row = replace(
        row, method=method, df=design.df, level=design.level, n_clusters=design.total, notes=tuple(notes)
    )
    return Plan(
        estimate=row,
        design=design,
        effect=effect,
        power=_power(design, effect),
        se=se,
        smallest_p=design.smallest_p,
    )
