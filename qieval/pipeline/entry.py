"""How people came into an analysis: before or after their site's arm was known, and from which site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

RECRUITED, ALLOCATED = "recruited", "allocated"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """Who was recruited when, and who changed site.

    Attributes
    ----------
    arms : DataFrame
        A row an arm (or ``"all"`` where there are none): `arm`, `people`, `moved` (seen at another site
        later), `before`, `after` (recruited before the day on which the arm of their site was known; on it or
        after) and `undated` (either day is missing).
    sites : DataFrame
        A row a site with people whose days are known: `arm`, `site`, `n`, `after`.
    dated : bool
        Whether the tables have both days at all.
    """

    arms: pd.DataFrame
    sites: pd.DataFrame
    dated: bool


def settled(rows: pd.DataFrame) -> tuple[pd.DataFrame, frozenset[str]]:
    """Put every row of people who changed site at the site where they were first recorded; name them."""
    order = [name for name in ("wave", "period") if name in rows]
    first = rows.sort_values(order, kind="stable").drop_duplicates("participant")
    site = rows["participant"].map(first.set_index("participant")["site"])
    moved = rows["site"].notna() & (site != rows["site"])
    return rows.assign(site=site), frozenset(rows.loc[moved, "participant"])


def entry(
    usable: pd.DataFrame, roster: pd.DataFrame, *, movers: frozenset[str], arms: Sequence[str]
) -> Entry:
    """Count people by when they were recruited and whether they changed site.

    Parameters
    ----------
    usable : DataFrame
        Rows analysed, with their site's `arm` where there are arms.
    roster : DataFrame
        The sites, with the day on which the arm of each was `allocated`, where it is recorded.
    movers : frozenset of str
        From `settled`.
    arms : sequence of str
        Labels of the arms.
    """
    people = usable.drop_duplicates("participant")
    arm = people["arm"].astype(str) if arms else pd.Series("all", index=people.index)
    dated = RECRUITED in people and ALLOCATED in roster
    late = pd.Series(pd.NA, index=people.index, dtype="boolean")
    if dated:
        came = pd.to_datetime(people[RECRUITED])
        known = pd.to_datetime(people["site"].map(roster.set_index("site")[ALLOCATED]))
        late = (came >= known).astype("boolean").mask(came.isna() | known.isna())
    told = pd.DataFrame(
        {
            "arm": arm,
            "site": people["site"],
            "people": 1,
            "moved": people["participant"].isin(movers).astype(int),
            "before": (~late).fillna(False).astype(int),
            "after": late.fillna(False).astype(int),
            "undated": late.isna().astype(int),
        }
    )
    told["arm"] = pd.Categorical(told["arm"], list(arms) or ["all"])
    by_site = (
        told.groupby(["arm", "site"], observed=True)[["before", "after"]]
        .sum()
        .reset_index()
        .astype({"arm": str})
    )
    by_site = by_site.assign(n=by_site["before"] + by_site["after"])
    return Entry(
        arms=told.groupby("arm", observed=False).sum(numeric_only=True).reset_index().astype({"arm": str}),
        sites=by_site.loc[by_site["n"] > 0, ["arm", "site", "n", "after"]].reset_index(drop=True),
        dated=dated,
    )
