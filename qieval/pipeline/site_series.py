"""What sites show over time: one value a site and period, with what the study says of starts and events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from qieval.errors import DesignError, refuse
from qieval.exhibits.disclosure import FEWEST_MEANS
from qieval.pipeline.measured import MARKS
from qieval.results import Quantity
from qieval.stats.disclosure import shares_too_small
from qieval.trial.interrupted import FEWEST

if TYPE_CHECKING:
    from qieval.pipeline.study import Study

MONTH, QUARTER = re.compile(r"\d{4}-\d{2}"), re.compile(r"\d{4}-?Q[1-4]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteSeries:
    """A measure, or an outcome, of each site over time.

    Attributes
    ----------
    data : DataFrame
        One row a site and period: `site`, `period` (a whole number), `n` (denominator: rows, eligible people
        or units of exposure), `value` (proportion, mean or rate), and `arm`, start and stratum where the
        study has them.
    arm, stratum, start : str, optional
        Columns of who joined (comparison first), of the stratum, and of each site's own first period.
    quantity : Quantity
        Words and unit.
    frequency : str
        ``"M"`` (months), ``"Q"`` (quarters) or empty: periods are numbers of the study's own.
    shocks : mapping of str to (float, float)
        Outside events: first and last period of each.
    marks : DataFrame
        The same as charts mark them: `site` (absent), `start`, `stop`, `kind`, `label`.
    site : str
        What a cluster is called.
    below : int
        Fewest people of whom a value may be told; 0 where `n` does not count people.
    """

    data: pd.DataFrame
    arm: str | None
    stratum: str | None
    start: str | None
    quantity: Quantity
    frequency: str
    shocks: Mapping[str, tuple[float, float]]
    marks: pd.DataFrame
    site: str
    below: int = 0

    def hidden(self, start: float | None = None) -> frozenset[str]:
        """Sites whose change since a start (each one's own by default) would tell of too few people.

        Before the start or since, fewer than `below` (of a proportion: on either side) stand behind it; with
        others of their group, whose mean is told, so that none can be worked out.
        """
        rows = self.data.assign(
            late=self.data["period"] >= (self.data[self.start] if start is None else start),
            met=self.data["n"] * (self.data["value"] if self.quantity.kind == "binary" else 0),
        )
        few: set[str] = set()
        for _, part in rows.groupby([*([self.arm] if self.arm else []), "late"], observed=True):
            sums = part.groupby("site")[["met", "n"]].sum()
            hide = shares_too_small(sums["met"], sums["n"], below=self.below, fewest=FEWEST_MEANS)
            few |= set(sums.index[hide].astype(str)) if self.below else set()
        return frozenset(few)

    @property
    def arms(self) -> tuple[str, ...]:
        """Labels of comparison and joining sites; empty where all joined."""
        return tuple(map(str, self.data[self.arm].cat.categories)) if self.arm else ()

    def at(self, period: str) -> int:
        """Number a period written as the table writes it.

        Raises
        ------
        DesignError
            If it is written in another way.
        """
        if not re.fullmatch(
            r"-?\d+" if not self.frequency else MONTH.pattern + "|" + QUARTER.pattern, period
        ):
            first = self.label(self.data["period"].min())
            raise DesignError(f"{period!r} is not a period of this series; write one as {first!r}.")
        return pd.Period(period, freq=self.frequency).ordinal if self.frequency else int(period)

    def label(self, number: float) -> str:
        """Write a period as the table does."""
        return str(pd.Period(ordinal=int(number), freq=self.frequency)) if self.frequency else f"{number:g}"

    def charting(self, start: float) -> dict[str, Any]:
        """Arguments of a control chart of the joined sites' mean, with the limits of before a start."""
        rows = self.joined()

        def written(number: float) -> Any:
            return pd.Period(ordinal=int(number), freq=self.frequency) if self.frequency else int(number)

        return {
            "data": rows.assign(period=[written(each) for each in rows["period"]]),
            "period": "period",
            "value": "value",
            "better": self.quantity.better,
            "freeze": written(rows.loc[rows["period"] < start, "period"].max()),
        }

    def joined(self) -> pd.DataFrame:
        """Mean over the sites that joined (all, where none is compared), each counted once: period, value."""
        return _mean(self._of(1) if self.arm else self.data)

    def compared(self) -> pd.DataFrame | None:
        """Mean over the comparison sites, each counted once; None where there are none."""
        return _mean(self._of(0)) if self.arm else None

    def _of(self, arm: int) -> pd.DataFrame:
        return self.data[self.data[self.arm] == self.arms[arm]]

    def long(self, start: float) -> bool:
        """Whether there are three periods on each side of a start, as a single series needs."""
        periods = self.data["period"].unique()
        return bool(min((periods < start).sum(), (periods >= start).sum()) >= FEWEST)

    def without_shocks(self) -> pd.DataFrame:
        """`joined` without the periods of outside events."""
        rows = self.joined()
        for first, last in self.shocks.values():
            rows = rows[~rows["period"].between(first, last)]
        return rows


def site_series(study: Study, name: str = "") -> SiteSeries:
    """Lay out a measure or an outcome of a study by site and period.

    Parameters
    ----------
    study : Study
        Its tables.
    name : str
        A measure (its strata are added up) or an outcome (averaged over the participants of a period, or of a
        wave where rows have no period); empty for the first measure.

    Raises
    ------
    DesignError
        If the study has neither by this name.
    """
    spec = study.spec
    name = name or next(iter(spec.measures), "")
    if name in spec.measures:
        rows = study.named("measures")
        rows = rows[rows["measure"] == name].rename(columns={"numerator": "total", "denominator": "n"})
        measure = spec.measures[name]
        kind: Literal["binary", "continuous"] = "continuous" if measure.unit else "binary"
        unit = measure.unit or "proportion"
        words = Quantity(name=name, label=measure.label, kind=kind, unit=unit, better=measure.better)
        people = measure.kind == "proportion"
    elif name in spec.outcomes:
        exposure = spec.outcomes[name].exposure
        rows = study.named("outcomes").dropna(subset=[name, *([exposure] if exposure else [])])
        rows = rows.assign(total=rows[name], n=rows[exposure] if exposure else 1.0)
        rows = rows if "period" in rows else rows.rename(columns={"wave": "period"})
        words, people = study.quantity(name), not exposure
    else:
        known = ", ".join([*spec.measures, *spec.outcomes])
        raise DesignError(f"{study.name} has no measure or outcome {name!r}; it has {known}.")
    summed = rows.groupby(["site", "period"], as_index=False)[["total", "n"]].sum()
    summed = summed[summed["n"] > 0]
    summed["value"] = summed.pop("total") / summed["n"]
    return _placed(summed, study, words, people=people)


def _mean(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby("period")["value"].mean().reset_index()


def _placed(cells: pd.DataFrame, study: Study, words: Quantity, *, people: bool) -> SiteSeries:
    spec, roster = study.spec, study.named("sites")
    names = cells["period"].map(lambda period: f"{period:g}" if isinstance(period, float) else str(period))
    frequency = _frequency(names)
    number = pd.PeriodIndex(names, freq=frequency).asi8 if frequency else names.astype(int)
    arm = "arm" if "arm" in roster and spec.arms else None
    start = spec.allocation.start if spec.allocation and not frequency else None
    wanted = [name for name in (arm, spec.stratum, start) if name]
    placed = cells.assign(period=number).merge(roster[["site", *wanted]], on="site", how="left")
    events = study.named("events")
    return SiteSeries(
        data=placed.sort_values(["site", "period"], ignore_index=True),
        arm=arm,
        stratum=spec.stratum,
        start=start,
        quantity=words,
        frequency=frequency,
        shocks=_shocks(events, frequency),
        marks=events.reindex(columns=MARKS),
        site=spec.allocation.unit if spec.allocation else "site",
        below=spec.disclosure.suppress_below if people else 0,
    )


def _frequency(names: pd.Series[Any]) -> str:
    for frequency, form in (("M", MONTH), ("Q", QUARTER)):
        if names.str.fullmatch(form.pattern).all():
            return frequency
    if not names.str.fullmatch(r"-?\d+").all():
        odd = names[~names.str.fullmatch(r"-?\d+")].iloc[0]
        refuse(
            "measures",
            f"period {odd!r} has no place among the others",
            column="period",
            expected="months (2024-07), quarters (2024Q3) or whole numbers, alike in all rows",
        )
    return ""


def _shocks(events: pd.DataFrame, frequency: str) -> dict[str, tuple[float, float]]:
    """Give the periods of each outside event; none where periods are numbers of the study's own."""
    if not frequency or events.empty:
        return {}
    stop = events["stop"].fillna(events["start"]) if "stop" in events else events["start"]
    spans = zip(events["label"], events["start"], stop, strict=True)
    return {
        str(label): (
            float(pd.Period(begin, freq=frequency).ordinal),
            float(pd.Period(end, freq=frequency).ordinal),
        )
        for label, begin, end in spans
    }
