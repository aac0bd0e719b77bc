"""Reports on delivery find the missed month and the swapped steps of both demonstrations, and no others."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from qieval.coding import agreement
from qieval.exhibits import fidelity as show
from qieval.exhibits import fidelity_figures as draw
from qieval.measures import PlannedUse, coached_from, dose_response, fidelity, planned_use, step_times
from qieval.pipeline.study import open_study

STUDIES = {"demo-collab": 2, "demo-ms": 3}
PLANTED = {"demo-collab": ("S06", "November 2024", "S04"), "demo-ms": ("C4", "November 2023", "C2")}


@pytest.fixture(scope="module", params=STUDIES)
def study(request, repo):
    return open_study(request.param, STUDIES[request.param], workspace=repo)


@pytest.fixture(scope="module")
def delivered(study):
    log, cut = study.table("coaching"), study.window[1]
    contacts, steps = log[log["kind"] == "contact"], log[log["kind"] == "step"]
    enrolled = coached_from(contacts, site="site", date="date", cut=cut)
    columns = {name: name for name in ("site", "date", "minutes", "held", "invited", "attended")}
    plan = {"start": enrolled["date"].min(), "cut": cut, "per_month": 2, "steps": steps, "enrolled": enrolled}
    return fidelity(contacts, **columns, **plan)


def test_the_planted_month_and_steps_are_found_and_no_others(study, delivered) -> None:
    missed, month, swapped = PLANTED[study.name]
    said = show.cautions(delivered).plain().splitlines()
    assert said == [
        f"Read with care. No contact was held at {missed} in {month}.",
        f"Steps were done out of order at {swapped} (step 6 before 5).",
    ]
    assert f"{missed} {month[:3]} {month[-4:]}" in draw.months(delivered).alt
    assert draw.lanes(delivered).alt.endswith(f"Out of order (bold): {swapped}.")


def test_nothing_is_said_where_nothing_was_planted(delivered) -> None:
    kept = delivered.monthly[delivered.monthly["held"] > 0]
    ordered = delivered.sites.assign(out_of_order=[()] * len(delivered.sites))
    calm = replace(delivered, monthly=kept, sites=ordered)
    assert show.cautions(calm).role == "note"
    assert "Every site had a contact in every month" in draw.months(calm).caption


def test_minutes_are_drawn_beside_the_plan(delivered) -> None:
    figure = draw.minutes(delivered)
    shares = delivered.sites.set_index("site")["dose_minutes"]
    assert f"Least of its plan: {shares.idxmin()}" in figure.caption
    assert f"most: {shares.idxmax()}" in figure.caption
    silent = replace(delivered, monthly=delivered.monthly.assign(minutes=float("nan")))
    assert draw.minutes(silent).say == "The log tells no minutes."


def test_dose_attendance_and_steps_stand_in_tables(delivered) -> None:
    table = show.dose(delivered)
    assert table.frame["attendance"].between(0.6, 0.95).all()
    assert table.frame["dose_capped"].le(table.frame["dose"]).all()
    assert "planned contacts" in show.headline(delivered).say
    assert len(show.step_times(step_times(delivered)).frame) == 12


def test_observers_adaptations_and_resources_are_told(study) -> None:
    log = study.table("coaching")
    rated = log[log["kind"] == "rating"].pivot_table(index=["site", "date"], columns="rater", values="rating")
    said = show.raters(agreement(rated, coefficient="kappa", weights="quadratic"))
    assert said.records[0].estimate.estimate > 0.7
    assert "No session" in show.raters(None).say
    assert "Toolkit meetings held online" in show.adaptations(study.table("changes")).html()
    assert "no adaptation" in show.adaptations(pd.DataFrame()).say
    used = show.planned_use(planned_use(study.table("measures")))
    assert used.frame["ratio"].between(0.9, 1.2).all()
    assert show.planned_use(PlannedUse(measures=pd.DataFrame())).role == "note"


def test_dose_and_response_are_said_without_a_curve(delivered) -> None:
    found = dose_response(
        delivered, {site: float(place) for place, site in enumerate(delivered.sites["site"])}
    )
    said = show.response(found, label="MUSIQ").plain()
    assert "Teams were not allocated to doses" in said
    assert ("no curve is fitted" in said) == found.few
    assert "undefined" in show.response(dose_response(delivered, {}), label="MUSIQ").say
