"""Whether the programme was delivered as planned: coaching dose and toolkit steps."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from qieval.errors import ArgumentError, DesignError
from qieval.stats.columns import numbers, require


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fidelity:
    """Delivery beside the plan.

    Attributes
    ----------
    sites : DataFrame
        One row a site: `site`, `months`, `planned`, `held`, `cancelled`, `dose` (held over planned),
        `dose_capped` (extra contacts of one month do not stand in for another's), `months_full`,
        `months_missed`, `minutes`, `dose_minutes`, `mean_minutes`, `longest_gap` (days between contacts
        held), `attendance` (attended over invited, contacts held); with steps also
        `steps_done`, `step_adherence`, `contiguous` (highest step with none missing before it),
        `out_of_order` (pairs of steps done in the wrong order).
    monthly : DataFrame
        One row a site and month of its plan: `site`, `month`, `held`, `planned`, and from its first month on
        `minutes` and `planned_minutes`, added up (`minutes` NaN where the log has none).
    steps : DataFrame
        One row a site and step: `site`, `step`, `date` (NaT if not done by the cut), `days` since the step
        before it was done (days up to the cut where `censored`; NaN where the step before is not done).
    start, cut : Timestamp
        First day of the plan, and the last day counted.
    """

    sites: pd.DataFrame
    monthly: pd.DataFrame
    steps: pd.DataFrame
    start: pd.Timestamp
    cut: pd.Timestamp

    def tidy(self) -> pd.DataFrame:
        """One row a site."""
        return self.sites.copy()


def fidelity(
    contacts: pd.DataFrame,
    *,
    site: str,
    date: str,
    start: str | pd.Timestamp,
    cut: str | pd.Timestamp,
    per_month: float,
    minutes: str | None = None,
    planned_minutes: float = 60,
    held: str | None = None,
    invited: str | None = None,
    attended: str | None = None,
    steps: pd.DataFrame | None = None,
    step: str = "step",
    n_steps: int = 12,
    enrolled: pd.DataFrame | None = None,
) -> Fidelity:
    """Compare the coaching and the toolkit steps of each site with the plan.

    Parameters
    ----------
    contacts : DataFrame
        One row a coaching contact; those outside the plan's days are left out.
    site, date : str
        Columns, also of `steps` and `enrolled`.
    start, cut : date
        First day planned, and the data's cut; both are part of the report and never today.
    per_month : float
        Contacts planned for a site in a month; every month begun by the cut counts.
    minutes, held : str, optional
        Columns of `contacts`: length, and whether it took place (all did, without).
    invited, attended : str, optional
        Columns of `contacts`: how many people were asked to come, and how many came.
    planned_minutes : float
        Minutes planned for a contact.
    steps : DataFrame, optional
        One row a site and step reached: columns `site`, `step`, `date` (missing: not done).
    step : str
        Column of the step's number, from 1.
    n_steps : int
        Steps of the toolkit.
    enrolled : DataFrame, optional
        One row a site of the programme, with columns `site` and, where it joined late, `date`: months from
        the joining month on are planned. Without it, the sites that have contacts or steps, from the start.

    Examples
    --------
    >>> log = pd.DataFrame({"site": ["A", "A", "A"], "date": ["2024-01-03", "2024-01-20", "2024-01-30"]})
    >>> fidelity(log, site="site", date="date", start="2024-01-01", cut="2024-02-29",
    ...          per_month=2).tidy()[["dose", "dose_capped"]].iloc[0].tolist()
    [0.75, 0.5]
    """
    first, last = pd.Timestamp(start), pd.Timestamp(cut)
    if not first <= last or not per_month > 0 or not planned_minutes > 0:
        raise ArgumentError("`fidelity`: the plan needs a start before its cut and a dose above zero.")
    require(contacts, [site, date, minutes, held, invited, attended], owner="fidelity")
    log = pd.DataFrame({"site": contacts[site], "date": pd.to_datetime(contacts[date])})
    log["minutes"] = numbers(contacts[minutes]) if minutes else np.nan
    log["held"] = numbers(contacts[held]) > 0 if held else True
    for people, column in (("invited", invited), ("attended", attended)):
        log[people] = numbers(contacts[column]) if column else np.nan
    if log[["site", "date"]].isna().to_numpy().any():
        raise DesignError("Every contact needs a site and a date.")
    reached = _reached(steps, site, step, date, n_steps, last)
    joined = _joined(enrolled, site, date, [*log["site"], *reached["site"]], first)
    log = log[log["date"].between(first, last + pd.Timedelta("1D"), inclusive="left")]
    log["month"] = log["date"].dt.to_period("M")
    months = pd.period_range(first, last, freq="M")
    rows, cells = [], []
    for name, joining in joined.items():
        planned = months[months >= pd.Period(joining, freq="M")]
        here = log[(log["site"] == name) & log["month"].isin(planned)].sort_values("date")
        own = here[here["held"]]
        count = own["month"].value_counts().reindex(planned, fill_value=0)
        rows.append(
            {"site": name, "cancelled": len(here) - len(own)} | _dose(own, count, per_month, planned_minutes)
        )
        took = own.groupby("month")["minutes"].sum(min_count=1).reindex(planned, fill_value=0.0)
        due = per_month * planned_minutes * np.arange(1, len(planned) + 1)
        summed = took.cumsum() if minutes else took * np.nan
        each = zip(count.items(), summed, due, strict=True)
        cells += [(name, month, int(number), per_month, *both) for (month, number), *both in each]
    sites = pd.DataFrame(rows)
    timed = _timed(reached, joined, n_steps, last)
    if steps is not None:
        sites = sites.join(pd.DataFrame([_adherence(timed, name, n_steps) for name in joined]))
    monthly = pd.DataFrame(cells, columns=["site", "month", "held", "planned", "minutes", "planned_minutes"])
    return Fidelity(sites=sites, monthly=monthly, steps=timed, start=first, cut=last)


def _joined(
    enrolled: pd.DataFrame | None, site: str, date: str, seen: list[Hashable], first: pd.Timestamp
) -> dict[Hashable, pd.Timestamp]:
    """Each site of the programme with its first day, sites in order."""
    if enrolled is None:
        return dict.fromkeys(sorted(set(seen), key=str), first)
    require(enrolled, [site], owner="fidelity")
    if enrolled[site].duplicated().any():
        raise DesignError("`enrolled` needs one row a site.")
    unknown = sorted({str(name) for name in seen} - {str(name) for name in enrolled[site]})
    if unknown:
        raise DesignError(f"Contacts or steps of sites that are not enrolled: {', '.join(unknown[:5])}.")
    days = pd.to_datetime(enrolled[date]) if date in enrolled else pd.Series(first, index=enrolled.index)
    return {
        name: max(first, day) if pd.notna(day) else first
        for name, day in zip(enrolled[site], days, strict=True)
    }


def _dose(own: pd.DataFrame, count: Any, per_month: float, planned_minutes: float) -> dict[str, Any]:
    planned, held, minutes = per_month * len(count), int(count.sum()), own["minutes"].sum(min_count=1)
    gaps = own["date"].dt.normalize().diff().dt.days
    return {
        "months": len(count),
        "planned": planned,
        "held": held,
        "dose": held / planned if planned else np.nan,
        "dose_capped": float(count.clip(upper=per_month).sum()) / planned if planned else np.nan,
        "months_full": int((count >= per_month).sum()),
        "months_missed": int((count == 0).sum()),
        "minutes": minutes,
        "dose_minutes": minutes / (planned * planned_minutes) if planned else np.nan,
        "mean_minutes": own["minutes"].mean(),
        "longest_gap": gaps.max(),
        "attendance": own["attended"].sum(min_count=1) / own["invited"].sum(min_count=1),
    }


def _reached(
    steps: pd.DataFrame | None, site: str, step: str, date: str, n_steps: int, last: pd.Timestamp
) -> pd.DataFrame:
    """Steps done by the cut, one row each."""
    if steps is None:
        return pd.DataFrame({"site": [], "step": [], "date": pd.to_datetime([])})
    require(steps, [site, step, date], owner="fidelity")
    frame = pd.DataFrame({"site": steps[site], "step": numbers(steps[step])})
    frame["date"] = pd.to_datetime(steps[date])
    if frame[["site", "step"]].duplicated().any() or not frame["step"].isin(range(1, n_steps + 1)).all():
        raise DesignError(f"Every site and step needs one row, steps from 1 to {n_steps}.")
    return frame[frame["date"].isna() | (frame["date"] < last + pd.Timedelta("1D"))]


def _timed(
    reached: pd.DataFrame, joined: dict[Hashable, pd.Timestamp], n_steps: int, last: pd.Timestamp
) -> pd.DataFrame:
    """Lay every site and step out, with the days each took."""
    places = pd.MultiIndex.from_product([list(joined), range(1, n_steps + 1)], names=["site", "step"])
    frame = reached.set_index(["site", "step"]).reindex(places).reset_index()
    before = frame.groupby("site", sort=False)["date"].shift()
    before = before.where(frame["step"] > 1, frame["site"].map(joined))
    frame["censored"] = frame["date"].isna() & before.notna()
    frame["days"] = (frame["date"].fillna(last) - before).dt.days.astype(float)
    frame.loc[frame["days"] < 0, "days"] = np.nan
    return frame[["site", "step", "date", "days", "censored"]]


def _adherence(timed: pd.DataFrame, name: Hashable, n_steps: int) -> dict[str, Any]:
    own = timed[timed["site"] == name]
    done = own[own["date"].notna()]
    pairs = combinations(zip(done["step"], done["date"], strict=True), 2)
    return {
        "steps_done": len(done),
        "step_adherence": len(done) / n_steps,
        "contiguous": int(own["date"].notna().cumprod().sum()),
        "out_of_order": tuple((a, b) for (a, early), (b, late) in pairs if early > late),
    }
