"""Sites beside limits that allow for their size: funnel plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.stats.columns import Floats, numbers, require
from qieval.stats.inference import check_level

FunnelKind = Literal["proportion", "ratio", "rate"]
Overdispersion = Literal["none", "log", "sqrt", "arcsine"]
Trim = Literal["winsorise", "truncate"]
FEWEST_UNITS = 20
BANDS = ("within limits", "alert", "alarm")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Funnel:
    """Units beside the limits for their size.

    Attributes
    ----------
    kind, overdispersion, trim : str
        As given to `funnel`.
    tail : float
        Share trimmed at each end.
    target, phi, tau2 : float
        Centre; dispersion of the trimmed z scores, and the variance between units (on the transformed scale)
        that the limits allow for; NaN where limits are exact.
    levels : tuple of float
        Coverage of the inner and the outer limits.
    units : DataFrame
        One row a unit, as in the data: `unit`, `numerator`, `denominator`, `value`, `lower`, `upper`,
        `lower_outer`, `upper_outer`, `band` ("within limits", "alert" beyond the inner, "alarm" beyond the
        outer limits). Under exact limits the band is that of the exact binomial or Poisson tail at the unit's
        own count, so that 0 of 1 is never an alarm; the limits drawn are smooth in the denominator.
    notes : tuple of str
        What weakens the comparison.
    """

    kind: str
    overdispersion: str
    trim: str
    tail: float
    target: float
    phi: float
    tau2: float
    levels: tuple[float, float]
    units: pd.DataFrame
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a unit."""
        return self.units.copy()


def funnel(
    data: pd.DataFrame,
    *,
    unit: str,
    numerator: str,
    denominator: str,
    kind: FunnelKind = "proportion",
    overdispersion: Overdispersion = "none",
    trim: Trim = "winsorise",
    tail: float = 0.1,
    target: float | None = None,
    levels: tuple[float, float] = (0.95, 0.998),
) -> Funnel:
    """Say which units lie beyond the limits that chance sets for their size.

    Parameters
    ----------
    data : DataFrame
        One row a unit.
    unit, numerator, denominator : str
        Columns: cases of patients, observed of expected events, or events of exposure.
    kind : {"proportion", "ratio", "rate"}
    overdispersion : {"none", "log", "sqrt", "arcsine"}
        ``"none"`` gives exact limits (binomial for proportions, else Poisson). The others widen the limits by
        the variance between units found on that scale: arcsine of the square root for proportions, else log
        (units with no event are refused) or square root.
    trim : {"winsorise", "truncate"}
        What is done with z scores at both ends before dispersion is estimated.
    tail : float
        Share of them at each end; 0 keeps all.
    target : float, optional
        Centre; 1 for ratios and the pooled value for the others where not given.
    levels : tuple of float
        Coverage of inner and outer limits.

    References
    ----------
    Spiegelhalter 2005, Statist Med 24:1185, doi 10.1002/sim.1970 (funnels); Spiegelhalter et al. 2012, JRSS A
    175:1 (overdispersion).
    """
    owner = "funnel"
    check_choice(kind, FunnelKind, name="kind", owner=owner)
    check_choice(overdispersion, Overdispersion, name="overdispersion", owner=owner)
    check_choice(trim, Trim, name="trim", owner=owner)
    for level in levels:
        check_level(level)
    if not 0 <= tail < 0.5:
        raise ArgumentError(f"`funnel`: `tail` is a share below one half; not {tail!r}.")
    if overdispersion != "none" and (overdispersion == "arcsine") != (kind == "proportion"):
        raise ArgumentError(f"`funnel`: overdispersion of a {kind} is not found on scale {overdispersion!r}.")
    require(data, [unit, numerator, denominator], owner=owner)
    x, n = numbers(data[numerator]), numbers(data[denominator])
    _check_counts(x, n, kind, data[unit])
    if target is None:
        target = 1.0 if kind == "ratio" else float(x.sum() / n.sum())
    if not 0 < target < (1 if kind == "proportion" else math.inf):
        raise DesignError(
            f"No limits can be set about a target of {target}: no unit, or every one, has events."
        )
    phi = tau2 = math.nan
    notes: tuple[str, ...] = ()
    if overdispersion != "none":
        phi, tau2 = _dispersion(x / n, n, target, overdispersion, trim, tail)
        if len(x) < FEWEST_UNITS:
            notes = (f"Overdispersion from fewer than {FEWEST_UNITS} units is unstable.",)
    units = pd.DataFrame({"unit": data[unit].array, "numerator": x, "denominator": n, "value": x / n})
    for level, suffix in zip(levels, ("", "_outer"), strict=True):
        exact = overdispersion == "none"
        limits = _exact(n, target, level, kind) if exact else _widened(n, target, level, overdispersion, tau2)
        units["lower" + suffix], units["upper" + suffix] = limits
    units["band"] = _bands([_beyond(units, suffix) for suffix in ("", "_outer")])
    if overdispersion == "none":
        low, high = _tails(x, n, target, kind)
        units["band"] = _bands([np.minimum(low, high) < (1 - level) / 2 for level in levels])
    return Funnel(
        kind=kind,
        overdispersion=overdispersion,
        trim=trim,
        tail=tail,
        target=target,
        phi=phi,
        tau2=tau2,
        levels=levels,
        units=units,
        notes=notes,
    )


