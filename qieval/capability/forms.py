"""The forms of a wave, and how they were filled in: at the ends of the scale, alike throughout, with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qieval.capability.instrument import Instrument
from qieval.capability.scoring import Scores, score

FEWEST_ITEMS = 6
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """How the forms of one time were filled in.

    Attributes
    ----------
    forms, scored : int
        Handed in; of these with a total.
    lowest, highest : int
        With the lowest and the highest possible total.
    alike : int or None
        With one and the same answer to every item answered, before any is reversed; None where the instrument
        has fewer than six items.
    blank, not_applicable : dict of str to float
        Share of the forms without an answer to an item; of these with a code such as "don't know".
    """

    forms: int
    scored: int
    lowest: int
    highest: int
    alike: int | None
    blank: dict[str, float]
    not_applicable: dict[str, float]


def forms(scores: Scores) -> Forms:
    """Count the forms at the ends of the scale, those answered alike throughout, and the gaps by item."""
    instrument, total = scores.instrument, scores.frame["total"].to_numpy(float)
    low, high = instrument.span(instrument.total)
    upright = scores.items.to_numpy(float)
    reverse = np.array([item.reverse for item in instrument.items])
    given = upright
    if reverse.any():
        given = np.where(reverse, instrument.response.min + instrument.response.max - upright, upright)
    n, blank = len(total), np.isnan(given)
    alike = None
    if given.shape[1] >= FEWEST_ITEMS:
        same = np.fmax.reduce(given, axis=1) == np.fmin.reduce(given, axis=1)
        alike = int((same & (given.shape[1] - blank.sum(axis=1) >= FEWEST_ITEMS)).sum())
    return Forms(
        forms=n,
        scored=int(np.isfinite(total).sum()),
        lowest=int((total <= low + TOLERANCE).sum()),
        highest=int((total >= high - TOLERANCE).sum()),
        alike=alike,
        blank=dict(zip(instrument.item_ids, (blank.sum(axis=0) / max(n, 1)).tolist(), strict=True)),
        not_applicable={name: count / max(n, 1) for name, count in scores.not_applicable.items()},
    )


def answers_at(
    answers: pd.DataFrame, *, wave: int | None = None, instrument: str | None = None, then: bool = False
) -> pd.DataFrame:
    """Keep the forms of one wave (or all), and of one instrument where the table holds several.

    Parameters
    ----------
    answers : DataFrame
        With the column ``wave`` and, where it holds several instruments, ``instrument``; a retrospective
        pre-test is marked by its column ``then``.
    then : bool
        Keep the forms that look back instead of those that do not.
    """
    kept = pd.Series(data=True, index=answers.index) if wave is None else answers["wave"].eq(wave)
    back = (
        answers["then"].eq(True) if "then" in answers.columns else pd.Series(data=False, index=answers.index)
    )
    kept &= back if then else ~back
    if instrument is not None and "instrument" in answers.columns:
        kept &= answers["instrument"].eq(instrument)
    return answers[kept]


def score_waves(
    answers: pd.DataFrame, instrument: Instrument, *, waves: Sequence[int | None]
) -> tuple[Scores, ...]:
    """Score the forms of each of some waves; None stands for all waves together."""
    return tuple(
        score(answers_at(answers, wave=wave, instrument=instrument.id), instrument) for wave in waves
    )
