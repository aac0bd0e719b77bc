"""How well changes over time and gaps between groups are told: bias and coverage under a known truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from qieval.exhibits import columns
from qieval.exhibits.change import READINGS
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.format import integer, percent, with_error
from qieval.exhibits.phrases import care
from qieval.stats.simulated import COUNTS, pooled

NAMES = READINGS | {
    "newcombe": "Gap, Newcombe",
    "newcombe-best": "Gap to the group that did best, Newcombe",
    "log-ratio": "Ratio of two groups, Katz",
    "gap-change": "Change of a gap, normal",
    "ridit-wls": "Slope index of inequality",
    "ridit-wls-ratio": "Relative index of inequality",
    "between-group-variance": "Between-group variance",
    "index-of-disparity": "Index of disparity",
}
RATIOS = ("log-ratio", "ridit-wls-ratio")
ACROSS = {"capability": "teams", "equity": "sizes"}
CAPTIONS = {
    "capability": (
        "Comparisons before and after: coverage of 95 % intervals by number of teams, "
        "and the largest bias, in standard deviations of the scores."
    ),
    "equity": (
        "Four groups of patients: coverage of 95 % intervals by the groups\N{RIGHT SINGLE QUOTATION MARK} "
        "sizes, and the largest bias; the worst of equal and unequal rates of 10 % and 50 %."
    ),
}
LINKED = {"all": "the same people", "half": "half the same", "none": "other people"}
PLACES = ("linked", "teams", "sizes")
SHORT = 0.94
ONE = percent(1)


def coverage(counts: pd.DataFrame, *, kind: str) -> Table:
    """Show how intervals hold the truth, and the largest bias, over the cells of a simulation.

    Parameters
    ----------
    counts : DataFrame
        As `qieval.capability.characteristics` or `qieval.measures.characteristics` gives them.
    kind : {"capability", "equity"}
        Which of the two.
    """
    across, by = ACROSS[kind], [name for name in ("linked", "method", "icc") if name in counts]
    cells = _cells(counts)
    worst = cells.sort_values("coverage", kind="stable").groupby([*by, across], observed=True).head(1)
    shown = worst.assign(cell=_shares(worst, "coverage", 100, 1))
    wide = shown.set_index([*by, across])["cell"].unstack()[list(dict.fromkeys(counts[across]))]  # noqa: PD010 (keeps rows of dashes)
    sizes = cells.assign(size=cells["bias"].abs()).sort_values("size", kind="stable")
    biased = sizes.groupby(by, observed=True).tail(1)
    told = biased.assign(bias=_shares(biased, "bias", 1, 3)).set_index(by)["bias"]
    frame = wide.rename(columns=str).assign(bias=told).reset_index()
    frame.loc[frame["method"].isin(RATIOS), "bias"] = None
    names = {"linked": LINKED, "method": NAMES}
    frame = frame.assign(
        **{name: frame[name].astype(str).map(words) for name, words in names.items() if name in by}
    )
    people = [columns.words("linked", "Asked again")] if "linked" in by else []
    return Table(
        name=kind,
        caption=CAPTIONS[kind],
        frame=frame,
        columns=[
            columns.words("method", "Method"),
            *people,
            Column(source="icc", label="ICC", unit="of changes" if people else "at sites"),
            *(
                Column(source=str(each), label=f"{each} {across}" if people else str(each), unit="%")
                for each in wide
            ),
            Column(source="bias", label="Largest bias"),
        ],
        notes=[
            f"{integer(counts['replicates'].max())} simulated waves a cell; after the sign, the Monte-Carlo "
            "standard error. A dash: there is no interval, or, of ratios, no mean."
        ],
    )


def cautions(counts: Mapping[str, pd.DataFrame]) -> Statement:
    """Say which intervals are shown to hold the truth too seldom, and where."""
    said = []
    for table in counts.values():
        cells = _cells(table)
        short = cells[cells["coverage"] + 3 * cells["coverage_se"] < SHORT]
        for method, rows in short.groupby("method", observed=True):
            worst = rows.sort_values("coverage", kind="stable").iloc[0]
            told = [LINKED.get(str(worst[each]), f"{each} {worst[each]}") for each in PLACES if each in rows]
            place = ", ".join(told)
            alone = "" if rows["icc"].eq(0).any() else " only where people of one team or site are alike"
            said.append(
                f"{NAMES[str(method)]}: {integer(len(rows))} of {integer((cells['method'] == method).sum())} "
                f"cells{alone}, down to {ONE(worst['coverage'])} ({place}, ICC {worst['icc']:g})."
            )
    found = care(said, otherwise="Every interval is shown to hold the truth in 94 % or more.")
    return replace(found, name="estimators")


def _cells(counts: pd.DataFrame) -> pd.DataFrame:
    keys = [str(name) for name in counts if name not in COUNTS]
    known = [name for name in NAMES if name in set(counts["method"])]
    ordered = counts.assign(method=pd.Categorical(counts["method"], known, ordered=True))
    return pooled(ordered, keys)


def _shares(rows: pd.DataFrame, what: str, factor: int, decimals: int) -> list[Any]:
    return [
        None if pd.isna(one) else with_error(one, error, decimals=decimals, factor=factor)
        for one, error in zip(rows[what], rows[f"{what}_se"], strict=True)
    ]
