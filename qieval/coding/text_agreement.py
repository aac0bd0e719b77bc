"""How far coders agree, character by character, on what each of them marked in the same texts."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.coding.overlap import Floats, Measure, Overlap, coefficients, overlap, units
from qieval.coding.project import Project
from qieval.errors import ArgumentError, check_choice
from qieval.results import Estimate, tidy

MEASURES: tuple[Measure, ...] = ("kappa", "alpha", "percent", "ac1", "jaccard")
Unit = Literal["characters", "sources", "units"]
OVERALL = "overall"
FEWEST_DOCUMENTS = 8
MOST_UNDEFINED = 0.05

UNASSIGNED = "undefined: no source was assigned to two of the coders, as far as that was recorded"
UNUSED = "undefined: no coder used the code in these sources"
EVERYWHERE = "undefined: every coder marked every character"
NOT_TWO = "undefined: Cohen's kappa compares exactly two coders"
FEW_DOCUMENTS = f"no interval: fewer than {FEWEST_DOCUMENTS} sources were coded by two coders"
UNSTABLE = "no interval: the coefficient is undefined in too many resamples"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextAgreement:
    """Agreement on characters, each code against its absence, and over all codes.

    Attributes
    ----------
    frame : DataFrame
        One row a code in reading order, then `OVERALL`: `code`, `name`, `depth`, `prevalence` (share of the
        characters that a coder marked, mean over coders), `both` and `either` (characters marked by two
        coders, by at least one of two; summed over pairs of coders), `percent` (characters on which two
        coders agree), `kappa`, `alpha`, `ac1`, `jaccard` (`both` over `either`: blind to what nobody
        marked), `ci_low`, `ci_high` (of `coefficient`), `reason` (why something is missing; empty if
        nothing is).
    coefficient : {"kappa", "alpha"}
        The coefficient that carries the interval: Cohen's kappa for two coders, Krippendorff's nominal
        alpha for more.
    coders : tuple of str
        The coders compared.
    n_sources : int
        Sources assigned to at least two of them; only these count.
    unit : {"characters", "sources", "units"}
        What was compared.
    n_units : int
        How many of them, in these sources.
    level, draws, seed : float, int, int
        Of the percentile bootstrap over sources.
    notes : tuple of str
        Cautions that hold for the whole table.
    """

    frame: pd.DataFrame
    coefficient: Literal["kappa", "alpha"]
    coders: tuple[str, ...]
    n_sources: int
    unit: Unit
    n_units: int
    level: float
    draws: int
    seed: int
    notes: tuple[str, ...] = ()

    def estimates(self, measure: Measure) -> list[Estimate]:
        """One measure overall, then code by code."""
        rows = self.frame.to_dict(orient="records")
        return [self._estimate(row, measure) for row in [rows[-1], *rows[:-1]]]

    def tidy(self) -> pd.DataFrame:
        """Every measure overall and by code; the first row is `coefficient` overall."""
        ordered = [self.coefficient, *(measure for measure in MEASURES if measure != self.coefficient)]
        return tidy(estimate for measure in ordered for estimate in self.estimates(measure))

    def _estimate(self, row: dict[Any, Any], measure: Measure) -> Estimate:
        headline = measure == self.coefficient
        missing = math.isnan(row[measure]) or headline
        reason = NOT_TWO if measure == "kappa" and not headline and len(self.coders) > 2 else row["reason"]
        return Estimate(
            term=str(row["code"]),
            method=measure,
            estimate=float(row[measure]),
            ci_low=float(row["ci_low"]) if headline else math.nan,
            ci_high=float(row["ci_high"]) if headline else math.nan,
            level=self.level,
            n=self.n_units,
            n_clusters=self.n_sources,
            unit="proportion" if measure in {"percent", "jaccard"} else "coefficient",
            notes=(reason,) if reason and missing else (),
        )


def text_agreement(
    project: Project,
    *,
    coders: Sequence[str] | None = None,
    unit: Literal["characters", "sources"] = "characters",
    level: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
) -> TextAgreement:
    """Measure how far coders marked the same characters with the same codes.

    Parameters
    ----------
    project : Project
        With the coders assigned to each source: without that, "not coded" cannot be told from "not asked".
    coders : sequence of str, optional
        Whom to compare; by default all.
    unit : {"characters", "sources"}
        What is compared: every character, or whether a code is in a source at all.
    level : float
        Coverage of the intervals.
    draws, seed : int
        Bootstrap resamples of sources, and their seed.

    Returns
    -------
    TextAgreement

    Raises
    ------
    ArgumentError
        For coders whom the project does not know, or fewer than two.

    Notes
    -----
    Segments of one coder are united first, so that overlapping marks of one person never count as
    agreement; the text is then cut into elementary intervals. Overall coefficients are one minus the
    observed over the expected disagreement, both summed over the codes that were used; the overall
    percentage is the mean over these codes. Codes are compared as they were given: a code and the one above
    it disagree. Neighbouring characters are not independent, so intervals resample whole sources
    (percentile bootstrap), and none is given below 8 sources. High percentages on rare codes say little:
    read `jaccard` beside them.

    References
    ----------
    Cohen J (1960). https://doi.org/10.1177/001316446002000104
    Gwet KL (2008). https://doi.org/10.1348/000711006X126600
    """
    check_choice(unit, Literal["characters", "sources"], name="unit", owner="text_agreement")
    chosen = _chosen(project, coders)
    found = overlap(project, chosen, whole=unit == "sources")
    return _measured(found, project.codes.frame, chosen, unit, level, draws, seed)


def category_agreement(
    ratings: pd.DataFrame,
    *,
    documents: Sequence[Hashable] | None = None,
    level: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
) -> TextAgreement:
    """Measure how far coders of units (turns, sentences) agree on each category against all others.

    Parameters
    ----------
    ratings : DataFrame
        One row a unit, one column a coder; missing where the coder was not asked. A coder who read a unit
        and used no code has a category of its own ("none").
    documents : sequence, optional
        Document of each unit, for the intervals. None are given without it: units of one document are not
        independent.
    level, draws, seed : float, int, int
        Of the bootstrap over documents.

    Returns
    -------
    TextAgreement
        Units in the place of characters. All categories are computed in one pass; units with one coding or
        none are left out of all measures. `agreement` gives one coefficient over all categories at once.

    Raises
    ------
    ArgumentError
        For fewer than two coders, or not as many documents as units.
    """
    if ratings.shape[1] < 2:
        raise ArgumentError("The `ratings` of `category_agreement` need two coders or more.")
    if documents is not None and len(documents) != len(ratings):
        raise ArgumentError("The `documents` of `category_agreement` are as many as its units.")
    places, known = pd.factorize(ratings.to_numpy().ravel(), sort=True)
    of = (
        np.zeros(len(ratings), dtype=np.intp)
        if documents is None
        else pd.factorize(pd.Index(list(documents)))[0]
    )
    found = units(places.reshape(ratings.shape), len(known), of)
    names = [str(category) for category in known]
    book = pd.DataFrame({"code": names, "name": names, "depth": 0})
    coders = tuple(str(name) for name in ratings)
    return _measured(found, book, coders, "units", level, draws, seed)


def _measured(
    found: Overlap,
    book: pd.DataFrame,
    coders: tuple[str, ...],
    unit: Unit,
    level: float,
    draws: int,
    seed: int,
) -> TextAgreement:
    used = found.ones.sum(axis=1) > 0
    once = np.ones((1, found.n_documents))
    values = {measure: coefficients(found, measure, used, once)[0] for measure in MEASURES}
    coefficient: Literal["kappa", "alpha"] = "kappa" if len(coders) == 2 else "alpha"
    low, high, unstable = _intervals(found, coefficient, used, level, draws, seed)
    frame = _counts(book, found, used).assign(**values, ci_low=low, ci_high=high)
    nothing = "" if found.length.size else UNASSIGNED
    reasons = [
        nothing or _reason(float(value), bool(mark), float(share), found.n_documents)
        for value, mark, share in zip(values[coefficient], unstable, frame["prevalence"], strict=True)
    ]
    return TextAgreement(
        frame=frame.assign(reason=reasons),
        coefficient=coefficient,
        coders=coders,
        n_sources=found.n_documents,
        unit=unit,
        n_units=int(found.length.sum()),
        level=level,
        draws=draws,
        seed=seed,
        notes=(nothing or FEW_DOCUMENTS,) if found.n_documents < FEWEST_DOCUMENTS else (),
    )


def _chosen(project: Project, coders: Sequence[str] | None) -> tuple[str, ...]:
    if coders is None:
        return tuple(sorted(project.assigned.columns))
    unknown = [name for name in coders if name not in project.assigned]
    if unknown or len(set(coders)) < 2:
        known = ", ".join(repr(name) for name in project.assigned)
        raise ArgumentError(
            f"The `coders` parameter of `text_agreement` names two or more of {known}; not {list(coders)!r}."
        )
    return tuple(dict.fromkeys(coders))


def _intervals(
    found: Overlap, coefficient: Measure, used: NDArray[np.bool_], level: float, draws: int, seed: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Percentiles over resamples of whole sources, and where too many leave the coefficient undefined."""
    n_sources, n_rows = found.n_documents, len(used) + 1
    low, high = np.full(n_rows, np.nan), np.full(n_rows, np.nan)
    if n_sources < FEWEST_DOCUMENTS:
        return low, high, np.zeros(n_rows, dtype=bool)
    weights = np.random.default_rng(seed).multinomial(
        n_sources, np.full(n_sources, 1 / n_sources), size=draws
    )
    resampled = coefficients(found, coefficient, used, weights.astype(float))
    undefined = np.isnan(resampled).mean(axis=0)
    stable = undefined <= MOST_UNDEFINED
    tail = (1 - level) / 2
    if stable.any():
        low[stable], high[stable] = np.nanquantile(resampled[:, stable], [tail, 1 - tail], axis=0)
    return low, high, ~stable


def _counts(book: pd.DataFrame, found: Overlap, used: NDArray[np.bool_]) -> pd.DataFrame:
    codings = float((found.length * found.asked).sum())
    share = found.ones.sum(axis=1) / codings if codings else np.full(len(used), np.nan)
    both, split = found.both.sum(axis=1), found.split.sum(axis=1)
    return pd.DataFrame(
        {
            "code": [*book["code"], OVERALL],
            "name": [*book["name"], "All codes"],
            "depth": [*book["depth"], 0],
            "prevalence": [*share, share[used].mean() if used.any() else math.nan],
            "both": [*both, both.sum()],
            "either": [*(both + split), (both + split).sum()],
        }
    )


def _reason(value: float, unstable: bool, prevalence: float, n_sources: int) -> str:
    if math.isnan(value):
        return EVERYWHERE if prevalence == 1 else UNUSED
    return UNSTABLE if unstable else FEW_DOCUMENTS if n_sources < FEWEST_DOCUMENTS else ""
