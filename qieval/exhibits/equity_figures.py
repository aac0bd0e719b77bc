"""Figures of groups of patients: shares over the periods, gaps to the reference, how far groups are known."""

from __future__ import annotations

import pandas as pd

from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.disclosure import told_count_and_share
from qieval.exhibits.dumbbell import dumbbell
from qieval.exhibits.format import fixed, is_absent, percent
from qieval.exhibits.phrases import joined
from qieval.exhibits.svg import INK, LINE, PALETTE, SOFT, WARN, A, canvas, tint, to_svg
from qieval.measures import Disparity
from qieval.results import Quantity

MARKS = "osD^v"


def groups(found: Disparity, quantity: Quantity) -> Figure | Statement:
    """Draw each group's share in the first and the last period; the worst off at the foot."""
    if found.gap is None:
        return Statement(name="groups", role="note", say="Nothing is drawn: groups are not told.")
    table = found.gap.rates
    first, last = table["period"].iloc[0], table["period"].iloc[-1]
    ends = [table[table["period"] == each].set_index("group")["estimate"] for each in (first, last)]
    frame = pd.DataFrame({"before": ends[0], "after": ends[1]}).dropna()
    frame = frame.sort_values("after", ascending=quantity.better != "lower")
    names = [f"{name} (reference)" if name == found.gap.reference else str(name) for name in frame.index]
    show = percent(0)
    said = [f"{show(a)} → {show(b)}" for a, b in zip(frame["before"], frame["after"], strict=True)]
    listed = joined([f"{name} {words}" for name, words in zip(names, said, strict=True)])
    return Figure(
        name="groups",
        caption=f"{quantity.label} of each group: {first} (ring), {last} (dot); the worst off at the foot.",
        alt=f"Dumbbell plot of the groups' shares, {first} and {last}: {listed}.",
        svg=dumbbell(100 * frame, said, names=names, label=f"{quantity.label}, %", name="groups"),
        frame=frame.reset_index(),
    )


def over_time(found: Disparity, quantity: Quantity) -> Figure | Statement:
    """Draw every group's gap to the reference by period, with its interval."""
    if found.gap is None:
        return Statement(name="over-time", role="note", say="Nothing is drawn: groups are not told.")
    rows = [
        (*row.term.split(f" - {found.gap.reference}, "), row.estimate, row.ci_low, row.ci_high)
        for row in reversed(found.gap.gaps)
    ]
    frame = pd.DataFrame(rows, columns=["group", "period", "estimate", "ci_low", "ci_high"])
    periods, names = sorted(frame["period"].unique()), list(dict.fromkeys(frame["group"]))[::-1]
    fig, ax = canvas(640, 280)
    for place, name in enumerate(names):
        part = frame[frame["group"] == name]
        x = [periods.index(each) + 0.09 * (place - (len(names) - 1) / 2) for each in part["period"]]
        colour = PALETTE[place % len(PALETTE)]
        ax.vlines(x, 100 * part["ci_low"], 100 * part["ci_high"], color=colour, linewidth=1.5)
        ax.plot(x, 100 * part["estimate"], marker=MARKS[place % len(MARKS)], color=colour, label=name)
    ax.axhline(0, color=INK, linewidth=1)
    ax.set_xticks(range(len(periods)), labels=periods)
    ax.set_xlim(-0.4, len(periods) - 0.6)
    ax.set_ylabel("Gap, percentage points")
    ax.grid(visible=True, axis="y")
    fig.legend(loc="outside upper left", ncols=4)
    show = fixed(1, plus=True)
    told = [
        f"{name} {', '.join(show(100 * value) for value in frame.loc[frame['group'] == name, 'estimate'])}"
        for name in names
    ]
    return Figure(
        name="over-time",
        caption=f"{quantity.label}: gap of each group to {found.gap.reference} by period, with "
        f"{100 * found.gap.gaps[0].level:g}\N{NO-BREAK SPACE}% intervals (Newcombe). Nought is no gap.",
        alt=f"Gaps to {found.gap.reference}, percentage points, {len(periods)} periods: {'; '.join(told)}.",
        svg=to_svg(fig, name="over-time"),
        frame=frame,
    )


