"""One measure as its charts and comparisons need it: rows, words, what happened meanwhile, and the waves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pandas as pd

from qieval.errors import refuse
from qieval.measures import (
    Composite,
    Deviants,
    Funnel,
    Quartiles,
    Shrunk,
    all_or_none,
    opportunity,
    quartiles,
)
from qieval.pipeline.declared import read_wave_file
from qieval.pipeline.extract import Extract
from qieval.pipeline.faults import suggestion
from qieval.pipeline.measure_spec import Measure
from qieval.pipeline.model import WaveFile
from qieval.pipeline.waves import wave_files
from qieval.results import Quantity
from qieval.stats.disclosure import rounded_to, shares_too_small

Result = TypeVar("Result", Funnel, Shrunk, Deviants)
Frames = Callable[[str], pd.DataFrame]
MARKS = ["site", "start", "stop", "kind", "label"]
COUNTS = ["numerator", "denominator"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """Everything that charts and comparisons of one measure need.

    Attributes
    ----------
    data : DataFrame
        One row a site and period, strata added up: `site`, `period`, `numerator`, `denominator`, and
        `eligible`, `submitted` where the table has them.
    quantity : Quantity
        Words and unit.
    spec : Measure
        What the study file says of it.
    charting : dict
        Arguments of `qieval.measures.control_chart`: columns, direction, target, declared phases.
    current, by_wave : DataFrame
        `site`, `numerator`, `denominator` within this wave's window, and with `wave` in every window so far;
        without sites of too few people to be told.
    marks : DataFrame
        Changes that sites made and events from outside: `site` (absent for events), `start`, `stop`, `kind`,
        `label`.
    composite : Composite, optional
        Its parts, if it is one.
    own : str
        A site that is set off.
    hidden : frozenset of str
        Sites whose value would tell too few people on a side of it; see `told`.
    remarks : tuple of str
        Sites left out of comparisons, and what codes do not hide.
    """

    data: pd.DataFrame
    quantity: Quantity
    spec: Measure
    charting: dict[str, Any]
    current: pd.DataFrame
    by_wave: pd.DataFrame
    marks: pd.DataFrame
    composite: Composite | None
    own: str
    hidden: frozenset[str]
    remarks: tuple[str, ...]

    def told(self, found: Result) -> Result:
        """Leave sites out of a comparison that was made with them, where their values may not be told."""
        kept = found.units[~found.units["unit"].isin(self.hidden)].reset_index(drop=True)
        if isinstance(found, Deviants):
            return replace(found, units=kept, listed=tuple(n for n in found.listed if n not in self.hidden))
        return replace(found, units=kept)

    @property
    def counts(self) -> dict[str, str]:
        """Arguments that name the columns of counts."""
        return {name: name for name in COUNTS}

    @property
    def counting(self) -> str:
        """What the denominators count, in words."""
        if self.composite is not None and self.composite.method == "opportunity":
            return "opportunities"
        return "patients" if self.spec.kind == "proportion" else "denominator"

    @property
    def benchmark(self) -> str:
        """Where the benchmark comes from."""
        return self.spec.benchmark.source if self.spec.benchmark else ""

    @property
    def gating(self) -> dict[str, Any]:
        """Arguments of `qieval.measures.gate`: its columns if they are there, and an audit's finds."""
        columns = {name: name for name in ("eligible", "submitted") if name in self.data}
        audit = self.spec.audit.model_dump(exclude={"source"}, exclude_none=True) if self.spec.audit else None
        return {**columns, "audited": audit}

    def quartiles(self, *, quantile: int) -> Quartiles | None:
        """Place the sites in the quarters of the declared benchmark, if there is one."""
        given = self.spec.benchmark
        if given is None:
            return None
        rows = self.current[~self.current["site"].isin(self.hidden)]
        rows = rows.assign(value=rows["numerator"] / rows["denominator"])
        columns: dict[str, Any] = {"unit": "site", "value": "value", "better": self.spec.better}
        return quartiles(rows, **columns, cuts=given.cuts, others=given.values, quantile=quantile)


def measured(extract: Extract, named: Frames, name: str, *, own: str) -> Measured:
    """Gather one measure.

    Parameters
    ----------
    extract : Extract
        The wave's files.
    named : callable
        Gives a checked table by its role, with the sites as they may be told.
    name, own : str
        A measure of the study file, and a site to set off.
    """
    spec = _declared(extract, name)
    composite = _composite(extract, named, spec)
    rows = composite.data if composite else named("measures")
    rows = rows[rows["measure"] == name] if "measure" in rows else rows
    data = _added_up(rows) if len(rows) else rows
    if not len(data):
        refuse(extract.file("measures"), f"holds no rows of the measure {name!r}", column="measure")
    waves = {wave.wave: data[_within(data, wave)] for wave in _waves(extract)}
    parts = [part[["site", *COUNTS]].assign(wave=wave) for wave, part in waves.items() if len(part)]
    by_wave = pd.concat(parts).groupby(["site", "wave"], as_index=False)[COUNTS].sum()
    by_wave, hidden, remarks = _told(by_wave, extract, spec)
    if own or extract.spec.disclosure.sites != "named":
        remarks.append(
            "Sites are told by codes that change with every extract; a site’s size may still give it away."
        )
    if spec.kind == "rate":
        remarks.append(
            "Sites’ rates are taken as separate events; hours or days are none, and look surer than they are."
        )
    last = by_wave["wave"].max()
    unit = "proportion" if spec.kind == "proportion" else spec.unit
    return Measured(
        data=data,
        quantity=Quantity(
            name=name,
            label=spec.label,
            kind="binary" if spec.kind == "proportion" else "count",
            unit=unit,
            better=spec.better,
        ),
        spec=spec,
        charting=_charting(spec, data),
        current=by_wave[by_wave["wave"] == last].drop(columns="wave").reset_index(drop=True),
        by_wave=by_wave,
        marks=_marks(extract, named),
        composite=composite,
        own=own,
        hidden=hidden,
        remarks=tuple(remarks),
    )


