"""How participants came into the comparison: flow diagram, balance of the arms, reporting checklist."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from qieval.exhibits import columns
from qieval.exhibits.checklists import filled
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.designs import Design
from qieval.exhibits.effect_entry import entry
from qieval.exhibits.format import fixed, integer, percent, plural
from qieval.exhibits.phrases import capital, counted, lower
from qieval.exhibits.svg import INK, LINE, PAPER, SOFT, WASH, canvas, to_svg
from qieval.stats.disclosure import Mask, too_small
from qieval.trial import Effect

__all__ = ["balance", "consort", "entry", "flow"]

WIDTH, LINE_HEIGHT, CHARACTERS = 360, 18, 21
NOT_A_TRIAL = (
    "No lot formed the arms, so CONSORT’s checklist for trials is not gone through. What a report of such a "
    "comparison should tell: TREND (Des Jarlais et al. 2004, doi 10.2105/AJPH.94.3.361) and SQUIRE 2.0 "
    "(Ogrinc et al. 2016, doi 10.1136/bmjqs-2015-004411)."
)
LEFT_OUT = ("silent", "withdrawn", "no-outcome", "no-exposure")


def flow(steps: pd.DataFrame, *, site: str = "site") -> Figure:
    """Draw the way from the roster to the analysis in each arm, after CONSORT's extension to cluster trials.

    Told in full: it says how many are left out and why, nothing else of them.

    Parameters
    ----------
    steps : DataFrame
        A row a step and arm: `step`, `label`, `kind`, `arm`, `sites`, `participants`, `rows`.
    """
    arms = [arm for arm in dict.fromkeys(steps["arm"]) if arm != "all"]
    cells = {(row["arm"], row["step"]): row for row in steps.to_dict(orient="records")}
    told = {arm: _boxes(cells, arm, site) for arm in arms}
    heads = [f"{counted(cells['all', 'roster']['sites'], site)} in the roster"]
    blocks = [[_wrapped(told[arm][place], arm if not place else "") for arm in arms] for place in range(3)]
    heights = [LINE_HEIGHT * max(map(len, row)) + 14 for row in blocks]
    height = 34 + sum(heights) + 24 * 3 + 8
    fig, ax = canvas(WIDTH, height)
    fig.set_layout_engine("none")
    ax.set_position((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(height, 0))
    ax.axis("off")
    _box(ax, 4, 4, WIDTH - 8, 30, heads, centred=True)
    top = 34.0
    wide = (WIDTH - 8 - 12) / 2
    for place, row in enumerate(blocks):
        for side, lines in enumerate(row):
            left = 4 + side * (wide + 12)
            ax.plot([left + wide / 2] * 2, [top, top + 24], color=SOFT, linewidth=1)
            _box(ax, left, top + 24, wide, heights[place], lines, faint=place == 1)
        top += 24 + heights[place]
    said = [f"{arm}: {'; '.join(' '.join(part) for part in told[arm])}" for arm in arms]
    frame = pd.DataFrame([(arm, *(" ".join(part) for part in told[arm])) for arm in arms],
                         columns=["arm", "roster", "left out", "analysed"])  # fmt: skip
    return Figure(
        name="flow",
        caption=f"Flow of {plural(site)} and participants, from the roster to the analysis.",
        alt=f"Flow diagram. {heads[0]}. {'. '.join(said)}.",
        svg=to_svg(fig, name="flow"),
        frame=frame,
    )


def _boxes(cells: Mapping[Any, Any], arm: str, site: str) -> list[list[str]]:
    """What the three boxes of an arm say: allocated, left out, analysed."""
    left = []
    for name in LEFT_OUT:
        step = cells.get((arm, name), {})
        number = step.get("sites" if name == "silent" else "rows", 0)
        if pd.isna(number) or not number:
            continue
        if name == "silent":
            left.append(f"{counted(number, site)} without participants")
        else:
            left.append(f"{lower(step['label'])}: {integer(number)}")
    analysed = cells[arm, "analysed"]
    return [
        [counted(cells[arm, "roster"]["sites"], site)],
        ["Left out:", *left] if left else ["Nobody left out"],
        ["Analysed:", counted(analysed["sites"], site), f"{integer(analysed['rows'])} participants"],
    ]


def _wrapped(lines: Sequence[str], head: str) -> list[str]:
    return [
        piece for line in filter(None, [capital(head), *lines]) for piece in textwrap.wrap(line, CHARACTERS)
    ]


def _box(
    ax: Any, x: float, y: float, width: float, height: float, lines: Sequence[str], *, faint: bool = False,
    centred: bool = False,
) -> None:  # fmt: skip
    ax.add_patch(
        Rectangle((x, y), width, height, facecolor=WASH if faint else PAPER, edgecolor=LINE, linewidth=1)
    )
    for place, line in enumerate(lines):
        at = (x + width / 2, "center") if centred else (x + 9, "left")
        ax.text(at[0], y + 20 + LINE_HEIGHT * place, line, ha=at[1], va="baseline", color=INK)


def balance(
    frame: pd.DataFrame, effect: Effect, *, labels: Mapping[str, str] | None = None, suppress_below: int = 5
) -> Table | Statement:
    """Show the arms' participants before the intervention, with standardised differences and no p.

    Parameters
    ----------
    frame : DataFrame
        From `qieval.trial.baseline_balance`.
    labels : mapping of str to str, optional
        What variables are called, where their names do not say it.
    suppress_below : int
        Proportions that rest on fewer participants are not shown, nor those that would give them away.
    """
    if frame.empty:
        say = "The study declares no baseline value and no covariate of participants, so none are compared."
        return Statement(name="balance", role="note", say=say)
    hidden = frame["least"] < suppress_below
    for rows in frame[frame["variable"].isin(set(frame.loc[hidden, "variable"]))].groupby("variable"):
        hidden[rows[1].index] = _levels_to_hide(rows[1], hidden[rows[1].index].to_numpy(), suppress_below)
    shown = frame[~hidden].reset_index(drop=True)
    control, intervention = effect.facts.labels
    plain = {name: name.replace("_", " ") for name in shown["variable"]}
    names = shown["variable"].map(plain | dict(labels or {})).map(capital)
    told = shown.assign(
        what=names.where(shown["level"] == "", names + ": " + shown["level"]),
        one=list(map(_summary, shown["control"], shown["control_sd"])),
        two=list(map(_summary, shown["intervention"], shown["intervention_sd"])),
    )
    return Table(
        name="balance",
        caption="Participants of the arms at the start: mean (SD), or proportion.",
        frame=told,
        columns=[
            columns.words("what", "Characteristic"),
            Column(source="one", label=capital(control)),
            Column(source="two", label=capital(intervention)),
            Column(source="difference", label="Standardised difference", show=fixed(2, plus=True)),
        ],
        notes=[
            "No p-values: what weighs is how far apart the arms were, not whether chance would explain it.",
            *(
                [f"Not shown: levels with fewer than {suppress_below} participants, or to hide such."]
                if hidden.any()
                else []
            ),
        ],
    )


def _levels_to_hide(levels: pd.DataFrame, hidden: Mask, below: int) -> Mask:
    """Levels of one variable whose proportions, which add up to one in each arm, are not told."""
    for arm in ("control", "intervention", "control"):
        people = (levels[arm] * levels[f"n_{arm}"]).fillna(0).round()
        hidden = too_small(people, below=below, always=hidden)
    return hidden


def _summary(mean: float, sd: float) -> str:
    return percent()(mean) if np.isnan(sd) else f"{fixed(1)(mean)} ({fixed(1)(sd)})"


def consort(effect: Effect, *, scheme: str | None, design: Design, site: str = "site") -> Table | Statement:
    """List the items of CONSORT's cluster extension that this page answers, and where.

    Parameters
    ----------
    scheme : str, optional
        How sites were allocated, as the study declares it.
    design : {"randomised", "controlled", "uncontrolled"}
        As the study file says; CONSORT is for trials alone.
    """
    if design != "randomised" or not scheme:
        return Statement(name="consort", role="note", say=NOT_A_TRIAL)
    many, ways = sum(effect.facts.per_arm), integer(effect.permutation.allocations)
    checks = "What if an assumption is wrong?; For whom?"
    places = {
        "3a": f"{capital(plural(site))} compared as allocated: {scheme}",
        "6a": "The bottom line; measured in participants",
        "7a": f"{many} {plural(site)}; see also “For the next study”",
        "8b": f"{capital(scheme)}; {ways} possible allocations",
        "12a": "How this was computed",
        **dict.fromkeys(("12b", "18"), checks),
        **dict.fromkeys(("13a", "13b", "15"), "Who is compared"),
        "16": "The outcome in each arm",
        "17a": "The difference, by every method; For the next study",
        "17b": "The difference, by every method",
        **dict.fromkeys(("20", "21"), "Read with care, at the top"),
    }
    items = filled("consort", places)
    return Table(
        name="consort",
        caption="Where this page answers items of CONSORT’s extension to cluster trials (2012).",
        frame=items[items["known"]].reset_index(drop=True),
        columns=[
            columns.words("item", "Item"),
            columns.words("topic", "Asks for"),
            columns.words("answer", "Answered under"),
        ],
        notes=["The other items are for the study’s protocol and its authors; 95_checklists lists all."],
    )