def completeness(shares: pd.DataFrame, *, at_least: float, name: str = "recorded") -> Figure:
    """Draw the share recorded of each field and wave as bars, with the share that the study asks for."""
    shares = shares.assign(share=told_count_and_share(shares["n"], shares["share"])[1])
    frame = shares[["field", "wave", "share"]].sort_values(["field", "wave"], ascending=[True, False])
    names = [_bar(*each) for each in zip(frame["field"], frame["wave"], strict=True)]
    fig, ax = canvas(640, 80 + 24 * len(frame))
    places = list(range(len(frame)))
    ax.barh(places, 100 * frame["share"], color=tint(1, A), height=0.7)
    for place, value in zip(places, frame["share"], strict=True):
        ax.text(100.5, place, percent(0)(value), va="center", color=INK if value >= at_least else WARN)
    ax.axvline(100 * at_least, color=SOFT, linestyle="--", linewidth=1)
    ax.set_yticks(places, labels=names)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Recorded, % of patients")
    ax.spines["left"].set_color(LINE)
    told = [f"{each} {percent(0)(share)}" for each, share in zip(names, frame["share"], strict=True)]
    return Figure(
        name=name,
        caption=f"Share of patients whose field is recorded; the broken line is what the study asks for, "
        f"{percent()(at_least)}.",
        alt=f"Bars of the share recorded: {joined(told)}.",
        svg=to_svg(fig, name=name),
        frame=frame,
    )


def sites(shares: pd.DataFrame, *, at_least: float, fewest: int) -> Figure | Statement:
    """Draw the share recorded at each site and wave as a heat map; sites with few patients stay empty."""
    field = shares["field"].iloc[0]
    told = (shares["n"] >= fewest) & ~(shares["n"] - shares["recorded"]).between(1, fewest - 1)
    share = told_count_and_share(shares["n"], shares["share"])[1].where(told)
    frame = shares[(shares["field"] == field)].assign(share=share)
    names, waves = sorted(frame["site"].unique()), sorted(frame["wave"].unique())
    fig, ax = canvas(440, 70 + 22 * len(names))
    for site, wave, share in zip(frame["site"], frame["wave"], frame["share"], strict=True):
        x, y = waves.index(wave), len(names) - 1 - names.index(site)
        tone = (
            tint(0) if is_absent(share) else tint(max(0.0, 2 * share - 1), A if share >= at_least else WARN)
        )
        ax.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], color=tone, linewidth=0)
        ax.text(x + 0.5, y + 0.5, "·" if is_absent(share) else percent(0)(share), ha="center", va="center")
    ax.set_yticks([len(names) - 0.5 - place for place in range(len(names))], labels=names)
    ax.set_xticks([place + 0.5 for place in range(len(waves))], labels=[f"wave {wave}" for wave in waves])
    ax.set_xlim(0, len(waves))
    ax.set_ylim(0, len(names))
    low = frame[(frame["wave"] == waves[-1]) & (frame["share"] < at_least)]["site"]
    asked = f"{percent()(at_least)} at wave {waves[-1]}"
    below = f"Below {asked}: {joined(list(low))}" if len(low) else f"No site told is below {asked}"
    return Figure(
        name="sites",
        caption=f"Share of patients whose {field.replace('_', ' ')} is recorded, by site and wave. {below}. "
        f"A dot: not told, because fewer than {fewest} patients are, or are not, recorded.",
        alt=f"Heat map of {len(names)} sites over {len(waves)} waves. {below}.",
        svg=to_svg(fig, name="sites"),
        frame=frame[["site", "wave", "share"]],
    )


def _bar(field: str, wave: int) -> str:
    return f"{field.replace('_', ' ')}, wave {wave}"
