"""Figures of the programme's delivery: contacts by site and month, steps over time, dose beside response."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qieval.capability import Comparison
from qieval.exhibits.core import Figure, Statement
from qieval.exhibits.disclosure import means_to_hide
from qieval.exhibits.format import fixed, percent
from qieval.exhibits.phrases import counted, joined
from qieval.exhibits.svg import INK, LINE, SOFT, WARN, A, canvas, tint, to_svg
from qieval.measures import DoseResponse, Fidelity

LABELLED = 12


def months(delivered: Fidelity) -> Figure:
    """Draw the contacts held at each site in each month as a heat map; a month without any is marked."""
    frame = delivered.monthly
    names, columns = list(delivered.sites["site"]), sorted(frame["month"].unique())
    fig, ax = canvas(640, 70 + 24 * len(names))
    for site, month, held, planned in frame[["site", "month", "held", "planned"]].itertuples(index=False):
        x, y = columns.index(month), len(names) - 1 - names.index(site)
        colour = tint(min(held / planned, 1.0), A) if held else tint(1, WARN)
        ax.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], color=colour, linewidth=0)
        ax.text(x + 0.5, y + 0.5, f"{held:g}", ha="center", va="center")
    ax.set_yticks([len(names) - 0.5 - place for place in range(len(names))], labels=names)
    every = max(1, len(columns) // LABELLED)
    ticks = range(0, len(columns), every)
    ax.set_xticks([place + 0.5 for place in ticks], labels=[f"{columns[place]:%b %y}" for place in ticks])
    ax.set_xlim(0, len(columns))
    ax.set_ylim(0, len(names))
    empty = frame[frame["held"] == 0]
    none = [f"{site} {month:%b %Y}" for site, month in zip(empty["site"], empty["month"], strict=True)]
    said = f"None was held at {joined(none)}" if none else "Every site had a contact in every month"
    return Figure(
        name="months",
        caption=f"Contacts held at each site and month; {frame['planned'].iloc[0]:g} are planned. {said}.",
        alt=f"Heat map of {counted(len(names), 'site')} over {counted(len(columns), 'month')}. {said}.",
        svg=to_svg(fig, name="months"),
        frame=frame[["site", "month", "held", "planned"]].assign(month=frame["month"].astype(str)),
    )


def minutes(delivered: Fidelity) -> Figure | Statement:
    """Draw each site's minutes of coaching, added up from its first planned month, beside the plan."""
    frame = delivered.monthly
    if frame["minutes"].isna().all():
        return Statement(name="minutes", role="note", say="The log tells no minutes.")
    fig, ax = canvas(640, 300)
    sites = {str(site): rows.reset_index(drop=True) for site, rows in frame.groupby("site", sort=False)}
    longest = max(sites.values(), key=len)
    ax.plot(range(len(longest) + 1), [0, *longest["planned_minutes"]], "--", color=INK)
    ratios = {
        site: rows["minutes"].iloc[-1] / rows["planned_minutes"].iloc[-1] for site, rows in sites.items()
    }
    least, most = (pick(ratios, key=lambda site: ratios[site]) for pick in (min, max))
    for site, rows in sites.items():
        ends = site in {least, most}
        ax.plot(
            range(len(rows) + 1), [0, *rows["minutes"]], color=A if ends else LINE, linewidth=2 if ends else 1
        )
        if ends:
            ax.text(len(rows) + 0.1, rows["minutes"].iloc[-1], site, va="center", color=INK)
    ax.set_xlabel("months of the site’s own plan")
    ax.set_ylabel("minutes so far")
    ax.grid(visible=True, axis="y")
    said = f"Least of its plan: {least}, {percent()(ratios[least])}; most: {most}, {percent()(ratios[most])}"
    return Figure(
        name="minutes",
        caption=f"Minutes of coaching added up, a line a site; broken line: the plan. {said}.",
        alt=f"Lines of {counted(len(sites), 'site')} over {counted(len(longest), 'month')}. {said}.",
        svg=to_svg(fig, name="minutes"),
        frame=frame[["site", "month", "minutes", "planned_minutes"]].assign(month=frame["month"].astype(str)),
    )


