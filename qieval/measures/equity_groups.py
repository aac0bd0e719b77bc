"""Groups of patients by wave: how far they are known, which cells may be told, and who is worst off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError
from qieval.measures.equity import Better, Gap, Inequality, gap, inequality
from qieval.stats.columns import numbers, require
from qieval.stats.disclosure import rounded_to, shares_too_small

STATES = ("recorded", "declined", "unknown", "not asked")
NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Disparity:
    """One measure by groups and periods, with nothing in it that may not be told.

    Attributes
    ----------
    known : DataFrame
        One row a period: `period`, `n`, `recorded`, `share` (recorded over n).
    withheld : str
        Why no groups are told; empty where they are. Then all below is empty.
    left_out : tuple of Hashable
        Periods left out because too few patients have a group recorded.
    hidden : int
        Cells (a group in a period) left out because they are small, or would give away one that is.
    gap : Gap or None
        Rates, gaps, ratios and changes of the cells that may be told.
    inequality : dict of Hashable to Inequality
        Slope and relative index (of ordered groups; without meaning for others) and summary index by period,
        where every group is told.
    ordered : bool
        Whether the groups have an order.
    bounds : DataFrame
        One row a group, in the last period: `group`, `low`, `high`: the gap if everybody without a group
        recorded belonged wherever that makes it lowest, or highest. Empty where those are too few to tell.
    worst : DataFrame
        One row a period: `period`, `group` (with the worst rate told), `estimate`, `n`.
    shifts : DataFrame
        One row a group other than the reference, first to last period: `group`, `own` and `reference` (change
        of each rate), `narrowed` (whether the gap did) and `levelled_down` (narrowed more by the reference
        doing worse than by the group doing better).
    """

    known: pd.DataFrame
    withheld: str
    left_out: tuple[Hashable, ...]
    hidden: int
    gap: Gap | None
    inequality: dict[Hashable, Inequality]
    ordered: bool
    bounds: pd.DataFrame
    worst: pd.DataFrame
    shifts: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Gaps, ratios and changes; empty where they are withheld."""
        return self.gap.tidy() if self.gap else pd.DataFrame()


