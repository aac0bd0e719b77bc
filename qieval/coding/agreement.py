"""How far coders agree who each put units (turns, sentences, documents) into categories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.coding.coefficients import COEFFICIENTS, DISTANCES, MISSING, Cells, Floats, Units
from qieval.errors import ArgumentError, check_choice
from qieval.results import Estimate

Coefficient = Literal["alpha", "kappa", "fleiss", "conger", "ac1", "ac2", "percent", "brennan-prediger"]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Weights = Literal["linear", "quadratic", "ordinal"]

NO_PAIRS = "undefined: fewer than two units were coded by two coders"
NO_VARIATION = (
    "undefined: everything was put into one category, so there is nothing to agree about beyond chance"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """One coefficient of agreement with what went into it.

    Attributes
    ----------
    coefficient, metric : str
        What was computed; `metric` names the metric (alpha) or the weights ("nominal", "ordinal",
        "quadratic", "custom").
    value : float
        1 is full agreement, 0 what chance would give (percent: a proportion); NaN where undefined, the
        reason in `notes`.
    observed, expected : float
        Observed and expected disagreement, in units of the metric; the value is ``1 - observed / expected``.
    counts : Series
        Codings in each category, over the units that count.
    n_units : int
        Units coded by at least two coders.
    n_coders : int
        Coders with at least one coding.
    notes : tuple of str
        Reasons and cautions.
    """

    coefficient: Coefficient
    metric: str
    value: float
    observed: float
    expected: float
    counts: pd.Series
    n_units: int
    n_coders: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """One row in the vocabulary of `qieval.results.TIDY`."""
        unit = "proportion" if self.coefficient == "percent" else "coefficient"
        return Estimate(
            term="agreement",
            method=f"{self.coefficient}-{self.metric}",
            estimate=self.value,
            n=self.n_units,
            unit=unit,
            notes=self.notes,
        ).tidy()


def agreement(
    ratings: pd.DataFrame,
    *,
    coefficient: Coefficient = "alpha",
    metric: Metric = "nominal",
    weights: Weights | NDArray[Any] | None = None,
    scale: Sequence[Any] | None = None,
) -> Agreement:
    """Measure how far coders agree on units that each put into one category.

    Parameters
    ----------
    ratings : DataFrame
        One row a unit, one column a coder; missing where the coder was not asked. Missing is not "not
        coded": a coder who read the unit and used no code has a category of its own (0 or "none").
    coefficient : Coefficient
        Krippendorff's "alpha"; Cohen's "kappa" (exactly two coders); "fleiss"; "conger"; Gwet's "ac1" and,
        with weights, "ac2"; "brennan-prediger"; "percent" (pairs of codings that agree).
    metric : Metric
        Krippendorff's metric; for alpha only.
    weights : Weights or array, optional
        How far two categories agree, on category values (Gwet), for the others; an array holds 1 on its
        diagonal. Gwet's "ordinal" weights are not Krippendorff's ordinal metric.
    scale : sequence, optional
        All categories in order. Needed where weights or metric meet words, and where a category nobody used
        belongs to the scale.

    Raises
    ------
    ArgumentError
        For an impossible combination, or a rating outside `scale`.

    Notes
    -----
    Every coefficient is ``1 - Do / De`` with its own expected disagreement De. Where everything falls into
    one category the chance- corrected ones are undefined, never 0 or 1. Units are taken as they are;
    characters are not independent units: see `text_agreement` for coded text.

    References
    ----------
    Krippendorff K (2011). Computing Krippendorff's alpha-reliability.
    https://repository.upenn.edu/asc_papers/43 Cohen J (1960). https://doi.org/10.1177/001316446002000104
    Fleiss JL (1971). https://doi.org/10.1037/h0031619 Conger AJ (1980).
    https://doi.org/10.1037/0033-2909.88.2.322 Gwet KL (2008). https://doi.org/10.1348/000711006X126600
    Brennan RL, Prediger DJ (1981). https://doi.org/10.1177/001316448104100307
    """
    cells, categories = _cells(pd.DataFrame(ratings), scale)
    _check(coefficient, metric, weights, cells.shape[1])
    counts = _per_unit(cells, len(categories))
    paired = counts.sum(axis=1) >= 2
    if coefficient == "kappa":
        cells, counts, paired = cells[paired], counts[paired], paired[paired]
    used = counts[paired].sum(axis=0)
    apart = _apart(metric, weights, categories, used, ordered=scale is not None)
    enough = paired.sum() >= (1 if coefficient == "percent" else 2)
    units = Units(cells=cells, counts=counts, apart=apart)
    observed, expected = COEFFICIENTS[coefficient](units) if enough else (math.nan, math.nan)
    notes = () if enough else (NO_PAIRS,)
    if enough and expected <= 1e-12 * apart.max(initial=0):
        expected, notes = math.nan, (NO_VARIATION,)
    return Agreement(
        coefficient=coefficient,
        metric=metric if weights is None else weights if isinstance(weights, str) else "custom",
        value=1 - observed / expected,
        observed=observed,
        expected=expected,
        counts=pd.Series(used, index=pd.Index(categories, name="category"), name="codings"),
        n_units=int(paired.sum()),
        n_coders=int((cells != MISSING).any(axis=0).sum()),
        notes=notes,
    )


def _check(coefficient: str, metric: str, weights: object, n_coders: int) -> None:
    check_choice(coefficient, Coefficient, name="coefficient", owner="agreement")
    check_choice(metric, Metric, name="metric", owner="agreement")
    if isinstance(weights, str):
        check_choice(weights, Weights, name="weights", owner="agreement")
    if coefficient != "alpha" and metric != "nominal":
        raise ArgumentError(
            f"The `metric` parameter of `agreement` belongs to alpha; give `weights` for {coefficient!r}."
        )
    if coefficient == "alpha" and weights is not None and metric != "nominal":
        raise ArgumentError("Give `agreement` either `metric` or `weights`; not both.")
    if (coefficient == "ac2") != (weights is not None) and coefficient in {"ac1", "ac2"}:
        raise ArgumentError("Gwet's coefficient is 'ac1' without `weights` and 'ac2' with them.")
    if coefficient == "kappa" and n_coders != 2:
        raise ArgumentError(f"Cohen's kappa compares exactly two coders; the ratings have {n_coders}.")


def _cells(ratings: pd.DataFrame, scale: Sequence[Any] | None) -> tuple[Cells, list[Any]]:
    """Turn ratings into positions of categories, −1 where there is none."""
    values = ratings.astype(object).to_numpy().ravel()
    places, distinct = pd.factorize(values)
    seen = list(distinct)
    categories = (
        sorted(seen, key=lambda value: (isinstance(value, str), value)) if scale is None else list(scale)
    )
    position = {category: place for place, category in enumerate(categories)}
    outside = [value for value in seen if value not in position]
    if outside:
        listed = ", ".join(repr(value) for value in outside)
        raise ArgumentError(f"The `ratings` of `agreement` hold {listed}, which the `scale` does not.")
    moved = np.array([*(position[value] for value in seen), MISSING], dtype=np.intp)
    return moved[places].reshape(ratings.shape), categories


def _per_unit(cells: Cells, n_categories: int) -> Floats:
    """Count the codings of each unit in each category."""
    unit, coder = np.nonzero(cells != MISSING)
    flat = unit * n_categories + cells[unit, coder]
    counted = np.bincount(flat, minlength=cells.shape[0] * n_categories)
    return counted.reshape(cells.shape[0], n_categories).astype(float)


def _apart(metric: str, weights: Any, categories: list[Any], used: Floats, *, ordered: bool) -> Floats:
    """Say how far apart any two categories are: 0 on the diagonal."""
    size = len(categories)
    if weights is not None and not isinstance(weights, str):
        similar = np.asarray(weights, dtype=float)
        if similar.shape != (size, size) or not np.allclose(np.diag(similar), 1):
            raise ArgumentError(
                f"The `weights` array of `agreement` must be {size} by {size}, with 1 on its diagonal."
            )
        return 1 - similar
    if metric == "ordinal":
        return DISTANCES["interval"](np.cumsum(used) - used / 2)  # from middle rank to middle rank
    kind = metric if weights is None else f"{weights}-weights"
    values = np.arange(size, dtype=float) if kind == "nominal" else _values(categories, ordered=ordered)
    return DISTANCES[kind](values)


def _values(categories: list[Any], *, ordered: bool) -> Floats:
    if all(isinstance(value, (int, float, np.number)) for value in categories):
        return np.asarray(categories, dtype=float)
    if not ordered:
        raise ArgumentError(
            "The categories are words; tell `agreement` their order by the `scale` parameter."
        )
    return np.arange(len(categories), dtype=float)
