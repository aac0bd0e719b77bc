"""Whether the effect holds under other assumptions, in a table and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import told_count_and_share, told_shares
from qieval.exhibits.effect_methods import status_of
from qieval.exhibits.effect_words import scale_of
from qieval.exhibits.format import percent, plural
from qieval.exhibits.phrases import capital, joined, lower
from qieval.results import Estimate, Quantity, Record, tidy
from qieval.stats.disclosure import shares_too_small
from qieval.trial import Effect, Sensitivity

WORDS = {
    "adjusted": "Adjusted for {term}",
    "cluster-ancova": "Adjusted for each {site}’s value before",
    "size-gap": "Participants alike less {sites} alike",
    "missing-shift": "Missing outcomes {term}",
    "missing-bound": "Missing outcomes at their worst, {term}",
    "lost-bound": "Lost {sites} at their worst, {term}",
    "permutation-roster": "Permutation test over all {sites} of the roster",
    "leave-one-out": "{term}",
}


def checks(
    effect: Effect,
    found: Sensitivity,
    quantity: Quantity,
    *,
    site: str = "site",
    labels: Mapping[str, str] | None = None,
    suppress_below: int = 5,
) -> Table:
    """Show the site-level comparison under other assumptions, and the extremes of leaving a site out.

    Parameters
    ----------
    labels : mapping of str to str, optional
        What variables are called, where their names do not say it.
    suppress_below : int
        A comparison without a site tells that site's size and value; those without a site that may not be
        told are not shown.
    """
    scale = scale_of(effect, quantity)
    rows = [*found.checks, *_extremes(_told_out(effect, found, quantity, suppress_below))]
    signed, words = scale.show(plus=True), {"site": site, "sites": plural(site)}
    frame = tidy(rows).assign(
        change=[
            capital(WORDS[row.method].format(term=_told(row.term, labels or {}), **words)) for row in rows
        ]
    )
    return Table(
        name="sensitivity",
        caption=f"The comparison of {words['sites']} under other assumptions.",
        frame=frame,
        columns=[
            columns.words("change", "What was changed"),
            Column(source="estimate", label="Difference", unit=scale.unit, show=signed),
            columns.interval(effect.primary.level, signed, unit=scale.unit),
            *([] if effect.interim else [columns.P]),
        ],
        records=[
            Record(key=f"{row.method}--{place}", estimate=row, status=status_of(effect))
            for place, row in enumerate(rows)
        ],
        notes=_assumptions(rows, effect.interim),
    )


def _told(term: str, labels: Mapping[str, str]) -> str:
    """Call the variables of a term what a reader calls them."""
    return ", ".join(lower(labels.get(name, name.replace("_", " "))) for name in term.split(", "))


def _told_out(effect: Effect, found: Sensitivity, quantity: Quantity, below: int) -> list[Estimate]:
    """The comparisons without one cluster, of those whose own result is told (`effect_figures.clusters`)."""
    binary = quantity.kind == "binary"
    shown = told_shares(
        effect.cluster_summaries, below=below, n="n", share="mean", whether=binary, within="arm"
    )
    told = {f"without {name}" for name in shown["cluster"]}
    return [row for row in found.left_out if row.term in told]


def _extremes(left_out: Sequence[Estimate]) -> list[Estimate]:
    """The comparisons without one cluster that lie lowest and highest, and those that cannot be made."""
    known = sorted((row for row in left_out if math.isfinite(row.estimate)), key=lambda row: row.estimate)
    none = [row for row in left_out if not math.isfinite(row.estimate)]
    return [*(known[:1] + known[1:][-1:]), *none[:1]]


def _assumptions(rows: Sequence[Estimate], interim: str) -> list[str]:
    return list(dict.fromkeys(note for row in rows for note in row.notes if note != interim))


def single_sites(
    effect: Effect, found: Sensitivity, quantity: Quantity, *, site: str = "site", suppress_below: int = 5
) -> Statement:
    """Say whether one site carries the conclusion; how far it moves only of those that `checks` may tell."""
    known = [row for row in found.left_out if math.isfinite(row.ci_low)]
    if not known or math.isinf(effect.by_cluster.ci_low):
        return Statement(name="single-sites", role="note", say=f"No {site} can be left out of so few.")
    show, unit = scale_of(effect, quantity).show(plus=True), scale_of(effect, quantity).unit
    told = [row.estimate for row in _told_out(effect, found, quantity, suppress_below) if row in known]
    outside = _outside(effect.by_cluster)
    turned = [row.term.removeprefix("without ") for row in known if _outside(row) != outside]
    of = "" if len(told) == len(known) else " that is large enough to be told"
    said = f"Leaving out one {site}{of} at a time, the difference lies between " if told else ""
    said += f"{show(min(told))} and {show(max(told))} {unit}. " if told else ""
    if not turned:
        said += f"Whether its interval holds no difference does not hang on any single {site}."
    else:
        said += f"Whether its interval holds no difference hangs on {joined(turned[:5])}."
    alone = [row.term.removeprefix("without ") for row in found.left_out if not math.isfinite(row.estimate)]
    if alone:
        said += f" Without {joined(alone[:5])} nothing is left to compare: everything hangs on it."
    return Statement(name="single-sites", role="note", say=said)


def _outside(row: Estimate) -> bool:
    return row.ci_low > 0 or row.ci_high < 0


def missing(effect: Effect, found: Sensitivity, *, site: str = "site", suppress_below: int = 5) -> Table:
    """Show how many outcomes are missing in each arm, and at which sites.

    Parameters
    ----------
    suppress_below : int
        Shares of sites that rest on fewer missing (or known) participants are withheld, and others from which
        they could be worked out; what an arm misses is part of the flow, and told.
    """
    frame = found.missing.astype({"arm": str})
    arms = frame.groupby("arm", sort=False)[["n", "missing"]].sum().reset_index().assign(cluster="all")
    arms = arms.set_index("arm").reindex(list(effect.facts.labels)).reset_index()
    sites = frame[frame["missing"] > 0]
    hidden = np.zeros(len(arms) + len(sites), dtype=bool)
    of_sites = hidden[len(arms) :]
    for rows in sites.groupby("arm").indices.values():
        part = sites.iloc[rows]
        of_sites[rows] = shares_too_small(part["missing"], part["n"], below=suppress_below)
    shown = pd.concat([arms, sites], ignore_index=True)
    share = told_count_and_share(shown["n"], shown["missing"] / shown["n"])[1].mask(hidden)
    return Table(
        name="missing",
        caption=f"Outcomes missing, by arm and at each {site} that misses any; those known are analysed.",
        frame=shown.assign(share=share, n=shown["n"].mask(hidden)),
        columns=[
            columns.words("arm", "Arm"),
            columns.words("cluster", site.capitalize()),
            columns.count("n", "Participants"),
            Column(source="share", label="Outcome missing", show=percent(0)),
        ],
        notes=[
            f"Withheld where fewer than {suppress_below} participants stand behind a share, or to hide such."
        ]
        if hidden.any()
        else [],
    )
