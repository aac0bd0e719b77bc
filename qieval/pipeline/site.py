"""Index pages: what a wave answers, and what all studies found; pure functions from data to HTML."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from qieval.exhibits.marks import Mark, drawn
from qieval.pipeline.templating import render, written_date
from qieval.pipeline.workspace import stage_words

Wave = Mapping[str, Any]
FRONT = "80_waves"  # the report that follows a study's results from wave to wave


def wave_index(wave: Wave) -> str:
    """List the reports of a wave with their questions, headline sentences and states.

    Parameters
    ----------
    wave : mapping
        ``study`` (name), ``title`` (of the study), ``wave`` (number), ``label``, ``synthetic``, ``data_cut``
        (ISO date or text) and ``reports``: mappings with ``name``, ``question``, ``headline`` (may be empty),
        ``state`` and ``href`` (relative to the wave's folder; empty where there is no page). ``life`` has
        sentences on whether it is frozen and signed, ``superseded`` the folders that corrections left.
    """
    return render(
        "wave.html.j2",
        {
            "heading": _heading(wave),
            "study_title": wave.get("title") or wave.get("study", ""),
            "synthetic": bool(wave.get("synthetic")),
            "data_cut": written_date(wave.get("data_cut")),
            "life": " ".join(wave.get("life", ())),
            "superseded": list(wave.get("superseded", ())),
            "reports": [_report(report) for report in wave.get("reports", ())],
        },
    )


def site_index(studies: Sequence[Mapping[str, Any]]) -> str:
    """List all studies and their waves, the latest first, each report beside what it said a wave before.

    Parameters
    ----------
    studies : sequence of mappings
        ``name``, ``title``, ``synthetic`` and ``waves``: mappings as for `wave_index`, each with ``href``,
        the path of its index page relative to ``reports/``, and ``marks``, the key result of each report that
        has one (`qieval.exhibits.marks.Mark`).
    """
    shown = [_study(study) for study in studies if study.get("waves")]
    return render("site.html.j2", {"synthetic": False, "studies": shown})


def _study(study: Mapping[str, Any]) -> dict[str, Any]:
    waves = sorted(study["waves"], key=lambda wave: int(wave.get("wave", 0)), reverse=True)
    latest, *earlier = [_listed(wave, before) for wave, before in zip(waves, [*waves[1:], None], strict=True)]
    return {
        "title": study.get("title") or study.get("name", ""),
        "synthetic": bool(study.get("synthetic")),
        "front": next((each["href"] for each in latest["said"] if each["name"] == FRONT), ""),
        "latest": latest,
        "earlier": earlier,
    }


def _listed(wave: Wave, before: Wave | None) -> dict[str, Any]:
    folder = posixpath.dirname(str(wave.get("href", "")))
    reports = [
        _report(report, folder=folder) | _compared(str(report.get("name", "")), wave, before)
        for report in wave.get("reports", ())
    ]
    said = [report for report in reports if report["headline"]]
    return {
        "heading": _heading(wave),
        "href": wave.get("href", ""),
        "data_cut": written_date(wave.get("data_cut")),
        "life": " ".join(wave.get("life", ())),
        "said": sorted(said, key=lambda report: not report["drawn"]),
        "failed": [report["name"] for report in reports if report["bad"]],
    }


def _compared(name: str, wave: Wave, before: Wave | None) -> dict[str, Any]:
    """Draw a report's key result, and say what the report said a wave before."""
    mark: Mark | None = wave.get("marks", {}).get(name)
    old: Mark | None = (before or {}).get("marks", {}).get(name)
    if mark is None or old is None or old.key != mark.key:
        old = None
    picture = Markup(drawn(mark, old)) if mark else ""  # noqa: S704 (it escapes what it says)
    return {"drawn": picture, "since": _since(name, before, old)}


def _since(name: str, before: Wave | None, mark: Mark | None) -> str:
    if before is None or before["wave"] < 0:
        return ""
    when = stage_words(int(before["wave"]))
    if mark:
        return f"At {when}: {mark.said}."
    found = [each for each in before.get("reports", ()) if each.get("name") == name]
    if not found:
        return f"New since {when}."
    return f"At {when}: {found[0]['headline']}" if found[0].get("headline") else ""


def _report(report: Mapping[str, Any], *, folder: str = "") -> dict[str, Any]:
    name, state = str(report.get("name", "")), str(report.get("state") or "published")
    href = str(report.get("href") or "")
    return {
        "name": name,
        "question": str(report.get("question") or name),
        "headline": str(report.get("headline") or ""),
        "state": state,
        "bad": state.startswith("fail"),
        "href": posixpath.join(folder, href) if href else "",
    }


def _heading(wave: Wave) -> str:
    label = wave.get("label")
    name = stage_words(int(wave["wave"])).capitalize() if "wave" in wave else "Wave"
    return name + (f" ({label})" if label else "")