def lanes(delivered: Fidelity) -> Figure | Statement:
    """Draw the days on which each site reached each step; steps out of order are marked."""
    done = delivered.steps[delivered.steps["date"].notna()]
    if done.empty:
        return Statement(name="lanes", role="note", say="No step of the toolkit was reached by the cut.")
    names = list(delivered.sites["site"])
    fig, ax = canvas(640, 70 + 26 * len(names))
    turned = {
        (site, step)
        for site, pairs in zip(delivered.sites["site"], delivered.sites["out_of_order"], strict=True)
        for pair in pairs
        for step in pair
    }
    for place, name in enumerate(reversed(names)):
        own = done[done["site"] == name].sort_values("date")
        ax.hlines(place, delivered.start, delivered.cut, color=LINE, linewidth=1)
        if len(own):
            ax.hlines(place, own["date"].iloc[0], own["date"].iloc[-1], color=tint(1, A), linewidth=6)
        for step, day in zip(own["step"], own["date"], strict=True):
            wrong = (name, step) in turned
            ax.text(
                day, place, f"{step}", ha="center", va="center", color=WARN if wrong else INK,
                fontweight="bold" if wrong else "normal",
            )  # fmt: skip
    ax.axvline(delivered.cut, color=SOFT, linestyle="--", linewidth=1)
    ax.set_yticks(range(len(names)), labels=names[::-1])
    ax.set_ylim(-0.7, len(names) - 0.3)
    ticks = pd.date_range(delivered.start, delivered.cut, periods=5).normalize()
    ax.set_xticks(ticks, labels=[f"{day:%b %Y}" for day in ticks])
    last = done.groupby("site")["step"].max()
    reached = joined([f"{name} {last.get(name, 0)}" for name in names])
    sites = joined(sorted({site for site, _ in turned}))
    order = f" Out of order (bold): {sites}." if turned else ""
    return Figure(
        name="lanes",
        caption=f"Day on which each site reached each step; the broken line is the data cut.{order}",
        alt=f"Swimlanes of {counted(len(names), 'site')}. Highest step reached: {reached}.{order}",
        svg=to_svg(fig, name="lanes"),
        frame=done[["site", "step", "date"]].assign(date=done["date"].dt.date.astype(str)),
    )


def response(
    found: DoseResponse, change: Comparison, *, arms: Mapping[str, str], suppress_below: int
) -> Figure | Statement:
    """Draw each team's dose and change as a point, without a line.

    Parameters
    ----------
    change : Comparison
        From which the responses come: teams whose mean may not be told are not drawn.
    arms : mapping of str to str
        The arm of each team, where means of arms are published too.
    """
    hidden, label, unit = (
        means_to_hide(change, suppress_below, arms),
        change.quantity.label,
        change.quantity.unit,
    )
    frame = found.teams[~found.teams["site"].isin(list(hidden))].reset_index(drop=True)
    left = len(found.teams) - len(frame)
    if frame.empty:
        return Statement(name="dose-response", role="note", say="No team has enough people to be drawn.")
    fig, ax = canvas(440, 300)
    ax.plot(100 * frame["dose"], frame["response"], "o", color=A)
    for site, x, y in frame.itertuples(index=False):
        ax.annotate(site, (100 * x, y), xytext=(6, 4), textcoords="offset points", color=SOFT)
    ax.set_xlabel("Dose of coaching, % of plan, capped by month")
    ax.set_ylabel(f"Change of {label}, {unit}")
    ax.grid(visible=True)
    ax.margins(0.12)
    rest = (
        f" {counted(left, 'team')} not drawn: too few people, or needed to hide such a team." if left else ""
    )
    show = fixed(1, plus=True)
    told = "; ".join(f"{site} {percent()(x)}, {show(y)}" for site, x, y in frame.itertuples(index=False))
    return Figure(
        name="dose-response",
        caption=f"Dose and change of {label} of {counted(len(frame), 'team')}, without a line.{rest}",
        alt=f"Points of dose and change of {label} ({unit}): {told}.{rest}",
        svg=to_svg(fig, name="dose-response"),
        frame=frame,
    )
