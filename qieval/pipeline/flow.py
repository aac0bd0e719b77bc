"""Who is in an analysis and who is not: every row counted on its way, by arm, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qieval.pipeline.convert import texts
from qieval.pipeline.entry import settled
from qieval.pipeline.model import StudyFile

ALL = "all"
FLOW = ("step", "label", "kind", "arm", "sites", "participants", "rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Participants:
    """Rows of participants as read, with what decides whether each is analysed.

    Attributes
    ----------
    roster : DataFrame
        The sites.
    rows : DataFrame
        Rows of the outcomes table as read, with their site's `arm` where there are arms.
    wave : int
        The wave analysed.
    withdrawn : frozenset
        Participants whose data may not be used.
    arms : tuple of str
        Labels of the arms, control first; empty where the sites have none.
    through : bool
        Whether all waves up to this one are analysed together, as in a stepped wedge.
    movers : frozenset of str
        People seen at another site than where they were first recorded; their rows stand at that first one.
    """

    roster: pd.DataFrame
    rows: pd.DataFrame
    wave: int
    withdrawn: frozenset[str]
    arms: tuple[str, ...] = ()
    through: bool = False
    movers: frozenset[str] = frozenset()

    @property
    def here(self) -> pd.Series[Any]:
        """Rows of this wave, or of all waves up to it."""
        return self.rows["wave"] <= self.wave if self.through else self.rows["wave"] == self.wave

    @property
    def staying(self) -> pd.Series[Any]:
        """Rows of participants who did not withdraw."""
        return ~self.rows["participant"].isin(self.withdrawn)

    @property
    def usable(self) -> pd.DataFrame:
        """Rows of this wave without those withdrawn."""
        return self.rows[self.here & self.staying]


def flow(
    participants: Participants, *, outcome: str | None = None, exposure: str | None = None
) -> pd.DataFrame:
    """Count sites, participants and rows at each step, by arm and in all.

    Parameters
    ----------
    participants : Participants
        Rows as read.
    outcome, exposure : str, optional
        Columns that an analysis needs; without them the flow ends at the rows of this wave.

    Returns
    -------
    DataFrame
        Columns `step` (stable), `label` (in words), `kind` (kept or excluded), `arm` (label, or "all"),
        `sites`, `participants`, `rows` (absent where a step has none). Rows kept at a step are those kept at
        the step before without the excluded ones between.
    """
    rows, here, staying = participants.rows, participants.here, participants.staying
    usable = participants.usable
    silent = ~participants.roster["site"].isin(usable["site"])
    wave, span = participants.wave, "up to" if participants.through else "at"
    steps = [
        ("roster", "Sites in the roster", "kept", participants.roster),
        ("silent", f"Sites without participants {span} wave {wave}", "excluded", participants.roster[silent]),
        ("read", "Rows read, all waves", "kept", rows),
        ("other-waves", "Of earlier waves", "excluded", rows[~here]),
        ("withdrawn", "Withdrawn", "excluded", rows[here & ~staying]),
        ("this-wave", f"{span.capitalize()} wave {wave}", "kept", usable),
    ]
    if outcome is not None:
        steps += _analysed(usable, outcome, exposure)
    counted = [_counts(step, arm) for step in steps for arm in (*participants.arms, ALL)]
    return pd.DataFrame(counted, columns=list(FLOW)).astype(dict.fromkeys(FLOW[4:], "Int64"))


def place(
    spec: StudyFile, roster: pd.DataFrame, rows: pd.DataFrame, *, wave: int, withdrawn: frozenset[str]
) -> Participants:
    """Give each row the arm, stratum and start of its site.

    Where the same people can be seen at several waves, those who changed site stay where first recorded.
    """
    movers: frozenset[str] = frozenset()
    if spec.sampling != "cross-section":
        rows, movers = settled(rows)
    allocation = spec.allocation
    start = allocation.start if allocation and allocation.scheme == "stepped-wedge" else None
    arms = spec.arms if "arm" in roster else ()
    joined = ["arm"] * bool(arms) + [name for name in (spec.stratum, start) if name]
    placed = rows.drop(columns=[name for name in joined if name in rows]).merge(
        roster[["site", *joined]], on="site", how="left", validate="many_to_one"
    )
    return Participants(
        roster=roster,
        rows=placed,
        wave=wave,
        withdrawn=withdrawn,
        arms=arms,
        through=bool(start),
        movers=movers,
    )


def present(rows: pd.DataFrame, outcome: str, exposure: str | None = None) -> pd.Series[Any]:
    """Tell which rows have the outcome, and the exposure where it needs one."""
    there = rows[outcome].notna()
    return there if exposure is None else there & rows[exposure].notna()


def variables_of(spec: StudyFile, there: Collection[str]) -> list[tuple[str, str, str]]:
    """List what a participant's row should hold: column, label, and what it serves as."""
    found = [(name, outcome.label, "outcome") for name, outcome in spec.outcomes.items()]
    for outcome in spec.outcomes.values():
        if outcome.baseline:
            found.append((outcome.baseline, f"{outcome.label}, baseline", "baseline"))
        if outcome.exposure:
            found.append((outcome.exposure, plain_words(outcome.exposure), "exposure"))
        found += [(covariate, plain_words(covariate), "covariate") for covariate in outcome.covariates]
    found += [(each, plain_words(each), "group") for each in spec.equity.strata if each in there]
    return list(dict.fromkeys(found))


