"""What a capability report shows besides the change: who answered, the instrument, teams, bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from qieval.capability import Alpha, Band, Comparison, Instrument, Moves
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.dumbbell import dumbbell
from qieval.exhibits.format import Shower, fixed, integer, is_absent, percent
from qieval.results import Record


def answered(change: Comparison, *, suppress_below: int = 5) -> Table:
    """Count who answered when, by team; small counts are withheld."""
    counts = {
        "before_only": [team.answered.before_only for team in change.teams],
        "both": [team.answered.both for team in change.teams],
        "after_only": [team.answered.after_only for team in change.teams],
        "compared": [team.answered.compared for team in change.teams],
    }
    frame = pd.DataFrame({name: withhold(column, suppress_below) for name, column in counts.items()})
    frame.insert(0, "team", [team.team for team in change.teams])
    total = {name: withhold([getattr(change.answered, name)], suppress_below)[0] for name in counts}
    frame.loc[len(frame)] = {"team": "All", **total}
    show = count_or_fewer(suppress_below)
    return Table(
        name="answered",
        caption="Who answered before, after and both times, linked by id; compared: with a score each time.",
        frame=frame,
        columns=[
            Column(source="team", label="Team", align="left"),
            Column(source="before_only", label="Before only", unit="people", show=show),
            Column(source="both", label="Both times", unit="people", show=show),
            Column(source="after_only", label="After only", unit="people", show=show),
            Column(source="compared", label="Compared", unit="people", show=show),
        ],
        emphasis=[len(frame) - 1],
        notes=_withheld_note(frame.iloc[:-1, 1:], suppress_below),
    )


def card(instrument: Instrument) -> Table:
    """Show what the instrument is, as its file declares it."""
    low, high = instrument.span(instrument.total)
    missing = instrument.missing
    rule = {
        "strict": "none",
        "max_missing": "at most {0:g}",
        "min_prop": "up to the share that leaves {0:.0%}",
    }
    bands = [f"{_range(band)} {band.label}" for band in instrument.bands]
    reverse = [item.id for item in instrument.items if item.reverse]
    rows = {
        "Instrument": f"{instrument.title}, version {instrument.version}",
        "Source": instrument.source.cite,
        "Licence": instrument.source.licence,
        "Answered by": instrument.respondent.replace("-", " "),
        "Items": f"{len(instrument.items)}, each {instrument.response.min:g} to {instrument.response.max:g}",
        "Reversed": ", ".join(reverse) or "none",
        "Score": f"{instrument.total.method}, {low:g} to {high:g}; {instrument.better} is better",
        "Answers that may be missing": rule[missing.rule].format(missing.value),
        "Bands": "; ".join(bands) or "none",
        "Content hash": instrument.hash[:12],
    }
    notes = [f"{band.label}: {band.note}" for band in instrument.bands if band.note]
    frame = pd.DataFrame({"what": list(rows), "said": list(rows.values())})
    return Table(
        name="instrument",
        caption=f"The instrument {instrument.id} as its file declares it.",
        frame=frame,
        columns=[
            Column(source="what", label="What", align="left"),
            Column(source="said", label="Declared", align="left"),
        ],
        notes=notes,
    )


def reliability(change: Comparison) -> Table | Statement:
    """Show Cronbach's alpha each time, with Feldt's interval."""
    known = [each for each in (change.alpha_before, change.alpha_after) if each is not None]
    if not known:
        return Statement(
            name="reliability", role="note", say="There are no items, so no reliability to tell."
        )
    frame = pd.DataFrame([_alpha_row(each) for each in known])
    show = fixed(2)
    return Table(
        name="reliability",
        caption="Cronbach\N{RIGHT SINGLE QUOTATION MARK}s alpha over the complete forms of each time.",
        frame=frame,
        columns=[
            Column(source="time", label="Forms", align="left"),
            Column(source="alpha", label="Alpha", show=show),
            Column(
                source="ci_low",
                upper="ci_high",
                label=f"{percent()(known[0].alpha.level)} interval",
                unit="Feldt",
                show=show,
            ),
            Column(source="k", label="Items", show=integer),
            Column(source="n", label="Complete forms", show=integer),
            Column(source="incomplete", label="Left out", show=integer),
            Column(source="lowest", label="Weakest item", align="left"),
            Column(source="lowest_r", label="its r with the rest", show=show),
        ],
        records=[Record(key=f"alpha-{each.alpha.term}", estimate=each.alpha) for each in known],
        notes=_reverse_note(known),
    )


def teams(
    change: Comparison, *, suppress_below: int = 5, labels: tuple[str, str] = ("before", "after")
) -> Figure:
    """Draw every team's mean before and after; teams with too few people are counted, not drawn."""
    kept = withhold([team.answered.compared for team in change.teams], suppress_below)
    shown = [team for team, count in zip(change.teams, kept, strict=True) if count]
    shown.sort(key=lambda team: team.change.estimate)
    frame = pd.DataFrame(
        {
            "team": [team.team for team in shown],
            "before": [team.before for team in shown],
            "after": [team.after for team in shown],
            "change": [team.change.estimate for team in shown],
            "ci_low": [team.change.ci_low for team in shown],
            "ci_high": [team.change.ci_high for team in shown],
            "n": [team.answered.compared for team in shown],
        }
    )
    unit = change.quantity.unit
    hidden = len(change.teams) - len(shown)
    rest = (
        f" {hidden} teams are not drawn: too few people to compare (below {suppress_below})."
        if hidden
        else ""
    )
    label = f"{change.quantity.label}, {unit}"
    said = [f"{fixed(1, plus=True)(team.change.estimate)}  (n {team.answered.compared})" for team in shown]
    return Figure(
        name="teams",
        caption=f"Mean {change.quantity.label} of each team, {unit}: {labels[0]} (ring), {labels[1]} (dot); "
        f"beside it the change and the number of people compared.{rest}",
        alt=_teams_alt(frame, unit) + rest,
        svg=dumbbell(frame, said, names=list(frame["team"]), label=label, name="teams"),
        frame=frame,
        records=[Record(key=team.team, estimate=team.change, status="descriptive") for team in shown],
    )


