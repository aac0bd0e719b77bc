"""Power and detectable effects of cluster-randomised designs, before there are data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd
from scipy import optimize, special

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate
from qieval.stats.inference import t_quantile
from qieval.trial.designs import ParallelDesign, SteppedWedgeDesign

Design = ParallelDesign | SteppedWedgeDesign
Direction = Literal["increase", "decrease"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a design can show.

    Attributes
    ----------
    estimate : Estimate
        The quantity asked for: a power (a probability) or an effect (in the outcome's unit).
    effect, power, se : float
        The effect, the power against it, and its standard error.
    smallest_p : float
        Smallest p of the exact randomisation test of this design.
    """

    estimate: Estimate
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
    row = Estimate(term="power", method="", estimate=_power(design, effect), unit="probability")
    return _plan(design, effect, row)


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
    if not 1 - design.level < power < 1:
        raise ArgumentError(f"`power` must lie between {1 - design.level:g} and 1; not {power!r}.")
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


def _power(design: Design, effect: float) -> float:
    se, limit = design.se(effect), t_quantile(design.df, design.level)
    shift = effect / se if se > 0 else math.copysign(math.inf, effect)
    if math.isinf(design.df) or math.isinf(shift):
        return float(special.ndtr(shift - limit) + special.ndtr(-shift - limit))
    return float(sum(special.nctdtr(design.df, side * shift, -limit) for side in (-1, 1)))


def _plan(design: Design, effect: float, row: Estimate) -> Plan:
    notes, se = [], design.se(effect)
    if isinstance(design, ParallelDesign) and design.lone:
        notes.append("An arm has a lone cluster: its own circumstances cannot be told from the effect.")
    if design.smallest_p > 1 - design.level:
        notes.append(f"The randomisation test of this design cannot give a p below {design.smallest_p:.2g}.")
    method = "normal" if math.isinf(design.df) else "noncentral-t"
    row = replace(
        row, method=method, df=design.df, level=design.level, n_clusters=design.total, notes=tuple(notes)
    )
    return Plan(
        estimate=row, effect=effect, power=_power(design, effect), se=se, smallest_p=design.smallest_p
    )
