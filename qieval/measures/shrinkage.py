"""Sites compared fairly: estimates drawn towards the mean, and how well they can be ranked at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize, special

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.results import Estimate, tidy
from qieval.stats.columns import Floats, numbers, require
from qieval.stats.inference import check_level, t_estimate, t_quantile

Between = Literal["reml", "dl", "pm"]
Counted = Literal["proportion", "rate", "ratio"]
RANKED = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shrunk:
    """Units drawn towards their mean by as much as their own data are uncertain.

    Attributes
    ----------
    mean : Estimate
        Mean of the units, in the unit of the values (log odds for counts).
    method : str
        How the variance between units was found.
    tau2, q, rankability : float
        Variance between units, Cochran's Q, and the share of variance that is between units
        (tau2 over tau2 plus the median sampling variance).
    units : DataFrame
        One row a unit, as in the data: `unit`, `value`, `se` (raw), `reliability`, `estimate`, `estimate_se`,
        `ci_low`, `ci_high` (shrunk), `expected_rank` (1 is the lowest value), `rank_low`, `rank_high`.
    notes : tuple of str
        What weakens the ranking.
    """

    mean: Estimate
    method: str
    tau2: float
    q: float
    rankability: float
    units: pd.DataFrame
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """The mean, then a row a unit."""
        columns = [self.units[name] for name in ("unit", "estimate", "estimate_se", "ci_low", "ci_high")]
        rows = [
            replace(self.mean, term=str(name), method="blup", estimate=y, se=se, ci_low=low, ci_high=high)
            for name, y, se, low, high in zip(*columns, strict=True)
        ]
        return tidy([self.mean, *rows])

    def estimates(self) -> list[Estimate]:
        """One estimate a unit, as a proportion, rate or ratio (in the unit of the values otherwise)."""
        unit = {"log odds": "proportion"}.get(self.mean.unit, self.mean.unit.removeprefix("log "))
        columns = [self.natural()[name] for name in ("unit", "estimate", "ci_low", "ci_high")]
        return [
            Estimate(
                term=str(name),
                method="blup",
                estimate=y,
                ci_low=low,
                ci_high=high,
                level=self.mean.level,
                unit=unit,
            )
            for name, y, low, high in zip(*columns, strict=True)
        ]

    def natural(self) -> pd.DataFrame:
        """Units with `value`, `estimate`, limits and their common `mean` as proportions or rates."""
        back = {"log odds": special.expit, "value": np.asarray}.get(self.mean.unit, np.exp)
        shown = self.units.assign(mean=self.mean.estimate)
        names = ["value", "estimate", "ci_low", "ci_high", "mean"]
        return shown.assign(**{name: back(shown[name].to_numpy()) for name in names})


def shrink(
    data: pd.DataFrame,
    *,
    unit: str,
    value: str | None = None,
    se: str | None = None,
    numerator: str | None = None,
    denominator: str | None = None,
    kind: Counted = "proportion",
    method: Between = "reml",
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Shrunk:
    """Estimate each unit with the help of the others, and say how far they can be ranked.

    Parameters
    ----------
    data : DataFrame
        One row a unit.
    unit : str
        Column that names the units.
    value, se : str, optional
        Columns of estimates and their standard errors; or else
    numerator, denominator : str, optional
        counts, taken as log odds (half is added to both cells of a unit that has an empty one),
    kind : {"proportion", "rate", "ratio"}
        or, for events of exposure, as log rates (half is added to no events). ``"ratio"`` says that
        `value` is the logarithm of a ratio.
    method : {"reml", "dl", "pm"}
        Variance between units: restricted maximum likelihood, DerSimonian and Laird's moments, or Paule and
        Mandel's, whose Q equals its degrees of freedom.
    level : float
        Coverage.
    draws, seed : int
        Random draws of the ranks' intervals; expected ranks are exact.

    Notes
    -----
    Intervals of units allow for the uncertainty of the mean, not for that of the variance between units.

    References
    ----------
    DerSimonian & Laird 1986, Control Clin Trials 7:177; Viechtbauer 2010, J Stat Softw 36(3),
    doi 10.18637/jss.v036.i03; Paule & Mandel 1982, J Res Natl Bur Stand 87:377;
    van Houwelingen et al. 1999 (rankability).
    """
    check_level(level)
    check_choice(method, Between, name="method", owner="shrink")
    check_choice(kind, Counted, name="kind", owner="shrink")
    counts = value is None
    if {numerator is None, denominator is None} != {not counts} or counts != (se is None):
        raise ArgumentError("`shrink` takes either `value` and `se`, or `numerator` and `denominator`.")
    columns = (numerator, denominator) if counts else (value, se)
    require(data, [unit, *columns], owner="shrink")
    first, second = (numbers(data[str(name)]) for name in columns)
    scale = "log ratio" if kind == "ratio" else "value"
    if counts:
        scale, (y, v) = f"log {'odds' if kind == 'proportion' else 'rate'}", _logs(first, second, kind)
    else:
        y, v = first, second**2
    if np.isnan(y).any() or not (v > 0).all() or len(y) < 3 or data[unit].duplicated().any():
        raise DesignError("Shrinkage needs three or more units, each once, with a value and its error.")
    tau2, q = _between(y, v, method)
    w = 1 / (v + tau2)
    mean = t_estimate(
        term="mean of units",
        method=method,
        estimate=float(w @ y / w.sum()),
        se=1 / math.sqrt(w.sum()),
        df=math.inf,
        level=level,
        n=len(y),
        n_clusters=len(y),
        unit=scale,
    ).without_p("The mean is not tested against zero.")
    units = pd.DataFrame({"unit": data[unit].array, "value": y, "se": np.sqrt(v)})
    _draw_in(units, mean, tau2)
    _rank(units, np.sqrt(units["reliability"].to_numpy() * v), level, draws, seed)
    ability = tau2 / (tau2 + float(np.median(v)))
    notes = (f"Rankability is below {RANKED}: these data do not support a ranking.",)
    return Shrunk(
        mean=mean,
        method=method,
        tau2=tau2,
        q=q,
        rankability=ability,
        units=units,
        notes=notes if ability < RANKED else (),
    )


def _logs(x: Floats, n: Floats, kind: Counted) -> tuple[Floats, Floats]:
    if not (n > 0).all() or not ((x >= 0) & ((x <= n) | (kind == "rate"))).all():
        raise DesignError("Numerators must lie between nothing and their denominators.")
    if kind == "rate":
        events = x + np.where(x == 0, 0.5, 0.0)
        return np.log(events / n), 1 / events
    half = np.where((x == 0) | (x == n), 0.5, 0.0)
    cases, others = x + half, n - x + half
    return np.log(cases / others), 1 / cases + 1 / others


def _between(y: Floats, v: Floats, method: Between) -> tuple[float, float]:
    """Variance between units (not below zero) and Cochran's Q."""
    w = 1 / v
    q = float(w @ (y - w @ y / w.sum()) ** 2)
    tau2 = max(0.0, (q - (len(y) - 1)) / float(w.sum() - w @ w / w.sum()))
    if method == "dl":
        return tau2, q
    if method == "pm":
        return _paule_mandel(y, v), q
    for _ in range(200):
        w = 1 / (v + tau2)
        away = y - w @ y / w.sum()
        ww = w * w
        trace = float(w.sum() - ww.sum() / w.sum())
        information = float(ww.sum() - 2 * (ww @ w) / w.sum() + (ww.sum() / w.sum()) ** 2)
        before, tau2 = tau2, max(0.0, tau2 + (float(ww @ away**2) - trace) / information)
        if abs(tau2 - before) <= 1e-14 * (before + float(v.min())):
            return tau2, q
    raise DesignError("The variance between units did not converge; take method='dl'.")


