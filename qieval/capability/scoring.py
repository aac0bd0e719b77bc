"""From answers to scores, by the rules that an instrument declares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.capability.instrument import Instrument, Scale
from qieval.errors import ArgumentError, Fault, InputError
from qieval.results import Estimate, tidy
from qieval.stats.columns import is_numeric
from qieval.stats.paired import mean_interval

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
OWN_COLUMNS = ("total", "n_missing", "band", "reason")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """The scores of every respondent who handed in a form.

    Attributes
    ----------
    instrument : Instrument
        By which they were made.
    frame : DataFrame, a row a form
        The columns of the responses that are no items; then a column per subscale; ``total``; ``n_missing``
        (items without an answer on the scale); ``band`` (ordered categorical, lowest first; only where the
        instrument has bands); ``reason`` (why there is no total; empty where there is one).
    items : DataFrame, a row a form
        Answers on the scale, reversed where the instrument says so: high always means much.
    not_applicable : dict of str to int
        Answers per item that were a code for "don't know" or "not applicable".
    """

    instrument: Instrument
    frame: pd.DataFrame
    items: pd.DataFrame
    not_applicable: dict[str, int]

    def tidy(self, *, level: float = 0.95) -> pd.DataFrame:
        """Means over respondents with a t interval: the total first, then each subscale."""
        quantity = self.instrument.quantity()
        total = mean_interval(
            self.frame["total"], term=quantity.label, method="mean-t", unit=quantity.unit, level=level
        )
        return tidy([total, *(self._mean(name, level) for name in self.instrument.subscales)])

    def _mean(self, name: str, level: float) -> Estimate:
        label = self.instrument.subscales[name].label or name
        unit = self.instrument.unit
        return mean_interval(self.frame[name], term=label, method="mean-t", unit=unit, level=level)


def score(responses: pd.DataFrame, instrument: Instrument) -> Scores:
    """Score every form: totals, subscales, bands, and a reason where the missing rule gives no total.

    Sums over forms with permitted gaps are prorated (mean answer times number of items) unless the instrument
    says otherwise. Answers are never clipped, rounded or filled in.

    Parameters
    ----------
    responses : DataFrame, a row a form
        A column per item of the instrument under its id; all others (respondent, team, wave) are kept.
    instrument : Instrument
        What the answers mean.

    Raises
    ------
    InputError
        For items without a column and for every answer that is neither on the scale nor a declared code.
    """
    ids = instrument.item_ids
    if absent := [name for name in ids if name not in responses.columns]:
        raise InputError(
            [Fault(file=_file(instrument), column=name, problem="this item has no column") for name in absent]
        )
    taken = [name for name in (*OWN_COLUMNS, *instrument.subscales) if name in responses.columns]
    if taken:
        raise ArgumentError(f"`score` makes the columns {', '.join(taken)}; rename those of the responses.")
    answers, coded = _answers(responses, instrument)
    reverse = np.array([item.reverse for item in instrument.items])
    upright = np.where(reverse, instrument.response.min + instrument.response.max - answers, answers)
    frame = responses.drop(columns=ids).copy()
    for name, scale in instrument.subscales.items():
        frame[name] = scale_scores(upright, instrument, scale)
    frame["total"] = scale_scores(upright, instrument, instrument.total)
    frame["n_missing"] = np.isnan(answers).sum(axis=1)
    if instrument.bands:
        frame["band"] = band_of(frame["total"].to_numpy(), instrument)
    frame["reason"] = _reasons(frame["total"].to_numpy(), upright, instrument)
    return Scores(
        instrument=instrument,
        frame=frame,
        items=pd.DataFrame(upright, columns=ids, index=responses.index),
        not_applicable=coded,
    )


def scale_scores(upright: Floats, instrument: Instrument, scale: Scale) -> Floats:
    """Scores of one scale; NaN where more answers are missing than its rule permits.

    Parameters
    ----------
    upright : (n, items) array
        Answers in the order of the form, reversed where due, NaN for none.
    """
    members = instrument.members(scale)
    place = {name: position for position, name in enumerate(instrument.item_ids)}
    total, answered = np.zeros(len(upright)), np.zeros(len(upright))
    for name in members:
        answer = upright[:, place[name]]
        known = ~np.isnan(answer)
        answered += known
        counted = answer == instrument.response.max if scale.method == "count" else answer
        np.add(total, counted, out=total, where=known)
    most_missing = (scale.missing or instrument.missing).most(len(members))
    scored = (answered > 0) & (len(members) - answered <= most_missing)
    summed = scale.method in {"sum", "count"}
    found = np.full(len(upright), np.nan)
    if summed and not scale.prorate:
        found[scored] = total[scored]
        return found
    times = len(members) if summed else 1
    np.divide(total * times, answered, out=found, where=scored)  # one rounding, at the end
    low, high = instrument.response.min, instrument.response.max
    if scale.method == "sus":
        return np.asarray(100 * (found - low) / (high - low))
    return found


def band_of(totals: Floats, instrument: Instrument) -> pd.Categorical:
    """Band of each total: the highest whose lower bound it reaches; a prorated total is never rounded up."""
    bands = instrument.bands
    lower = np.array([band.lower for band in bands])
    codes = np.searchsorted(lower, totals, side="right") - 1
    codes[np.isnan(totals)] = -1
    labels = pd.CategoricalDtype([band.label for band in bands], ordered=True)
    return pd.Categorical.from_codes(codes, dtype=labels)


def _answers(responses: pd.DataFrame, instrument: Instrument) -> tuple[Floats, dict[str, int]]:
    """Answers as numbers, NaN for none; and how many were a code for "none"."""
    answers = np.empty((len(responses), len(instrument.items)), order="F")  # filled by column
    coded, faults = {}, []
    for position, name in enumerate(instrument.item_ids):
        values, is_code = _without_codes(responses[name], instrument)
        number = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        wrong = values.notna().to_numpy() & ~_on_scale(number, instrument)
        answers[:, position] = number
        coded[name] = int(is_code.sum())
        if wrong.any():
            faults.append(_off_scale(responses[name], wrong, name, instrument))
    if faults:
        raise InputError(faults)
    return answers, coded


def _without_codes(answers: pd.Series, instrument: Instrument) -> tuple[pd.Series, NDArray[np.bool_]]:
    codes = instrument.response.na_codes
    known: list[float | str] = [code for code in codes if not isinstance(code, str)]
    if not is_numeric(answers):
        known = [*codes, *(f"{code:g}" for code in known)]
    if not known:
        return answers, np.zeros(len(answers), dtype=bool)
    is_code = answers.isin(known).to_numpy(dtype=bool)
    return answers.mask(is_code), is_code


def _on_scale(number: Floats, instrument: Instrument) -> NDArray[np.bool_]:
    response = instrument.response
    steps = (number - response.min) / response.step
    within = (number >= response.min) & (number <= response.max)
    off = np.where(within, steps, 0.0)
    return within & (np.abs(off - np.round(off)) < TOLERANCE)


def _off_scale(answers: pd.Series, wrong: NDArray[np.bool_], name: str, instrument: Instrument) -> Fault:
    response = instrument.response
    found = ", ".join(dict.fromkeys(_shown(value) for value in answers[wrong].head(3)))
    steps = "" if response.step == 1 else f" in steps of {response.step:g}"
    return Fault(
        file=_file(instrument),
        column=name,
        rows=spreadsheet_rows(answers.index, wrong),
        problem=f"{found} is not an answer on the scale",
        expected=f"{response.min:g} to {response.max:g}{steps}",
        remedy="correct it, or declare it under na_codes of the instrument",
    )


def spreadsheet_rows(index: pd.Index, wrong: NDArray[np.bool_]) -> tuple[int, ...]:
    """Rows as a spreadsheet numbers them: by a whole-number index, as read from a file, else by position."""
    places = index.to_numpy()[wrong] if index.dtype.kind in "iu" else np.flatnonzero(wrong)
    return tuple(int(place) + 2 for place in places)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _reasons(totals: Floats, upright: Floats, instrument: Instrument) -> list[str]:
    members = instrument.members(instrument.total)
    most = (instrument.total.missing or instrument.missing).most(len(members))
    some = f"more than {most} answers missing" if most else "an answer is missing"
    reasons, places = [""] * len(totals), [instrument.item_ids.index(name) for name in members]
    for row in np.flatnonzero(np.isnan(totals)):
        reasons[row] = "no answers" if np.isnan(upright[row, places]).all() else some
    return reasons


def _file(instrument: Instrument) -> str:
    return f"answers to {instrument.id}"
