"""The change by models of all waves together: a mixed model of the score, and one of its order alone."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from qieval.capability.scoring import Scores
from qieval.errors import ArgumentError, DesignError
from qieval.results import Estimate, tidy
from qieval.stats.columns import arm_codes, indicators, labelled, require
from qieval.stats.linear_mixed import MixedFit, linear_mixed
from qieval.stats.ordinal import OrdinalFit, ordinal_mixed
from qieval.stats.smallsample import DfMethod

LEVELS = 10
MOST_ROWS = 5_000
TERM = "after - before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Two further readings of the change from one wave to another.

    Attributes
    ----------
    readings : tuple of Estimate
        ``mixed-model-kr`` on the score's scale and ``ordinal-mixed`` in log odds; absent ones are left out.
    notes : tuple of str
        Why a model is absent, and what must be said of one.
    """

    readings: tuple[Estimate, ...]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """A row a model."""
        return tidy(self.readings)


def wave_model(
    scored: pd.DataFrame,
    *,
    wave: str,
    team: str,
    respondent: str,
    arm: pd.Series[Any] | None = None,
    df: DfMethod = "kenward-roger",
    level: float = 0.95,
    unit: str = "",
) -> MixedFit:
    """Fit a linear mixed model to the scores of all waves, respondents within teams.

    Everybody with a score at any wave takes part, on the footing that gaps do not depend on what was not
    seen.

    Parameters
    ----------
    scored : DataFrame, a row a form
        With the column ``total`` (forms without one are left out) and those named here.
    wave, team, respondent : str
        Columns; the first wave in their order is the reference.
    arm : Series, optional
        Arm of each row (0/1, or ordered, control first): adds the arm and its product with every wave.
    df : {"kenward-roger", "satterthwaite"}
        Small-sample method.

    Returns
    -------
    MixedFit
        Contrasts: the change to each later wave; with arms, how much more it is in the second.
    """
    require(scored, [wave, team, respondent, "total"], owner="wave_model")
    there = scored["total"].notna().to_numpy()
    rows = scored[there]
    codes, labels = labelled(rows[wave])
    if len(labels) < 2:
        raise DesignError("There are scores at one wave only, so no change can be modelled.")
    columns, titles = indicators(codes, labels, name=wave)
    if arm is not None:
        side, (control, treated) = arm_codes(arm[there])
        columns = np.column_stack([columns, side, columns * side[:, None]])
        arms = f"{treated} - {control}"
        titles = (*titles, arms, *(f"{title} x {arms}" for title in titles))
    later = len(labels) - 1
    places = [1 + place if arm is None else 2 + later + place for place in range(later)]
    return linear_mixed(
        rows["total"].to_numpy(float),
        columns,
        titles,
        cluster=rows[team],
        nested=rows[respondent],
        contrasts={titles[place - 1]: np.eye(len(titles) + 1)[place] for place in places},
        df=df,
        level=level,
        unit=unit,
    )


def sensitivity(
    scores: Scores,
    *,
    before: Hashable,
    after: Hashable,
    by: str = "respondent",
    team: str = "site",
    wave: str = "wave",
    level: float = 0.95,
) -> Sensitivity:
    """Read the change from all forms of all waves: by a linear mixed model, and by an ordinal one.

    Parameters
    ----------
    scores : Scores
        Of every wave.
    before, after : hashable
        The two waves of column `wave`.

    Notes
    -----
    The ordinal model takes the values themselves where there are at most ten, else the tenths of all
    forms; it has a random intercept of each respondent and none of the team: its interval is too narrow where
    people of one team are alike.
    """
    frame, unit = scores.frame, scores.instrument.unit
    if not {before, after} <= set(frame[wave]):
        raise ArgumentError(f"`sensitivity`: no forms of wave {before!r} or {after!r}.")
    others = [each for each in dict.fromkeys(frame[wave]) if each not in {before, after}]
    order = pd.CategoricalDtype([before, after, *others])
    readings: list[Estimate] = []
    notes: list[str] = []
    ranked = frame.assign(**{wave: order.categories.get_indexer(pd.Index(frame[wave]))})
    try:
        fit = wave_model(ranked, wave=wave, team=team, respondent=by, level=level, unit=unit)
        readings.append(replace(fit.contrasts[0], term=TERM))
        notes += fit.notes
    except DesignError as error:
        notes.append(f"No mixed model: {error}")
    try:
        ordinal = _ordinal(scores, ranked[wave], by=by, level=level)
        readings.append(replace(ordinal.coefficients[0], term=TERM))
    except DesignError as error:
        notes.append(f"No ordinal model: {error}")
    return Sensitivity(readings=tuple(readings), notes=tuple(notes))


def _ordinal(scores: Scores, waves: pd.Series[Any], *, by: str, level: float) -> OrdinalFit:
    frame = scores.frame
    there = frame["total"].notna() & frame[by].notna()
    totals = frame.loc[there, "total"]
    if there.sum() > MOST_ROWS:
        raise DesignError(f"over {MOST_ROWS:,} forms it adds nothing to the linear model.")
    tenths = totals if totals.nunique() <= LEVELS else pd.qcut(totals, LEVELS, duplicates="drop").cat.codes
    answers, _ = labelled(tenths)
    codes, labels = labelled(waves[there])
    if len(labels) < 2:
        raise DesignError("there are scores at one wave only.")
    design, names = indicators(codes, labels, name="wave")
    groups, _ = labelled(frame.loc[there, by])
    return ordinal_mixed(answers, design, groups, names=names, level=level)