def bands(change: Comparison, *, suppress_below: int = 5) -> Table | Statement:
    """Count the moves between bands; small counts are withheld."""
    moves = change.moves
    if moves is None:
        return Statement(name="bands", role="note", say="The instrument declares no bands.")
    return moves_table(moves, _band_names(change.instrument, moves), suppress_below=suppress_below)


def moves_table(
    moves: Moves, names: Sequence[str], *, suppress_below: int = 0, unit: str = "people"
) -> Table:
    """Lay out the counts of moves, band before in rows, band after in columns."""
    cells = _withheld_moves(moves, suppress_below)
    keys = [f"to_{position}" for position in range(len(names))]
    frame = pd.DataFrame(cells, columns=keys)
    frame.insert(0, "before", list(names))
    show = count_or_fewer(suppress_below)
    up, same, down = withhold([moves.up, moves.same, moves.down], suppress_below)
    return Table(
        name="bands",
        caption="Band before (rows) and after (columns), of those compared.",
        frame=frame,
        columns=[
            Column(source="before", label="Before", align="left"),
            *(
                Column(source=key, label=name, unit=unit, show=show)
                for key, name in zip(keys, names, strict=True)
            ),
        ],
        notes=[
            f"Moved up: {show(up)}; stayed: {show(same)}; moved down: {show(down)}; of {moves.n} {unit}.",
            *_withheld_note(frame[keys], suppress_below),
        ],
    )


def withhold(counts: Sequence[int], below: int) -> list[int | None]:
    """Withhold counts from 1 to `below` - 1; where that leaves one alone, the next smallest as well."""
    small = {place for place, count in enumerate(counts) if 0 < count < below}
    others = [place for place, count in enumerate(counts) if count >= max(below, 1)]
    if len(small) == 1 and others:
        small.add(min(others, key=lambda place: counts[place]))
    return [None if place in small else int(count) for place, count in enumerate(counts)]


def count_or_fewer(below: int) -> Shower:
    """Give a writer of counts that stars those withheld."""

    def show(value: Any) -> str:
        return "*" if is_absent(value) and below else integer(value)

    return show


def _withheld_note(frame: pd.DataFrame, below: int) -> list[str]:
    if not frame.isna().to_numpy().any():
        return []
    return [
        f"* Counts below {below} are withheld, and the next one where it could be worked out from the total."
    ]


def _withheld_moves(moves: Moves, below: int) -> list[list[int | None]]:
    """Withhold cells so that neither the totals told (up, same, down, all) nor other cells give them away."""
    size = range(len(moves.labels))
    cells: list[list[int | None]] = moves.counts.tolist()
    totals = withhold([moves.down, moves.same, moves.up], below)
    for direction, total in zip((-1, 0, 1), totals, strict=True):
        group = [(row, column) for row in size for column in size if _direction(row, column) == direction]
        kept = withhold([int(moves.counts[place]) for place in group], below)
        if total is None and None not in kept:
            filled = [place for place, count in enumerate(kept) if count]
            kept[min(filled, key=lambda place: kept[place] or 0)] = None
        for (row, column), count in zip(group, kept, strict=True):
            cells[row][column] = count
    return cells


def _direction(before: int, after: int) -> int:
    return (after > before) - (after < before)


def _alpha_row(each: Alpha) -> dict[str, Any]:
    weakest = min(each.items, key=lambda item: (is_absent(item.rest_correlation), item.rest_correlation))
    return {
        "time": each.alpha.term,
        "alpha": each.alpha.estimate,
        "ci_low": each.alpha.ci_low,
        "ci_high": each.alpha.ci_high,
        "k": each.k,
        "n": each.alpha.n,
        "incomplete": each.n_incomplete,
        "lowest": weakest.item,
        "lowest_r": weakest.rest_correlation,
    }


def _reverse_note(known: Sequence[Alpha]) -> list[str]:
    odd = sorted({item.item for each in known for item in each.items if item.rest_correlation < 0})
    return (
        [f"Against the other items: {', '.join(odd)}; check whether they are to be reversed."] if odd else []
    )


def _band_names(instrument: Instrument | None, moves: Moves) -> list[str]:
    ranges = {band.label: _range(band) for band in instrument.bands} if instrument else {}
    return [ranges.get(label, label) for label in moves.labels]


def _range(band: Band) -> str:
    return f"{band.lower:g}" + (f"\N{EN DASH}{band.upper:g}" if band.upper > band.lower else "")


def _teams_alt(frame: pd.DataFrame, unit: str) -> str:
    if frame.empty:
        return "No team has enough people to be drawn."
    show = fixed(1, plus=True)
    first, last = frame.iloc[-1], frame.iloc[0]
    rose = int((frame["change"] > 0).sum())
    return (
        f"Dumbbell plot of {len(frame)} teams: {rose} rose. Largest change {show(first['change'])} {unit} "
        f"({first['team']}), smallest {show(last['change'])} {unit} ({last['team']})."
    )
