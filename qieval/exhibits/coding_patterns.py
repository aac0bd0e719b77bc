"""Which codes meet, and whether further sources still brought new ones: sentences, tables and figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qieval.coding import Cooccurrence, Project, Saturation
from qieval.exhibits.coding_figures import ROW, heat
from qieval.exhibits.columns import count, words
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.format import fixed, integer, percent
from qieval.exhibits.phrases import counted
from qieval.exhibits.svg import INK, A, canvas, tint, to_svg
from qieval.results import Record

MEETING = {
    "overlap": "their passages share at least a character",
    "same-segment": "the same passage carries both",
    "inclusion": "a passage of the one lies within a passage of the other",
    "near": "their passages are at most {} characters apart",
    "same-source": "both were found in the same source",
}
WHOSE = {"within": "in the work of one coder", "any": "whoever coded them"}
MOST_PAIRS = 10


def meetings_figure(found: Cooccurrence, project: Project) -> Figure | Statement:
    """Draw how often each two codes meet, codes numbered alike down and across."""
    frame = found.frame
    used = pd.unique(frame.loc[frame["both"] > 0, ["code_a", "code_b"]].to_numpy().ravel())
    if not len(used):
        return Statement(name="meetings", role="note", say=f"No two codes meet: {_defined(found)}.")
    book = project.codes.frame
    codes = book.loc[book["code"].isin(used), ["code", "name"]]
    order = codes["code"].tolist()
    both = found.matrix("both").reindex(index=order, columns=order).to_numpy(dtype=float, na_value=np.nan)
    share = found.matrix("c").reindex(index=order, columns=order).to_numpy(dtype=float, na_value=np.nan)
    shown = [["" if np.isnan(cell) or not cell else integer(cell) for cell in row] for row in both]
    fig, ax = canvas(640, ROW * len(codes) + 60)
    heat(ax, np.minimum(share / max(np.nanmax(share), 1e-9), 1), shown)
    numbers = range(1, len(codes) + 1)
    ax.set_xticks(np.arange(len(codes)) + 0.5, labels=[str(number) for number in numbers], rotation=0)
    ax.xaxis.tick_top()
    labels = [f"{name}  {number}" for number, name in zip(numbers, codes["name"], strict=True)]
    ax.set_yticks(np.arange(len(codes)) + 0.5, labels=labels, rotation=0)
    ax.set(xlabel="", ylabel="")
    return Figure(
        name="meetings",
        caption=f"How often two codes meet: {_defined(found)}. Numbers count pairs of passages; a darker "
        "cell is a larger part of what either code was given to. Codes that meet no other are left out.",
        alt="Table of codes by codes. " + "; ".join(_said(row, project) for row in _most(found)) + ".",
        svg=to_svg(fig, name="meetings"),
        frame=frame[["code_a", "code_b", "both", "references_a", "references_b", "sources", "c", "jaccard"]],
        records=[
            Record(key=estimate.term, estimate=estimate, status="descriptive")
            for estimate in found.estimates()
            if estimate.n
        ],
    )


def meetings_table(found: Cooccurrence, project: Project) -> Table | Statement:
    """Table the pairs of codes that meet most."""
    rows = _most(found)
    if not rows:
        return Statement(name="pairs", role="note", say="There is no pair of codes to list.")
    names = dict(zip(project.codes.frame["code"], project.codes.frame["name"], strict=True))
    frame = pd.DataFrame(rows)
    return Table(
        name="pairs",
        caption=f"The {counted(len(frame), 'pair')} of codes that meet most, by the coefficient c.",
        frame=frame.assign(**{side: frame[side].map(names) for side in ("code_a", "code_b")}),
        columns=[
            words("code_a", "Code"),
            words("code_b", "Meets"),
            count("both", "Pairs of passages"),
            count("references_a", "Passages", unit="of the first"),
            count("references_b", "Passages", unit="of the second"),
            count("sources", "Sources in which they meet"),
            Column(source="c", label="c", show=fixed(2)),
            Column(source="jaccard", label="Shared text", unit="of what either marks", show=percent(1)),
        ],
        notes=[
            f"Two codes meet where {_defined(found)}.",
            "c is the number of pairs over the passages of either code less the pairs: a rank, no "
            "probability. Two codes of two coders on one passage are a disagreement and do not count here."
            if found.coders == "within"
            else "c is the number of pairs over the passages of either code less the pairs.",
        ],
    )


def saturation_figure(found: Saturation) -> Figure:
    """Draw how many codes had been found after each source, beside the mean over all orders."""
    frame = found.sources.assign(place=np.arange(1, len(found.sources) + 1))
    fig, ax = canvas(640, 260)
    ax.bar(frame["place"], frame["new"], width=0.8, color=tint(0.4), label="new in this source")
    ax.plot(frame["place"], frame["expected"], color=INK, linewidth=1, linestyle="--", label="any order")
    ax.step(frame["place"], frame["cumulative"], where="mid", color=A, label="so far, in order")
    ax.set(xlabel="Sources in order", ylabel="Codes", ylim=(0, None))
    ax.legend(loc="center right")
    return Figure(
        name="saturation",
        caption="Codes found for the first time in each source and in all so far, in the order of "
        "collection; dashed, the mean over every order in which the sources could have been read.",
        alt=f"Steps that rise to {counted(int(frame['cumulative'].iloc[-1]), 'code')} after "
        f"{counted(len(frame), 'source')}. {saturation_words(found)}"
        if len(frame)
        else "There is no source to draw.",
        svg=to_svg(fig, name="saturation"),
        frame=frame[["place", "codes", "new", "cumulative", "expected"]],
    )


def saturation_statement(found: Saturation) -> Statement:
    """Say after how many sources further ones brought hardly any new codes, or why that is not known."""
    return Statement(
        name="saturation-reached",
        role="note",
        say=saturation_words(found),
        more=[*found.notes],
        records=[Record(key="saturated after", estimate=found.estimates()[0], status="descriptive")],
    )


def saturation_words(found: Saturation) -> str:
    """Say where saturation was reached, with what that was judged by."""
    rule = (
        f"base {found.base}, run {found.run}, threshold {percent()(found.threshold)} of the "
        f"{counted(found.base_codes, 'code')} in the base"
    )
    if found.saturated_after is None:
        return f"{found.reason} ({rule})"
    step = found.steps[found.steps["first"] == found.saturated_after + 1].iloc[0]
    return (
        f"Saturation was reached after **{counted(found.saturated_after, 'source')}** ({found.label}): the "
        f"next {found.run} brought {counted(int(step['new']), 'new code') if step['new'] else 'no new code'} "
        f"({rule})."
    )


def _defined(found: Cooccurrence) -> str:
    return f"{MEETING[found.definition].format(found.within)}, {WHOSE[found.coders]}"


def _most(found: Cooccurrence) -> list[dict[str, object]]:
    rows = found.frame[found.frame["both"] > 0]
    ordered = rows.sort_values(["c", "both"], ascending=False, kind="stable").head(MOST_PAIRS)
    return [{str(name): value for name, value in row.items()} for row in ordered.to_dict(orient="records")]


def _said(row: dict[str, object], project: Project) -> str:
    names = dict(zip(project.codes.frame["code"], project.codes.frame["name"], strict=True))
    return f"{names[row['code_a']]} meets {names[row['code_b']]} {integer(row['both'])} times"
