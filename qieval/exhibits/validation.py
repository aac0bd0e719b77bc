"""How well the methods keep their promises: type I error and coverage from simulation under a known truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.ticker import FuncFormatter

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Figure, Statement, Table
from qieval.exhibits.format import integer, percent, with_error
from qieval.exhibits.phrases import care, joined
from qieval.exhibits.svg import INK, SOFT, A, B, canvas, to_svg
from qieval.results import Record
from qieval.trial.verdicts import ABOVE, Verdicts

NAMES = {
    "cluster-t": "t on cluster means",
    "cluster-t-size": "t weighted by size",
    "cluster-t-inverse-variance": "t weighted by inverse variance",
    "permutation": "permutation test",
    "mixed-model-kr": "Kenward\N{EN DASH}Roger",
    "cr2": "CR2",
    "wild-bootstrap-rademacher": "wild bootstrap",
    "gee": "GEE uncorrected",
    "gee-kauermann-carroll": "GEE Kauermann\N{EN DASH}Carroll",
    "gee-mancl-derouen": "GEE Mancl\N{EN DASH}DeRouen",
    "gee-fay-graubard": "GEE Fay\N{EN DASH}Graubard",
    "glmm-t": "model of odds or rates",
}
COURSES = {
    "changes": "Sites\N{RIGHT SINGLE QUOTATION MARK} own changes, diverging sites",
    "gaps": "Sites\N{RIGHT SINGLE QUOTATION MARK} own gaps between groups",
    "strata": "Two strata",
    "variances": "Intervention sites vary three times as much",
    "wedge": "Stepped wedge, start orders",
}
FAMILIES = {"binomial": "Proportion of 2 %", "poisson": "Rate of 0.05"}
ONE = percent(1)


def headline(found: Verdicts, record: Mapping[str, Any]) -> Statement:
    """Say which methods keep 5 % from how many clusters on, and on how many trials that rests."""
    methods, designs = (list(dict.fromkeys(found.methods[name])) for name in ("method", "clusters"))
    kept = {name: found.keeps_from(name) for name in methods if found.keeps_from(name)}
    places = {
        start: "with any number of sites" if start == designs[0] else f"from {start} sites on"
        for start in designs
    }
    plans, *others = methods
    told = [
        f"{places[start]}: {joined([NAMES[name] for name in others if kept.get(name) == start])}"
        for start in designs
        if start in {kept.get(name) for name in others}
    ]
    above = dict.fromkeys(found.methods.loc[found.methods["verdict"] == "above", "method"])
    still = [NAMES[name] for name in methods if name not in (*kept, *above)]
    shown = "**was not shown** to keep its type I error of 5 %"
    if plans in kept:
        shown = f"kept its type I error of 5 % **{places[kept[plans]]}**"
    said = f"The {NAMES[plans]}, which plans propose, {shown}."
    more = [
        f"Sites are given as control + intervention. Others that kept it: {'; '.join(told)}." if told else "",
        f"Shown above 5 % somewhere: {'; '.join(_where(found, name) for name in above)}." if above else "",
        f"Not told apart by so few trials, or without an answer somewhere: {joined(still)}." if still else "",
        f"{integer(record['replicates'])} simulated trials a cell for t and permutation tests, "
        f"{integer(record['replicates_of_models'])} for models. Above means: shown above {ONE(ABOVE)} by "
        "three Monte-Carlo standard errors in one cell, or by two over all; "
        "kept means: neither, and shown below 6 % by 1,000 trials or more.",
    ]
    records = [
        Record(
            key=f"{row.method}/{row.clusters}",
            estimate=estimate,
            status="descriptive",
        )
        for row, estimate in zip(found.methods.itertuples(), found.estimates, strict=True)
    ]
    return Statement(
        name="headline", role="headline", say=said, more=list(filter(None, more)), records=records
    )


def _where(found: Verdicts, method: str) -> str:
    rows = found.methods[(found.methods["method"] == method) & (found.methods["verdict"] == "above")]
    return f"{NAMES[method]} with {joined(list(rows['clusters']))}"


def cautions(found: Verdicts) -> Statement:
    """Say where even the method that a plan proposes cannot be trusted."""
    said = []
    for frame, key, names in ((found.courses, "course", COURSES), (found.rare, "family", FAMILIES)):
        for name, rows in frame[frame["verdict"] == "above"].groupby(key, sort=False):
            told = [f"{ONE(row.type1)} with {row.clusters}" for row in rows.itertuples()]
            said.append(
                f"{names[str(name)]}: the test rejects {joined(told)} of true nulls "
                "and cannot be trusted there."
            )
    for name, rows in found.rare.groupby("family", sort=False):
        share = rows["refused"] / rows["replicates"]
        worst = rows.iloc[int(share.to_numpy().argmax())]
        said.append(
            f"{FAMILIES[str(name)]}: in up to {ONE(share.max())} of trials ({worst['clusters']}) no site "
            "differs from another and no test is given; these count as not rejecting."
        )
    return care(said, otherwise="The method that a plan proposes keeps its level in every cell.")


def errors(found: Verdicts) -> Figure:
    """Draw each method's type I error by number of clusters, with Monte-Carlo error bars."""
    methods = list(dict.fromkeys(found.methods["method"]))
    designs = list(dict.fromkeys(found.methods["clusters"]))
    fig, ax = canvas(640, 60 + 46 * len(methods))
    ax.axvline(0.05, color=SOFT, linewidth=1, linestyle=(0, (2, 3)))
    answered = found.methods[found.methods["verdict"] != "no answer"]
    for place, method in enumerate(methods):
        rows = answered[answered["method"] == method]
        for row in rows.itertuples():
            height = len(methods) - 1 - place + 0.32 - 0.64 * designs.index(row.clusters) / (len(designs) - 1)
            colour = B if row.verdict == "above" else A
            reach = [max(0.0, row.type1 - 2 * row.type1_se), row.type1 + 2 * row.type1_se]
            ax.plot(reach, [height, height], color=colour, linewidth=1.5)
            ax.plot([row.type1], [height], "o", color=colour, markersize=3.5)
    ax.set_yticks(range(len(methods)), labels=[NAMES[name] for name in reversed(methods)])
    ax.set_ylim(-0.6, len(methods) - 0.4)
    ax.set_xlim(
        -0.005, min(0.5, float((found.methods["type1"] + 2 * found.methods["type1_se"]).max()) * 1.05)
    )
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent()(value)))
    ax.set_xlabel("True nulls rejected")
    ax.tick_params(colors=INK)
    worst = found.methods.sort_values("type1").groupby("method", sort=False).last().reset_index()
    told = [
        f"{NAMES[row['method']]} at most {ONE(row['type1'])} ({row['clusters']})"
        for row in worst.to_dict(orient="records")
    ]
    return Figure(
        name="errors",
        caption=(
            f"Type I error at 5 %, with two Monte-Carlo standard errors either way; from top to bottom "
            f"{joined(designs)} sites. Averages over correlations, sizes and kinds of outcome. The second "
            "colour marks what is shown above the level."
        ),
        alt=f"Largest type I errors: {'; '.join(told)}.",
        svg=to_svg(fig, name="errors"),
        frame=found.methods[["method", "clusters", "replicates", "type1", "type1_se", "largest", "verdict"]],
    )