def spans(period: pd.Series[Any], *, first: dt.date, last: dt.date) -> pd.Series[Any]:
    """Gather months into spans as long as the last one, counted back from it.

    Parameters
    ----------
    period : Series
        Months as YYYY-MM.
    first, last : date
        First and last day of the last span.

    Returns
    -------
    Series
        ``2024-07 to 2024-12``; missing for months after the last one, and before the first whole span.
    """
    month, end = pd.PeriodIndex(period, freq="M"), pd.Period(last, freq="M")
    length = (end - pd.Period(first, freq="M")).n + 1
    back = np.array([(end - each).n // length for each in month])
    starts = [end - int(number + 1) * length + 1 for number in back]
    names = [f"{start} to {start + length - 1}" for start in starts]
    whole = (back >= 0) & np.array([start >= month.min() for start in starts])
    return pd.Series(names, index=period.index).where(whole)


def recorded_as(column: pd.Series[Any]) -> pd.Series[Any]:
    """Tell for each value whether it was recorded, declined, unknown or not asked (empty)."""
    words = column.astype("string").str.strip().str.lower().fillna("")
    state = pd.Series("recorded", index=column.index)
    state[words.isin(["declined", "unknown"])] = words
    return state.mask(words == "", "not asked")


def completeness(
    data: pd.DataFrame, *, fields: Sequence[str], by: Sequence[str], size: str | None = None
) -> pd.DataFrame:
    """Count for each field how often it was recorded, declined, unknown and not asked.

    Parameters
    ----------
    data : DataFrame
        One row a person, or as many as its column `size` says.
    fields, by : sequence of str
        Fields (race, language), and columns to count by (wave, site).
    size : str, optional
        Column of the people that a row stands for.

    Returns
    -------
    DataFrame
        The columns of `by`, then `field`, `n`, `recorded`, `declined`, `unknown`, `not asked` and `share`.
    """
    require(data, [*fields, *by, size], owner="completeness")
    people = numbers(data[size]) if size else np.ones(len(data))
    rows = []
    for field in fields:
        counts = pd.DataFrame({state: people * recorded_as(data[field]).eq(state) for state in STATES})
        rows.append(counts.groupby([data[name] for name in by]).sum().reset_index().assign(field=field))
    frame = pd.concat(rows, ignore_index=True)
    frame["n"] = frame[list(STATES)].sum(axis=1)
    frame["share"] = frame["recorded"] / frame["n"]
    return frame[[*by, "field", "n", *STATES, "share"]]


def disparity(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    group: str,
    period: str,
    reference: Hashable,
    better: Better,
    order: Sequence[Hashable] = (),
    at_least: float = 0.8,
    fewest: int = 5,
    round_to: int | None = None,
    level: float = 0.95,
) -> Disparity:
    """Compare groups over periods after taking out all that may not be told.

    Parameters
    ----------
    data : DataFrame
        Rows of one measure; those of a group and period add up. Groups may be declined, unknown or empty.
    numerator, denominator, group, period : str
        Columns; periods sort in time.
    reference, better, level
        As in `gap`.
    order : sequence, optional
        Groups from the most to the least disadvantaged, where they have an order.
    at_least : float
        Share of patients whose group must be recorded: periods below it are left out, and where the last is,
        everything is withheld.
    fewest : int
        Fewest patients, and fewest on either side of the measure, that a cell may stand for (or nobody); with
        cells below it others are left out, so that totals do not give them away.
    round_to : int, optional
        Counts of the cells told are rounded to a multiple of this before anything is computed from them.

    Notes
    -----
    The bounds are exact: an unrecorded success raises a rate most where nothing else is added to it.
    """
    require(data, [numerator, denominator, group, period], owner="disparity")
    cells = _cells(data, numerator, denominator, group, period)
    known = _known(cells)
    thin = known.loc[known["share"] < at_least, "period"].tolist()
    told = cells[~cells["period"].isin(thin)].reset_index(drop=True)
    last = known["period"].iloc[-1]
    if last in thin:
        share = known["share"].iloc[-1]
        why = f"a group is recorded for {share:.1%} of patients, and the study asks for {at_least:.0%}"
        return _withheld(known, why, thin, ordered=bool(order))
    hidden = _hidden(told, fewest)
    told[["x", "n"]] = rounded_to(told[["x", "n"]], round_to)
    shown = told[~hidden & (told["group"] != NOT_RECORDED)]
    here = set(shown.loc[shown["period"] == last, "group"])
    if len(here) < 2 or (reference not in {"best", "largest"} and reference not in here):
        why = "fewer than two groups, or not the reference, are large enough to be told"
        return _withheld(known, why, thin, ordered=bool(order))
    columns = {"numerator": "x", "denominator": "n", "group": "group", "period": "period"}
    found = gap(shown, **columns, reference=reference, better=better, level=level)
    rates = found.rates
    complete = [each for each in rates["period"].unique() if not hidden[told["period"] == each].any()]
    best = rates.groupby("period", sort=False)["estimate"]
    row = best.idxmin() if better == "higher" else best.idxmax()
    return Disparity(
        known=known,
        withheld="",
        left_out=tuple(thin),
        hidden=int((hidden & (told["group"] != NOT_RECORDED)).sum()),
        gap=found,
        inequality={each: _inequality(rates, each, order, level) for each in complete},
        ordered=bool(order),
        bounds=_bounds(told[~hidden & (told["period"] == last)], found.reference),
        worst=rates.loc[row, ["period", "group", "estimate", "n"]].reset_index(drop=True),
        shifts=_shifts(found, better),
    )


def _cells(data: pd.DataFrame, numerator: str, denominator: str, group: str, period: str) -> pd.DataFrame:
    recorded = recorded_as(data[group]) == "recorded"
    frame = pd.DataFrame({"period": data[period], "group": data[group].where(recorded, NOT_RECORDED)})
    frame["x"], frame["n"] = numbers(data[numerator]), numbers(data[denominator])
    cells = frame.dropna().groupby(["period", "group"], as_index=False).sum()
    if cells.empty or not cells["x"].between(0, cells["n"]).all():
        raise DesignError("A disparity needs a proportion: numerators from nothing to their denominators.")
    return cells


def _known(cells: pd.DataFrame) -> pd.DataFrame:
    recorded = cells["n"].where(cells["group"] != NOT_RECORDED, 0)
    frame = pd.DataFrame({"period": cells["period"], "n": cells["n"], "recorded": recorded})
    known = frame.groupby("period", as_index=False).sum()
    return known.assign(share=known["recorded"] / known["n"])


def _hidden(cells: pd.DataFrame, fewest: int) -> NDArray[np.bool_]:
    """Which cells are small on either side of the measure, or would give one away with a period's total."""
    hidden = np.zeros(len(cells), dtype=bool)
    if not fewest:
        return hidden
    for rows in cells.groupby("period").indices.values():
        part = cells.iloc[rows]
        hidden[rows] = shares_too_small(part["x"], part["n"], below=fewest)
    return hidden


def _withheld(known: pd.DataFrame, why: str, thin: Sequence[Hashable], *, ordered: bool) -> Disparity:
    none = pd.DataFrame()
    return Disparity(
        known=known, withheld=why, left_out=tuple(thin), hidden=0, gap=None, inequality={}, ordered=ordered,
        bounds=none, worst=none, shifts=none,
    )  # fmt: skip


def _inequality(rates: pd.DataFrame, period: Hashable, order: Sequence[Hashable], level: float) -> Any:
    here = rates[rates["period"] == period]
    strange = sorted({str(name) for name in here["group"]} - {str(name) for name in order})
    if order and strange:
        raise ArgumentError(f"`disparity`: {', '.join(strange)} has no place in the order of the groups.")
    places = {name: place for place, name in enumerate(order or here["group"])}
    spread = np.sqrt(here["estimate"] * (1 - here["estimate"]) / here["n"])
    data = here.assign(place=here["group"].map(places), se=spread)
    if len(data) < 3 or not data["estimate"].any():
        return None
    return inequality(data, value="estimate", size="n", group="place", se="se", level=level)


def _bounds(cells: pd.DataFrame, reference: Hashable) -> pd.DataFrame:
    by_group = cells.set_index("group")
    if NOT_RECORDED not in by_group.index or reference not in by_group.index:
        return pd.DataFrame(columns=["group", "low", "high"])
    counts = {str(name): (x, n) for name, x, n in zip(cells["group"], cells["x"], cells["n"], strict=True)}
    (met, lost), (y, m) = counts[NOT_RECORDED], counts[str(reference)]
    unmet = lost - met
    own = by_group.drop(index=[NOT_RECORDED, reference])
    low = own["x"] / (own["n"] + unmet) - (y + met) / (m + met)
    high = (own["x"] + met) / (own["n"] + met) - y / (m + unmet)
    return pd.DataFrame({"group": own.index, "low": low.to_numpy(), "high": high.to_numpy()})


def _shifts(found: Gap, better: Better) -> pd.DataFrame:
    parts = (found.rates[name] for name in ("period", "group", "estimate"))
    rate = {(when, who): value for when, who, value in zip(*parts, strict=True)}
    first, last = found.rates["period"].iloc[0], found.rates["period"].iloc[-1]
    good, rows = 1 if better == "higher" else -1, []
    for group in dict.fromkeys(who for _, who in rate if who != found.reference):
        if first == last or not {(first, group), (last, group)} <= set(rate):
            continue
        own = rate[last, group] - rate[first, group]
        other = rate[last, found.reference] - rate[first, found.reference]
        narrowed = abs(rate[last, group] - rate[last, found.reference]) < abs(
            rate[first, group] - rate[first, found.reference]
        )
        rows.append((group, own, other, narrowed, narrowed and -good * other > max(good * own, 0.0)))
    return pd.DataFrame(rows, columns=["group", "own", "reference", "narrowed", "levelled_down"])
