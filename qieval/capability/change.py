"""Whether capability changed between two times, for whom, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from qieval.capability.aggregation import TeamAgreement, team_agreement
from qieval.capability.forms import Forms, forms
from qieval.capability.instrument import Instrument
from qieval.capability.linking import Answered, Linked, link
from qieval.capability.moves import Moves, band_moves
from qieval.capability.omega import Omega, omega
from qieval.capability.raters import RaterAgreement, rated
from qieval.capability.reliability import Alpha, alpha
from qieval.capability.scoring import Scores, score
from qieval.capability.teams import TERM, TeamChange, team_changes, team_reading
from qieval.capability.unlinked import stayers_and_leavers, unlinked_readings
from qieval.errors import ArgumentError, DesignError
from qieval.results import Estimate, Quantity, tidy
from qieval.stats.columns import Floats
from qieval.stats.paired import (
    RegressionToMean,
    mean_interval,
    regression_to_mean,
    sign_test,
    standardised_changes,
)
from qieval.stats.ranks import SignedRank, wilcoxon


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What changed between two times.

    Attributes
    ----------
    quantity : Quantity
        What was compared.
    headline : Estimate
        With two or more teams the mean of their mean changes, t with teams - 1 degrees of freedom
        (``team-t``): people of one team are not independent. Else the paired t over people (``paired-t``).
        Where nobody is linked, the same over the differences of the teams' means (``team-means-t``), else
        Welch's t.
    further : tuple of Estimate
        The other readings: of the same pairs ``paired-t``, ``wilcoxon`` (Hodges-Lehmann), ``sign``, ``dz``,
        ``gz``, ``dav``, ``gav``; of everybody ``partially-paired-t`` where some answered once,
        ``welch`` and ``cliffs-delta`` where nobody is linked.
    before, after : Estimate
        Mean score of those compared, each time.
    signed_rank : SignedRank
        Wilcoxon's test in full.
    answered : Answered
        Who answered when.
    stayers : Estimate
        Mean score before of those scored again less that of those who are not (Welch's t).
    teams : tuple of TeamChange
        In the order of their names; empty without teams.
    alpha_before, alpha_after : Alpha or None
        Over all forms of each time; None without items.
    omegas : tuple of Omega
        Before and after; empty with fewer than three items.
    agreement : tuple of TeamAgreement
        Before and after; empty without teams.
    forms : tuple of Forms
        How the forms of each time were filled in; empty without an instrument.
    raters : tuple of RaterAgreement
        Before and after, where raters fill the forms.
    moves : Moves or None
        Between bands, over those compared; None without bands.
    regression : RegressionToMean
        How change goes with the starting value.
    instrument : Instrument or None
        By which the scores were made.
    pairs : DataFrame, a row a person compared
        The columns of `by`, then ``before``, ``after`` and ``change``; never published where they are people.
    notes : tuple of str
        What was left out or cannot be said.
    """

    quantity: Quantity
    headline: Estimate
    further: tuple[Estimate, ...]
    before: Estimate
    after: Estimate
    signed_rank: SignedRank
    answered: Answered
    stayers: Estimate
    teams: tuple[TeamChange, ...]
    alpha_before: Alpha | None
    alpha_after: Alpha | None
    omegas: tuple[Omega, ...]
    agreement: tuple[TeamAgreement, ...]
    forms: tuple[Forms, ...]
    raters: tuple[RaterAgreement, ...]
    moves: Moves | None
    regression: RegressionToMean
    instrument: Instrument | None
    pairs: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The headline and the other readings."""
        return (self.headline, *self.further)

    def tidy(self) -> pd.DataFrame:
        """A row a reading; the headline first."""
        return tidy(self.estimates)


def compare(
    before: pd.DataFrame | Scores,
    after: pd.DataFrame | Scores,
    *,
    by: str | Sequence[str],
    instrument: Instrument | None = None,
    team: str | None = None,
    level: float = 0.95,
    quantity: Quantity | None = None,
    fewest: int = 1,
) -> Comparison:
    """Compare scores of the same people (or sites) at two times, linked by id.

    People who answered once are counted and take no part in the change. A change over time is not an effect:
    for that, randomised teams are compared (`compare_arms`).

    Parameters
    ----------
    before, after : DataFrame or Scores
        Answers to `instrument`, a row a form; or, without an instrument, the column ``total`` (as `score`
        makes it) or else the only numeric column besides `by` and `team`.
    by : str or sequence of str
        Column or columns that name a person; unique at each time.
    instrument : Instrument, optional
        Scores the answers; gives reliability and bands.
    team : str, optional
        Column with the team of each person.
    level : float
        Coverage of every interval.
    quantity : Quantity, optional
        Words and unit of the values, where there is no instrument.
    fewest : int
        Fewest people of whom a change may be told: with fewer scored each time, nobody is compared.

    Raises
    ------
    InputError
        If an id stands twice at one time, a team is missing or an answer is off the scale.
    """
    first, second = (_scored(each, instrument) for each in (before, after))
    used = _one_instrument(first, second)
    keys = [by] if isinstance(by, str) else list(by)
    (first, *agreed), (second, *again) = (_of_raters(each, keys) for each in (first, second))
    scored = [(when, each) for when, each in (("before", first), ("after", second)) if each is not None]
    linked = link(
        _values(before, first, keys, team), _values(after, second, keys, team), keys=keys, team=team
    ).if_at_least(fewest)
    what = quantity or (used.quantity() if used else Quantity(name="value", label="Value"))
    pairs = linked.pairs
    start, end = pairs["before"].to_numpy(float), pairs["after"].to_numpy(float)
    teams = team_changes(linked, unit=what.unit, level=level) if team is not None else ()
    signed_rank = wilcoxon(start, end, level=level, term=TERM, unit=what.unit)
    readings = (
        *team_reading(teams, unit=what.unit, level=level),
        *_paired(start, end, signed_rank.shift),
    )
    apart = unlinked_readings(linked, term=TERM, unit=what.unit, level=level, fewest=fewest)
    readings = (*readings, *apart) if len(pairs) else (*apart, *readings)
    return Comparison(
        quantity=what,
        headline=readings[0],
        further=readings[1:],
        before=mean_interval(start, term="before", method="mean-t", unit=what.unit, level=level),
        after=mean_interval(end, term="after", method="mean-t", unit=what.unit, level=level),
        signed_rank=signed_rank,
        answered=linked.answered(),
        stayers=stayers_and_leavers(linked, unit=what.unit, level=level, fewest=fewest),
        teams=teams,
        alpha_before=_alpha(first, level=level, term="before"),
        alpha_after=_alpha(second, level=level, term="after"),
        omegas=tuple(omega(each.items, term=when) for when, each in scored if each.items.shape[1] > 2),
        agreement=tuple(team_agreement(each.frame, team=team) for _, each in scored if team is not None),
        forms=tuple(forms(each) for _, each in scored),
        raters=(*agreed, *again),
        moves=_moves(pairs, used),
        regression=regression_to_mean(start, end),
        instrument=used,
        pairs=pairs[[*keys, "before", "after"]].assign(change=end - start).reset_index(drop=True),
        notes=_notes(linked, teams),
    )


def _one_instrument(first: Scores | None, second: Scores | None) -> Instrument | None:
    """The instrument of both times; refuses two, saying what differs."""
    if first is not None and second is not None and first.instrument.hash != second.instrument.hash:
        changed = "; ".join(first.instrument.differences(second.instrument))
        raise DesignError(
            "The two times were scored by different instruments; their scores are not comparable. "
            f"What differs: {changed}."
        )
    return first.instrument if first is not None else None


def _paired(start: Floats, end: Floats, shift: Estimate) -> tuple[Estimate, ...]:
    """The readings of the same pairs; `shift` is the one by ranks."""
    unit, level = shift.unit, shift.level
    return (
        mean_interval(end - start, term=TERM, method="paired-t", unit=unit, level=level),
        shift,
        sign_test(start, end, term=TERM, level=level),
        *standardised_changes(start, end, term=TERM, level=level),
    )


def _scored(each: pd.DataFrame | Scores, instrument: Instrument | None) -> Scores | None:
    if isinstance(each, Scores):
        return each
    return None if instrument is None else score(each, instrument)


def _of_raters(scores: Scores | None, keys: list[str]) -> tuple[Scores | None, *tuple[RaterAgreement, ...]]:
    """Scores of the things rated and the raters' agreement, where raters filled the forms."""
    if scores is None or scores.instrument.respondent != "rater" or "rater" not in scores.frame.columns:
        return (scores,)
    averaged, agreement = rated(scores, by=keys)
    return (averaged, *([agreement] if agreement is not None else []))