def _declared(extract: Extract, name: str) -> Measure:
    known = extract.spec.measures
    if name not in known:
        problem = f"the study has no measure {name!r}{suggestion(name, known)}"
        shown = extract.workspace.shown(extract.study_path)
        refuse(shown, problem, column="measures", expected="one of " + ", ".join(known) if known else None)
    return known[name]


def _composite(extract: Extract, named: Frames, spec: Measure) -> Composite | None:
    given = spec.composite
    if given is None:
        return None
    by = ["site", "period"]
    if given.method == "opportunity":
        return opportunity(named("measures"), measure="measure", parts=given.of, by=by)
    people = named("outcomes")
    if "period" not in people:
        starts = {wave.wave: f"{wave.window[0]:%Y-%m}" for wave in _waves(extract) if wave.window}
        people = people.assign(period=people["wave"].map(starts))
    return all_or_none(people.dropna(subset="period"), parts=given.of, by=by)


def _added_up(rows: pd.DataFrame) -> pd.DataFrame:
    """Add strata up; a row of nobody tells nothing."""
    how: dict[str, Any] = {"numerator": "sum", "denominator": "sum"}
    how |= {name: rule for name, rule in (("eligible", "sum"), ("submitted", "max")) if name in rows}
    data = rows.groupby(["site", "period"], as_index=False, observed=True).agg(how)
    return data[data["denominator"] > 0].reset_index(drop=True)


def _waves(extract: Extract) -> list[WaveFile]:
    """Give this wave and the earlier ones, as their files say."""
    workspace, now = extract.workspace, extract.wave
    earlier = {n: path for n, path in wave_files(workspace, extract.name).items() if n < now.wave}
    return [*(read_wave_file(path, shown=workspace.shown(path)) for path in earlier.values()), now]


def _within(data: pd.DataFrame, wave: WaveFile) -> pd.Series[bool]:
    if wave.window is None:
        return pd.Series(True, index=data.index)
    first, last = map(pd.Timestamp, wave.window)
    starts = data["period"].map({period: pd.Period(period).start_time for period in data["period"].unique()})
    return starts.between(first, last)


def _told(
    by_wave: pd.DataFrame, extract: Extract, spec: Measure
) -> tuple[pd.DataFrame, frozenset[str], list[str]]:
    """Leave sites of too few people out of comparisons, name those that may not be told, and say so."""
    below = extract.spec.disclosure.suppress_below if spec.kind == "proportion" else 0
    few, now = by_wave["denominator"] < below, by_wave["wave"] == by_wave["wave"].max()
    rows = by_wave[now]
    hide = shares_too_small(rows["numerator"], rows["denominator"], below=below)
    hidden = frozenset(rows.loc[hide, "site"].astype(str))
    left, number = rows.loc[few[now], "site"].nunique(), rows.loc[hide & ~few[now], "site"].nunique()
    said = (
        f"Sites with fewer than {below} people in this wave’s window are left out of comparisons: {left}.",
        f"Sites compared but not shown, with fewer than {below} people on a side or to hide such: {number}.",
    )
    counts = rounded_to(by_wave[COUNTS], extract.spec.disclosure.round_to if below else None)
    return (
        by_wave.assign(**dict(zip(COUNTS, counts.T, strict=True)))[~few],
        hidden,
        [words for words, many in zip(said, (left, number), strict=True) if many],
    )


def _charting(spec: Measure, data: pd.DataFrame) -> dict[str, Any]:
    """Arguments of a chart; declared phases that the data have not reached are left for later."""
    begin, end = data["period"].min(), data["period"].max()
    return {
        "period": "period",
        "numerator": "numerator",
        "denominator": "denominator",
        "better": spec.better,
        "target": spec.target,
        "freeze": spec.freeze,
        "phases": [phase for phase in spec.phases if begin < phase <= end],
        "exclude": [period for period in spec.exclude if begin <= period <= end],
    }


def _marks(extract: Extract, named: Frames) -> pd.DataFrame:
    found = [
        named(role).reindex(columns=MARKS) for role in ("events", "changes") if role in extract.spec.tables
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=MARKS)