def _beyond(units: pd.DataFrame, suffix: str) -> NDArray[np.bool_]:
    return ~units["value"].between(units["lower" + suffix], units["upper" + suffix]).to_numpy()


def _bands(beyond: Sequence[NDArray[np.bool_]]) -> pd.Categorical[str]:
    inner, outer = beyond
    return pd.Categorical.from_codes(inner.astype(int) + (inner & outer), pd.Index(BANDS))


def _tails(x: Floats, n: Floats, target: float, kind: FunnelKind) -> tuple[Floats, Floats]:
    """Chance of so few events or fewer, and of so many or more, at the target."""
    some = x > 0
    if kind == "proportion":
        low = np.where(x < n, special.betainc(np.maximum(n - x, 1e-9), x + 1, 1 - target), 1.0)
        return low, np.where(some, special.betainc(np.where(some, x, 1.0), n - x + 1, target), 1.0)
    high = np.where(some, special.gammainc(np.where(some, x, 1.0), target * n), 1.0)
    return special.gammaincc(x + 1, target * n), high


def _check_counts(x: Floats, n: Floats, kind: FunnelKind, unit: pd.Series) -> None:
    if unit.isna().any() or unit.duplicated().any():
        raise DesignError("A funnel needs one row a unit, each with a name.")
    if not (x >= 0).all() or not (n > 0).all():
        raise DesignError("Every unit needs a numerator that is not negative and a denominator above zero.")
    if kind == "proportion" and (x > n).any():
        raise DesignError("A numerator exceeds its denominator: this is not a proportion.")


def _exact(n: Floats, target: float, level: float, kind: FunnelKind) -> tuple[Floats, Floats]:
    """Limits by inverting the binomial or Poisson tails at the target's count, taken as continuous."""
    tail, x = (1 - level) / 2, target * n
    if kind == "proportion":
        return special.betaincinv(x, n - x + 1, tail), special.betaincinv(x + 1, n - x, 1 - tail)
    return special.gammaincinv(x, tail) / n, special.gammaincinv(x + 1, 1 - tail) / n


# Each scale: forward, backward (of values kept in range), standard error at a target for a denominator.
Scale = tuple[Callable[[Floats], Floats], Callable[[Floats], Floats], Callable[[Floats, float], Floats]]
SCALES: dict[str, Scale] = {
    "log": (np.log, np.exp, lambda n, target: 1 / np.sqrt(target * n)),
    "sqrt": (np.sqrt, lambda t: np.maximum(t, 0) ** 2, lambda n, _: 1 / (2 * np.sqrt(n))),
    "arcsine": (
        lambda p: np.arcsin(np.sqrt(p)),
        lambda t: np.sin(np.clip(t, 0, np.pi / 2)) ** 2,
        lambda n, _: 1 / (2 * np.sqrt(n)),
    ),
}


def _dispersion(
    value: Floats, n: Floats, target: float, scale: str, trim: Trim, tail: float
) -> tuple[float, float]:
    """Mean squared z after trimming, and the method-of-moments variance between units."""
    forward, _, error = SCALES[scale]
    if scale == "log" and (value == 0).any():
        raise DesignError("A unit without events has no logarithm; take overdispersion='sqrt'.")
    s = error(n, target)
    z = (forward(value) - forward(np.asarray(target))) / s
    kept = np.ones(len(z), dtype=bool)
    if trim == "winsorise":
        z = np.clip(z, *np.quantile(z, [tail, 1 - tail]))
    else:
        cut = int(tail * len(z))
        kept[np.argsort(z, kind="stable")[np.r_[:cut, len(z) - cut : len(z)]]] = False
    count, phi, weight = int(kept.sum()), float((z[kept] ** 2).mean()), 1 / s[kept] ** 2
    spare = float(weight.sum() - (weight**2).sum() / weight.sum())
    return phi, max(0.0, (count * phi - (count - 1)) / spare) if spare > 0 else 0.0


def _widened(n: Floats, target: float, level: float, scale: str, tau2: float) -> tuple[Floats, Floats]:
    forward, backward, error = SCALES[scale]
    half = special.ndtri((1 + level) / 2) * np.sqrt(error(n, target) ** 2 + tau2)
    middle = forward(np.asarray(target))
    return backward(middle - half), backward(middle + half)