def _paule_mandel(y: Floats, v: Floats) -> float:
    def excess(tau2: float) -> float:
        w = 1 / (v + tau2)
        return float(w @ (y - w @ y / w.sum()) ** 2) - (len(y) - 1)

    top = float(np.var(y) * len(y) + v.max())
    return float(optimize.brentq(excess, 0.0, top, xtol=1e-15, rtol=1e-14)) if excess(0.0) > 0 else 0.0


def _draw_in(units: pd.DataFrame, mean: Estimate, tau2: float) -> None:
    """Add the shrunk estimates (best linear unbiased predictions) and their intervals."""
    units["reliability"] = tau2 / (tau2 + units["se"] ** 2)
    units["estimate"] = mean.estimate + units["reliability"] * (units["value"] - mean.estimate)
    own = units["reliability"] * units["se"] ** 2
    units["estimate_se"] = np.sqrt(own + ((1 - units["reliability"]) * mean.se) ** 2)
    half = t_quantile(math.inf, mean.level) * units["estimate_se"]
    units["ci_low"], units["ci_high"] = units["estimate"] - half, units["estimate"] + half


def _rank(units: pd.DataFrame, sd: Floats, level: float, draws: int, seed: int) -> None:
    """Add expected ranks (exact) and their intervals (drawn); where nothing varies, all share the middle."""
    centre, apart = units["estimate"].to_numpy(), np.hypot(sd[:, None], sd[None, :])
    if not apart.any():
        units["expected_rank"] = (len(sd) + 1) / 2
        units["rank_low"], units["rank_high"] = 1.0, float(len(sd))
        return
    above = special.ndtr((centre[:, None] - centre[None, :]) / apart)
    drawn = np.random.default_rng(seed).normal(centre, sd, (draws, len(sd)))
    places = drawn.argsort(axis=1).argsort(axis=1) + 1.0
    units["expected_rank"] = above.sum(axis=1) + 0.5
    tails = [(1 - level) / 2, (1 + level) / 2]
    units["rank_low"], units["rank_high"] = np.quantile(places, tails, axis=0)