def plain_words(name: str) -> str:
    """Write a column's name as words."""
    words = name.replace("race_ethnicity", "race and ethnicity").replace("_", " ")
    return words[:1].upper() + words[1:]


def completeness(
    usable: pd.DataFrame, variables: Sequence[tuple[str, str, str]], arms: Sequence[str]
) -> pd.DataFrame:
    """Count how much of each variable is there, by arm and in all.

    Parameters
    ----------
    usable : DataFrame
        Rows of this wave.
    variables : sequence of (column, label, part)
        What to count; `part` says what it serves as (outcome, baseline, exposure, covariate, group).
    arms : sequence of str
        Labels of the arms.

    Returns
    -------
    DataFrame
        Columns `variable`, `label`, `part`, `arm`, `n`, `present`, `missing`, `share` (proportion present;
        absent without rows), `gap` (highest less lowest share of the arms; one value a variable).
    """
    found = []
    for column, label, part in variables:
        for arm in (*arms, ALL):
            rows = usable if arm == ALL else usable[usable["arm"] == arm]
            n, there = len(rows), int(rows[column].notna().sum()) if column in rows else 0
            share = there / n if n else float("nan")
            found.append((column, label, part, arm, n, there, n - there, share))
    names = ["variable", "label", "part", "arm", "n", "present", "missing", "share"]
    frame = pd.DataFrame(found, columns=names)
    shares = frame[frame["arm"] != ALL].groupby("variable")["share"]
    return frame.assign(gap=frame["variable"].map(shares.max() - shares.min()))


def _analysed(
    usable: pd.DataFrame, outcome: str, exposure: str | None
) -> list[tuple[str, str, str, pd.DataFrame]]:
    there = usable[outcome].notna()
    steps = [("no-outcome", "Outcome missing", "excluded", usable[~there])]
    if exposure is not None:
        unexposed = there & usable[exposure].isna()
        steps.append(("no-exposure", "Time at risk missing", "excluded", usable[unexposed]))
    return [*steps, ("analysed", "Analysed", "kept", usable[present(usable, outcome, exposure)])]


def _counts(step: tuple[str, str, str, pd.DataFrame], arm: str) -> tuple[object, ...]:
    name, label, kind, frame = step
    part = frame if arm == ALL else frame[frame["arm"] == arm]
    people = part["participant"].nunique() if "participant" in part else pd.NA
    rows = len(part) if "participant" in part else pd.NA
    return name, label, kind, arm, part["site"].nunique(), people, rows


def changed_sites(roster: pd.DataFrame) -> list[str]:
    """Sites whose status in the roster is not active, in words, with date and reason where they are given."""
    if "status" not in roster:
        return []
    gone = roster[roster["status"].notna() & (roster["status"] != "active")]
    told = gone[[name for name in ("status", "date", "reason") if name in gone]].apply(texts)
    return [
        f"{site}: {', '.join(row.dropna())}."
        for site, (_, row) in zip(gone["site"], told.iterrows(), strict=True)
    ]
