"""Two forms of the same people side by side: two instruments, two tools judged by one, or a look back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from qieval.capability.change import compare
from qieval.capability.forms import answers_at
from qieval.capability.instrument import Instrument
from qieval.capability.linking import Answered
from qieval.capability.scoring import Scores, score
from qieval.errors import DesignError
from qieval.results import Estimate, Quantity, tidy
from qieval.stats.multiplicity import adjusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One scale of two forms.

    Attributes
    ----------
    label : str
        The scale.
    first, second : float
        Mean scores of the people with both.
    difference : Estimate
        Second less first: the mean over teams with two or more, else over people.
    wilcoxon : Estimate
        Hodges-Lehmann shift with the exact test.
    holm_p : float
        The test of `difference`, Holm over the scales.
    answered : Answered
        Who filled in which.
    """

    label: str
    first: float
    second: float
    difference: Estimate
    wilcoxon: Estimate
    holm_p: float
    answered: Answered


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Every scale that two forms share, on the same people."""

    contrasts: tuple[Contrast, ...]

    def tidy(self) -> pd.DataFrame:
        """A row a scale."""
        return tidy(each.difference for each in self.contrasts)


def side_by_side(
    first: Scores,
    second: Scores,
    *,
    by: str | Sequence[str],
    team: str | None = None,
    level: float = 0.95,
    fewest: int = 1,
) -> SideBySide:
    """Compare two forms that the same people filled in, scale by scale.

    Two tools judged on one instrument (acceptability, feasibility, utility) share its subscales; two
    instruments of one span share their totals. Scales of different spans are not rescaled: they are refused.

    Raises
    ------
    DesignError
        If the two have no scale of one name and span in common.
    """
    shared = _shared(first, second)
    if not shared:
        raise DesignError("The two forms share no scale of the same name and span; nothing can be compared.")
    keys = [by] if isinstance(by, str) else list(by)
    kept = [*keys, *([team] if team is not None else [])]
    found = []
    for column, label in shared.items():
        sides = [each.frame[kept].assign(total=each.frame[column]) for each in (first, second)]
        found.append(
            (
                label,
                compare(
                    *sides,
                    by=keys,
                    team=team,
                    level=level,
                    fewest=fewest,
                    quantity=Quantity(name=column, label=label, unit=first.instrument.unit),
                ),
            )
        )
    corrected = adjusted([change.headline.p_value for _, change in found], method="holm")
    return SideBySide(
        contrasts=tuple(
            Contrast(
                label=label,
                first=change.before.estimate,
                second=change.after.estimate,
                difference=change.headline,
                wilcoxon=change.signed_rank.shift,
                holm_p=float(holm),
                answered=change.answered,
            )
            for (label, change), holm in zip(found, corrected, strict=True)
        )
    )


def looking_back(
    before: Scores,
    then: Scores,
    after: Scores,
    *,
    by: str | Sequence[str],
    team: str | None = None,
    level: float = 0.95,
    fewest: int = 1,
) -> tuple[Estimate, ...]:
    """Set the change from the first form beside that from the form filled in afterwards about the first time.

    People who learn what a thing takes may mark down how well they did before: then and before differ
    (response shift), and the change looks larger from then. A look back also flatters; neither is the truth.

    Parameters
    ----------
    before, then, after : Scores
        By one instrument; `then` filled in at the later time about the earlier one.

    Returns
    -------
    tuple of Estimate
        ``after - before``, ``after - then``, ``then - before``: the mean over teams with two or more, else
        over people, each over those who filled in both forms.
    """
    pairs = {
        "after - before": (before, after),
        "after - then": (then, after),
        "then - before": (before, then),
    }
    return tuple(
        replace(compare(*sides, by=by, team=team, level=level, fewest=fewest).headline, term=term)
        for term, sides in pairs.items()
    )


def looks_back(
    answers: pd.DataFrame,
    instrument: Instrument,
    *,
    waves: tuple[int, int],
    by: str | Sequence[str],
    team: str | None = None,
    level: float = 0.95,
    fewest: int = 1,
) -> tuple[Estimate, ...]:
    """Set a change beside the look back of the later wave (`looking_back`); nothing where nobody looked back.

    Parameters
    ----------
    answers : DataFrame
        A row a form, with ``wave`` and, marking the looks back, ``then``.
    waves : (int, int)
        The earlier wave, and the later one, at which people looked back.
    """
    named, (first, last) = instrument.id, waves
    back = answers_at(answers, wave=last, instrument=named, then=True)
    if back.empty:
        return ()
    before, after = (answers_at(answers, wave=when, instrument=named) for when in (first, last))
    sides = (score(each, instrument) for each in (before, back, after))
    return looking_back(*sides, by=by, team=team, level=level, fewest=fewest)


def _shared(first: Scores, second: Scores) -> dict[str, str]:
    one, other = first.instrument, second.instrument
    both = [name for name in one.subscales if name in other.subscales]
    found = {
        name: one.subscales[name].label or name
        for name in both
        if one.span(one.subscales[name]) == other.span(other.subscales[name])
    }
    if not found and one.span(one.total) == other.span(other.total):
        found = {"total": one.total.label or "Total"}
    return found
