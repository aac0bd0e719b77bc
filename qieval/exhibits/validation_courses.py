"""How well comparisons over time keep their promises: many periods without a lot, and repeated waves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Table
from qieval.exhibits.format import integer, percent

SERIES = {
    "site-t-mean": "Difference in differences of means, t on sites",
    "site-t-average": "Difference of mean differences from earlier courses, t on sites",
    "site-t-level": "Difference of steps, t on sites",
    "site-t-slope": "Difference of changes of slope, t on sites",
    "site-t-average-all": "No comparison sites: mean difference from earlier courses, t on sites",
    "staggered-jackknife": "Staggered starts, jackknife over sites",
    "series-ar1": "One mean series, AR(1)",
}
WAVES = {
    "site-changes": "Sites\N{RIGHT SINGLE QUOTATION MARK} own changes, t",
    "site-changes-permutation": "Sites\N{RIGHT SINGLE QUOTATION MARK} own changes, permutation test",
    "waves-mixed-kr": "All waves, site by wave as random, Kenward\N{EN DASH}Roger",
    "by-check": "That model where the check for drifting sites allows it, else t on changes",
}
ONE = percent(1)


def series(counts: pd.DataFrame) -> Table:
    """Show how often comparisons of sites over time reject where nothing happened, the worst cell of each.

    Parameters
    ----------
    counts : DataFrame
        As `qieval.trial.series_characteristics` gives them.
    """
    rate = counts.assign(share=counts["rejected"] / counts["replicates"])
    worst = rate.pivot_table(index="method", columns="sites", values="share", aggfunc="max", sort=False)
    frame = worst.reset_index().rename(columns=str)
    frame["method"] = frame["method"].map(SERIES)
    return Table(
        name="series",
        caption=(
            "Comparisons of sites over time: share of true nulls rejected "
            "at 5 %, the worst of six combinations of "
            "correlation over time (0, 0.3, 0.6) and of sites that drift apart or not."
        ),
        frame=frame,
        columns=[
            columns.words("method", "Method"),
            *(Column(source=str(n), label=f"{n} sites", show=ONE) for n in worst.columns),
        ],
        notes=[
            f"{integer(counts['replicates'].max())} simulated collaboratives "
            f"a cell, {integer(counts['replicates'].min())} "
            "for the single series. All sites share a common random "
            "course: without sites to compare with, it is taken "
            "for a change, however many sites there are. Where a method "
            "stands above 5 %, no report rests on it alone."
        ],
    )


def waves(counts: pd.DataFrame) -> Table:
    """Show how often comparisons over repeated waves reject where nothing happened, the worst cell of each.

    Parameters
    ----------
    counts : DataFrame
        As `qieval.trial.wave_characteristics` gives them.
    """
    rate = counts.assign(
        share=counts["rejected"] / counts["replicates"],
        drifts=np.where(counts["drift"] > 0, "drifting apart", "keeping their places"),
    )
    worst = rate.pivot_table(
        index=["method", "drifts"], columns="clusters", values="share", aggfunc="max", sort=False
    ).reset_index()
    worst["method"] = worst["method"].map(WAVES)
    designs = list(dict.fromkeys(counts["clusters"]))
    trials = integer(counts["replicates"].max())
    high = ONE(rate.loc[rate["method"] == "waves-mixed-kr", "share"].max())
    spread = " or ".join(f"{each:g}" for each in sorted(set(counts["drift"])) if each)
    return Table(
        name="waves",
        caption=(
            "Repeated waves: share of true nulls rejected at 5 %, the worst of the correlations "
            f"{', '.join(f'{each:g}' for each in sorted(set(counts['icc'])))} and of all rates of drift."
        ),
        frame=worst[["method", "drifts", *designs]],
        columns=[
            columns.words("method", "Method"),
            columns.words("drifts", "Sites"),
            *(Column(source=each, label=each, show=ONE) for each in designs),
        ],
        notes=[
            f"{trials} simulated trials a cell of four waves; drifting sites have slopes of their own with a "
            f"standard deviation of {spread} a wave, beside 1 for people.",
            f"The model of all waves rejects up to {high} of true nulls and cannot be trusted where sites "
            "drift apart; a plan takes sites\N{RIGHT SINGLE QUOTATION MARK} own changes.",
        ],
    )
