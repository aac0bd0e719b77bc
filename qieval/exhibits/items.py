"""What a capability report shows item by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qieval.capability import Comparison, ItemChange
from qieval.exhibits.columns import count, interval, words
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.disclosure import count_or_fewer, means_to_hide, withheld_note, withhold
from qieval.exhibits.dumbbell import dumbbell
from qieval.exhibits.format import fixed, p_value
from qieval.exhibits.phrases import counted
from qieval.exhibits.svg import INK, LINE, PAPER, SOFT, A, B, canvas, tint, tints, to_svg
from qieval.results import Estimate, Record

MOST_WITH_NUMBERS = 12
GROUPS = ("below", "middle", "above")


def item_table(
    found: Sequence[ItemChange], change: Comparison, *, interim: str = "", suppress_below: int = 5
) -> Table:
    """Show how each item moved, how it goes with the others, and how many gave no answer to it."""
    beside = {each.item: each for each in change.alpha_after.items} if change.alpha_after else {}
    after = change.forms[-1]
    gaps = {
        "blank": "No answer",
        **({"unsure": "of these “don’t know”"} if any(after.not_applicable.values()) else {}),
    }
    frame = pd.DataFrame(
        {
            "item": [each.label for each in found],
            "estimate": [each.change.estimate for each in found],
            "ci_low": [each.change.ci_low for each in found],
            "ci_high": [each.change.ci_high for each in found],
            "p_value": [each.adjusted_p for each in found],
            "rest": [beside[each.item].rest_correlation if beside else None for each in found],
            "dropped": [beside[each.item].alpha_if_dropped if beside else None for each in found],
            "blank": _forms(after.blank, found, after.forms, suppress_below),
            "unsure": _forms(after.not_applicable, found, after.forms, suppress_below),
        }
    )
    show, few = fixed(2), count_or_fewer(suppress_below)
    return Table(
        name="items",
        caption="Mean change of each item over the people who answered it both times, reversed where due.",
        frame=frame,
        columns=[
            words("item", "Item"),
            Column(source="estimate", label="Change", unit="points", show=fixed(2, plus=True)),
            interval(change.headline.level, fixed(2, plus=True)),
            *([] if interim else [Column(source="p_value", label="p, BH", show=p_value)]),
            Column(source="rest", label="r with the rest", unit="after", show=show),
            Column(source="dropped", label="Alpha without it", unit="after", show=show),
            *(count(name, label, unit="forms after", show=few) for name, label in gaps.items()),
        ],
        notes=[
            "A screen: it points at items to talk about. p-values are Benjamini\N{EN DASH}Hochberg over the "
            "items and take people as unrelated.",
            *withheld_note(frame[list(gaps)], suppress_below),
            *([interim] if interim else []),
        ],
    )


def _forms(
    shares: Mapping[str, float], found: Sequence[ItemChange], forms: int, suppress_below: int
) -> pd.Series[int]:
    """Give the forms that a share of them is, item by item, small counts withheld."""
    numbers = [withhold([round(shares[each.item] * forms)], suppress_below)[0] for each in found]
    return pd.Series(numbers, dtype="Int64")


def likert(
    found: Sequence[ItemChange], *, suppress_below: int = 5, labels: tuple[str, str] = ("before", "after")
) -> Figure:
    """Draw the answers below, on and above the middle of the scale, by wave; small groups as one."""
    ordered = sorted(found, key=lambda each: _net(each.after) - _net(each.before))
    fig, ax = canvas(720, 74 + 30 * len(ordered))
    rows: list[dict[str, Any]] = []
    for place, each in enumerate(ordered):
        for counts, when, lift in ((each.before, labels[0], 0.2), (each.after, labels[1], -0.2)):
            shares = _bar(ax, place + lift, counts, suppress_below, faint=lift > 0)
            rows.append({"item": each.label, "wave": when} | dict(zip(GROUPS, shares, strict=True)))
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(range(len(ordered)), labels=[each.label for each in ordered])
    ax.set_ylim(-0.7, max(len(ordered), 1) - 0.3)
    ax.set_xlim(-1, 1)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], labels=["100 %", "50 %", "0", "50 %", "100 %"])
    ax.set_xlabel("share of the forms: below the middle of the scale (left), above it (right)")
    frame = pd.DataFrame(rows, columns=["item", "wave", *GROUPS])
    rose = sum(_net(each.after) > _net(each.before) for each in found)
    hidden = bool(frame[list(GROUPS)].isna().to_numpy().any())
    few = (
        f" Groups of fewer than {suppress_below} forms are drawn together with another, in grey."
        if hidden
        else ""
    )
    return Figure(
        name="likert",
        caption=f"Answers to each item {labels[0]} (upper bar, pale) and {labels[1]} (lower bar); those on "
        f"the middle of the scale straddle the line. The items that gained most stand on top.{few}",
        alt=f"Diverging bars of {counted(len(found), 'item')} by wave: in {rose} the balance rose.{few}",
        svg=to_svg(fig, name="likert"),
        frame=frame,
    )


def heat_map(
    means: pd.DataFrame,
    counts: pd.DataFrame,
    change: Comparison,
    *,
    suppress_below: int = 5,
    arms: Mapping[str, str] | None = None,
) -> Figure:
    """Shade the mean answer to each item in each team; cells with too few people stay blank.

    Parameters
    ----------
    means, counts : DataFrame
        Items by teams, as `qieval.capability.team_items` gives them.
    arms : mapping, optional
        The arm of each team, as for `qieval.exhibits.capability.teams`: the same teams are left out.
    """
    hide = means_to_hide(change, suppress_below, arms or {})
    items = change.instrument.items if change.instrument else ()
    shown = means.where(counts >= suppress_below).drop(columns=[name for name in hide if name in means])
    shown = shown.dropna(axis=1, how="all")
    left = means.shape[1] - shown.shape[1]
    fig, ax = canvas(720, 90 + 22 * max(len(shown), 1))
    if shown.size:
        ax.pcolormesh(np.ma.masked_invalid(shown.to_numpy()), cmap=tints(A), edgecolors=PAPER)
    if shown.shape[1] <= MOST_WITH_NUMBERS:
        for row, column in zip(*np.nonzero(shown.notna().to_numpy()), strict=True):
            ax.text(
                column + 0.5,
                row + 0.5,
                fixed(1)(shown.to_numpy()[row, column]),
                ha="center",
                va="center",
                color=INK,
            )
    labels = {item.id: item.label for item in items}
    ax.set_yticks(np.arange(len(shown)) + 0.5, labels=[labels.get(name, name) for name in shown.index])
    ax.set_xticks(np.arange(shown.shape[1]) + 0.5, labels=list(shown.columns), rotation=90)
    ax.invert_yaxis()
    by_item = shown.mean(axis=1).rename(index=labels)
    rest = f" {counted(left, 'team')} not shown: fewer than {suppress_below} people, or needed to hide such."
    alt = "No team has enough people to be shown."
    if shown.size:
        alt = (
            f"Heat map of {counted(len(shown), 'item')} by {counted(shown.shape[1], 'team')}. Highest on "
            f"average: {by_item.idxmax()} ({fixed(1)(by_item.max())}); lowest: {by_item.idxmin()} "
            f"({fixed(1)(by_item.min())})."
        )
    return Figure(
        name="item-teams",
        caption=f"Mean answer to each item in each team, later wave: the stronger the colour, the higher."
        f"{rest if left else ''}",
        alt=alt,
        svg=to_svg(fig, name="item-teams"),
        frame=shown.rename_axis("item").reset_index(),
    )


def gaps(
    found: Sequence[tuple[str, float, float, Estimate]], *, suppress_below: int = 5
) -> Figure | Statement:
    """Draw the importance of each subject beside the skill in it."""
    told = [each for each in found if (each[3].n or 0) >= suppress_below]
    if not told:
        say = (
            "The instrument asks no importance beside skill."
            if not found
            else "Too few people answered both."
        )
        return Statement(name="gaps", role="note", say=say)
    told.sort(key=lambda each: each[3].estimate)
    names, skill, importance, gap = zip(*told, strict=True)
    show = fixed(1, plus=True)
    frame = pd.DataFrame({"subject": names, "before": skill, "after": importance})
    frame["gap"] = [each.estimate for each in gap]
    return Figure(
        name="gaps",
        caption="Mean skill (ring) and importance (dot) of each subject; beside it the gap, widest on top.",
        alt=f"Dumbbell plot of {counted(len(told), 'subject')}. Widest gap {show(gap[-1].estimate)} "
        f"({names[-1]}), narrowest {show(gap[0].estimate)} ({names[0]}).",
        svg=dumbbell(
            frame, [show(each.estimate) for each in gap], names=names, label="mean answer", name="gaps"
        ),
        frame=frame.rename(columns={"before": "skill", "after": "importance"}),
        records=[Record(key=each.term, estimate=each, status="descriptive") for each in gap],
    )


def _net(counts: tuple[int, int, int]) -> float:
    return (counts[2] - counts[0]) / max(sum(counts), 1)


def _bar(
    ax: Any, place: float, counts: tuple[int, int, int], below: int, *, faint: bool
) -> list[float | None]:
    """Draw one bar, hidden groups as one grey piece; give the shares that are told."""
    total = max(sum(counts), 1)
    kept = withhold(counts, below)
    low, middle, high = (None if known is None else known / total for known in kept)
    hidden = 1 - sum(each or 0 for each in (low, middle, high)) if sum(counts) else 0.0
    start = -1 + (high if high is not None else 0.0) if None in kept else -(low or 0) - (middle or 0) / 2
    colours = (tint(1, B), LINE, tint(1, A)) if faint else (B, SOFT, A)
    pieces = [
        (low, colours[0]),
        (middle, colours[1]),
        (hidden if None in kept else None, LINE),
        (high, colours[2]),
    ]
    for width, colour in pieces:
        if width:
            ax.barh(place, width, left=start, height=0.36, color=colour)
            start += width
    return [low, middle, high]
