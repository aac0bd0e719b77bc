"""What the improvement work took beside what was planned, and from when each site's coaching counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from qieval.errors import DesignError
from qieval.stats.columns import numbers, require


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedUse:
    """Hours, visits and other resources beside their plan.

    Attributes
    ----------
    measures : DataFrame
        One row a measure with a plan: `measure`, `label`, `actual`, `planned` (sums over sites and periods),
        `ratio`, `sites`, `over` (sites whose sum exceeds their plan).
    """

    measures: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """One row a measure."""
        return self.measures.copy()


def planned_use(rows: pd.DataFrame, *, labels: Mapping[str, str] | None = None) -> PlannedUse:
    """Add up what was used and what was planned, where there is a plan.

    Parameters
    ----------
    rows : DataFrame
        The measures: `site`, `measure`, `numerator` and, for those with a plan, `planned`.
    labels : mapping of str to str, optional
        Names of measures in words.
    """
    require(rows, ["site", "measure", "numerator"], owner="planned_use")
    columns = ["measure", "label", "actual", "planned", "ratio", "sites", "over"]
    if "planned" not in rows or rows["planned"].isna().all():
        return PlannedUse(measures=pd.DataFrame(columns=columns))
    frame = rows.loc[rows["planned"].notna(), ["site", "measure"]].assign(
        actual=numbers(rows["numerator"])[rows["planned"].notna()],
        planned=numbers(rows["planned"])[rows["planned"].notna()],
    )
    by_site = frame.groupby(["measure", "site"], as_index=False).sum()
    by_site["over"] = by_site["actual"] > by_site["planned"]
    found = by_site.groupby("measure", as_index=False).agg(
        actual=("actual", "sum"), planned=("planned", "sum"), sites=("site", "size"), over=("over", "sum")
    )
    found["ratio"] = found["actual"] / found["planned"].where(found["planned"] > 0)
    found["label"] = [(labels or {}).get(name, name) for name in found["measure"]]
    return PlannedUse(measures=found[columns])


def coached_from(
    contacts: pd.DataFrame,
    *,
    site: str,
    date: str,
    cut: object,
    months_after: int = 1,
    sites: Sequence[str] = (),
) -> pd.DataFrame:
    """Say from which month each site's coaching is planned: some months after its first contact.

    Parameters
    ----------
    contacts : DataFrame
        The log of contacts: `site`, `date`.
    cut : date
        Sites whose plan starts later are left out.
    months_after : int
        0 where the first contact is already one of those planned; 1 where it is an introduction.
    sites : sequence of str
        Sites to be coached: those without any contact are planned from the first month of all.

    Returns
    -------
    DataFrame
        Columns `site`, `date`, for the `enrolled` of `fidelity`.
    """
    require(contacts, [site, date], owner="coached_from")
    days = pd.to_datetime(contacts[date]).groupby(contacts[site]).min()
    months = [pd.Period(day, freq="M") + months_after for day in days]
    first = pd.Series(months, index=days.index, dtype="period[M]")
    silent = [name for name in sites if name not in first.index] if len(first) else []
    if silent:
        first = pd.concat([first, pd.Series(first.min(), index=silent)])
    first = first[first <= pd.Period(pd.Timestamp(str(cut)), freq="M")].sort_index()
    if first.empty:
        raise DesignError("No site's coaching is planned to have begun by the data cut.")
    return pd.DataFrame({site: first.index, date: first.dt.start_time.to_numpy()})
