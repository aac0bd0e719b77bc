"""What a report shows of the programme's delivery: dose beside the plan, steps, ratings, what was adapted."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qieval.coding import Agreement
from qieval.exhibits.columns import count, interval, words
from qieval.exhibits.core import Column, Statement, Table
from qieval.exhibits.format import fixed, integer, p_value, percent
from qieval.exhibits.phrases import capital, care, counted, joined
from qieval.measures import DoseResponse, Fidelity, PlannedUse, StepTimes
from qieval.results import Estimate, Record

ADAPTED = "adaptation"


def headline(delivered: Fidelity) -> Statement:
    """Say how much of the planned coaching was held, and how far the teams came with the toolkit."""
    sites = delivered.sites
    planned, held = float(sites["planned"].sum()), float(sites["held"].sum())
    capped = float((sites["dose_capped"] * sites["planned"]).sum() / planned)
    more = [
        f"Month by month, so that extra contacts of one do not stand in for another: {percent()(capped)}."
    ]
    if "steps_done" in sites:
        done, steps = (
            int((sites["steps_done"] == delivered.steps["step"].max()).sum()),
            delivered.steps["step"].max(),
        )
        more.append(
            f"{done} of {counted(len(sites), 'site')} finished all {steps} steps of the toolkit by the cut."
        )
    return Statement(
        name="delivered",
        role="headline",
        say=f"**{integer(held)} of {integer(planned)} planned contacts** were held at "
        f"{counted(len(sites), 'site')} by {delivered.cut:%d %B %Y}.",
        more=more,
        records=[
            _record("dose", "Contacts held over planned", held / planned),
            _record("dose-capped", "Contacts held over planned, capped by month", capped),
        ],
    )


def cautions(delivered: Fidelity) -> Statement:
    """Name the months without any contact, and the steps done out of order."""
    missed = delivered.monthly[delivered.monthly["held"] == 0]
    said = []
    if len(missed):
        places = [f"{row['site']} in {row['month']:%B %Y}" for row in missed.to_dict("records")]
        said.append(
            f"No contact was held at {joined(places[:8])}{' and elsewhere' if len(places) > 8 else ''}."
        )
    if "out_of_order" in delivered.sites:
        pairs = zip(delivered.sites["site"], delivered.sites["out_of_order"], strict=True)
        turned = [f"{site} (step {b} before {a})" for site, found in pairs for a, b in found]
        if turned:
            said.append(f"Steps were done out of order at {joined(turned)}.")
    return care(said, otherwise="No site missed a whole month, and no step was done out of order.")


def dose(delivered: Fidelity) -> Table:
    """Show each site's coaching beside the plan."""
    return Table(
        name="dose",
        caption="Coaching of each site beside the plan, to the data cut.",
        frame=delivered.sites,
        columns=[
            words("site", "Site"),
            count("planned", "Planned", unit="contacts"),
            count("held", "Held", unit="contacts"),
            count("cancelled", "Cancelled", unit="contacts"),
            Column(source="dose", label="Dose", unit="held / planned", show=percent()),
            Column(source="dose_capped", label="Dose, capped", unit="by month", show=percent()),
            count("months_missed", "Months without"),
            Column(source="attendance", label="Attendance", unit="of those invited", show=percent()),
            Column(source="dose_minutes", label="Minutes", unit="of those planned", show=percent()),
            count("longest_gap", "Longest gap", unit="days"),
        ],
        records=[
            _record(f"dose {site}", f"{site}: contacts held over planned, capped by month", value)
            for site, value in zip(delivered.sites["site"], delivered.sites["dose_capped"], strict=True)
        ],
    )


def step_times(times: StepTimes) -> Table:
    """Show how long each step takes; sites that still wait at the cut count as long as they have waited."""
    return Table(
        name="step-times",
        caption="Days from one step of the toolkit to the next (the first: from the start of coaching).",
        frame=times.steps,
        columns=[
            count("step", "Step"),
            count("started", "Sites", unit="at the step before"),
            count("done", "Done"),
            count("waiting", "Waiting", unit="at the cut"),
            count("unordered", "Out of order", unit="no time"),
            Column(source="median", label="Median", unit="days, Kaplan–Meier", show=fixed(1)),
            interval(times.level, fixed(0), unit="log transform"),
        ],
        notes=["An en dash: fewer than half of the sites have done the step, or the limit does not exist."],
    )