def _values(
    given: pd.DataFrame | Scores, scores: Scores | None, keys: list[str], team: str | None
) -> pd.DataFrame:
    """The frame with its values under the name ``value``."""
    frame = scores.frame if scores is not None else given
    if isinstance(frame, Scores):
        raise ArgumentError("`compare` takes two frames or two results of `score`, not one of each.")
    if "total" in frame.columns:
        return frame.assign(value=frame["total"])
    numeric = [name for name in frame.select_dtypes("number").columns if name not in {*keys, team}]
    if len(numeric) != 1:
        listed = ", ".join(map(repr, numeric)) or "none"
        raise ArgumentError(
            f"`compare` needs an instrument, a column 'total', or exactly one numeric column to compare; "
            f"found {listed}."
        )
    return frame.assign(value=frame[numeric[0]].astype(float))


def _alpha(scores: Scores | None, *, level: float, term: str) -> Alpha | None:
    if scores is None or scores.items.shape[1] < 2:
        return None
    return alpha(scores.items, level=level, term=term)


def _moves(pairs: pd.DataFrame, instrument: Instrument | None) -> Moves | None:
    if instrument is None or not instrument.bands:
        return None
    labels = [band.label for band in instrument.bands]
    return band_moves(pairs["band_before"], pairs["band_after"], labels=labels)


def _notes(linked: Linked, teams: Sequence[TeamChange]) -> tuple[str, ...]:
    answered, notes = linked.answered(), []
    if linked.too_few:
        notes.append(f"Fewer than {linked.too_few} people have a score at both times: no change is told.")
    elif not answered.compared:
        notes.append(
            "Nobody has a score at both times: everybody at one time is held against all at the other."
        )
    if answered.without_id:
        notes.append(f"Forms without an id, which cannot be linked: {answered.without_id}.")
    if (lost := answered.both - answered.compared) and not linked.too_few:
        notes.append(f"{lost} of those who answered both times left too much blank for a score.")
    if linked.moved:
        notes.append(f"People who changed teams, counted with their first: {linked.moved}.")
    silent = sum(not team.answered.compared for team in teams)
    if answered.compared and silent:
        notes.append(f"Teams with nobody to compare: {silent} of {len(teams)}.")
    return tuple(notes)
