"""Centre lines and control limits: what common-cause variation would look like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qieval.errors import DesignError
from qieval.measures.series import Place
from qieval.stats.columns import Floats

Kind = Literal["i", "mr", "p", "u", "c", "pp", "up", "g", "t"]
Rules = Literal["anhoej", "nhs-mdc"]
Better = Literal["higher", "lower"]
# Mean range of two normal values in standard deviations, and the upper limit of a range in mean ranges.
D2, D4 = 1.128, 3.267
# Nelson's power, which makes exponential times between events nearly normal.
T_POWER = 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a chart was asked for, with every choice on which authorities differ: see `control_chart`."""

    kind: Kind | Literal["run"]
    rules: Rules = "anhoej"
    screened: bool = True
    laney_floor: bool = True
    freeze: Place | None = None
    phases: Sequence[Place] = ()
    exclude: Sequence[Place] = ()
    better: Better | None = None
    target: float | None = None
    multiply: float = 1.0

    @property
    def widths(self) -> float:
        """Distance of limits from the centre, in average moving ranges."""
        return 2.66 if self.rules == "nhs-mdc" else 3 / D2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """One phase of some series, and which of its columns limits may rest on.

    Attributes
    ----------
    value, size : array (S, T)
        Values and denominators.
    base : bool array (T,)
    plan : Plan
    """

    value: Floats
    size: Floats
    base: NDArray[np.bool_]
    plan: Plan

    @property
    def known(self) -> Floats:
        """Values of the baseline."""
        return self.value[:, self.base]

    @property
    def nothing(self) -> Floats:
        """A column of NaN (S, 1)."""
        return np.full((len(self.value), 1), np.nan)


Parts = tuple[Floats, Floats, Floats, Floats]
Formula = Callable[[Baseline], Parts]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """Centre line and limits of each point.

    Attributes
    ----------
    centre, lower, upper : array (S, T)
    sigma_z : array (S, 1)
        Laney's factor; NaN on other charts.
    """

    centre: Floats
    lower: Floats
    upper: Floats
    sigma_z: Floats


def mean_range(values: Floats, *, screened: bool) -> Floats:
    """Average moving range of each row (S, 1); none is taken across a gap.

    Screening leaves ranges at or above 3.267 times their mean out, once (Nelson 1982, J Qual Technol 14:172).
    """
    moves = np.abs(np.diff(values, axis=1))
    mean = _mean(moves)
    if screened:
        mean = np.where(mean > 0, _mean(np.where(moves < D4 * mean, moves, np.nan)), mean)
    return mean


def limits_of(given: Baseline) -> Limits:
    """Limits of one phase from its baseline columns."""
    *lines, sigma_z = FORMULAE[given.plan.kind](given)
    centre, lower, upper = (np.broadcast_to(line, given.value.shape) for line in lines)
    return Limits(centre=centre, lower=lower, upper=upper, sigma_z=sigma_z)


def _mean(values: Floats) -> Floats:
    count = np.isfinite(values).sum(axis=1, keepdims=True)
    total = np.nansum(values, axis=1, keepdims=True)
    mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def _median(values: Floats) -> Floats:
    out = np.full((len(values), 1), np.nan)
    some = np.isfinite(values).any(axis=1)
    out[some] = np.nanmedian(values[some], axis=1, keepdims=True)
    return out


def _run(given: Baseline) -> Parts:
    return _median(given.known), given.nothing, given.nothing, given.nothing


def _individuals(given: Baseline) -> Parts:
    centre = _mean(given.known)
    half = given.plan.widths * mean_range(given.known, screened=given.plan.screened)
    return centre, centre - half, centre + half, given.nothing


def _ranges(given: Baseline) -> Parts:
    centre = _mean(given.known)
    return centre, np.zeros(centre.shape), D4 * centre, given.nothing


def _rare_counts(given: Baseline) -> Parts:
    mean = _mean(given.known)
    half = 3 * np.sqrt(mean * (mean + 1))
    return _median(given.known), np.maximum(0, mean - half), mean + half, given.nothing


def _times(given: Baseline) -> Parts:
    if (given.value <= 0).any():
        raise DesignError("A t chart needs times between events above zero; add up events of the same day.")
    centre, lower, upper, none = _individuals(replace(given, value=given.value ** (1 / T_POWER)))
    return centre**T_POWER, np.maximum(lower, 0) ** T_POWER, upper**T_POWER, none


def _counted(top: float, *, prime: bool, spread: Callable[[Floats], Floats]) -> Formula:
    """Make the formula of p, u and c charts and their primes; `spread` gives the variance of one unit."""

    def formula(given: Baseline) -> Parts:
        size = np.where(np.isfinite(given.value), given.size, np.nan)
        events = np.nansum(given.known * size[:, given.base], axis=1, keepdims=True)
        total = np.nansum(size[:, given.base], axis=1, keepdims=True)
        centre = np.divide(events, total, out=given.nothing, where=total > 0)
        sigma, factor = np.sqrt(spread(centre) / given.size), given.nothing
        if prime:
            away = given.value - centre
            scores = np.divide(away, sigma, out=np.full(away.shape, np.nan), where=sigma > 0)
            factor = mean_range(scores[:, given.base], screened=given.plan.screened) / D2
            sigma = sigma * (np.maximum(1, factor) if given.plan.laney_floor else factor)
        return centre, np.maximum(0, centre - 3 * sigma), np.minimum(top, centre + 3 * sigma), factor

    return formula


def _binomial(centre: Floats) -> Floats:
    return centre * (1 - centre)


def _poisson(centre: Floats) -> Floats:
    return centre


FORMULAE: dict[str, Formula] = {
    "run": _run,
    "i": _individuals,
    "mr": _ranges,
    "p": _counted(1.0, prime=False, spread=_binomial),
    "pp": _counted(1.0, prime=True, spread=_binomial),
    "u": _counted(np.inf, prime=False, spread=_poisson),
    "up": _counted(np.inf, prime=True, spread=_poisson),
    "c": _counted(np.inf, prime=False, spread=_poisson),
    "g": _rare_counts,
    "t": _times,
}