def table(found: Verdicts, *, what: str = "type1") -> Table:
    """Show type I errors, or coverage, of every method by number of clusters."""
    label, name = {
        "type1": ("Type I error at 5 %", "type-one"),
        "coverage": ("Coverage of 95 % intervals", "coverage"),
    }[what]
    frame = _wide(found.methods, "method", what).assign(method=lambda each: each["method"].map(NAMES))
    return Table(
        name=name,
        caption=f"{label}, by sites in control and intervention, with the Monte-Carlo standard error.",
        frame=frame,
        columns=[columns.words("method", "Method"), *_designs(frame, "method")],
        notes=["A dash: the method gives no answer there."],
    )


def courses(found: Verdicts) -> Table:
    """Show the type I error of what a plan proposes, where the course of the trial is another."""
    parallel = found.courses[found.courses["course"] != "wedge"]
    frame = _wide(parallel, "course", "type1").assign(course=lambda each: each["course"].map(COURSES))
    rare = _wide(found.rare, "family", "type1").assign(course=lambda each: each["family"].map(FAMILIES))
    frame = pd.concat([frame, rare.drop(columns="family")], ignore_index=True)
    wedge = found.courses[found.courses["course"] == "wedge"]
    told = [
        f"{row['clusters']} {with_error(row['type1'], row['type1_se'], factor=100)}"
        for row in wedge.to_dict(orient="records")
    ]
    return Table(
        name="courses",
        caption="Type I error at 5 % of the t on site values, where the trial is of another kind.",
        frame=frame,
        columns=[columns.words("course", "What is compared"), *_designs(frame, "course")],
        notes=[f"Stepped wedges, permutation test over start orders: {'; '.join(told)}."] if told else [],
    )


def agreement(
    compared: pd.DataFrame, *, what: str = "type I errors", name: str = "agreement", most: float = 4.0
) -> Statement:
    """Say whether what is simulated for this page agrees with what is recorded within Monte-Carlo error."""
    far = compared[compared["z"].abs() > most]
    share = f"{integer(len(compared) - len(far))} of {integer(len(compared))} {what}"
    largest = compared["z"].abs().max()
    said = (
        f"Simulated anew for this page, {share} lie within {most:g} Monte-Carlo standard errors of the "
        f"recorded ones; the largest distance is {largest:.1f}."
    )
    cells = far.drop(columns=["recorded", "fresh", "z"]).to_dict(orient="records")
    worse = [
        f"{', '.join(f'{key} {value}' for key, value in cell.items())}: {ONE(now)} now, {ONE(then)} recorded."
        for cell, now, then in zip(cells, far["fresh"], far["recorded"], strict=True)
    ]
    return Statement(name=name, role="caution" if len(far) else "note", say=said, more=worse)


def made(record: Mapping[str, Any], *, name: str = "made") -> Statement:
    """Say how the recorded simulation was made."""
    first, last = record["seeds"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    source = ", ".join(f"{each} {sha[:12]}" for each, sha in record["source"].items())
    return Statement(
        name=name,
        role="note",
        say=(
            f"Made on {record['day']} by {record['made_by']}; seeds {first} to {last}; {versions}; "
            f"SHA-256 of the sources: {source}."
        ),
    )


def _wide(found: pd.DataFrame, row: str, what: str) -> pd.DataFrame:
    """One row a method or course, a column a design, each cell a share with its error."""
    cells: list[Any] = [
        None if answered == 0 else with_error(share, error, factor=100)
        for share, error, answered in zip(found[what], found[f"{what}_se"], found["answered"], strict=True)
    ]
    shown = found.assign(cell=cells)
    designs = list(dict.fromkeys(found["clusters"]))
    wide = shown.pivot_table(index=row, columns="clusters", values="cell", aggfunc="first", sort=False)
    return wide.reindex(columns=designs).astype(object).where(wide.notna(), None).reset_index()


def _designs(frame: pd.DataFrame, besides: str) -> list[Column]:
    return [Column(source=name, label=name, unit="%") for name in frame.columns if name != besides]
