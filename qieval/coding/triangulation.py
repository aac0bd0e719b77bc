"""What was decided when a coding was talked over: the consensus log of one coder and the investigators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from qieval.coding.codebook import FIRST_ROW, Codebook
from qieval.errors import Fault, InputError
from qieval.results import Estimate, tidy

NEEDED = ("first", "second", "decision", "who", "why")
COUNTED = ["discussed", "differed", "changed", "open"]
ALL = "all codes"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Triangulation:
    """A consensus log in numbers.

    Attributes
    ----------
    entries : DataFrame
        One row an entry: `first` (code of the coder), `second` (the second opinion), `decision` (the code
        decided on; empty while open), `why`, then what else the log holds; `differed`, `changed` (the
        decision is not the first code), `open`.
    codes : DataFrame
        One row a first code in the codebook's order: `code`, `name`, `discussed`, `differed` (the second
        opinion was another), `changed`, `open`.
    moves : DataFrame
        One row a change of code, most frequent first: `first`, `decision` (names), `entries`, `why` (the
        reasons given, each once).
    investigators : int
        People named in `who`, unnamed here.
    rules : mapping of str to int
        Entries by how they were decided, where the log says so (`rule`).
    """

    entries: pd.DataFrame
    codes: pd.DataFrame
    moves: pd.DataFrame
    investigators: int
    rules: dict[str, int]

    @property
    def total(self) -> dict[str, int]:
        """How many entries were `discussed`, `differed`, were `changed` and are `open`."""
        return {name: int(self.codes[name].sum()) for name in COUNTED}

    def estimates(self) -> list[Estimate]:
        """The share of discussed entries whose code was changed, over all and by code."""
        rows = [(ALL, self.total["changed"], self.total["discussed"])]
        rows += list(zip(self.codes["code"], self.codes["changed"], self.codes["discussed"], strict=True))
        return [
            Estimate(
                term=str(code),
                method="consensus",
                estimate=changed / of if of else float("nan"),
                n=int(of),
                unit="proportion",
                notes=() if of else ("nothing was discussed",),
            )
            for code, changed, of in rows
        ]

    def tidy(self) -> pd.DataFrame:
        """The `estimates` in the vocabulary of `TIDY`."""
        return tidy(self.estimates())


def triangulation(log: pd.DataFrame, codes: Codebook, *, file: str = "consensus") -> Triangulation:
    """Count what was discussed, on what the second opinion differed, and what was changed.

    Where one person codes and investigators check, this log is the evidence; no coefficient of agreement is
    computed from it, since the passages discussed were chosen for being doubtful.

    Parameters
    ----------
    log : DataFrame
        One row a discussed passage (or theme): `first`, `second`, `decision`, `who` (names joined by ";"),
        `why`; optionally `rule` and where it stands (`source`, `start`, `end`, `wave`). An empty `second` is
        "no code"; an empty `decision` is still open; "none" decides on no code.
    codes : Codebook
        The codes; those that the codebook replaces count as what replaced them, others stay as written.
    file : str
        What to call the log in messages.

    Raises
    ------
    InputError
        For a missing column or an entry without a first code.
    """
    faults = list(_faults(log, file))
    if faults:
        raise InputError(faults)
    rows = log.reset_index(drop=True)
    words = {name: rows[name].astype("str").where(rows[name].notna(), "").str.strip() for name in NEEDED}
    given = {name: words[name].replace(codes.replaced) for name in ("first", "second", "decision")}
    undecided = given["decision"] == ""
    entries = rows.assign(
        **given,
        why=words["why"],
        differed=given["second"] != given["first"],
        changed=~undecided & (given["decision"] != given["first"]),
        open=undecided,
    )
    people = {name.strip() for who in words["who"] for name in who.split(";")} - {""}
    rules = entries["rule"].value_counts().to_dict() if "rule" in entries else {}
    return Triangulation(
        entries=entries,
        codes=_by_code(entries, codes),
        moves=_moves(entries, codes),
        investigators=len(people),
        rules={str(rule): int(count) for rule, count in rules.items()},
    )


def _faults(log: pd.DataFrame, file: str) -> Iterator[Fault]:
    for name in NEEDED:
        if name not in log:
            yield Fault(file=file, column=name, problem="the column is missing")
    if "first" in log and log["first"].isna().any():
        rows = tuple(place + FIRST_ROW for place in range(len(log)) if pd.isna(log["first"].iloc[place]))
        yield Fault(file=file, column="first", rows=rows, problem="is empty", expected="the coder's own code")


def _by_code(entries: pd.DataFrame, codes: Codebook) -> pd.DataFrame:
    counted = entries.assign(discussed=True).groupby("first")[COUNTED].sum().astype("int64")
    order = [code for code in codes.codes if code in counted.index]
    order += sorted(set(counted.index) - set(order))
    frame = counted.reindex(order).rename_axis("code").reset_index()
    frame.insert(1, "name", frame["code"].map(codes.names).fillna(frame["code"]))
    return frame


def _moves(entries: pd.DataFrame, codes: Codebook) -> pd.DataFrame:
    changed = entries[entries["changed"]]
    named = {side: changed[side].map(codes.names).fillna(changed[side]) for side in ("first", "decision")}
    rows = [
        (
            first,
            decision,
            len(part),
            "; ".join(dict.fromkeys(why for why in part["why"] if why)),
        )
        for (first, decision), part in changed.assign(**named).groupby(["first", "decision"], sort=True)
    ]
    frame = pd.DataFrame(rows, columns=["first", "decision", "entries", "why"])
    return frame.sort_values("entries", ascending=False, kind="stable", ignore_index=True)
