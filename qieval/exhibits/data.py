"""What arrived: the tables, who is in them, how complete they are, and what to be careful about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from qieval.exhibits.columns import count, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.disclosure import (
    count_or_fewer,
    rounded,
    rounds,
    told_count_and_share,
    withheld_note,
    withhold,
)
from qieval.exhibits.format import percent
from qieval.exhibits.phrases import capital, care, counted, joined, lower
from qieval.results import Estimate, Record

ALL = "all"
UNEVEN = 0.05
MOST_STRATA = 12


def tables(files: pd.DataFrame) -> Table:
    """Show which tables arrived.

    Parameters
    ----------
    files : DataFrame
        A row a table: `table`, `file`, `rows`, `columns`, `sha256`.
    """
    short = files.assign(fingerprint=files["sha256"].str[:12])
    return Table(
        name="tables",
        caption="The tables of this wave as they were read.",
        frame=short,
        columns=[
            words("table", "Table"),
            words("file", "File"),
            count("rows", "Rows"),
            count("columns", "Columns"),
            words("fingerprint", "Fingerprint", unit="first 12 digits of SHA-256"),
        ],
    )


def dictionary(columns: pd.DataFrame, *, suppress_below: int = 5) -> Table:
    """Say what each column of the tables means, what may stand in it, and how much of it is empty.

    Parameters
    ----------
    columns : DataFrame
        From `qieval.pipeline.dictionary.dictionary`.
    suppress_below : int
        Fewest people: where fewer have a value, or have none, it is not told how many.
    """
    pairs = zip(columns["missing"], columns["rows"] - columns["missing"], strict=True)
    few = [withhold(pair, suppress_below)[0] is None for pair in pairs]
    missing = rounded(columns["missing"].astype(float).mask(columns["people"] & pd.Series(few)))
    shown = columns.assign(missing=missing, share=missing / columns["rows"])
    return Table(
        name="dictionary",
        caption="Every column of the tables: what it means, what may stand in it, how much of it is empty.",
        frame=shown,
        columns=[
            words("column", "Column"),
            words("table", "Table"),
            words("meaning", "Meaning"),
            words("values", "Holds"),
            count("missing", "Empty", unit="rows", show=count_or_fewer(suppress_below)),
            Column(source="share", label="Empty", unit="share", show=percent(1)),
        ],
        notes=[
            "Empty is also what the study file names as missing, and what does not apply to a row, as the "
            "minutes of a step reached. Participants who withdrew are not counted.",
            *withheld_note(shown[["missing"]], suppress_below),
        ],
    )


def allocation(sites: pd.DataFrame) -> Table:
    """Show how many sites of each stratum are in each arm.

    Parameters
    ----------
    sites : DataFrame
        A row a stratum and arm: `stratum`, `arm`, `sites`.
    """
    strata = sites["stratum"].nunique()
    folded = strata > MOST_STRATA
    shown = sites.assign(stratum=f"{strata} strata") if folded else sites
    wide = shown.pivot_table(index="stratum", columns="arm", values="sites", aggfunc="sum", observed=False)
    wide.columns = [str(arm) for arm in wide.columns]
    return Table(
        name="allocation",
        caption="Sites of the roster by stratum and arm.",
        frame=wide.reset_index(),
        columns=[
            words("stratum", "Stratum"),
            *(count(arm, _arm(arm), unit="sites") for arm in wide.columns),
        ],
    )


def flow(steps: pd.DataFrame) -> Table:
    """Show sites and participants on their way into the wave, with everything left out.

    Parameters
    ----------
    steps : DataFrame
        A row a step and arm: `step`, `label`, `kind` (kept or excluded), `arm`, `sites`, `participants`,
        `rows`. Rows add up; they are called participants where each has one.
    """
    arms = list(dict.fromkeys(steps["arm"]))
    said = steps["label"].where(steps["kind"] == "kept", "Left out: " + steps["label"].map(lower))
    wide = _side_by_side(steps.assign(words=said), ["step", "words", "kind"], ["sites", "rows"])
    frame = wide.reset_index()
    people = bool((steps["rows"] == steps["participants"]).fillna(True).all())
    kept = [place for place, kind in enumerate(frame["kind"]) if kind == "kept"]
    return Table(
        name="flow",
        caption="Sites and participants on their way into this wave; whatever is left out is counted.",
        frame=frame,
        columns=[
            words("words", "Step"),
            *(
                count(f"{counted_as} {arm}", _arm(arm), unit=unit)
                for arm in arms
                for counted_as, unit in (("sites", "sites"), ("rows", "participants" if people else "rows"))
            ),
        ],
        emphasis=kept[-1:],
    )


def completeness(shares: pd.DataFrame) -> Table:
    """Show how much of each variable is there, by arm.

    Parameters
    ----------
    shares : DataFrame
        A row a variable and arm: `variable`, `label`, `part`, `arm`, `n`, `missing`, `share`.
    """
    n, missing = told_count_and_share(shares["n"], shares["missing"] / shares["n"])
    shares = shares.assign(n=n, share=1 - missing) if rounds() else shares
    arms = list(dict.fromkeys(shares["arm"]))
    order = shares.drop_duplicates("variable")[["variable", "label", "part"]]
    wide = _side_by_side(shares, ["variable"], ["share", "missing"])
    return Table(
        name="completeness",
        caption="How much of each variable is there at this wave.",
        frame=order.merge(wide, left_on="variable", right_index=True),
        columns=[
            words("label", "Variable"),
            words("part", "Serves as"),
            *(Column(source=f"share {arm}", label=_arm(arm), unit="known", show=percent(1)) for arm in arms),
            *(
                count(f"missing {arm}", _arm(arm), unit="missing")
                for arm in arms
                if arm != ALL or len(arms) == 1
            ),
        ],
        records=[_share(row) for row in shares[shares["part"] == "outcome"].itertuples()],
    )


def headline(steps: pd.DataFrame, shares: pd.DataFrame, *, wave: str) -> Statement:
    """Say in a sentence what arrived.

    Parameters
    ----------
    steps, shares : DataFrame
        As for `flow` and `completeness`.
    wave : str
        The wave in words.
    """
    [here] = steps[(steps["step"] == "this-wave") & (steps["arm"] == ALL)].to_dict(orient="records")
    outcomes = shares[(shares["part"] == "outcome") & (shares["arm"] == ALL)].to_dict(orient="records")
    known = [f"{lower(row['label'])} for {percent()(row['share'])}" for row in outcomes]
    known[:1] = [part.replace(" for ", " is known for ") for part in known[:1]]
    people, sites = counted(here["participants"], "participant"), counted(here["sites"], "site")
    return Statement(
        name="arrived",
        role="headline",
        say=f"**{people} at {sites}** arrived at {wave}{': ' if known else ''}{joined(known)}.",
        records=[
            _number("participants", "Participants", here["participants"]),
            _number("sites", "Sites with participants", here["sites"]),
        ],
    )


def cautions(
    steps: pd.DataFrame, shares: pd.DataFrame, *, at_least: float = 0, changed: Sequence[str] = ()
) -> Statement:
    """Say what to be careful about: lost and silent sites, withdrawn participants, uneven or thin data.

    Parameters
    ----------
    steps, shares : DataFrame
        As for `flow` and `completeness`; `shares` with `gap`.
    at_least : float
        Proportion of participants whose group must be known.
    changed : sequence of str
        Sites that are no longer as they were allocated, each with its status, date and reason.
    """
    said = [*changed, *_left(steps), *_uneven(shares), *_thin(shares, at_least)]
    even = " No outcome is known much more often in one arm than in another."
    compared = bool((shares["arm"] != ALL).any())
    return care(
        said, otherwise=f"Every site sent data and no participant withdrew.{even if compared else ''}"
    )


def _side_by_side(long: pd.DataFrame, index: list[str], cells: list[str]) -> pd.DataFrame:
    """Put the arms of a long frame beside each other: columns ``<cell> <arm>``, rows as they came."""
    parts = {
        f"{cell} {arm}": rows.set_index(index)[cell]
        for cell in cells
        for arm, rows in long.groupby("arm", sort=False)
    }
    return pd.DataFrame(parts)


def _left(steps: pd.DataFrame) -> list[str]:
    rows = steps[steps["arm"] == ALL].set_index("step")
    silent, withdrawn = int(rows["sites"]["silent"]), int(rows["participants"]["withdrawn"])
    said = []
    if silent:
        said.append(f"{counted(silent, 'site')} of the roster sent no participants at this wave.")
    if withdrawn:
        said.append(f"{counted(withdrawn, 'participant')} withdrew; their data are not used.")
    return said


def _uneven(shares: pd.DataFrame) -> list[str]:
    uneven = shares[(shares["part"] == "outcome") & (shares["gap"] > UNEVEN) & (shares["arm"] != ALL)]
    return [
        f"{label} is known for {joined(_by_arm(rows))}: what is missing may differ between the arms."
        for label, rows in uneven.groupby("label", sort=False)
    ]


def _by_arm(rows: pd.DataFrame) -> list[str]:
    return [f"{percent(1)(row['share'])} of {row['arm']}" for row in rows.to_dict(orient="records")]


def _thin(shares: pd.DataFrame, at_least: float) -> list[str]:
    thin = shares[(shares["part"] == "group") & (shares["arm"] == ALL) & (shares["share"] < at_least)]
    asked = f"the study asks for {percent()(at_least)}"
    return [
        f"{row['label']} is known for only {percent(1)(row['share'])}; {asked}."
        for row in thin.to_dict(orient="records")
    ]


def _share(row: Any) -> Record:
    term = f"{row.label} known, {row.arm}"
    estimate = Estimate(term=term, method="share", estimate=row.share, n=row.n, unit="proportion")
    return Record(key=f"{row.variable}--{row.arm}", estimate=estimate, status="descriptive")


def _number(key: str, term: str, number: int) -> Record:
    estimate = Estimate(term=term, method="count", estimate=float(number), unit=key)
    return Record(key=key, estimate=estimate, status="descriptive")


def _arm(arm: str) -> str:
    return "In all" if arm == ALL else capital(arm)
