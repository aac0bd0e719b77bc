"""What a capability report shows besides the change: who answered, the instrument, teams, bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from qieval.capability import Alpha, Band, Comparison, Instrument, Moves
from qieval.exhibits.columns import count, interval, words
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.disclosure import count_or_fewer, means_to_hide, withheld_moves, withheld_note, withhold
from qieval.exhibits.dumbbell import dumbbell
from qieval.exhibits.format import DASH, fixed, is_absent
from qieval.exhibits.phrases import counted
from qieval.results import Record

COUNTS = ("before_only", "both", "after_only", "compared")


def answered(change: Comparison, *, suppress_below: int = 5) -> Table:
    """Count who answered both times, by team, and who did when, in all; small counts are withheld.

    Who answered only once is not told by team: with the team's response rates it would be a few people.
    """
    by_team = [[getattr(team.answered, name) for team in change.teams] for name in COUNTS]
    columns = dict(zip(COUNTS, (withhold(each, suppress_below) for each in by_team), strict=True))
    if suppress_below:
        columns |= dict.fromkeys(("before_only", "after_only"), [None] * len(change.teams))
    for one, other in (("both", "compared"), ("compared", "both")):  # most who answer twice are compared
        columns[one] = [
            each if known is not None else None
            for each, known in zip(columns[one], columns[other], strict=True)
        ]
    total = {name: withhold([getattr(change.answered, name)], suppress_below)[0] for name in COUNTS}
    frame = pd.DataFrame(
        {
            "team": [*(team.team for team in change.teams), "All"],
            **{name: pd.array([*columns[name], total[name]], dtype="Int64") for name in COUNTS},
        }
    )
    show = count_or_fewer(suppress_below)
    return Table(
        name="answered",
        caption="Who answered before, after and both times, linked by id; compared: with a score each time.",
        frame=frame,
        columns=[
            words("team", "Team"),
            count("before_only", "Before only", unit="people", show=show),
            count("both", "Both times", unit="people", show=show),
            count("after_only", "After only", unit="people", show=show),
            count("compared", "Compared", unit="people", show=show),
        ],
        emphasis=[len(frame) - 1],
        notes=withheld_note(frame.iloc[:, 1:], suppress_below),
    )


def card(instrument: Instrument) -> Table:
    """Show what the instrument is, as its file declares it."""
    low, high = instrument.span(instrument.total)
    missing = instrument.missing
    rule = {
        "strict": "none",
        "max_missing": "at most {0:g}",
        "min_answered": "as many as leave {0:g}",
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
        "Change that matters": "not declared" if instrument.mcid is None else f"{instrument.mcid:g} or more",
        "Content hash": instrument.hash[:12],
    }
    notes = [f"{band.label}: {band.note}" for band in instrument.bands if band.note]
    frame = pd.DataFrame({"what": list(rows), "said": list(rows.values())})
    return Table(
        name="instrument",
        caption=f"The instrument {instrument.id} as its file declares it.",
        frame=frame,
        columns=[
            words("what", "What"),
            words("said", "Declared"),
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
    frame["omega"] = _padded([each.omega.estimate for each in change.omegas], len(known))
    frame["icc_1"] = _padded([each.single.estimate for each in change.agreement], len(known))
    frame["icc_2"] = _padded([each.average.estimate for each in change.agreement], len(known))
    frame["raters"] = _padded([each.average.estimate for each in change.raters], len(known))
    more = {"omega": "Omega", "icc_1": "ICC(1)", "icc_2": "ICC(2)", "raters": "Raters, ICC(2,k)"}
    show = fixed(2)
    return Table(
        name="reliability",
        caption="Cronbach\N{RIGHT SINGLE QUOTATION MARK}s alpha and omega over the complete forms of each "
        "time; ICC(1) and ICC(2) tell how far one person, and a mean over people, stand for their team.",
        frame=frame,
        columns=[
            words("time", "Forms"),
            Column(source="alpha", label="Alpha", show=show),
            interval(known[0].alpha.level, show, unit="Feldt"),
            *(
                Column(source=name, label=label, show=show)
                for name, label in more.items()
                if frame[name].notna().any()
            ),
            count("k", "Items"),
            count("n", "Complete forms"),
            count("incomplete", "Left out"),
            words("lowest", "Weakest item"),
            Column(source="lowest_r", label="its r with the rest", show=show),
        ],
        records=[Record(key=f"alpha-{each.alpha.term}", estimate=each.alpha) for each in known],
        notes=[
            *(f"Forms {each.alpha.term}: {note}" for each in known for note in each.alpha.notes),
            *_reverse_note(known),
        ],
    )


def teams(
    change: Comparison,
    *,
    suppress_below: int = 5,
    labels: tuple[str, str] = ("before", "after"),
    arms: Mapping[str, str] | None = None,
) -> Figure:
    """Draw every team's mean before and after; teams with too few people are counted, not drawn.

    Parameters
    ----------
    suppress_below : int
        Fewest people behind a mean that is drawn.
    labels : tuple of str
        The two times.
    arms : mapping, optional
        The arm of each team, where means of arms are published too: what they and the means drawn have in
        common must not give away a team that is not drawn.
    """
    hidden = means_to_hide(change, suppress_below, arms or {})
    shown = [team for team in change.teams if team.answered.compared and team.team not in hidden]
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
    unit, left = change.quantity.unit, len(change.teams) - len(shown)
    verb = "is" if left == 1 else "are"
    why = "too few people to compare, or needed to hide such a team"
    rest = f" {counted(left, 'team')} {verb} not drawn: {why}." if left else ""
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
    cells = withheld_moves(moves, suppress_below)
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
            words("before", "Before"),
            *(count(key, name, unit=unit, show=show) for key, name in zip(keys, names, strict=True)),
        ],
        notes=[
            f"Moved up: {show(up)}; stayed: {show(same)}; moved down: {show(down)}; of {moves.n} {unit}.",
            *withheld_note(frame[keys], suppress_below),
        ],
    )


def _padded(values: Sequence[float], size: int) -> list[float | None]:
    return [*values[:size], *[None] * (size - len(values))]


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
    return f"{band.lower:g}" + (f"{DASH}{band.upper:g}" if band.upper > band.lower else "")


def _teams_alt(frame: pd.DataFrame, unit: str) -> str:
    if frame.empty:
        return "No team has enough people to be drawn."
    show = fixed(1, plus=True)
    first, last = frame.iloc[-1], frame.iloc[0]
    rose = int((frame["change"] > 0).sum())
    return (
        f"Dumbbell plot of {counted(len(frame), 'team')}: {rose} rose. "
        f"Largest change {show(first['change'])} {unit} ({first['team']}), "
        f"smallest {show(last['change'])} {unit} ({last['team']})."
    )