def response(found: DoseResponse, *, label: str) -> Statement:
    """Say how far dose and response go together, and what that cannot mean."""
    row = found.correlation
    if pd.isna(row.estimate):
        return Statement(
            name="response", role="note", say=f"Dose of coaching and change of {label}: {row.notes[0]}."
        )
    said = (
        f"Dose of coaching and change of {label}: Spearman’s ρ {fixed(2)(row.estimate)} over "
        f"{counted(row.n or 0, 'team')} (p {p_value(row.p_value)}, {row.method.removeprefix('spearman-')})."
    )
    few = "With fewer than ten teams no curve is fitted. " if found.few else ""
    return Statement(
        name="response",
        role="note",
        say=said,
        more=[
            *row.notes,
            f"{few}Teams were not allocated to doses: what goes with a dose need not come from it.",
        ],
        records=[Record(key="dose-response", estimate=row, status="descriptive")],
    )


def raters(found: Agreement | None) -> Statement:
    """Say how far two observers agree on how closely sessions followed the programme."""
    if found is None:
        return Statement(name="raters", role="note", say="No session was rated by two observers.")
    more = [f"{capital(note)}." for note in found.notes] or [
        "Chance-corrected, with quadratic weights: two grades apart counts four times one grade apart."
    ]
    return Statement(
        name="raters",
        role="note",
        say=f"Two observers rated {counted(found.n_units, 'session')}: "
        f"**weighted kappa {fixed(2)(found.value)}**.",
        more=more,
        records=[
            Record(
                key="raters",
                estimate=Estimate(
                    term="two observers", method="kappa-quadratic", estimate=found.value, n=found.n_units,
                    unit="coefficient", notes=found.notes,
                ),
                status="descriptive",
            )
        ],
    )  # fmt: skip


def adaptations(changes: pd.DataFrame) -> Table | Statement:
    """List what sites adapted in the programme itself."""
    frame = changes[changes["kind"] == ADAPTED] if len(changes) else changes
    if frame.empty:
        return Statement(name="adaptations", role="note", say="The log of changes holds no adaptation.")
    others = changes.loc[changes["kind"] != ADAPTED, "kind"].value_counts().sort_index()
    listed = joined([f"{kind} {number}" for kind, number in others.items()])
    return Table(
        name="adaptations",
        caption="What sites adapted in the programme itself.",
        frame=frame.sort_values(["start", "site"]),
        columns=[
            words("site", "Site"),
            words("start", "From", show=_day),
            words("stop", "To", show=_day),
            words("label", "What"),
        ],
        notes=[f"Other entries of the log of changes: {listed}."] if len(others) else [],
    )


def planned_use(found: PlannedUse) -> Table | Statement:
    """Show what the work took beside what was planned, and what the run chart says of it."""
    if found.measures.empty:
        return Statement(name="use", role="note", say="No measure has a plan beside it.")
    return Table(
        name="use",
        caption="What the work took beside what was planned, all sites and months together.",
        frame=found.measures,
        columns=[
            words("label", "Measure"),
            Column(source="actual", label="Actual", show=fixed(0)),
            Column(source="planned", label="Planned", show=fixed(0)),
            Column(source="ratio", label="Actual over planned", show=percent()),
            count("sites", "Sites"),
            count("over", "Sites above plan"),
        ],
        records=[
            _record(f"use {name}", f"{label}, actual over planned", ratio)
            for name, label, ratio in found.measures[["measure", "label", "ratio"]].itertuples(index=False)
        ],
    )


def _record(key: str, term: str, value: float) -> Record:
    estimate = Estimate(term=term, method="share", estimate=value, unit="proportion")
    return Record(key=key, estimate=estimate, status="descriptive")


def _day(value: Any) -> str:
    return "–" if pd.isna(value) else f"{value:%Y-%m-%d}"
