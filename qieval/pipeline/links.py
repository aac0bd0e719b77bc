"""Whether tables fit each other: sites known, arms constant within a site, parts not above their wholes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from qieval.coding import Codebook
from qieval.errors import Fault, InputError
from qieval.pipeline.faults import suggestion
from qieval.pipeline.hints import remedy_for
from qieval.pipeline.readers import RawTable
from qieval.pipeline.roles import Scope

Frames = Mapping[str, pd.DataFrame]
Tables = Mapping[str, RawTable]


def linked(frames: Frames, tables: Tables, scope: Scope) -> tuple[list[Fault], list[str]]:
    """Check tables against each other and columns against each other.

    Returns
    -------
    faults : list of Fault
        What must be mended.
    remarks : list of str
        What is worth knowing.
    """
    faults = [
        *_varying_arms(frames, tables),
        *_parts_above_wholes(frames, tables, scope),
        *_unknown(frames, tables, column="site", home="sites"),
        *_unknown(_only(frames, "sources", "segments"), tables, column="source", home="sources"),
        *_unknown(_only(frames, "codebook", "segments"), tables, column="code", home="codebook"),
        *_unknown(_only(frames, "segments", "approvals"), tables, column="selection", home="segments"),
        *_broken_codebook(frames, tables),
        *_missing_strata(frames, tables, scope),
    ]
    return faults, [*_silent_sites(frames, scope), *_flat_outcomes(frames, scope), *_ahead(frames, scope)]


def _fault(table: RawTable, column: str, rows: pd.Series[Any], problem: str, **more: str) -> Fault:
    numbers = tuple(int(row) for row in rows.index[rows])
    return Fault(file=table.file, column=table.own.get(column, column), rows=numbers, problem=problem, **more)


def _only(frames: Frames, *roles: str) -> Frames:
    return {role: frame for role, frame in frames.items() if role in roles}


def _broken_codebook(frames: Frames, tables: Tables) -> Iterator[Fault]:
    if "codebook" in frames and "code" in frames["codebook"]:
        try:
            Codebook.from_frame(frames["codebook"], file=tables["codebook"].file)
        except InputError as error:
            yield from error.faults


def _unknown(frames: Frames, tables: Tables, *, column: str, home: str) -> Iterator[Fault]:
    if home not in frames or column not in frames[home]:
        return
    known = set(frames[home][column].dropna())
    if "replaces" in frames[home]:  # segments of earlier waves may carry codes that others took over
        known |= set(frames[home]["replaces"].dropna().str.split(";").explode().str.strip())
    for role, frame in frames.items():
        if role == home or column not in frame:
            continue
        strange = frame[column].notna() & ~frame[column].isin(known)
        if not strange.any():
            continue
        names = list(dict.fromkeys(frame.loc[strange, column]))
        listed = ", ".join(repr(name) for name in names[:3]) + (
            f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        )
        problem = f"{column} {listed} not in {tables[home].file}{suggestion(names[0], known)}"
        remedy = remedy_for(names, known, column=column, role=role)
        yield _fault(
            tables[role], column, strange, problem, expected=f"a {column} listed there", remedy=remedy
        )


def _varying_arms(frames: Frames, tables: Tables) -> Iterator[Fault]:
    """An arm belongs to a site: wherever a table repeats it, it is the roster's."""
    roster = frames.get("sites")
    if roster is None or not {"site", "arm"} <= set(roster):
        return
    arms_of = roster.drop_duplicates("site").set_index("site")["arm"]
    for role, frame in frames.items():
        if role != "sites" and {"site", "arm"} <= set(frame):
            expected = frame["site"].map(arms_of)
            other = frame["arm"].notna() & expected.notna() & (frame["arm"] != expected)
            if other.any():
                said = f"differs from the site's arm in {tables['sites'].file}"
                yield _fault(
                    tables[role], "arm", other, said, expected="one arm a site", remedy="mend one of the two"
                )


def _parts_above_wholes(frames: Frames, tables: Tables, scope: Scope) -> Iterator[Fault]:
    rates = [name for name, measure in scope.spec.measures.items() if measure.kind == "rate"]
    for role, low, high in (("measures", "numerator", "denominator"), ("segments", "start", "end")):
        frame = frames.get(role)
        if frame is not None and {low, high} <= set(frame):
            above = (frame[low] > frame[high]).fillna(False).astype(bool)
            if role == "measures" and "measure" in frame:
                above &= ~frame["measure"].isin(rates)
            if above.any():
                yield _fault(
                    tables[role],
                    low,
                    above,
                    f"is above {tables[role].own.get(high, high)}",
                    expected="at most that",
                )


def _missing_strata(frames: Frames, tables: Tables, scope: Scope) -> Iterator[Fault]:
    homes = [role for role in ("outcomes", "measures") if role in scope.spec.tables]
    if not homes or not set(homes) <= set(frames):
        return
    for name in scope.spec.equity.strata:
        if not any(name in frames[role] for role in homes):
            files = " nor ".join(tables[role].file for role in homes)
            hint = suggestion(name, (column for role in homes for column in frames[role]))
            problem = f"equity.strata names it, but it is a column of neither {files}{hint}"
            yield Fault(
                file="study.yaml",
                column=name,
                problem=problem,
                remedy="map the column, or take it off the list",
            )


def _silent_sites(frames: Frames, scope: Scope) -> Iterator[str]:
    roster, rows = frames.get("sites"), frames.get("outcomes")
    if roster is None or rows is None or "site" not in roster or not {"site", "wave"} <= set(rows):
        return
    heard = set(rows.loc[rows["wave"] == scope.wave, "site"])
    silent = [str(site) for site in roster["site"] if site not in heard]
    if silent:
        verb = "site has" if len(silent) == 1 else "sites have"
        yield f"outcomes: {len(silent)} {verb} no rows at wave {scope.wave}: {', '.join(silent[:10])}"


def _flat_outcomes(frames: Frames, scope: Scope) -> Iterator[str]:
    """Outcomes of which this wave knows nothing, or one value only: no fault, but nothing to compare."""
    rows = frames.get("outcomes")
    if rows is None or "wave" not in rows:
        return
    here = rows[rows["wave"] == scope.wave]
    for name in scope.spec.outcomes:
        known = here[name].dropna() if name in here else here["wave"][:0]
        if len(here) and name in here and known.empty:
            yield f"outcomes: nothing is known of {name} at wave {scope.wave}"
        elif len(known) > 1 and known.min() == known.max():
            yield f"outcomes: {name} is {known.iloc[0]:g} in every row of wave {scope.wave}"


def _ahead(frames: Frames, scope: Scope) -> Iterator[str]:
    """Dates after the wave's last day, which an extract up to it should not hold."""
    if scope.cut is None:
        return
    last = pd.Timestamp(scope.cut)
    for role in sorted({"coaching", "sources", "changes", "events"} & set(frames)):
        for name in sorted({"date", "start"} & set(frames[role])):
            dates = pd.to_datetime(frames[role][name], errors="coerce")
            if rows := [str(row) for row in dates.index[dates > last][:5]]:
                said = f"row{'s' * (len(rows) > 1)} {', '.join(rows)}"
                yield f"{role}: {name} lies after the wave’s last day ({scope.cut}) in {said}"
