"""Who came after the arm of their site was known, and who changed site, in a table and in words."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from qieval.exhibits import columns
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import told_count_and_share
from qieval.exhibits.format import integer, percent, plural
from qieval.exhibits.phrases import capital
from qieval.stats.disclosure import shares_too_small, too_small

RISK = (
    "Whoever came, or was asked, once the arm was known may have done so because of it: then the arms differ "
    "in whom they hold, however sites came to their arms, and no method here can mend it. Compare who these "
    "people are between the arms, and ask how they were found."
)
EARLY = "All were recruited before the arm of their site was known, so nobody can have come because of it."


class Counts(Protocol):
    """Who came when and moved, by arm and site: `qieval.pipeline.entry.Entry`."""

    @property
    def arms(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def sites(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def dated(self) -> bool: ...  # noqa: D102


def entry(found: Counts, *, site: str = "site", suppress_below: int = 5) -> Table | Statement:
    """Show how many were recruited after the arm of their site was known, by arm and site; say who moved.

    Parameters
    ----------
    found : Entry
        From `qieval.pipeline.entry`.
    suppress_below : int
        Smaller numbers of people are withheld, and others from which they could be worked out.
    """
    moved = _moved(found.arms, site, suppress_below)
    if not found.dated:
        return Statement(name="entry", role="note", say=moved)
    arms = found.arms.assign(site="all", n=found.arms["before"] + found.arms["after"])
    sites = found.sites[found.sites["after"] > 0]
    hidden = np.concatenate([_arms_hidden(arms, suppress_below), np.zeros(len(sites), dtype=bool)])
    for rows in sites.groupby("arm").indices.values():
        part = sites.iloc[rows]
        hidden[len(arms) + np.asarray(rows)] = shares_too_small(
            part["after"], part["n"], below=suppress_below
        )
    shown = pd.concat([arms, sites], ignore_index=True)
    shares = told_count_and_share(shown["n"], shown["after"] / shown["n"])[1]
    shares = shares.mask(hidden | (shown["n"] == 0))
    undated = int(arms["undated"].sum())
    notes = [RISK if arms["after"].sum() else EARLY, moved]
    if undated >= suppress_below:
        notes.append(f"{integer(undated)} people have no date of recruitment, or their {site} none.")
    elif undated:
        notes.append(f"Fewer than {suppress_below} people have no date of recruitment.")
    if hidden.any():
        notes.append(f"Withheld: shares with fewer than {suppress_below} people on a side, or to hide such.")
    return Table(
        name="entry",
        caption=f"Participants recruited after the arm of their {site} was known, by arm and {site}.",
        frame=shown.assign(share=shares, n=shown["n"].mask(hidden))[["arm", "site", "n", "share"]],
        columns=[
            columns.words("arm", "Arm"),
            columns.words("site", capital(site)),
            columns.count("n", "Participants", unit="with a date"),
            Column(source="share", label="Recruited after", show=percent(0)),
        ],
        notes=notes,
    )


def _arms_hidden(arms: pd.DataFrame, below: int) -> np.ndarray:
    cells = arms[["before", "after", "undated"]].to_numpy()
    return np.array([too_small(row, below=below).any() for row in cells], dtype=bool)


def _moved(arms: pd.DataFrame, site: str, below: int) -> str:
    """Say how many changed site, by arm, and where they are analysed."""
    if not arms["moved"].sum():
        return f"Nobody changed {site} between waves."
    told = []
    for row in arms.to_dict(orient="records"):
        number = f"fewer than {below}" if 0 < row["moved"] < below else integer(row["moved"])
        told.append(f"{number} in “{row['arm']}”")
    return (
        f"Changed {site} between waves: {', '.join(told)}. They are analysed at the {site} where they were "
        f"first recorded, whichever of the {plural(site)} they were seen at later."
    )
